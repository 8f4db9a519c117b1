// Changes of the open recording: applied, sent in order, and what becomes of those refused.
import {askOf, Refused} from "./api.js";
import {fromTo} from "./format.js";
import {Sheet} from "./sheet.js";

export class Changes {
	constructor(work) {
		this.work = work;
		this.queue = work.page.queue;
	}

	/** Apply what `make` returns and send it, in order with everything before. */
	async act(make, sentence) {
		const {work} = this;
		if (this.queue.unknown) await this.queue.empty();
		const action = typeof make === "function" ? make() : make;
		if (!action || !work.sheet) return false;
		this.#enqueue(work.sheet, action);
		const put = action.ops.findLast(op => op.op === "put");
		if (put) work.choose(work.sheet.bouts.get(put.bout.id));
		else if (action.why === "delete" || action.why === "reject") work.choose(null);
		work.refresh();
		work.say(sentence);
		return true;
	}

	#enqueue(sheet, action) {
		sheet.apply(action.ops);
		[sheet.undo, sheet.redo] = [action.why, ""];
		this.queue.push({sheet, verb: "actions", body: action, ops: action.ops, done: answer => this.#acknowledged(sheet, answer)});
	}

	again(verb) {
		const {work, work: {sheet}} = this;
		if (!sheet[verb] && !this.queue.length) return work.say(`Nothing to ${verb}.`);
		return this.queue.push({sheet, verb, body: {}, ops: null, done: answer => {
			const why = sheet[verb];
			const [touched] = [...answer.ops, ...answer.verdicts].map(op => op.bout ?? op.suggestion ?? sheet.bouts.get(op.id));
			const of = touched ? `: ${touched.label}, ${fromTo(touched)}` : "";
			sheet.follow(answer);
			this.#acknowledged(sheet, answer);
			work.say(`${verb === "undo" ? "Undid" : "Redid"} ${why}${of}.`);
			if (sheet === work.sheet) this.#showChange(answer.ops);
		}});
	}

	#showChange(ops) {
		const {work} = this;
		const put = ops.find(op => op.op === "put");
		if (put) {
			work.choose(work.sheet.bouts.get(put.bout.id));
			work.timeline.follow(put.bout.start, false);
		}
		work.refresh();
	}

	#acknowledged(sheet, answer) {
		[sheet.undo, sheet.redo] = [answer.undo, answer.redo];
		if (sheet === this.work.sheet) this.work.toolbars.update();
	}

	#read(old) {
		return askOf(old.id, "open", {}).then(opened => Object.assign(new Sheet(opened, old.labels), {toSettle: old.toSettle}));
	}

	/** Refused: load what the server has, keep what can be kept, return what is still to be sent. */
	async refused(error, items) {
		const {work} = this;
		const [first] = items;
		const own = items.filter(item => item.sheet === first.sheet);
		const others = items.filter(item => item.sheet !== first.sheet);
		const fresh = await this.#read(first.sheet).catch(again => {
			if (again instanceof Refused) return null;
			throw again;
		});
		const arrived = fresh && first.tried && first.ops && fresh.holds(first.ops);
		const kept = arrived ? own.slice(1).filter(item => item.ops) : [];
		if (fresh && work.sheet === first.sheet) {
			work.sheet = fresh;
			work.arrivals.await(work.ticket);
			for (const item of kept) fresh.apply(item.ops);
			work.choose(work.chosenBout);
			work.timeline.layOut();
			work.refresh();
		}
		const lost = arrived ? [] : own;
		if (lost.length) work.page.tellLost(error, lost.filter(item => item.ops), actions => this.#doAgain(first.sheet, actions));
		return [...kept.map(item => ({...item, sheet: fresh})), ...others];
	}

	/** Make the lost changes once more, also to a recording that was left meanwhile. */
	async #doAgain(old, actions) {
		const {work} = this;
		const isShown = () => work.sheet?.id === old.id;
		const apart = isShown() ? null : await this.#read(old).catch(error => work.page.fail(error));
		const sheet = isShown() ? work.sheet : apart;
		if (!sheet) return;
		for (const {body} of actions) {
			const ops = body.ops.filter(op => op.op !== "drop" || sheet === old || sheet.bouts.has(op.id));
			if (ops.length) this.#enqueue(sheet, {why: body.why, ops});
		}
		if (isShown()) work.refresh();
		work.say(`Done again in ${sheet.name}.`);
	}
}
