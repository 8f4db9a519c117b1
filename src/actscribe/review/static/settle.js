// Recordings with two annotators: how well they agree, and where they do not, to be settled one after the other.
import {ask} from "./api.js";
import {get, make, soft, table} from "./dom.js";
import {clock, count, lasting} from "./format.js";

const MOST = 300;

const ALIKE = "Not defined: one of the two says the same all the time, so chance agrees as well.";
const FEW = "Not defined: it takes two recordings or more, in which the figures differ.";
export const figure = value => (typeof value === "number" ? value.toFixed(2).replace(/^-0\.00$/, "0.00") : "–");
const cell = (text, why) => make("td", String(text).startsWith("–") ? {text, title: why} : {text});
const scrolled = (caption, heads, body) => make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
	table(heads.map(text => ({text})), body, make("caption", {text: caption})));

export class Settle {
	constructor(page) {
		this.page = page;
	}

	async show() {
		const host = get("settle");
		document.title = "Disagreements · ActScribe review";
		const title = make("h1", {id: "settle-title", text: "Disagreements"});
		host.replaceChildren(title, make("p", {text: "Loading…"}));
		try {
			const {recordings, labels} = await ask("/api/agreement");
			const parts = recordings.length ? [this.#labels(labels), ...recordings.map(one => this.#recording(one))] : [make("p", {text: "No recording has two annotators yet."})];
			host.replaceChildren(title, soft("p", "Open one, look at the video, and decide: the answer becomes part of the agreed annotation."), ...parts);
		} catch (error) {
			host.replaceChildren(title, make("p", {text: `${error.message} ${error.hint ?? ""}`}));
		}
	}

	/** Over all recordings, with intervals of confidence. */
	#labels(labels) {
		const between = (one, value, low, high) => figure(one[value]) + (typeof one[low] === "number" ? ` (${figure(one[low])} to ${figure(one[high])})` : "");
		const rows = Object.entries(labels).map(([name, one]) => make("tr", {}, make("th", {scope: "row", text: name}), ...[
			cell(one.recordings), cell(lasting(one.seconds)), cell(between(one, "kappa", "low", "high"), ALIKE),
			...["seconds", "bouts"].map(of => cell(between(one, `${of}_icc`, `${of}_low`, `${of}_high`), FEW))]));
		return make("section", {class: "pair-of-annotators"}, scrolled("All recordings", ["Label", "Recordings", "Both annotated", "kappa", "ICC of durations", "ICC of counts"], rows));
	}

	#recording({id, name, kappa, annotators, durations, disagreements, more}) {
		const figures = Object.entries(kappa).map(([label, value]) => make("tr", {}, make("th", {scope: "row", text: label}), cell(figure(value), ALIKE),
			...annotators.map(who => make("td", {text: clock(durations[who][label], 1)}))));
		const rows = disagreements.slice(0, MOST).map(one => {
			const say = yes => Object.entries(one.who).filter(([, there]) => there === yes).map(([annotator]) => annotator).join(", ") || "–";
			return make("tr", {}, make("th", {scope: "row"}, make("a", {href: `#${id}@${one.start}`, text: `${clock(one.start)} – ${clock(one.end)}`})),
				...[one.label, say(true), say(false), one.settled ? "yes" : one.again].map(text => make("td", {text})));
		});
		const open = disagreements.filter(one => !one.settled).length + more;
		return make("section", {class: "pair-of-annotators"}, make("h2", {}, make("a", {href: `#${id}`, text: name})),
			make("div", {class: "columns"}, scrolled("Agreement beyond chance, and how long", ["Label", "kappa", ...annotators], figures),
				scrolled(`${count(disagreements.length + more, "disagreement")}, ${open} to settle`, ["When", "Label", "It happens", "It does not", "Settled"], rows)));
	}
}
