// Recordings with two annotators: how well they agree, and where not, to be settled.
import {ask} from "./api.js";
import {get, icon, make, row, soft, table} from "./dom.js";
import {clock, count, lasting} from "./format.js";
import {sum} from "./spans.js";

const MOST = 300;

export const figure = value => (typeof value === "number" ? value.toFixed(2).replace(/^-0\.00$/, "0.00") : "–");
const cell = (text, why) => make("td", {text}, text === "–" ? soft("small", ` ${why}`) : null);

export const unsettled = ({left}) => left;

/** Why there is no kappa: of the seconds that both, the second alone, the first alone and neither call a label. */
function noKappa(seconds) {
	if (!seconds.some(Boolean)) return "no time that both annotated";
	return seconds[0] ? "both mark it all the time" : "neither marked it";
}
const scrolled = (caption, heads, body) => make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
	table(heads, body, make("caption", {text: caption})));

export class Settle {
	constructor(page) {
		this.page = page;
	}

	async show() {
		const host = get("settle");
		document.title = "Disagreements · ActScribe review";
		const title = make("header", {}, make("a", {class: "button quiet", href: "#"}, icon("back"), "Recordings"), make("h1", {id: "settle-title", text: "Disagreements"}));
		host.replaceChildren(title, make("p", {text: "Loading…"}));
		try {
			const {recordings, labels} = await ask("/api/agreement");
			const parts = recordings.length ? [this.#labels(labels, recordings), ...recordings.map(one => this.#recording(one))] : [make("p", {text: "No recording has two annotators yet."})];
			host.replaceChildren(title, soft("p", "Open one, look at the video, and decide: the answer becomes part of the agreed annotation."), ...parts);
		} catch (error) {
			host.replaceChildren(title, make("p", {text: `${error.message} ${error.hint ?? ""}`}));
		}
	}

	#labels(labels, recordings) {
		const between = (one, value, low, high) => figure(one[value]) + (typeof one[low] === "number" ? ` (${figure(one[low])} to ${figure(one[high])})` : "");
		const rows = Object.entries(labels).map(([name, one]) => row(name, one.recordings, lasting(one.seconds), cell(between(one, "kappa", "low", "high"), noKappa([0, 1, 2, 3].map(part => sum(recordings, ({seconds_agreed: own}) => own[name][part])))),
			...["seconds", "bouts"].map(of => cell(between(one, `${of}_icc`, `${of}_low`, `${of}_high`), one.recordings < 2 ? "it takes two recordings" : "the same in all recordings"))));
		return make("section", {class: "agreement"}, scrolled("All recordings", ["Label", "Recordings", "Both annotated", "kappa", "ICC of durations", "ICC of counts"], rows));
	}

	#recording(recording) {
		const {id, name, kappa, annotators, durations, disagreements, more, seconds_agreed: seconds} = recording;
		const figures = Object.entries(kappa).map(([label, value]) => row(label, cell(figure(value), noKappa(seconds[label])),
			...annotators.map(who => lasting(durations[who][label]))));
		const rows = disagreements.slice(0, MOST).map(one => {
			const say = yes => Object.entries(one.who).filter(([, there]) => there === yes).map(([annotator]) => annotator).join(", ") || "–";
			return row(make("a", {href: `#${id}@${one.start}`, text: `${clock(one.start)} – ${clock(one.end)}`}), one.label, say(true), say(false), one.settled ? "yes" : one.again);
		});
		return make("section", {class: "agreement"}, make("h2", {}, make("a", {href: `#${id}`, text: name})),
			make("div", {class: "columns"}, scrolled("Agreement beyond chance, and how long", ["Label", "kappa", ...annotators], figures),
				scrolled(`${count(disagreements.length + more, "disagreement")}, ${unsettled(recording)} to settle`, ["When", "Label", "It happens", "It does not", "Settled"], rows)));
	}
}
