// The lanes on a canvas, drawn for the time in view: two hours cost what a minute does.
import {clock} from "./format.js";
import {dot, get, make, soon} from "./dom.js";
import {shortLegend} from "./legend.js";
import {box, fill, stroke, wiped} from "./pen.js";
import {rest} from "./spans.js";

export const RULER = 26;
const PAD = 5, DOUBT = 8, MINE = 24, PREDICTED = 9, OTHER = 8, GAP = 3;
/** Pixels of one frame from which on single frames are drawn. */
const FRAME_PIXELS = 7;
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

export class Timeline {
	constructor(work) {
		this.work = work;
		this.from = 0;
		this.to = 1;
		this.canvas = get("lanes");
		this.over = get("over");
		this.gutter = get("gutter");
		this.redraw = soon(() => this.drawNow());
		this.redrawOver = soon(() => this.#drawOver());
		this.sized = new ResizeObserver(() => this.#resize());
		this.sized.observe(get("canvas-frame"));
		this.readColours();
		get("lanes-legend").append(...shortLegend());
	}

	readColours() {
		const style = getComputedStyle(document.documentElement);
		const names = ["ink", "soft", "rule", "lane", "lane-active", "hatch", "accent", "amber", "red", "paper", "grid"];
		this.colours = Object.fromEntries(names.map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
		this.hatch = this.#hatchPattern(this.colours.hatch, 1.6);
		this.doubtful = this.#hatchPattern(this.colours.amber, 2.6);
	}

	#hatchPattern(colour, width) {
		const tile = document.createElement("canvas");
		tile.width = tile.height = 8;
		const pen = tile.getContext("2d");
		pen.beginPath();
		for (const shift of [-8, 0, 8]) {
			pen.moveTo(shift - 1, 9);
			pen.lineTo(shift + 9, -1);
		}
		stroke(pen, colour, width);
		return this.canvas.getContext("2d").createPattern(tile, "repeat");
	}

	layOut() {
		const {sheet, labels} = this.work;
		const predicted = sheet.suggestions ? PREDICTED + GAP : 0;
		const others = sheet.others.length * (OTHER + GAP);
		const above = sheet.doubts.items.length ? DOUBT + 2 : PAD;
		this.rowHeight = above + MINE + GAP + predicted + others + PAD;
		this.rows = labels.map((label, index) => {
			const top = RULER + index * this.rowHeight;
			const mine = top + above;
			return {label, top, mine, predicted: mine + MINE + GAP, others: mine + MINE + GAP + predicted};
		});
		this.height = RULER + labels.length * this.rowHeight;
		get("lanes-legend").dataset.kinds = `${predicted ? "predicted curve" : ""} ${sheet.doubts.items.length ? "doubt" : ""}`;
		this.#fillGutter(predicted > 0);
		this.#resize();
	}

	#fillGutter(predicted) {
		const rows = this.rows.map(({label, top}, index) => {
			const tracks = [...(predicted ? ["suggested"] : []), ...this.work.sheet.others.map(one => one.name)];
			const name = make("span", {class: "name"}, dot(label.color), make("span", {text: label.name}));
			const inside = [name, ...tracks.map(text => make("span", {class: "track", text}))];
			const style = {top: `${top}px`, height: `${this.rowHeight}px`};
			return make("button", {class: "lane-name", title: label.name, style, "aria-pressed": "false", tabindex: "-1", click: () => this.work.activate(index)}, ...inside);
		});
		this.gutter.replaceChildren(...rows);
		this.gutter.style.height = `${this.height}px`;
	}

	#resize() {
		if (!this.rows) return;
		const frame = get("canvas-frame");
		this.ratio = window.devicePixelRatio || 1;
		this.width = Math.max(frame.clientWidth, 50);
		frame.style.height = `${this.height}px`;
		for (const canvas of [this.canvas, this.over]) {
			canvas.width = Math.round(this.width * this.ratio);
			canvas.height = Math.round(this.height * this.ratio);
			canvas.style.width = `${this.width}px`;
			canvas.style.height = `${this.height}px`;
		}
		this.drawNow();
	}

	/** Scroll a lane into view. */
	reveal(index) {
		const host = get("lanes-scroll");
		const row = this.rows?.[index];
		if (!row) return;
		if (row.top - RULER < host.scrollTop) host.scrollTop = row.top - RULER;
		else if (row.top + this.rowHeight > host.scrollTop + host.clientHeight) host.scrollTop = row.top + this.rowHeight - host.clientHeight;
	}

	x(time) {
		return ((time - this.from) / (this.to - this.from)) * this.width;
	}

	time(x) {
		return this.from + (x / this.width) * (this.to - this.from);
	}

	get span() {
		return this.to - this.from;
	}

	/** Show [from, to], within the recording, not closer than four frames. */
	show(from, to) {
		const {duration, frame_s: frame} = this.work.sheet;
		const span = Math.min(Math.max(to - from, frame * 4), duration);
		this.from = Math.min(Math.max(from, 0), duration - span);
		this.to = this.from + span;
		this.redraw();
		this.work.viewed();
	}

	zoom(factor, around = this.work.player.time) {
		const still = around >= this.from && around <= this.to ? around : (this.from + this.to) / 2;
		const share = (still - this.from) / this.span;
		const span = Math.min(Math.max(this.span * factor, this.work.sheet.frame_s * 4), this.work.sheet.duration);
		this.show(still - share * span, still - share * span + span);
	}

	pan(seconds) {
		this.show(this.from + seconds, this.to + seconds);
	}

	/** Bring a moment into view. */
	follow(time, playing) {
		if (time >= this.from && time <= this.to - (playing ? this.span * 0.04 : 0)) return;
		const lead = playing ? 0.06 : 0.5;
		if (this.to >= this.work.sheet.duration - 1e-6 && time >= this.from && time <= this.to) return;
		this.show(time - lead * this.span, time + (1 - lead) * this.span);
	}

	rowAt(y) {
		const index = Math.floor((y - RULER) / this.rowHeight);
		return y < RULER ? -1 : Math.min(index, this.rows.length - 1);
	}

	/** What lies at a point: {row, track, item, edge}. */
	hit(x, y, reach = 6) {
		const index = this.rowAt(y);
		if (index < 0) return {row: -1, track: "ruler"};
		const row = this.rows[index];
		const track = y < row.predicted - GAP / 2 || !this.work.sheet.suggestions && y < row.others ? "mine" : y < row.others - GAP / 2 ? "predicted" : "other";
		if (track === "other") return {row: index, track};
		const lane = this.work.sheet[track].get(row.label.name);
		const slack = (reach / this.width) * this.span;
		const time = this.time(x);
		const near = lane.within(time - slack, time + slack);
		const chosen = this.work.chosen;
		near.sort((a, b) => (b === chosen) - (a === chosen) || a.end - a.start - (b.end - b.start));
		for (const item of near) {
			const [left, right] = this.#across(item);
			const edge = Math.abs(x - right) <= reach && Math.abs(x - right) <= Math.abs(x - left) ? "end" : Math.abs(x - left) <= reach ? "start" : null;
			if (edge && right - left > reach) return {row: index, track, item, edge};
		}
		return {row: index, track, item: near.find(one => one.start <= time + slack / 3 && one.end >= time - slack / 3) ?? null, edge: null};
	}

	#across({start, end}) {
		return [this.x(Math.min(start, end)), this.x(Math.max(start, end))];
	}

	drawNow() {
		if (!this.rows || !this.width || !this.work.sheet) return;
		const pen = wiped(this.canvas, this.ratio);
		this.#drawRows(pen);
		this.#drawRuler(pen);
		this.#drawOver();
	}

	#drawRows(pen) {
		const {sheet} = this.work;
		this.rows.forEach((row, index) => {
			const {label} = row;
			box(pen, index === this.work.active ? this.colours["lane-active"] : this.colours.paper, 0, row.top, this.width, this.rowHeight);
			this.#drawGround(pen, row);
			if (this.#near) this.#drawFrames(pen, row);
			this.#drawCurve(pen, row);
			this.#drawBouts(pen, sheet.mine.get(label.name), row.mine, MINE, label.color);
			if (sheet.suggestions) this.#drawSuggestions(pen, sheet.predicted.get(label.name), row.predicted, label.color);
			sheet.others.forEach(({lanes}, number) => {
				box(pen, this.colours.lane, 0, row.others + number * (OTHER + GAP), this.width, OTHER);
				this.#fill(pen, lanes.get(label.name), row.others + number * (OTHER + GAP), OTHER, label.color, 0.75);
			});
			box(pen, this.colours.rule, 0, row.top + this.rowHeight - 1, this.width, 1);
		});
		this.#drawDisagreements(pen);
		this.#drawDoubts(pen);
	}

	/** Reviewed time is plain; the rest is hatched. */
	#drawGround(pen, row) {
		const {sheet} = this.work;
		box(pen, this.colours.lane, 0, row.mine, this.width, MINE);
		for (const [start, end] of rest(sheet.reviewed[row.label.name], sheet.duration)) {
			const [left, right] = [Math.max(this.x(start), 0), Math.min(this.x(end), this.width)];
			if (left < right) box(pen, this.hatch, left, row.mine, right - left, MINE);
		}
	}

	get #near() {
		return (this.work.sheet.frame_s / this.span) * this.width >= FRAME_PIXELS;
	}

	#drawFrames(pen, row) {
		const {player} = this.work;
		for (let index = player.at(this.from); index < player.frames.count && player.start(index) <= this.to; index++)
			box(pen, this.colours.grid, Math.round(this.x(player.start(index))), row.mine, 1, MINE);
	}

	#drawCurve(pen, row) {
		const curve = this.work.arrivals.curves?.labels[row.label.name];
		if (!curve) return;
		const {times} = this.work.arrivals.curves;
		const bottom = row.mine + MINE;
		pen.beginPath();
		let [left, right] = [null, null];
		for (let index = 0; index < times.length; index++) {
			if (times[index + 1] < this.from || times[index - 1] > this.to || curve[index] === null) continue;
			const at = this.x(times[index]);
			if (left === null) pen.moveTo((left = at), bottom);
			pen.lineTo((right = at), bottom - curve[index] * (MINE - 2));
		}
		if (left === null) return;
		pen.lineTo(right, bottom);
		pen.closePath();
		fill(pen, row.label.color, 0.26);
		stroke(pen, row.label.color, 1, 0.55);
	}

	/** Rectangles of the intervals in view; those within a pixel of each other are one. */
	#path(pen, lane, y, height, keep) {
		pen.beginPath();
		let [left, right] = [null, null];
		const flush = () => {
			if (left === null) return;
			const width = Math.max(right - left, 1);
			if (width > 6) pen.roundRect(left, y, width, height, 2.5);
			else pen.rect(left, y, width, height);
		};
		const {items} = lane;
		for (let index = lane.first(this.from); index < items.length && items[index].start <= this.to; index++) {
			const item = items[index];
			if (keep && !keep(item)) continue;
			const [a, b] = [Math.max(this.x(item.start), -8), Math.min(this.x(item.end), this.width + 8)];
			if (left !== null && b - a < 2 && a - right < 1) right = Math.max(right, b);
			else {
				flush();
				[left, right] = [a, Math.max(b, a + 1)];
			}
		}
		flush();
	}

	#fill(pen, lane, y, height, colour, alpha, keep) {
		this.#path(pen, lane, y, height, keep);
		fill(pen, colour, alpha);
	}

	#drawBouts(pen, lane, y, height, colour) {
		this.#fill(pen, lane, y + 2, height - 4, colour, 0.84);
		stroke(pen, this.colours.paper, 1);
		// A light line at the foot: it was a suggestion once.
		this.#fill(pen, lane, y + height - 6, 2, this.colours.paper, 0.85, bout => bout.origin && this.x(bout.end) - this.x(bout.start) > 5);
	}

	#drawSuggestions(pen, lane, y, colour) {
		const {sheet} = this.work;
		box(pen, this.colours.lane, 0, y, this.width, PREDICTED);
		const state = new Map();
		for (const item of lane.within(this.from, this.to)) state.set(item, sheet.state(item));
		this.#fill(pen, lane, y + 2.5, PREDICTED - 5, colour, 0.5, item => state.get(item) === true);
		this.#fill(pen, lane, y, PREDICTED, colour, 0.42, item => state.get(item) === null);
		stroke(pen, colour, 1.2);
		this.#fill(pen, lane, y + PREDICTED / 2 - 0.75, 1.5, this.colours.soft, 0.6, item => state.get(item) === false);
	}

	/** Doubts are hatched bands over a lane, which nothing else is. */
	#drawDoubts(pen) {
		const rows = new Map(this.rows.map(row => [row.label.name, row]));
		for (const {label, start, end} of this.work.sheet.doubts.within(this.from, this.to)) {
			const row = rows.get(label);
			const [left, width] = [this.x(start), Math.max(this.x(end) - this.x(start), 3)];
			if (!row) continue;
			box(pen, this.doubtful, left, row.top, width, DOUBT);
			for (const edge of [left, left + width - 1.5]) box(pen, this.colours.amber, edge, row.top, 1.5, DOUBT + 5);
		}
	}

	#drawDisagreements(pen) {
		const {sheet} = this.work;
		if (!sheet.toSettle) return;
		const rows = new Map(this.rows.map(row => [row.label.name, row.top + this.rowHeight - 3]));
		for (const {label, start, end} of sheet.disagreements())
			if (end >= this.from && start <= this.to) box(pen, this.colours.red, this.x(start), rows.get(label), Math.max(this.x(end) - this.x(start), 1.5), 2);
	}

	#drawRuler(pen) {
		box(pen, this.colours.paper, 0, 0, this.width, RULER);
		box(pen, this.colours.rule, 0, RULER - 1, this.width, 1);
		const wanted = (this.span / this.width) * 84;
		const step = TICKS.find(one => one >= wanted) ?? TICKS.at(-1);
		const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
		pen.font = "11px system-ui, sans-serif";
		pen.textBaseline = "middle";
		for (let tick = Math.floor(this.from / step); tick * step <= this.to; tick++) {
			const at = Math.round(this.x(tick * step));
			box(pen, this.colours.rule, at, RULER - 8, 1, 7);
			for (let part = 1; part < 5; part++) pen.fillRect(Math.round(this.x((tick + part / 5) * step)), RULER - 4, 1, 3);
			pen.fillStyle = this.colours.soft;
			const text = clock(tick * step, digits);
			const room = pen.measureText(text).width;
			if (at >= 0 && at + 4 + room < this.width) pen.fillText(text, at + 4, RULER / 2 - 1);
		}
	}

	#drawOver() {
		if (!this.rows || !this.work.sheet) return;
		const pen = wiped(this.over, this.ratio);
		const {work} = this;
		const now = work.player.time;
		this.#drawOpened(pen, now);
		this.#drawChosen(pen);
		if (this.drag) this.#drawDrag(pen);
		const at = this.x(now);
		if (this.#near) box(pen, this.colours.accent, at, RULER, this.x(work.player.after) - at, this.height - RULER, 0.16);
		box(pen, this.colours.accent, Math.round(at) - 0.75, RULER - 10, 1.5, this.height);
		pen.beginPath();
		pen.roundRect(at - 5, RULER - 13, 10, 11, [3, 3, 5, 5]);
		pen.fill();
	}

	#drawOpened(pen, now) {
		const {work} = this;
		for (const row of this.rows) {
			const start = work.editing.begun.get(row.label.name);
			if (start === undefined) continue;
			pen.setLineDash([4, 3]);
			this.#framed(pen, row.label.color, {start, end: now}, row.mine + 2, MINE - 4, row.label.color);
			pen.setLineDash([]);
		}
		if (work.reviewing.since === null) return;
		const [left, right] = this.#across({start: work.reviewing.since, end: now});
		box(pen, this.colours.accent, left, RULER, right - left, this.height, 0.13);
		box(pen, this.colours.accent, left, RULER, 2, this.height);
	}

	#band(item) {
		const row = this.rows.find(one => one.label.name === item.label);
		if (!row) return null;
		return this.work.isSuggestion(item) ? [row.predicted - 1, PREDICTED + 2] : [row.mine, MINE];
	}

	#drawChosen(pen) {
		const item = this.work.chosen;
		const band = item && this.#band(item);
		if (!band) return;
		const [y, height] = band;
		const [left, right] = this.#across(item);
		pen.beginPath();
		pen.roundRect(left - 1, y, Math.max(right - left, 1) + 2, height, 4);
		stroke(pen, this.colours.ink, 2);
		if (right - left < 14) return;
		pen.beginPath();
		for (const at of [left, right]) pen.roundRect(at - 2.5, y + height / 2 - Math.min(7, height / 2), 5, Math.min(14, height), 2.5);
		fill(pen, this.colours.ink);
	}

	#drawDrag(pen) {
		const {label, item} = this.drag;
		const row = this.rows.find(one => one.label.name === label);
		const [y, height] = (item && this.#band(item)) || [row.mine, MINE];
		this.#framed(pen, row.label.color, this.drag, y + 1, height - 2, this.colours.ink);
	}

	#framed(pen, colour, item, y, height, line) {
		const [left, right] = this.#across(item);
		const width = Math.max(right - left, 2);
		box(pen, colour, left, y, width, height, 0.55);
		pen.beginPath();
		pen.rect(left, y, width, height);
		stroke(pen, line, 1.7);
	}
}
