// Elements made without markup: whatever a study says stays text.
import {DRAWINGS} from "./drawings.js";

const SVG = "http://www.w3.org/2000/svg";

export const get = id => document.getElementById(id);

/** Make an element; `how` holds attributes, `on` handlers by event, `text` its text, `style` properties. */
export function make(tag, how = {}, ...inside) {
	const made = document.createElement(tag);
	if (tag === "button") made.type = "button";
	for (const [name, value] of Object.entries(how)) {
		if (value === undefined || value === null || value === false) continue;
		if (name === "text") made.textContent = value;
		else if (name === "on") for (const [event, run] of Object.entries(value)) made.addEventListener(event, run);
		else if (name === "style") for (const [property, one] of Object.entries(value)) made.style.setProperty(property, one);
		else made.setAttribute(name, value === true ? "" : value);
	}
	made.append(...inside.filter(one => one !== null && one !== undefined));
	return made;
}

/** Return a drawing of a button. */
export function icon(name) {
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
