// Elements made without markup: whatever a study says stays text.
import {DRAWINGS} from "./drawings.js";

const SVG = "http://www.w3.org/2000/svg";

export const get = id => document.getElementById(id);

/** Make an element; `how` holds attributes, handlers by event, `text` its text, `style` properties. */
export function make(tag, how = {}, ...inside) {
	const made = document.createElement(tag);
	if (tag === "button") made.type = "button";
	for (const [name, value] of Object.entries(how)) {
		if ([undefined, null, false].includes(value)) continue;
		if (name === "text") made.textContent = value;
		else if (typeof value === "function") made.addEventListener(name, value);
		else if (name === "style") for (const [property, one] of Object.entries(value)) made.style.setProperty(property, one);
		else made.setAttribute(name, value === true ? "" : value);
	}
	made.append(...inside.filter(one => (one ?? null) !== null));
	return made;
}

export const soft = (tag, text) => make(tag, {class: "soft", text});

export const chip = (kind, text = kind) => text && make("span", {class: `chip ${kind}`, text});

/** A row of a table: what heads it, then its cells or their texts. */
export const row = (head, ...cells) => make("tr", {}, make("th", {scope: "row"}, head), ...cells.map(one => (one instanceof Node ? one : make("td", {text: one}))));

export const press = (button, yes) => button.setAttribute("aria-pressed", String(Boolean(yes)));

export const dot = colour => make("span", {class: "dot", style: {background: colour}});

export const table = (heads, body, ...caption) => make("table", {}, ...caption,
	make("thead", {}, make("tr", {}, ...heads.map(one => make("th", {scope: "col", ...(one.text ? one : {text: one})})))), make("tbody", {}, ...body));

export function icon(name) {
	if (!DRAWINGS[name]) return null;
	const part = (tag, attributes, ...inside) => {
		const made = document.createElementNS(SVG, tag);
		for (const one of Object.entries(attributes)) made.setAttribute(...one);
		made.append(...inside);
		return made;
	};
	const paths = DRAWINGS[name].map((d, line) => part("path", {d, class: line ? "line" : ""}));
	return part("svg", {class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true"}, ...paths);
}

/** Run `work` once before the next picture, however often it was asked for. */
export function soon(work) {
	let asked = false;
	return () => {
		if (asked) return;
		asked = true;
		requestAnimationFrame(now => {
			asked = false;
			work(now);
		});
	};
}
