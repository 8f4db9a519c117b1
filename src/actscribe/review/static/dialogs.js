// Questions and lists over the page; Escape closes them.
import {dot, get, make, soft} from "./dom.js";
import {kbd} from "./keys.js";
import {legend} from "./legend.js";

/** Show a dialog and return the value of the button that ended it; "" if it was left. */
export function show(title, content, buttons, {wide = false, keydown = null} = {}) {
	const dialog = get("dialog");
	return new Promise(resolve => {
		const close = value => {
			resolve(value);
			dialog.close();
		};
		// The dialog before this one is told that it closed when this one may be open already.
		dialog.onclose = () => dialog.open || resolve("");
		const choices = buttons.map(([text, value, kind, first]) => make("button", {class: kind ?? "", autofocus: first, text, click: () => close(value)}));
		dialog.className = wide ? "wide" : "";
		dialog.replaceChildren(make("h2", {id: "dialog-title", tabindex: "-1", autofocus: wide, text: title}), make("div", {class: "body"}, ...content), make("div", {class: "choices"}, ...choices));
		dialog.onkeydown = keydown && (event => keydown(event, close));
		for (const button of dialog.querySelectorAll(".body button[value]")) button.addEventListener("click", () => close(button.value));
		dialog.showModal();
	});
}

/** Ask; the choice that changes nothing has the focus, so that a key held down does not say yes. */
export function confirm(title, sentences, yes) {
	return show(title, sentences.map(text => make("p", {text})), [[yes, "yes", "warn"], ["Cancel", "", "", true]]);
}

/** Ask whether somebody who annotates blind wants to see predictions of test recordings. */
export const insists = title => confirm(title, [
	"Test recordings are annotated blind, so that the figures measured on them do not favour the run.",
	"The journal will record that you have seen its predictions, and that cannot be undone."], "Show them, and record it");

/** Let a label be chosen with its key or the mouse; returns its index, or -1. */
export async function chooseLabel(labels, keyOf) {
	const list = make("div", {class: "label-choice"}, ...labels.map((label, index) =>
		make("button", {value: index},
			dot(label.color), make("span", {class: "name", text: label.name}),
			kbd(label.keys[0]))));
	const keydown = (event, close) => {
		const index = keyOf(event);
		if (index === undefined) return;
		event.preventDefault();
		close(String(index));
	};
	const chosen = await show("Which label?", [list], [["Cancel", ""]], {keydown});
	return chosen === "" ? -1 : Number(chosen);
}

function keyTable(title, rows) {
	return make("section", {}, make("h3", {text: title}),
		make("dl", {}, ...rows.flatMap(([text, keys, value]) => [
			make("dt", {}, ...keys.map(kbd)), make("dd", {}, value ? make("button", {class: "link", value, text}) : text)])));
}

/** Show what every key does; return the command, or the label's number, that was clicked. */
export function showKeys(keys, labels, open) {
	const groups = Object.entries(Object.groupBy(keys.commands.values(), command => command.group)).map(([group, commands]) =>
		keyTable(group, commands.map(({name, title, keys}) => [title, keys, open && name])));
	const own = keyTable("Labels", labels.map(({name, keys}, index) => [`Begin or end ${name}`, keys, open && String(index)]));
	return show("Keys", [soft("p", "A click on a line does what it says. Keys can be set in review/keys.yaml beside the study."),
		make("div", {class: "key-groups"}, own, ...groups, make("section", {}, make("h3", {text: "What is drawn"}), legend()))], [["Close", "", "main"]], {wide: true});
}
