// One open recording: what is shown and chosen, and the parts that change it.
import {askOf, frameTimes} from "./api.js";
import {Arrivals} from "./arrivals.js";
import {Cameras} from "./cameras.js";
import {Changes} from "./changes.js";
import {insists, showKeys} from "./dialogs.js";
import {get} from "./dom.js";
import {Editing} from "./editing.js";
import {fromTo} from "./format.js";
import {Frames} from "./frames.js";
import {Moves} from "./moves.js";
import {Overview} from "./overview.js";
import {Panel} from "./panel.js";
import {Player} from "./player.js";
import {Pointer} from "./pointer.js";
import {Reviewing} from "./reviewing.js";
import {Played} from "./played.js";
import {Sheet} from "./sheet.js";
import {Table} from "./table.js";
import {Timeline} from "./timeline.js";
import {Toolbars} from "./toolbars.js";

export class Recording {
	constructor(page) {
		this.page = page;
		this.keys = page.keys;
		this.labels = page.study.labels;
		this.say = page.say;
		this.played = new Played();
		this.player = new Player(() => this.#shown(), () => this.#playing());
		this.changes = new Changes(this);
		this.editing = new Editing(this);
		this.reviewing = new Reviewing(this);
		this.arrivals = new Arrivals(this);
		this.toolbars = new Toolbars(this);
		this.panel = new Panel(this);
		this.table = new Table(this);
		this.cameras = new Cameras(this);
		this.timeline = new Timeline(this);
		this.overview = new Overview(this);
		this.pointer = new Pointer(this);
		this.moves = new Moves(this);
		this.#forget();
	}

	#forget() {
		this.sheet = null;
		this.active = 0;
		this.chosenId = this.chosenSuggestion = this.looked = null;
		this.early = null;
		this.editing.forget();
		this.reviewing.forget();
		this.arrivals.forget();
	}

	/** Open a recording at a moment; `insist` on the predictions of a blind one. */
	async open(id, at = 0, insist = false) {
		this.close();
		const ticket = (this.ticket = {});
		this.early = [];
		this.openedAt = at;
		this.toolbars.opening(id);
		const opened = await askOf(id, "open", insist ? {insist} : {});
		if (ticket !== this.ticket) return;
		this.sheet = new Sheet(opened, this.labels.map(({name}) => name));
		document.title = `${opened.name} · ActScribe review`;
		[this.timeline.from, this.timeline.to] = [0, opened.duration];
		this.timeline.layOut();
		this.toolbars.opened();
		this.activate(0);
		this.refresh();
		this.arrivals.await(ticket);
		if (opened.changed) this.page.note(opened.changed);
		const cameras = await this.cameras.open(opened, ticket);
		if (!cameras || ticket !== this.ticket) return;
		const times = await frameTimes(opened.id);
		if (ticket !== this.ticket) return;
		this.player.open(cameras, new Frames(times, opened.frame_s));
		this.played.open(opened.id);
		const there = this.goTo(at);
		this.flush();
		await there;
		this.#shown();
	}

	close() {
		this.ticket = null;
		this.player.close();
		this.cameras.close();
		this.#forget();
	}

	/** Do what a key or button asked for: at once, or when the video is loaded. */
	run(work) {
		if (!this.early) return work();
		this.early.push(work);
		return this.say("The video is loading; what you press is done when it is there.");
	}

	flush() {
		const early = this.early ?? [];
		this.early = null;
		for (const work of early) work();
	}

	get chosenBout() {
		return this.sheet?.bouts.get(this.chosenId) ?? null;
	}

	get chosen() {
		return this.chosenBout ?? this.chosenSuggestion;
	}

	isSuggestion(item) {
		return item.id === undefined;
	}

	choose(item) {
		const bout = item?.id !== undefined;
		this.chosenId = bout ? item.id : null;
		this.chosenSuggestion = item && !bout ? item : null;
		this.looked = null;
		if (this.player.loop) this.player.loop = item ? {start: item.start, end: item.end} : null;
		this.panel.redraw();
		this.timeline.redrawOver();
		this.toolbars.update();
	}

	look(kind, item) {
		this.choose(null);
		this.looked = {kind, item};
		this.panel.redraw();
	}

	/** Choose a bout or suggestion of the active lane in the frame shown; again: the next one there. */
	chooseHere() {
		const {chosen, player} = this;
		const lane = this.labels[this.active].name;
		const inFrame = one => one.end > player.aimTime + 1e-6 || player.at(one.start) === player.aim;
		const touching = [this.sheet.mine, this.sheet.predicted].flatMap(lanes => lanes.get(lane).within(player.aimTime, player.aimEnd - 1e-6).filter(inFrame));
		const bout = touching.find(one => one !== chosen) ?? touching[0];
		if (bout) this.choose(bout);
		this.say(bout ? `${bout.label}, ${fromTo(bout)}` : `No bout of ${lane} here.`);
	}

	activate(index) {
		this.active = Math.min(Math.max(index, 0), this.labels.length - 1);
		this.timeline.reveal(this.active);
		this.timeline.redraw();
		this.panel.redrawLabels();
	}

	goTo(time, follow = true) {
		const frame = this.player.at(Math.min(Math.max(time, 0), this.sheet.duration));
		if (follow) this.timeline.follow(this.player.start(frame), false);
		this.note();
		return this.player.toFrame(frame);
	}

	/** What is chosen; where nothing is, that is said. */
	get chosenOrSaid() {
		return this.chosen ?? this.say("Choose a bout first.");
	}

	/** Show the first or the last frame of what is chosen. */
	goToEdge(edge) {
		const {chosenOrSaid: chosen, player} = this;
		return chosen && this.goTo(edge === "start" ? chosen.start : player.start(player.at(chosen.end - 2e-6)));
	}

	zoomToChosen() {
		const {chosenOrSaid: chosen} = this;
		if (!chosen) return undefined;
		const margin = Math.max((chosen.end - chosen.start) * 0.4, this.sheet.frame_s * 6);
		return this.timeline.show(chosen.start - margin, chosen.end + margin);
	}

	async insist() {
		if (await insists("Show predictions of a test recording?")) await this.open(this.sheet.id, this.player.time, true);
	}

	cancel() {
		if (this.pointer.cancel()) return;
		const begun = [this.editing.forget(), this.reviewing.forget()].some(Boolean);
		if (begun) this.say("Cancelled.");
		else this.choose(null);
		this.refresh();
	}

	async help() {
		const name = await showKeys(this.keys, this.labels, Boolean(this.sheet));
		if (name in this.labels) this.run(() => this.editing.label(name));
		else if (name) this.keys.run(name, this);
	}

	viewed() {
		this.overview.redraw();
		clearTimeout(this.waiting);
		this.waiting = setTimeout(() => {
			this.arrivals.fetchCurves();
			this.table.redraw();
			this.toolbars.update();
		}, 160);
	}

	refresh() {
		this.timeline.redraw();
		this.overview.redraw();
		this.panel.redraw();
		this.panel.redrawLabels();
		this.toolbars.update();
		this.table.redraw();
	}

	#shown() {
		if (!this.sheet) return;
		this.played.add(this.player);
		this.cameras.darken(this.player.cameras, this.player.time);
		if (this.player.playing) this.timeline.follow(this.player.time, true);
		this.timeline.redrawOver();
		this.overview.redraw();
		this.toolbars.time();
	}

	#playing() {
		this.toolbars.update();
		if (!this.player.playing) this.note();
	}

	/** Keep the moment in the address, rounded up: a little later it is the same frame. */
	note() {
		clearTimeout(this.noting);
		this.noting = setTimeout(() => {
			if (this.sheet && get("recording").hidden === false) history.replaceState(null, "", `#${this.sheet.id}@${Math.ceil(this.player.time * 1000 - 1e-3) / 1000}`);
		}, 400);
	}
}
