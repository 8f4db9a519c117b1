// Which key does what: those of labels first, then a person's own, then the usual ones.
import {COMMANDS} from "./commands.js";

const SYMBOLS = {ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page ↑", PageDown: "Page ↓", Escape: "Esc", Backspace: "⌫", Delete: "Del", Enter: "Enter"};

const isLetter = key => key.length === 1 && key.toLowerCase() !== key.toUpperCase();

function together(modifiers, key) {
	const shown = !isLetter(key) ? key : modifiers.length ? key.toUpperCase() : key.toLowerCase();
	return [...modifiers, key === " " ? "Space" : shown].join("+");
}

/** Write a key as a keyboard event or a person names it in one way: "Shift+A", "Space", "Ctrl+Z", "?". */
export function named(key) {
	if (key.length === 1) return together(key !== key.toLowerCase() ? ["Shift"] : [], key);
	const parts = key.split("+").filter(Boolean);
	const last = parts.pop() ?? "+";
	const held = parts.map(one => one.toLowerCase());
	return together(["Ctrl", "Alt", "Shift"].filter(one => held.includes(one.toLowerCase())), last);
}

export function ofEvent(event) {
	const {key} = event;
	const typed = event.getModifierState?.("AltGraph");
	const held = {
		Ctrl: (event.ctrlKey || event.metaKey) && !typed,
		Alt: event.altKey && !typed,
		Shift: event.shiftKey && (isLetter(key) || key.length > 1 || key === " "),
	};
	return together(Object.keys(held).filter(one => held[one]), key);
}

export const symbol = key => key.split(/\+(?=.)/).map(part => SYMBOLS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");

export class Keys {
	constructor(study) {
		this.labels = new Map(study.labels.map((label, place) => [label.key ? named(label.key) : "", place]));
		this.labels.delete("");
		this.of = new Map([...COMMANDS.values()].map(({name, keys}) => [name, (study.keys?.[name] ?? keys).map(named)]));
		this.commands = new Map();
		for (const [name, keys] of this.of) for (const key of keys) if (!this.labels.has(key)) this.commands.set(key, name);
	}

	/** Keys that do reach a command. */
	reaching(name) {
		return (this.of.get(name) ?? []).filter(key => this.commands.get(key) === name);
	}

	/** The label whose key was pressed. */
	placeOf(event) {
		return this.labels.get(ofEvent(event));
	}

	/** Do what a key says; returns whether there was anything. */
	press(event, work) {
		const key = ofEvent(event);
		const target = event.target;
		if (target.matches?.("input:not([type=checkbox]), textarea, select") && key !== "Escape") return false;
		if (["Space", "Enter"].includes(key) && target.closest?.("button, a, summary, input, label")) return false;
		if (this.labels.has(key)) {
			if (!event.repeat) work.run(() => work.editing.label(this.labels.get(key)));
			return true;
		}
		const name = this.commands.get(key);
		if (!name) return false;
		if (key === "Escape" && target.matches?.("input, select")) target.blur();
		const {group, run} = COMMANDS.get(name);
		if (group === "Look" && (work.sheet || ["recordings", "help"].includes(name))) run(work);
		else work.run(() => run(work));
		return true;
	}
}
