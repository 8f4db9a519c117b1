// What a person does to bouts and suggestions.
import {chooseLabel} from "./dialogs.js";
import * as edits from "./edits.js";
import {capital, clock, count, fromTo} from "./format.js";

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

	#act(make, sentence) {
		return this.work.changes.act(make, sentence);
	}

	/** Whether there are no frames to mark, as while a video is converted; it is said. */
	get frameless() {
		if (this.work.player.frames.count) return false;
		this.work.say("The video is not there yet.");
		return true;
	}

	/** A label's key: begin a bout at this frame, or end the one that is begun. */
	label(index) {
		if (this.frameless) return false;
		const {work, work: {player, sheet}} = this;
		const {name} = work.labels[index];
		work.activate(index);
		const begun = this.begun.get(name);
		if (begun === undefined) {
			this.begun.set(name, player.aimTime);
			work.say(`${name} begins at ${clock(player.aimTime)}; press its key again where it ends.`);
			return work.refresh();
		}
		this.begun.delete(name);
		let [start, end] = [Math.min(begun, player.aimTime), Math.max(begun, player.aimTime)];
		// A bout of one frame, and one that is ended at the last frame, last as long as that.
		const last = player.aim === player.frames.count - 1 && end === player.aimTime;
		if (start === end || last) end = Math.min(player.end(player.aim), sheet.duration);
		return this.mark(name, start, end);
	}

	mark(name, start, end) {
		const foe = this.excluding(name, start, end);
		return this.#act(edits.mark(name, start, end), `${name} from ${fromTo({start, end})}.${foe ? ` It overlaps ${foe}, which excludes it.` : ""}`);
	}

	/** A label that must not hold together with another one, but does. */
	excluding(name, start, end) {
		const {page, sheet} = this.work;
		const foes = page.study.excludes.filter(pair => pair.includes(name)).map(([a, b]) => (a === name ? b : a));
		return foes.find(foe => sheet.mine.get(foe)?.within(start, end).some(one => one.start < end && one.end > start));
	}

	#reshape(edge, time) {
		const {work, work: {chosen}} = this;
		if (this.frameless || !this.work.chosenOrSaid) return false;
		const step = work.sheet.frame_s;
		const least = edge === "start" ? Math.min(time, chosen.end - step) : Math.max(time, chosen.start + step);
		const why = least === time ? "" : "; a bout lasts a frame at least";
		return this.#act(() => work.chosen && edits.reshape(work.chosen, edge, time, step), `${edge === "start" ? "Starts" : "Ends"} at ${clock(Math.max(least, 0), 3)}${why}.`);
	}

	edgeHere(edge) {
		return this.#reshape(edge, this.work.player.aimTime);
	}

	async nudge(edge, frames) {
		const {player, sheet} = this.work;
		const chosen = this.work.chosenOrSaid;
		if (!chosen) return false;
		const index = player.frames.nearest(chosen[edge] - player.offset) + frames;
		if (index < 0) return false;
		const past = index >= player.frames.count;
		const done = await this.#reshape(edge, past ? Math.min(player.end(index), sheet.duration) : player.start(index));
		if (done) player.pause();
		return done && this.work.goTo(player.start(index));
	}

	setEdge(edge, time) {
		const {player, sheet} = this.work;
		return this.#reshape(edge, time >= sheet.duration - sheet.frame_s / 2 ? sheet.duration : player.snap(time));
	}

	split() {
		if (this.frameless) return false;
		const {work, work: {player}} = this;
		const bout = () => work.chosenBout ?? work.sheet.mine.get(work.labels[work.active].name).within(player.aimTime, player.aimTime)[0];
		if (!bout() || !edits.split(bout(), player.aimTime)) return work.say("Move to a frame within a bout to split it.");
		return this.#act(() => bout() && edits.split(bout(), player.aimTime), `Split at ${clock(player.aimTime)}.`);
	}

	merge() {
		const bout = this.work.chosenBout;
		const lane = bout && this.work.sheet.mine.get(bout.label).items;
		const next = lane?.slice(lane.indexOf(bout) + 1).find(({subject}) => subject === bout.subject);
		if (!next) return this.work.say(bout ? `There is no next bout of this label${bout.subject ? ` by ${bout.subject}` : ""}.` : "Choose a bout first.");
		return this.#act(edits.merge(bout, next), `Merged: ${clock(bout.start)} to ${clock(Math.max(bout.end, next.end))}.`);
	}

	async relabel() {
		const {keys, labels} = this.work;
		if (!this.work.chosenOrSaid) return undefined;
		const index = await chooseLabel(labels, event => keys.labelIndex(event));
		return index < 0 ? undefined : this.relabelTo(labels[index].name);
	}

	relabelTo(name) {
		const {work} = this;
		work.activate(work.labels.findIndex(one => one.name === name));
		return this.#act(() => work.chosen && edits.relabel(work.chosen, name), `Now ${name}.`);
	}

	remove() {
		const {work} = this;
		if (work.chosenSuggestion) return this.judge(false);
		const bout = this.work.chosenOrSaid;
		return bout && this.#act(() => work.chosenBout && edits.remove([work.chosenBout]), `Deleted ${bout.label} at ${clock(bout.start)}.`);
	}

	judge(yes) {
		const {sheet, say, chosenSuggestion: one} = this.work;
		if (!one) return say("Choose a suggestion first: press the key of the next one.");
		const judged = yes ? "accepted" : "rejected";
		if (sheet.state(one) === yes) return say(`It is ${judged} already.`);
		return this.#act(() => edits.judge([one], yes, this.work.sheet), `${capital(judged)} ${one.label}, ${fromTo(one)}.`);
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
		return this.#act(() => edits.settle(item, yes, work.sheet), `Settled: ${item.label} ${yes ? "happens" : "does not happen"} from ${fromTo(item)}.`);
	}
}
