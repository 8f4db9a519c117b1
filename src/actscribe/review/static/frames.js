// The presentation times of a video's frames, ascending, in seconds; a frame is shown until the next one begins.
import {firstPlace} from "./lane.js";

export class Frames {
	/** `step` is how long the last one is shown. */
	constructor(times, step) {
		this.times = times;
		this.count = times.length;
		this.step = step;
	}

	/** Number of the frame that is shown at a time. */
	at(time) {
		return Math.max(firstPlace(this.count, place => this.times[place] > time + 1e-6) - 1, 0);
	}

	/** Number of the frame that begins closest to a time. */
	nearest(time) {
		const place = this.at(time);
		const next = Math.min(place + 1, this.count - 1);
		return this.times[next] - time < time - this.times[place] ? next : place;
	}

	start(place) {
		return this.times[this.inside(place)] ?? 0;
	}

	/** When the frame after it begins. */
	end(place) {
		place = this.inside(place);
		if (place + 1 < this.count) return this.times[place + 1];
		return (this.times[place] ?? 0) + this.step;
	}

	inside(place) {
		return Math.min(Math.max(place, 0), Math.max(this.count - 1, 0));
	}
}
