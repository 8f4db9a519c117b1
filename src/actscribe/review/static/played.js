// Which time of each recording was on the screen since the page was opened.
import {total, without, withSpan} from "./spans.js";

/** Seconds of the recording, at speed 1, between two pictures that still count as played through. */
const LEAP = 0.5;

export class Played {
	#spans = new Map();

	open(id) {
		this.id = id;
		this.last = null;
	}

	/** A frame is shown; while it plays, so was what lies between it and the one before. */
	add({time, after, playing, speed}) {
		let [start, end] = [time, after];
		const leap = this.last && playing ? Math.abs(time - this.last.time) : Infinity;
		if (leap < LEAP * Math.max(speed, 1)) [start, end] = [Math.min(start, this.last.time), Math.max(end, this.last.after)];
		this.last = {time, after};
		if (this.id) this.#spans.set(this.id, withSpan(this.#spans.get(this.id) ?? [], start, end));
	}

	missing(spans) {
		return total(without(spans, this.#spans.get(this.id) ?? []));
	}
}
