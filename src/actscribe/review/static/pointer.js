// The timeline by mouse, pen and finger.
import {get} from "./dom.js";

/** Pixels that a press may move and still be a click. */
const STILL = 4;

export class Pointer {
	constructor(work) {
		this.work = work;
		this.target = get("over");
		this.fingers = new Map();
		const heard = {
			pointerdown: event => this.#down(event),
			pointermove: event => this.#move(event),
			pointerup: event => this.#up(event),
			pointercancel: event => this.#up(event, true),
			dblclick: () => this.work.chosen && this.work.zoomToChosen(),
		};
		for (const [event, run] of Object.entries(heard)) this.target.addEventListener(event, run);
		this.target.addEventListener("wheel", event => this.#wheel(event), {passive: false});
	}

	cancel() {
		const there = Boolean(this.press);
		this.press = this.work.timeline.drag = null;
		this.work.timeline.redrawOver();
		return there;
	}

	#at(event) {
		const box = this.target.getBoundingClientRect();
		return [event.clientX - box.left, event.clientY - box.top];
	}

	#wheel(event) {
		const {timeline} = this.work;
		const [x, y] = this.#at(event);
		const closer = event.ctrlKey || event.metaKey || event.altKey || timeline.rowAt(y) < 0;
		const sideways = event.deltaX || (event.shiftKey ? event.deltaY : 0);
		if (closer) timeline.zoom(Math.exp((event.deltaY || event.deltaX) * 0.003), timeline.time(x));
		else if (sideways) timeline.pan((sideways / timeline.width) * timeline.span);
		else return;
		event.preventDefault();
	}

	#down(event) {
		if (event.button) return;
		const {timeline} = this.work;
		const [x, y] = this.#at(event);
		this.fingers.set(event.pointerId, x);
		this.target.setPointerCapture(event.pointerId);
		if (this.fingers.size > 1) {
			this.cancel();
			return;
		}
		const touch = event.pointerType === "touch";
		const hit = timeline.hit(x, y, touch ? 14 : 6);
		this.press = {x, y, hit, touch, time: timeline.time(x), from: timeline.from, moved: false};
		if (hit.track === "ruler") this.work.goTo(this.press.time, false);
	}

	#move(event) {
		const [x, y] = this.#at(event);
		if (this.fingers.size === 2 && this.fingers.has(event.pointerId)) return this.#pinch(event.pointerId, x);
		if (!this.press) return this.#hover(x, y);
		const {press, work} = this;
		if (!work.player.frames.count || (!press.moved && Math.abs(x - press.x) < STILL)) return undefined;
		press.moved = true;
		return this.#drag(x);
	}

	#pinch(finger, x) {
		const {timeline} = this.work;
		const other = [...this.fingers].find(([one]) => one !== finger)[1];
		const before = Math.max(Math.abs(this.fingers.get(finger) - other), 12);
		this.fingers.set(finger, x);
		timeline.zoom(before / Math.max(Math.abs(x - other), 12), timeline.time((x + other) / 2));
	}

	#hover(x, y) {
		const {edge, item, track} = this.work.timeline.hit(x, y);
		this.target.style.cursor = edge ? "ew-resize" : item ? "pointer" : track === "mine" ? "crosshair" : "default";
	}

	#drag(x) {
		const {work, press} = this;
		const {timeline} = work;
		const {hit} = press;
		const time = Math.min(Math.max(timeline.time(x), 0), work.sheet.duration);
		const snapped = work.player.snap(time);
		if (hit.track === "ruler") work.goTo(time, false);
		else if (hit.edge) {
			timeline.drag = {item: hit.item, label: hit.item.label, start: hit.edge === "start" ? snapped : hit.item.start, end: hit.edge === "end" ? snapped : hit.item.end};
			work.goTo(snapped, false);
		} else if (press.touch || hit.track !== "mine") {
			const shift = ((press.x - x) / timeline.width) * timeline.span;
			timeline.show(press.from + shift, press.from + shift + timeline.span);
		} else if (hit.item) work.goTo(time, false);
		else {
			timeline.drag = {label: timeline.rows[hit.row].label.name, start: work.player.snap(press.time), end: snapped};
			work.goTo(snapped, false);
		}
		timeline.redrawOver();
	}

	#up(event, given_up = false) {
		this.fingers.delete(event.pointerId);
		const {press, work} = this;
		const {drag} = work.timeline;
		this.cancel();
		if (!press || given_up) return;
		const {hit} = press;
		if (press.moved) {
			if (hit.edge && drag) {
				work.choose(hit.item);
				work.editing.setEdge(hit.edge, drag[hit.edge]);
			} else if (drag && drag.start !== drag.end) {
				work.activate(hit.row);
				work.editing.mark(drag.label, Math.min(drag.start, drag.end), Math.max(drag.start, drag.end));
			}
			return;
		}
		if (hit.row >= 0) {
			work.activate(hit.row);
			work.choose(hit.item ?? null);
		}
		work.goTo(press.time);
	}
}
