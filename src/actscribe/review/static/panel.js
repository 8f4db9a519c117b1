// Beside the video: the labels with their keys, and what can be done with the chosen bout.
import {dot, get, make, press, soft} from "./dom.js";
import {clock, fromTo, lasting, percent, seconds} from "./format.js";
import {kbd} from "./keys.js";
import {covers, total} from "./spans.js";

export class Panel {
	constructor(work) {
		this.work = work;
		get("only-active").addEventListener("change", event => event.target.blur());
	}

	get onlyActive() {
		return get("only-active").checked;
	}

	redrawLabels() {
		const {work} = this;
		if (!work.sheet) return;
		const host = get("labels");
		if (host.childElementCount !== work.labels.length) host.replaceChildren(...work.labels.map((label, index) => this.#label(label, index)));
		work.labels.forEach(({name}, index) => {
			const button = host.children[index];
			const begun = work.editing.begun.get(name);
			const share = Math.min(total(work.sheet.reviewed[name]) / work.sheet.duration, 1);
			press(button, begun !== undefined);
			button.classList.toggle("active", index === work.active);
			button.querySelector(".state").textContent = begun === undefined ? percent(share) : `since ${clock(begun, 1)}`;
			button.querySelector(".share").style.width = `${100 * share}%`;
		});
		[...get("gutter").children].forEach((row, index) => press(row, index === work.active));
		get("only-label").textContent = work.labels[work.active].name;
	}

	#label(label, index) {
		return make("button", {class: "label", title: label.definition || label.name, click: () => this.work.run(() => this.work.editing.label(index))},
			dot(label.color), make("span", {class: "name", text: label.name}),
			make("span", {class: "state"}), kbd(label.keys[0]) ?? make("span"),
			make("span", {class: "bar"}, make("span", {class: "share", style: {background: label.color}})));
	}

	redraw() {
		const {work} = this;
		const item = work.chosen;
		const focused = get("chosen").contains(document.activeElement) ? document.activeElement.name : null;
		const content = !work.sheet ? [] : item ? this.#card(item) : work.looked ? this.#looked(work.looked) : this.#nothing();
		get("chosen").replaceChildren(...content);
		if (focused) get("chosen").querySelector(`[name="${focused}"]`)?.focus();
	}

	#nothing() {
		const mark = this.work.keys.of("mark-label");
		return [make("h2", {id: "chosen-title", text: "No bout chosen"}),
			make("p", {class: "soft", text: `Press a label's key to begin a bout at the frame shown, and again to end it${mark ? `; ${mark} does so in the chosen lane` : ""}. Or draw one with the mouse.`})];
	}

	#looked({kind, item}) {
		const text = `${item.label}, ${fromTo(item)}${item.why ? `: ${item.why}` : ""}`;
		const settling = kind === "disagreement" ? make("div", {class: "buttons"}, this.#button("settle-yes", "It happens"), this.#button("settle-no", "It does not")) : null;
		return [make("h2", {id: "chosen-title", text: kind === "disagreement" ? "Disagreement" : "Doubtful moment"}), make("p", {text}), settling].filter(Boolean);
	}

	#card(item) {
		const {work} = this;
		const suggestion = work.isSuggestion(item);
		const state = suggestion ? work.sheet.state(item) : null;
		const title = suggestion ? {true: "Accepted suggestion", false: "Rejected suggestion", null: "Suggestion"}[state] : "Chosen bout";
		const label = make("select", {name: "label", "aria-label": "Label", change: event => work.editing.relabelTo(event.target.value)},
			...work.labels.map(({name}) => make("option", {value: name, text: name, selected: name === item.label})));
		const colour = work.labels.find(({name}) => name === item.label)?.color;
		return [make("h2", {id: "chosen-title", text: title}),
			make("div", {class: "chosen-label"}, dot(colour ?? "gray"), label),
			...(suggestion ? [this.#suggestionButtons(state)] : []),
			make("div", {class: "edges"}, this.#edge("start", item), this.#edge("end", item)),
			soft("p", this.#about(item, suggestion)), ...(suggestion ? [] : [...this.#warnings(item), this.#boutButtons()])];
	}

	#about(item, suggestion) {
		const sure = score => (score === null || score === undefined ? "" : `, ${percent(score)} sure`);
		const from = suggestion ? `Suggested${sure(item.score)}` : item.origin ? `Was suggested${sure(item.origin.score)}` : "Marked by a person";
		return `${lasting(item.end - item.start)} long. ${from}.${item.subject ? ` Subject: ${item.subject}.` : ""}`;
	}

	#warnings(item) {
		const {sheet, editing} = this.work;
		const {label, start, end, subject} = item;
		const texts = [];
		if (!covers(sheet.reviewed[label], start, Math.min(end, sheet.duration)))
			texts.push("Not all of it is reviewed: training uses only reviewed time.");
		const foe = editing.excluding(label, start, end);
		if (foe) texts.push(`It overlaps ${foe}, and both cannot hold at once.`);
		if (sheet.mine.get(label).within(start, end).some(one => one !== item && one.subject === subject))
			texts.push("It meets another one: both are learned from and exported as one.");
		return texts.map(text => make("p", {class: "warning", text}));
	}

	#edge(edge, item) {
		const {work} = this;
		const title = edge === "start" ? "Start" : "End";
		const input = make("input", {name: edge, type: "text", inputmode: "decimal", autocomplete: "off", value: clock(item[edge], 3), "aria-label": title});
		const set = () => {
			const time = seconds(input.value);
			if (Number.isFinite(time)) work.editing.setEdge(edge, time);
			else {
				work.say(`“${input.value}” is not a time. Type 83.5 or 1:23.5.`);
				input.value = clock(item[edge], 3);
			}
		};
		input.addEventListener("keydown", event => event.key === "Enter" && set());
		input.addEventListener("change", set);
		const nudge = (text, when) => this.#button(`${edge}-${when}`, text, `${title} one frame ${when}`);
		return make("div", {class: "edge"}, this.#button(`bout-${edge}`, title, `Show the ${edge}`), nudge("−1", "earlier"), input, nudge("+1", "later"), this.#button(`${edge}-here`, "Here", `${title} at this frame`));
	}

	#button(name, text, label) {
		const {keys} = this.work;
		return make("button", {name, "data-do": name, "aria-label": label, title: keys.title(name)},
			make("span", {text}), label ? null : kbd(keys.commands.get(name).keys[0]));
	}

	#suggestionButtons(state) {
		const [yes, no] = [this.#button("accept", "Accept"), this.#button("reject", "Reject")];
		if (state === null) yes.classList.add("main");
		return make("div", {class: "buttons"}, yes, no, this.#button("loop", "Loop"), this.#button("zoom-bout", "Closer"));
	}

	#boutButtons() {
		return make("div", {class: "buttons"}, ...[["split", "Split here"], ["merge", "Merge next"], ["loop", "Loop"], ["zoom-bout", "Closer"], ["delete", "Delete"]].map(([name, text]) => this.#button(name, text)));
	}
}
