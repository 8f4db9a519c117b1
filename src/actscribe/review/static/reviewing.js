// Marking time as reviewed; who has not seen most of it is asked first.
import {confirm} from "./dialogs.js";
import * as edits from "./edits.js";
import {clock, fromTo, lasting} from "./format.js";
import {common, total, without} from "./spans.js";

export class Reviewing {
	constructor(work) {
		this.work = work;
		/** Where a reviewed span begins that is not ended yet. */
		this.since = null;
	}

	/** Give up the span that is begun; returns whether there was one. */
	forget() {
		const any = this.since !== null;
		this.since = null;
		return any;
	}

	#labels() {
		const {work} = this;
		return work.panel.onlyActive ? [work.labels[work.active].name] : [];
	}

	async #mark(start, end, sentence) {
		const {work} = this;
		const [sheet, labels] = [work.sheet, this.#labels()];
		const done = common((labels.length ? labels : sheet.labels).map(name => sheet.reviewed[name]));
		const fresh = without([[start, end]], done);
		const [unseen, all] = [work.played.missing(fresh), total(fresh)];
		if (unseen > all / 2) {
			const yes = await confirm("Mark what was not played?", [`${lasting(unseen)} of ${lasting(all)} were not played; mark all the same?`,
				"Training takes reviewed time without a bout as time in which nothing happens."], "Mark all the same");
			if (!yes || work.sheet !== sheet) return work.say("Not marked as reviewed.");
		}
		return work.changes.act(edits.reviewed(start, end, labels), sentence);
	}

	/** Begin a reviewed span at this frame, or end it here. */
	mark() {
		const {work, work: {player, sheet}} = this;
		if (work.editing.frameless) return false;
		if (this.since === null) {
			this.since = player.aimTime;
			work.say(`Reviewed from ${clock(this.since)}; again where it ends.`);
			return work.refresh();
		}
		const [first, last] = [this.since, player.aimTime].sort((a, b) => a - b);
		const start = first <= player.start(0) + 1e-6 ? 0 : first;
		const end = last >= player.start(player.frames.count - 1) - 1e-6 ? sheet.duration : last;
		this.since = null;
		work.refresh();
		return this.#mark(start, end, `Reviewed from ${fromTo({start, end})}.`);
	}

	view() {
		const {from: start, to: end} = this.work.timeline;
		return this.#mark(start, end, `${fromTo({start, end})} is reviewed.`);
	}

	notView() {
		const {from: start, to: end} = this.work.timeline;
		return this.work.changes.act(edits.reviewed(start, end, this.#labels(), false), `${fromTo({start, end})} is not reviewed.`);
	}

	all() {
		return this.#mark(0, this.work.sheet.duration, "The whole recording is reviewed.");
	}
}
