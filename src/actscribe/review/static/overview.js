// The whole recording in a strip: where the view is, what was reviewed, where it is doubtful.
import {get, soon} from "./dom.js";
import {box, wiped} from "./pen.js";

const HEIGHT = 42, FOOT = 7;

export class Overview {
	constructor(work) {
		this.work = work;
		this.canvas = get("overview");
		this.still = document.createElement("canvas");
		this.redraw = soon(() => this.draw());
		new ResizeObserver(() => this.#resize()).observe(this.canvas);
		this.#listen();
	}

	#resize() {
		this.ratio = window.devicePixelRatio || 1;
		this.width = this.canvas.clientWidth;
		for (const canvas of [this.canvas, this.still]) {
			canvas.width = Math.max(1, Math.round(this.width * this.ratio));
			canvas.height = HEIGHT * this.ratio;
		}
		this.version = -1;
		this.redraw();
	}

	#x(time) {
		return (time / this.work.sheet.duration) * this.width;
	}

	draw() {
		const {sheet, timeline, player} = this.work;
		if (!sheet || !this.width || !timeline.rows) return;
		if (this.version !== sheet.version || this.sheet !== sheet) this.#drawStill();
		const pen = wiped(this.canvas, 1);
		pen.drawImage(this.still, 0, 0);
		pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
		const {accent, ink} = timeline.colours;
		const [left, right] = [this.#x(timeline.from), this.#x(timeline.to)];
		if (right - left < this.width - 1) {
			box(pen, accent, left, 0, Math.max(right - left, 2), HEIGHT, 0.14);
			pen.strokeStyle = accent;
			pen.lineWidth = 1.5;
			pen.strokeRect(left + 0.75, 0.75, Math.max(right - left - 1.5, 2), HEIGHT - 1.5);
		}
		box(pen, ink, Math.round(this.#x(player.time)) - 0.75, 0, 1.5, HEIGHT);
	}

	#drawStill() {
		const {sheet, labels, timeline} = this.work;
		const {colours} = timeline;
		const pen = wiped(this.still, this.ratio);
		box(pen, colours.lane, 0, 0, this.width, HEIGHT);
		const row = (HEIGHT - FOOT - 3) / labels.length;
		labels.forEach(({name, color}, index) => {
			const lane = sheet.mine.get(name);
			const items = lane.items.length ? lane.items : sheet.predicted.get(name).items;
			const alpha = lane.items.length ? 0.95 : 0.4;
			for (const {start, end} of items) box(pen, color, this.#x(start), 2 + index * row, Math.max(this.#x(end - start), 1), Math.max(row - 0.75, 0.75), alpha);
		});
		box(pen, colours.rule, 0, HEIGHT - FOOT, this.width, FOOT);
		for (const [start, end] of sheet.whole)
			box(pen, colours.accent, this.#x(start), HEIGHT - FOOT, this.#x(end) - this.#x(start), FOOT);
		for (const {start} of sheet.doubts.items) box(pen, colours.amber, this.#x(start) - 0.75, HEIGHT - FOOT - 3, 1.5, 5);
		[this.version, this.sheet] = [sheet.version, sheet];
	}

	#listen() {
		const move = event => {
			const {timeline, sheet} = this.work;
			const time = ((event.clientX - this.canvas.getBoundingClientRect().left) / this.width) * sheet.duration;
			timeline.show(time - timeline.span / 2, time + timeline.span / 2);
			return time;
		};
		this.canvas.addEventListener("pointerdown", event => {
			if (event.button) return;
			this.canvas.setPointerCapture(event.pointerId);
			this.work.goTo(Math.min(Math.max(move(event), 0), this.work.sheet.duration));
		});
		this.canvas.addEventListener("pointermove", event => {
			if (this.canvas.hasPointerCapture(event.pointerId)) move(event);
		});
		this.canvas.addEventListener("wheel", event => {
			event.preventDefault();
			this.work.timeline.zoom(Math.exp(event.deltaY * 0.002));
		}, {passive: false});
	}
}
