// Playing, stepping and looping, and from one thing worth a look to the next.
import {capital, clock, fromTo} from "./format.js";
import {rest} from "./spans.js";

export class Moves {
	constructor(work) {
		this.work = work;
		this.last = {};
	}

	step(frames) {
		const {player, timeline} = this.work;
		player.step(frames);
		timeline.follow(player.aimTime, false);
		this.work.note();
	}

	skip(seconds) {
		this.work.goTo(this.work.player.aimTime + seconds);
	}

	toggle() {
		const {player} = this.work;
		if (player.playing) player.pause();
		else player.play(1);
	}

	shuttle(direction) {
		const {player} = this.work;
		if (player.direction === direction) player.faster(1);
		else {
			if (player.speed < 1 || player.playing) player.speed = 1;
			player.play(direction);
		}
	}

	loop() {
		const {player, chosen} = this.work;
		player.loop = player.loop ? null : chosen && {start: chosen.start, end: chosen.end};
		if (player.loop) this.work.goTo(player.loop.start).then(() => player.loop && player.play(1));
		this.work.say(player.loop ? "Looping the bout." : chosen ? "No longer looping." : "Choose a bout first.");
		this.work.toolbars.update();
	}

	bout(forward) {
		this.#go("bout", this.#bouts(), forward, this.work.chosenBout);
	}

	suggestion(forward) {
		const {work} = this;
		if (!work.sheet.suggestions) return work.say(work.sheet.blind ? "Predictions are hidden: this recording is annotated blind." : work.sheet.suggesting === "computing" ? "Suggestions are being computed." : "There are no suggestions.");
		return this.#go("suggestion", work.sheet.pending(), forward, work.chosen);
	}

	doubt(forward) {
		this.#go("doubtful moment", this.work.sheet.doubts.items, forward, this.last["doubtful moment"]);
	}

	disagreement(forward) {
		this.#go("disagreement", this.work.sheet.disagreements(), forward, this.last.disagreement);
	}

	unreviewed() {
		const {work} = this;
		const spans = rest(work.sheet.whole, work.sheet.duration);
		const next = spans.find(([start]) => start > work.player.aimTime + 1e-6) ?? spans[0];
		if (!next) return work.say("Everything is reviewed.");
		work.goTo(next[0]);
		return work.say(`Not reviewed from ${clock(next[0])} to ${clock(next[1])}.`);
	}

	#bouts() {
		const {sheet} = this.work;
		if (this.sorted?.version !== sheet.version || this.sorted.sheet !== sheet)
			this.sorted = {sheet, version: sheet.version, items: [...sheet.bouts.values()].sort((a, b) => a.start - b.start || a.end - b.end)};
		return this.sorted.items;
	}

	/** Show what a link led to, if there is such a thing. */
	lookAt(kind, item) {
		if (!item || this.work.chosen) return;
		this.last[kind] = item;
		this.work.activate(this.work.labels.findIndex(({name}) => name === item.label));
		this.work.look(kind, item);
	}

	/** From the current one where the playhead is still at it, else from the playhead; around at the ends. */
	#go(kind, items, forward, current) {
		const {work} = this;
		// What begins within a frame is seen in that frame, wherever in it.
		const {aim} = work.player;
		const frame = one => work.player.at(one.start);
		const there = current && frame(current) === aim ? items.indexOf(current) : -1;
		if (!items.length) return work.say(kind === "suggestion" ? "No suggestion waits for an answer." : `There is no ${kind}.`);
		let index;
		if (there >= 0) index = there + (forward ? 1 : -1);
		else if (forward) index = items.findIndex(one => frame(one) >= aim);
		else index = items.findLastIndex(one => frame(one) < aim);
		let round = "";
		if (!items[index]) {
			index = forward ? 0 : items.length - 1;
			round = items.length === 1 ? "" : forward ? ", from the beginning again" : ", from the end again";
		}
		const item = items[index];
		this.last[kind] = item;
		const label = work.labels.findIndex(({name}) => name === item.label);
		if (label >= 0) work.activate(label);
		if (kind === "bout" || kind === "suggestion") work.choose(item);
		else work.look(kind, item);
		work.goTo(item.start);
		const why = item.why ? `, ${item.why}` : "";
		return work.say(`${capital(kind)} ${index + 1} of ${items.length}${round}: ${item.label}, ${fromTo(item)}${why}.`);
	}
}
