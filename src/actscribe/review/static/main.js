// The page: what is open, whether everything is saved, and which keys were pressed.
import {ask, belongTo, pause, untilThere} from "./api.js";
import {get, make} from "./dom.js";
import {count} from "./format.js";
import {Keys} from "./keys.js";
import {List} from "./list.js";
import {Queue} from "./queue.js";
import {Recording} from "./recording.js";
import {Settle} from "./settle.js";

const DARK = matchMedia("screen and (prefers-color-scheme: dark)");
/** Milliseconds for which a passing sentence is shown. */
const FRESH = 5000;
const SECTIONS = ["loading", "list", "settle", "recording"];

/** A label's colour on the present ground: lighter on a dark one. */
function shade(colour) {
	return DARK.matches ? colour.replace(/ (\d+)%\)$/, (_, light) => ` ${Math.min(Number(light) + 14, 80)}%)`) : colour;
}

class Page {
	constructor() {
		this.queue = new Queue((state, sentence) => this.#saved(state, sentence), (error, items) => this.work.changes.refused(error, items));
	}

	/** Say something in passing, on the screen as well as to a screen reader. */
	say = text => {
		const live = get("live");
		live.textContent = text;
		live.dataset.fresh = "";
		clearTimeout(this.stale);
		this.stale = setTimeout(() => delete live.dataset.fresh, FRESH);
	};

	async start() {
		this.study = await this.#study();
		this.keys = new Keys(this.study);
		get("where").textContent = `${this.study.name} · annotator ${this.study.annotator}`;
		this.list = new List(this);
		this.settle = new Settle(this);
		this.work = new Recording(this);
		get("help").addEventListener("click", () => this.work.help());
		addEventListener("hashchange", () => this.#route());
		addEventListener("keydown", event => this.#key(event));
		addEventListener("beforeunload", event => this.queue.length && event.preventDefault());
		for (const media of [DARK, matchMedia("print")]) media.addEventListener("change", () => this.#recolour());
		await this.#route();
	}

	#there(work) {
		return untilThere(work, (state, sentence) => this.#saved(state, sentence));
	}

	async #study() {
		const study = await this.#there(() => ask("/api/study"));
		belongTo(study.review);
		study.labels.forEach(label => (label.color = shade((label.given = label.color))));
		return study;
	}

	/** Ask, ever more seldom, for what is still computed of the list. */
	async #arrivals(turn) {
		for (let wait = 2000; this.study.run && (!this.study.run.verdict || this.study.recordings.some(one => one.suggesting === "computing")); wait *= 1.1) {
			await pause(wait);
			if (turn !== this.turn) return;
			const study = await this.#study();
			if (turn !== this.turn) return;
			this.study = study;
			this.list.tell(study);
		}
	}

	#recolour() {
		for (const label of this.work.labels) label.color = shade(label.given);
		get("labels").replaceChildren();
		this.work.timeline.readColours();
		this.work.overview.version = -1;
		if (!this.work.sheet) return;
		this.work.timeline.layOut();
		this.work.overview.draw();
		this.work.refresh();
	}

	#show(section) {
		for (const name of SECTIONS) get(name).hidden = name !== section;
		document.body.dataset.shown = section;
	}

	async #route() {
		const [id, moment] = decodeURIComponent(location.hash.slice(1)).split("@");
		if (get("dialog").open) get("dialog").close();
		if (id === this.work.sheet?.id) return moment && this.work.goTo(Number(moment) || 0);
		this.work.close();
		const turn = (this.turn = {});
		try {
			if (!id || id === "settle") {
				// What was known is shown until the server answers, which may take a while.
				this.#show(id || "list");
				if (!id) this.list.show();
				await this.queue.empty();
				const study = await this.#study();
				if (turn !== this.turn) return undefined;
				this.study = study;
				await (id ? this.settle : this.list).show();
				get("main").scrollTo?.(0, 0);
				if (!id) this.#arrivals(turn).catch(error => this.fail(error));
			} else {
				this.#show("recording");
				await this.#there(() => this.work.open(id, Number(moment) || 0));
			}
			if (!this.queue.length) this.#saved("saved", "");
		} catch (error) {
			this.fail(error);
			if (id) location.hash = "";
		}
		return undefined;
	}

	#key(event) {
		if (get("dialog").open || event.defaultPrevented || get("recording").hidden || !(this.work.sheet || this.work.early)) {
			if (!get("dialog").open && event.key === "?" && !event.target.matches("input")) this.work.help();
			return;
		}
		if (this.keys.press(event, this.work)) event.preventDefault();
	}

	#saved(state, sentence) {
		const waiting = this.queue.length;
		const lost = waiting ? `Not saved: ${sentence} ${count(waiting, "change")} kept here.` : `Not there: ${sentence}`;
		const shown = {saved: "Saved", saving: "Saving…", lost}[state];
		get("saved").dataset.state = state;
		if (get("saved").textContent !== shown) get("saved").textContent = shown;
	}

	/** Say which changes another window's work took the place of, and offer to do them again. */
	tellLost(error, items, again) {
		const names = items.map(item => item.body.why).join(", ");
		const offer = items.length ? make("button", {text: "Do them again", click: () => {this.note(); again(items);}}) : null;
		this.note(`Not saved: ${error.message}${names ? ` Not done: ${names}.` : ""} ${error.status === 409 ? "" : error.hint ?? ""}`, offer);
	}

	fail(error) {
		this.note(`${error.message} ${error.hint ?? ""}`);
	}

	note(text = "", offer = null) {
		const toast = get("toast");
		toast.hidden = !text;
		const close = make("button", {text: "Close", click: () => this.note()});
		toast.replaceChildren(...(text ? [make("p", {role: "alert", text}), offer, close].filter(Boolean) : []));
	}
}

const page = new Page();
page.start();
// For measuring from outside; nothing here depends on it.
window.review = page;
