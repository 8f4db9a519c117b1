// The presentation times of a video's frames, ascending, in seconds; a frame is shown until the next one begins.
export class Frames {
	constructor(times, duration) {
		this.times = times;
		this.count = times.length;
		const steps = [...times.slice(0, 1000)].map((time, place) => times[place + 1] - time).filter(one => one > 0).sort((a, b) => a - b);
		this.step = steps[Math.floor(steps.length / 2)] || 0.04;
		this.duration = Math.max(duration, this.count ? times[this.count - 1] + this.step / 2 : 0);
	}

	/** Number of the frame that is shown at a time. */
	at(time) {
		let [low, high] = [0, this.count];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.times[middle] <= time + 1e-6) low = middle + 1;
			else high = middle;
		}
		return Math.max(low - 1, 0);
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
