// The buttons around video and timeline, and the clock.
import {chip, get, icon, make, press, soft} from "./dom.js";
import {capital, clock, percent, whole} from "./format.js";
import {SPEEDS} from "./player.js";
import {total} from "./spans.js";

export class Toolbars {
	constructor(work) {
		this.work = work;
		const section = get("recording");
		const go = (way, kind, arrow) => make("button", {"data-do": `${way}-${kind}`, "data-icon": arrow});
		get("tools").prepend(...["suggestion", "doubt", "disagreement"].map(kind =>
			make("span", {class: "pair", id: `tool-${kind}`}, go("previous", kind, "back"), make("span", {id: `${kind}-count`}), go("next", kind, "on"))));
		for (const button of section.querySelectorAll("[data-icon], [data-do]")) {
			const drawing = icon(button.dataset.icon ?? button.dataset.do);
			if (drawing) button[button.matches("[data-icon-last]") ? "append" : "prepend"](drawing);
		}
		for (const button of section.querySelectorAll("[data-do]")) {
			const {do: name} = button.dataset;
			if (!button.textContent.trim()) button.setAttribute("aria-label", work.keys.commands.get(name).title);
			button.title = work.keys.title(name);
		}
		section.addEventListener("click", event => {
			const button = event.target.closest("button");
			if (button?.dataset.do && button.getAttribute("aria-disabled") !== "true") work.keys.run(button.dataset.do, work);
			// After a click the keys are the recording's again: the space bar plays.
			if (button && event.detail) button.blur();
		});
		get("speed").append(...SPEEDS.map(speed => make("option", {value: speed, text: `${speed}×`})));
		get("speed").addEventListener("change", event => {
			work.player.setSpeed(Number(event.target.value));
			event.target.blur();
		});
		get("sound").addEventListener("click", () => this.#sound());
	}

	#sound() {
		const {cameras} = this.work;
		cameras.mute(!cameras.muted);
		press(get("sound"), !cameras.muted);
		get("sound").replaceChildren(icon(cameras.muted ? "mute" : "sound"));
	}

	opening(id) {
		const {name} = this.work.page.study.recordings.find(one => one.id === id) ?? {name: "the recording"};
		get("recording").setAttribute("aria-busy", "true");
		get("recording-title").textContent = name;
		get("facts").replaceChildren();
		this.work.cameras.notice(make("p", {role: "status", text: `Opening ${name}…`}),
			make("p", {text: "The first time, all of its video is read: a long one takes a while."}));
	}

	opened() {
		const {sheet, page} = this.work;
		get("recording").removeAttribute("aria-busy");
		get("recording-title").textContent = sheet.name;
		const chips = [chip(sheet.split), sheet.group !== sheet.name && soft("span", sheet.group)];
		if (sheet.blind) chips.push(chip("blind", "annotated blind"), make("button", {class: "quiet", id: "insist", text: "Show predictions…", click: () => this.work.insist()}));
		if (sheet.suggesting === "computing") chips.push(soft("span", "Suggestions are being computed…"));
		else if (!["none", "ready"].includes(sheet.suggesting)) chips.push(soft("span", `No suggestions: ${sheet.suggesting}`));
		if (page.study.settling) chips.push(make("a", {href: "#settle", text: "Disagreements"}));
		get("facts").replaceChildren(...chips.filter(Boolean));
		const list = page.study.recordings;
		const next = list[list.findIndex(one => one.id === sheet.id) + 1];
		get("next-recording").hidden = !next;
		if (next) get("next-recording").href = `#${next.id}`;
		get("tool-suggestion").hidden = get("tool-view").hidden = !sheet.suggestions;
		get("tool-disagreement").hidden = !sheet.suggestions && !sheet.others.length;
		get("tool-doubt").hidden = !sheet.doubts.items.length;
	}

	time() {
		const {player, sheet} = this.work;
		const number = player.frames.count ? `frame ${whole(player.index + 1)} of ${whole(player.frames.count)}` : "";
		get("clock").replaceChildren(make("b", {text: clock(player.time, 3)}), make("span", {text: ` / ${clock(sheet.duration, 1)}`}), make("small", {text: number}));
		get("clock").dataset.frame = player.index;
	}

	update() {
		const {work, work: {player, sheet}} = this;
		if (!sheet) return;
		get("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
		get("play").replaceChildren(icon(player.playing ? "pause" : "play"));
		get("speed").value = String(player.speed);
		get("cancel").hidden = !work.editing.begun.size && work.reviewing.since === null;
		press(get("loop"), player.loop);
		for (const verb of ["undo", "redo"]) {
			get(verb).setAttribute("aria-disabled", String(!sheet[verb]));
			get(verb).setAttribute("aria-label", capital(verb) + (sheet[verb] && `: ${sheet[verb]}`));
		}
		get("suggestion-count").textContent = `${sheet.pending().length} to judge`;
		get("doubt-count").textContent = `${sheet.doubts.items.length} doubtful`;
		get("disagreement-count").textContent = `${sheet.disagreements().length} differ`;
		get("reviewed").textContent = work.reviewing.since === null ? "From here …" : `… to here (from ${clock(work.reviewing.since, 1)})`;
		press(get("reviewed"), work.reviewing.since !== null);
		const share = total(sheet.whole) / sheet.duration;
		get("reviewed-title").textContent = `Reviewed ${percent(Math.min(share, 1))}`;
		this.time();
	}
}
