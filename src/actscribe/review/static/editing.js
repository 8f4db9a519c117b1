// What a person does to bouts and suggestions.
import {chooseLabel} from "./dialogs.js";
import * as edits from "./edits.js";
import {clock, count} from "./format.js";

export class Editing {
	constructor(work) {
		this.work = work;
		/** Label -> where a bout of it begins that is not ended yet. */
		this.begun = new Map();
	}

	/** Give up the bouts that are begun; returns whether there were any. */
	forget() {
		const any = this.begun.size > 0;
		this.begun.clear();
		return any;
	}

	#act(make, said) {
		return this.work.changes.act(make, said);
	}

	/** Whether there are no frames to mark, as while a video is converted; it is said. */
	get frameless() {
		if (this.work.player.frames.count) return false;
		this.work.say("The video is not there yet.");
		return true;
	}

	/** A label's key: begin a bout at this frame, or end the one that is begun. */
	label(place) {
		if (this.frameless) return false;
		const {work} = this;
		const {player, sheet} = work;
		const {name} = work.labels[place];
		work.activate(place);
		const begun = this.begun.get(name);
		if (begun === undefined) {
			this.begun.set(name, player.here);
			work.say(`${name} begins at ${clock(player.here)}; press its key again where it ends.`);
			return work.refresh();
		}
		this.begun.delete(name);
		let [start, end] = [Math.min(begun, player.here), Math.max(begun, player.here)];
		// A bout of one frame, and one that is ended at the last frame, last as long as that.
		const last = player.aim === player.frames.count - 1 && end === player.here;
		if (start === end || last) end = Math.min(player.frames.end(player.aim) + player.offset, sheet.duration);
		const foe = this.excluding(name, start, end);
		return this.#act(edits.mark(name, start, end), `${name} from ${clock(start)} to ${clock(end)}.${foe ? ` It overlaps ${foe}, which excludes it.` : ""}`);
	}

	/** A label that must not hold together with another one, but does. */
	excluding(name, start, end) {
		const {page, sheet} = this.work;
		const foes = page.study.excludes.filter(pair => pair.includes(name)).map(([a, b]) => (a === name ? b : a));
		return foes.find(foe => sheet.mine.get(foe)?.within(start, end).some(one => one.start < end && one.end > start));
	}

	/** What is chosen; where nothing is, that is said. */
	get #chosen() {
		return this.work.chosen ?? this.work.say("Choose a bout first.");
	}

	#reshape(edge, time) {
		const {work} = this;
		if (this.frameless || !this.#chosen) return false;
		return this.#act(() => work.chosen && edits.reshape(work.chosen, edge, time, work.sheet.frame_s), `${edge === "start" ? "Starts" : "Ends"} at ${clock(time, 3)}.`);
	}

	edgeHere(edge) {
		return this.#reshape(edge, this.work.player.here);
	}

	async nudge(edge, frames) {
		const {player, sheet} = this.work;
		const chosen = this.#chosen;
		if (!chosen) return false;
		const place = player.frames.nearest(chosen[edge] - player.offset) + frames;
		if (place < 0) return false;
		const past = place >= player.frames.count;
		const done = await this.#reshape(edge, past ? Math.min(player.frames.end(place) + player.offset, sheet.duration) : player.start(place));
		if (done) player.pause();
		return done && this.work.goTo(player.start(place));
	}

	/** Set an edge that was typed, at the closest frame. */
	setEdge(edge, time) {
		const {player, sheet} = this.work;
		return this.#reshape(edge, time >= sheet.duration - sheet.frame_s / 2 ? sheet.duration : player.snap(time));
	}

	split() {
		if (this.frameless) return false;
		const {work} = this;
		const {player} = work;
		const here = () => work.chosenBout ?? work.sheet.mine.get(work.labels[work.active].name).within(player.here, player.here)[0];
		if (!here() || !edits.split(here(), player.here)) return work.say("Move to a frame within a bout to split it.");
		return this.#act(() => here() && edits.split(here(), player.here), `Split at ${clock(player.here)}.`);
	}

	merge() {
		const bout = this.work.chosenBout;
		const lane = bout && this.work.sheet.mine.get(bout.label).items;
		const next = lane && lane[lane.indexOf(bout) + 1];
		if (!next) return this.work.say(bout ? "There is no next bout of this label." : "Choose a bout first.");
		return this.#act(edits.merge(bout, next), "Merged with the next one.");
	}

	async relabel() {
		const {keys, labels} = this.work;
		if (!this.#chosen) return undefined;
		const place = await chooseLabel(labels, event => keys.placeOf(event));
		return place < 0 ? undefined : this.relabelTo(labels[place].name);
	}

	relabelTo(name) {
		const {work} = this;
		work.activate(work.labels.findIndex(one => one.name === name));
		return this.#act(() => work.chosen && edits.relabel(work.chosen, name), `Now ${name}.`);
	}

	remove() {
		const {work} = this;
		if (work.chosenSuggestion) return this.judge(false);
		const bout = this.#chosen;
		return bout && this.#act(() => work.chosenBout && edits.remove([work.chosenBout]), `Deleted ${bout.label} at ${clock(bout.start)}.`);
	}

	judge(yes) {
		const {sheet, say, chosenSuggestion: one} = this.work;
		if (!one) return say("Choose a suggestion first: press the key of the next one.");
		const text = `${yes ? "Accepted" : "Rejected"} ${one.label}, ${clock(one.start)} to ${clock(one.end)}.`;
		if (sheet.state(one) === yes) return say(yes ? "It is accepted already." : "It is rejected already.");
		return this.#act(() => edits.judge([one], yes, this.work.sheet), text);
	}

	judgeView(yes) {
		const {work} = this;
		const within = () => work.sheet.pending(work.timeline.from, work.timeline.to);
		if (!within().length) return work.say("No suggestion in view waits for an answer.");
		return this.#act(() => edits.judge(within(), yes, work.sheet), `${yes ? "Accepted" : "Rejected"} ${count(within().length, "suggestion")}.`);
	}

	settle(yes) {
		const {work} = this;
		const item = work.looked?.kind === "disagreement" ? work.looked.item : null;
		if (!item) return work.say("Go to a disagreement first.");
		work.looked = null;
		return this.#act(() => edits.settle(item, yes, work.sheet), `Settled: ${item.label} ${yes ? "happens" : "does not happen"} from ${clock(item.start)} to ${clock(item.end)}.`);
	}
}
