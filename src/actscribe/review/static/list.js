// The recordings: what was reviewed of each, and where a look is worth most.
import {ask} from "./api.js";
import {show} from "./dialogs.js";
import {get, make} from "./dom.js";
import {count, lasting, percent} from "./format.js";

const PAGE = 200;
const STATES = {new: "not begun", file: "annotated in file", begun: "begun", done: "done"};
const DOUBTFUL = "How near the run's scores lie to where it decides, from 0 % to 100 %; – where that is not computed yet, or hidden";
const ORDERS = {
	study: ["In the study's order", () => 0],
	doubt: ["Most doubtful first", (a, b) => finished(a) - finished(b) || (b.doubt ?? -1) - (a.doubt ?? -1)],
	least: ["Least reviewed first", (a, b) => reviewedShare(a) - reviewedShare(b)],
	name: ["By name", (a, b) => a.name.localeCompare(b.name)],
};

/** Whether nothing is left to review, here or because the study's files say it all. */
const finished = one => one.state === "done" || (one.state === "file" && !one.left_s);

/** Share of the recording that was reviewed, averaged over the labels. */
const reviewedShare = one => {
	const shares = Object.values(one.reviewed_s ?? {}).map(seconds => Math.min(seconds / one.duration, 1));
	return shares.length ? shares.reduce((sum, share) => sum + share, 0) / shares.length : 0;
};

export class List {
	constructor(page) {
		this.page = page;
		this.order = "study";
		this.wanted = "";
		this.kept = "";
		this.most = PAGE;
	}

	show() {
		const {study} = this.page;
		document.title = `${study.name} · ActScribe review`;
		get("list").replaceChildren(this.#head(study), this.#controls(study), this.#table());
		this.#fill();
		this.#guards();
		if (study.settling) return this.#settling();
		return undefined;
	}

	/** Who settles opens only what two annotators said something of. */
	async #settling() {
		try {
			this.settled = new Set((await ask("/api/agreement")).recordings.map(({id}) => id));
		} catch (error) {
			this.page.fail(error);
		}
		this.#fill();
	}

	#head(study) {
		const done = study.recordings.filter(finished).length;
		const all = study.recordings.reduce((sum, one) => sum + one.duration, 0);
		const tile = (value, text) => make("div", {class: "tile"}, make("b", {text: value}), make("span", {text}));
		const run = study.run ? this.#run(study.run)
			: make("p", {class: "soft", text: "No run is shown: everything is annotated by hand. Start actscribe review with --run to correct its suggestions."});
		return make("div", {class: "head"},
			make("div", {}, make("h1", {id: "list-title", text: study.name}), run, make("p", {class: "soft", id: "guards"})),
			make("div", {class: "tiles"}, tile(lasting(study.left_s), "left to review"), tile(lasting(all), "in all"), tile(`${done} / ${study.recordings.length}`, "recordings done")));
	}

	/** How the run stands is known some seconds after the server began. */
	tell(run) {
		document.getElementById("run")?.replaceWith(this.#run(run));
	}

	#run({name, verdict}) {
		const line = ["Suggestions of run ", make("b", {text: name})];
		if (!verdict) return make("p", {id: "run"}, ...line);
		return make("details", {id: "run", class: "verdict"}, make("summary", {}, ...line, make("span", {class: "soft", text: `: ${verdict}`})), make("p", {class: "soft", text: verdict}));
	}

	#controls(study) {
		const find = make("input", {type: "search", "aria-label": "Find a recording", placeholder: "Find a recording", value: this.wanted, on: {input: event => {this.wanted = event.target.value.toLowerCase(); this.#again();}}});
		const choice = (label, options, chosen, set) => make("label", {}, make("span", {class: "unseen", text: label}),
			make("select", {on: {change: event => {set(event.target.value); this.#again();}}}, ...options.map(([value, text]) => make("option", {value, text, selected: value === chosen}))));
		return make("div", {class: "controls", role: "toolbar", "aria-label": "Recordings"}, find,
			choice("Show", [["", "All"], ...Object.entries(STATES).map(([value, text]) => [value, text[0].toUpperCase() + text.slice(1)])], this.kept, value => (this.kept = value)),
			choice("Order", Object.entries(ORDERS).map(([value, [text]]) => [value, text]), this.order, value => (this.order = value)),
			make("span", {class: "space"}),
			study.settling ? make("a", {class: "button", href: "#settle", text: "Disagreements"}) : null,
			make("button", {text: "Export…", on: {click: () => this.#export()}}));
	}

	#table() {
		const heads = ["Recording", "Reviewed", "Bouts", "Length", "Split", "Doubtful"];
		return make("div", {class: "scroll"}, make("table", {class: "recordings"}, make("thead", {}, make("tr", {}, ...heads.map(text => make("th", {scope: "col", text, title: text === "Doubtful" ? DOUBTFUL : null})))), make("tbody", {id: "rows"})),
			make("p", {id: "none", class: "soft", hidden: true, text: "No recording is like that."}), make("button", {id: "more", hidden: true, text: "Show more", on: {click: () => {this.most += PAGE; this.#fill();}}}));
	}

	#again() {
		this.most = PAGE;
		this.#fill();
	}

	#fill() {
		const found = this.page.study.recordings
			.filter(one => (!this.kept || one.state === this.kept) && `${one.name} ${one.group ?? ""}`.toLowerCase().includes(this.wanted))
			.sort(ORDERS[this.order][1]);
		get("rows").replaceChildren(...found.slice(0, this.most).map(one => this.#row(one)));
		get("more").hidden = found.length <= this.most;
		get("none").hidden = found.length > 0;
	}

	#row(one) {
		const share = reviewedShare(one);
		const bars = make("div", {class: "bars", "aria-hidden": "true"}, ...this.page.study.labels.map(({name, color}) =>
			make("span", {class: "bar", title: name}, make("span", {style: {width: `${100 * Math.min((one.reviewed_s?.[name] ?? 0) / one.duration, 1)}%`, background: color}}))));
		const why = this.settled && !this.settled.has(one.id) ? "Nothing to settle: two annotators are needed." : null;
		const link = why ? make("span", {class: "soft", text: one.name}) : make("a", {href: `#${one.id}`, text: one.name});
		const beside = [one.group !== one.name && one.group, one.others && count(one.others, "other annotator"), why].filter(Boolean).join(" · ");
		const chips = [one.split && make("span", {class: `chip ${one.split}`, text: one.split}), one.blind && make("span", {class: "chip blind", text: "blind"})].filter(Boolean);
		return make("tr", {"data-state": one.state, "data-closed": Boolean(why)},
			make("th", {scope: "row"}, link, make("small", {text: beside})),
			make("td", {class: "reviewed"}, make("span", {class: `state ${one.state}`, text: one.state === "begun" ? percent(share) : STATES[one.state] ?? one.state}), bars),
			make("td", {"data-name": "bouts", text: (one.bouts ?? 0).toLocaleString("en")}), make("td", {"data-name": "long", text: lasting(one.duration)}),
			make("td", {}, ...chips), make("td", {"data-name": "doubtful", title: DOUBTFUL, text: one.doubt === null || one.doubt === undefined ? "–" : percent(Math.min(one.doubt, 1))}));
	}

	/** How often this annotator accepted suggestions, so that habit shows. */
	async #guards() {
		if (!this.page.study.run) return;
		try {
			const own = (await ask("/api/guards"))[this.page.study.annotator];
			const judged = own ? own.accepted + own.rejected : 0;
			if (!judged) return;
			const planted = own.planted ? `, and ${own.planted_accepted} of ${count(own.planted, "that was wrong on purpose", "that were wrong on purpose")}` : "";
			get("guards").textContent = `You accepted ${own.accepted} of ${count(judged, "suggestion")} (${percent(own.accepted / judged)})${planted}.`;
		} catch {
			get("guards").textContent = "";
		}
	}

	async #export() {
		const {formats} = this.page.study;
		const boxes = formats.map(name => make("input", {type: "checkbox", value: name}));
		const lines = formats.map((name, place) => make("label", {class: "check"}, boxes[place], make("span", {text: name})));
		if (boxes.length) boxes[0].checked = true;
		const answer = await show("Export annotations", [make("p", {text: "Written into review/export/ beside the study; your own files stay as they are."}), make("div", {class: "formats"}, ...lines)], [["Export", "yes", "main"], ["Cancel", ""]]);
		const wanted = boxes.filter(box => box.checked).map(box => box.value);
		if (!answer || !wanted.length) return;
		try {
			const {files} = await ask("/api/export", {formats: wanted});
			await show("Exported", [make("p", {text: `${count(files.length, "file")} written:`}), make("ul", {class: "files"}, ...files.slice(0, 50).map(file => make("li", {text: file})))], [["Close", "", "main"]]);
		} catch (error) {
			this.page.fail(error);
		}
	}
}
