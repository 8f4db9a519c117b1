// What this annotator says of a recording: what the server has, and what is on its way.
import {Lane} from "./lane.js";
import {apart, common, covers, union, withSpan, withoutSpan} from "./spans.js";

export const suggestionKey = one => JSON.stringify([one.label, one.start, one.end, one.run]);

const inside = ({start, end}, one) => covers([[one.start, one.end]], start, end);

export class Sheet {
	constructor(opened, labels) {
		Object.assign(this, opened);
		this.labels = labels;
		this.version = 0;
		this.bouts = new Map();
		this.mine = Sheet.#lanes(labels);
		for (const bout of opened.bouts) this.#put(bout);
		this.reviewed = Object.fromEntries(labels.map(label => [label, opened.reviewed[label]]));
		this.judged = new Map(opened.verdicts.map(one => [suggestionKey(one.suggestion), one.accepted]));
		this.suggest(opened);
		this.others = opened.lanes.map(lane => ({name: lane.name, lanes: Sheet.#lanes(labels, lane.bouts)}));
	}

	/** Take over suggestions and doubtful moments, which may come later than the rest. */
	suggest({suggestions, doubts, suggesting}) {
		Object.assign(this, {suggestions, suggesting});
		this.predicted = Sheet.#lanes(this.labels, suggestions ?? []);
		this.doubts = new Lane(doubts);
		this.touch();
	}

	static #lanes(labels, items = []) {
		const lanes = new Map(labels.map(label => [label, []]));
		for (const item of items) lanes.get(item.label)?.push(item);
		return new Map([...lanes].map(([label, own]) => [label, new Lane(own)]));
	}

	/** Apply operations of an action, or those that an undo answered with. */
	apply(ops) {
		for (const op of ops) {
			if (op.op === "put") {
				this.#drop(op.bout.id);
				this.#put(op.bout);
			} else if (op.op === "drop") this.#drop(op.id);
			else if (op.op === "verdict") {
				if (op.accepted === null) this.judged.delete(suggestionKey(op.suggestion));
				else this.judged.set(suggestionKey(op.suggestion), op.accepted);
			} else for (const [label, spans] of this.#marked(op)) this.reviewed[label] = spans;
		}
		this.touch();
	}

	#marked({labels, reviewed, start, end}) {
		const change = reviewed === false ? withoutSpan : withSpan;
		return (labels?.length ? labels : this.labels).map(label => [label, change(this.reviewed[label], start, end)]);
	}

	follow(answer) {
		Object.assign(this.reviewed, answer.reviewed);
		this.apply([...answer.ops, ...answer.verdicts.map(one => ({op: "verdict", ...one}))]);
	}

	/** Whether operations were applied already, as when an answer was lost on its way. */
	holds(ops) {
		return ops.every(op => {
			if (op.op === "drop") return !this.bouts.has(op.id);
			if (op.op === "verdict") return (this.judged.get(suggestionKey(op.suggestion)) ?? null) === op.accepted;
			if (op.op === "mark") return this.#marked(op).every(([label, spans]) => `${spans}` === `${this.reviewed[label]}`);
			const there = this.bouts.get(op.bout.id);
			return ["label", "start", "end"].every(key => there?.[key] === op.bout[key]);
		});
	}

	state(suggestion) {
		return this.judged.get(suggestionKey(suggestion)) ?? null;
	}

	/** Suggestions that nobody has accepted or rejected, of all labels, in order. */
	pending(from = -Infinity, to = Infinity) {
		return [...this.predicted.values()]
			.flatMap(lane => lane.within(from, to))
			.filter(one => this.state(one) === null)
			.sort((a, b) => a.start - b.start);
	}

	/** What is to be settled, or where the annotator and suggestions not judged yet differ. */
	disagreements() {
		if (this.differences?.version !== this.version) this.differences = {version: this.version, items: this.toSettle
			? this.toSettle.filter(one => !this.#answered(one))
			: this.suggestions ? this.labels.flatMap(label => this.#differing(label)).sort((a, b) => a.start - b.start) : []};
		return this.differences.items;
	}

	#differing(label) {
		const [one, other] = [this.mine, this.predicted].map(lanes => union(lanes.get(label).items));
		const spans = apart(one, other, this.frame_s * 1.5).map(span => ({label, ...span}));
		const judged = span => this.predicted.get(label).within(span.start, span.end).some(each => inside(span, each) &&
			(this.state(each) !== null || (this.#answered(span) && this.asks(each, spans))));
		return spans.filter(span => !judged(span));
	}

	/** Whether a suggestion differs where nobody answered yet, except from `start`. */
	asks(each, spans, start) {
		return spans.some(one => one.label === each.label && one.start !== start && inside(one, each) && !this.#answered(one));
	}

	#answered({label, start, end}) {
		return covers(this.reviewed[label], start, end);
	}

	get whole() {
		return common(this.labels.map(label => this.reviewed[label]));
	}

	touch() {
		this.version++;
	}

	#put(bout) {
		this.bouts.set(bout.id, bout);
		this.mine.get(bout.label)?.add(bout);
	}

	#drop(id) {
		const bout = this.bouts.get(id);
		if (!bout) return;
		this.bouts.delete(id);
		this.mine.get(bout.label)?.remove(bout);
	}
}
