// Which key does what, as the server says.
import {RUN} from "./commands.js";
import {make} from "./dom.js";

const SYMBOLS = {ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page ↑", PageDown: "Page ↓", Escape: "Esc", Backspace: "⌫", Delete: "Del"};

const isSign = key => [...key].length === 1;

/** Whether a sign is another one with Shift, and the first one again without: not so ß, İ, ς or a digit. */
function isLetter(key) {
	const [lower, upper] = [key.toLowerCase(), key.toUpperCase()];
	return isSign(key) && lower !== upper && [lower, upper].includes(key) && lower.toUpperCase() === upper && upper.toLowerCase() === lower;
}

/** A key as the server names it: "Shift+A", "Space", "Ctrl+Z", "?". */
function ofEvent(event) {
	const {key} = event;
	const typed = event.getModifierState?.("AltGraph");
	const held = {
		Ctrl: (event.ctrlKey || event.metaKey) && !typed,
		Alt: event.altKey && !typed,
		Shift: event.shiftKey && (isLetter(key) || !isSign(key) || key === " "),
	};
	const modifiers = Object.keys(held).filter(one => held[one]);
	const shown = !isLetter(key) ? key : modifiers.length ? key.toUpperCase() : key.toLowerCase();
	return [...modifiers, shown === " " ? "Space" : shown].join("+");
}

const symbol = key => key.split(/\+(?=.)/).map(part => SYMBOLS[part] ?? (isLetter(part) ? part.toUpperCase() : part)).join(" ");

export const kbd = key => (key ? make("kbd", {text: symbol(key)}) : null);

export class Keys {
	constructor({labels, commands}) {
		this.labels = new Map(labels.flatMap(({keys}, index) => keys.map(key => [key, index])));
		this.commands = new Map(commands.map(one => [one.name, one]));
		this.reached = new Map(commands.flatMap(({name, keys}) => keys.map(key => [key, name])));
	}

	of(name) {
		const [key] = this.commands.get(name).keys;
		return key ? symbol(key) : "";
	}

	title(name) {
		const key = this.of(name);
		return this.commands.get(name).title + (key ? ` (${key})` : "");
	}

	labelIndex(event) {
		return this.labels.get(ofEvent(event));
	}

	press(event, work) {
		const key = ofEvent(event);
		const {target} = event;
		if (target.matches?.("input:not([type=checkbox]), textarea, select") && key !== "Escape") return false;
		if (["Space", "Enter"].includes(key) && target.closest?.("button, a, summary, input, label")) return false;
		if (this.labels.has(key)) {
			if (!event.repeat) work.run(() => work.editing.label(this.labels.get(key)));
			return true;
		}
		const name = this.reached.get(key);
		if (!name) return false;
		if (key === "Escape" && target.matches?.("input, select")) target.blur();
		this.run(name, work);
		return true;
	}

	/** Do a command: what only looks at once, the rest when the video is loaded. */
	run(name, work) {
		const atOnce = this.commands.get(name).group === "Look" && (work.sheet || ["recordings", "help"].includes(name));
		if (atOnce) RUN[name](work);
		else work.run(() => RUN[name](work));
	}
}
