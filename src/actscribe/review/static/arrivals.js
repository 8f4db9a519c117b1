// What comes after a recording was opened: suggestions, the run's scores, disagreements.
import {ask, askOf, pause} from "./api.js";
import {count} from "./format.js";

const POLL = 1500;

export class Arrivals {
	constructor(work) {
		this.work = work;
	}

	forget() {
		this.curves = null;
	}

	await(ticket) {
		this.fetchCurves();
		this.#suggestions(ticket);
		if (this.work.page.study.settling) this.#disagreements(ticket);
	}

	async #disagreements(ticket) {
		const {work} = this;
		const {recordings} = await ask("/api/agreement");
		if (ticket !== work.ticket) return;
		work.sheet.toSettle = recordings.find(one => one.id === work.sheet.id)?.disagreements ?? [];
		work.sheet.touch();
		work.moves.lookAt("disagreement", work.sheet.disagreements().find(one => Math.abs(one.start - work.openedAt) < 1e-3));
		work.refresh();
	}

	async #suggestions(ticket) {
		const {work} = this;
		while (work.sheet?.suggesting === "computing" && ticket === work.ticket) {
			await pause(POLL);
			if (ticket !== work.ticket) return;
			const answer = await askOf(work.sheet.id, "suggestions").catch(() => null);
			if (!answer || ticket !== work.ticket || answer.suggesting === "computing") continue;
			work.sheet.suggest(answer);
			work.timeline.layOut();
			work.toolbars.opened();
			work.refresh();
			this.fetchCurves();
			work.say(answer.suggestions ? `${count(answer.suggestions.length, "suggestion")} arrived.` : `No suggestions: ${answer.suggesting}`);
		}
	}

	/** Scores for the view and what lies beside it, unless they are there. */
	async fetchCurves() {
		const {sheet, timeline} = this.work;
		if (!sheet?.suggestions) return;
		const [from, to] = [Math.max(timeline.from - timeline.span, 0), Math.min(timeline.to + timeline.span, sheet.duration)];
		const held = this.curves;
		if (held && held.from <= timeline.from && held.to >= timeline.to && held.to - held.from <= (to - from) * 1.7) return;
		const points = Math.min(4000, Math.ceil(timeline.width) * 3);
		const curves = await askOf(sheet.id, `curves?from=${from}&to=${to}&points=${points}`).catch(() => null);
		if (curves && sheet === this.work.sheet) this.curves = {...curves, from, to};
		timeline.redraw();
	}
}
