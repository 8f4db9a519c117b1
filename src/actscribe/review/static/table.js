// The bouts around the view as a table, for screen readers and for paper.
import {get, make, row, table} from "./dom.js";
import {clock, lasting, whole} from "./format.js";

const MOST = 200, MOST_ON_PAPER = 2000;

export class Table {
	constructor(work) {
		this.work = work;
		this.details = get("bouts");
		this.details.addEventListener("toggle", () => this.redraw());
		addEventListener("beforeprint", () => this.work.sheet && this.#fill(-Infinity, Infinity, MOST_ON_PAPER));
		addEventListener("afterprint", () => this.redraw());
	}

	redraw() {
		const {sheet, timeline} = this.work;
		if (sheet && this.details.open) this.#fill(timeline.from, timeline.to, MOST);
	}

	#fill(from, to, most) {
		const {work} = this;
		const bouts = [...work.sheet.mine.values()].flatMap(lane => lane.within(from, to)).sort((a, b) => a.start - b.start);
		const rows = bouts.slice(0, most).map(bout => row(make("button", {class: "link", text: bout.label, click: () => this.#go(bout)}),
			clock(bout.start, 3), clock(bout.end, 3), lasting(bout.end - bout.start), bout.origin ? "suggested" : "a person"));
		const heads = ["Label", "Start", "End", "Lasts", "From"];
		const caption = `${bouts.length > most ? `The first ${most} of ${whole(bouts.length)}` : whole(bouts.length)} bouts ${Number.isFinite(from) ? "in view" : ""}`;
		get("bouts-table").replaceChildren(table(heads, rows, make("caption", {text: caption})));
	}

	#go(bout) {
		this.work.activate(this.work.labels.findIndex(({name}) => name === bout.label));
		this.work.choose(bout);
		this.work.goTo(bout.start);
	}
}
