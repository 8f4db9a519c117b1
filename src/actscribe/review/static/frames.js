// Presentation times of a video's frames, ascending, in seconds; each is shown until the next one begins.
import {firstIndex} from "./lane.js";

export class Frames {
	/** `step` is how long the last one is shown. */
	constructor(times, step) {
		this.times = times;
		this.count = times.length;
		this.step = step;
	}

	at(time) {
		return Math.max(firstIndex(this.count, index => this.times[index] > time + 1e-6) - 1, 0);
	}

	nearest(time) {
		const index = this.at(time);
		const next = Math.min(index + 1, this.count - 1);
		return this.times[next] - time < time - this.times[index] ? next : index;
	}

	start(index) {
		return this.times[this.inside(index)] ?? 0;
	}

	/** When the frame after it begins. */
	end(index) {
		const frame = this.inside(index);
		return this.times[frame + 1] ?? this.start(frame) + this.step;
	}

	inside(index) {
		return Math.min(Math.max(index, 0), Math.max(this.count - 1, 0));
	}
}
