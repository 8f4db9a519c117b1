// The recordings: what was reviewed of each, and where a look is worth most.
import {ask} from "./api.js";
import {insists, show} from "./dialogs.js";
import {get, make, soft, table} from "./dom.js";
import {capital, count, lasting, percent, whole} from "./format.js";

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
	const shares = Object.values(one.reviewed_s).map(seconds => Math.min(seconds / one.duration, 1));
	return shares.length ? shares.reduce((sum, share) => sum + share, 0) / shares.length : 0;
};

/** What somebody opened stays open when the list is drawn again. */
const isOpen = id => document.getElementById(id)?.open;

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
		return study.settling && this.#settling().catch(error => this.page.fail(error));
	}

	/** Who settles opens only what two annotators said something of. */
	async #settling() {
		const {recordings} = await ask("/api/agreement");
		this.settled = new Set(recordings.map(({id}) => id));
		this.#fill();
	}

	#head(study) {
		const done = study.recordings.filter(finished).length;
		const all = study.recordings.reduce((sum, one) => sum + one.duration, 0);
		const tile = (value, text) => make("div", {class: "tile"}, make("b", {text: value}), make("span", {text}));
		const run = study.run ? this.#run(study.run)
			: soft("p", "No run is shown: everything is annotated by hand. Start actscribe review with --run to correct its suggestions.");
		return make("div", {class: "head"},
			make("div", {}, make("h1", {id: "list-title", text: study.name}), run, this.#reports(study.reports), make("p", {class: "soft", id: "guards"})),
			make("div", {class: "tiles"}, tile(lasting(study.left_s), "left to review"), tile(lasting(all), "in all"), tile(`${done} / ${study.recordings.length}`, "recordings done")));
	}

	/** How the run stands is known some seconds after the server began. */
	tell(run) {
		document.getElementById("run")?.replaceWith(this.#run(run));
	}

	#run({name, verdict}) {
		const line = ["Suggestions of run ", make("b", {text: name})];
		if (!verdict) return make("p", {id: "run"}, ...line);
		return make("details", {id: "run", class: "verdict", open: isOpen("run")}, make("summary", {}, ...line, soft("span", `: ${verdict}`)), soft("p", verdict));
	}

	/** Reports in which a moment leads here. */
	#reports(reports) {
		const link = one => make("a", {href: `/reports/${encodeURIComponent(one.name)}/${one.about}`, text: one.title, on: {click: event => one.blind && this.#openBlind(event, one)}});
		return reports.length ? make("details", {id: "reports", open: isOpen("reports")}, make("summary", {text: count(reports.length, "report")}), make("ul", {class: "files"}, ...reports.map(one => make("li", {}, link(one))))) : null;
	}

	async #openBlind(event, {name, about}) {
		event.preventDefault();
		const {href} = event.target;
		try {
			if (!await insists("Show a report of test recordings?")) return;
			await ask("/api/report", {name, about});
			location.href = href;
		} catch (error) {
			this.page.fail(error);
		}
	}

	#controls(study) {
		const find = make("input", {type: "search", "aria-label": "Find a recording", placeholder: "Find a recording", value: this.wanted, on: {input: event => {this.wanted = event.target.value.toLowerCase(); this.#again();}}});
		const choice = (label, options, chosen, set) => make("select", {"aria-label": label, on: {change: event => {set(event.target.value); this.#again();}}},
			...options.map(([value, text]) => make("option", {value, text, selected: value === chosen})));
		return make("div", {class: "controls", role: "toolbar", "aria-label": "Recordings"}, find,
			choice("Show", [["", "All"], ...Object.entries(STATES).map(([value, text]) => [value, capital(text)])], this.kept, value => (this.kept = value)),
			choice("Order", Object.entries(ORDERS).map(([value, [text]]) => [value, text]), this.order, value => (this.order = value)),
			make("span", {class: "space"}),
			study.settling ? make("a", {class: "button", href: "#settle", text: "Disagreements"}) : null,
			make("button", {text: "Export…", on: {click: () => this.#export()}}));
	}

	#table() {
		const heads = ["Recording", "Reviewed", "Bouts", "Length", "Split"].map(text => ({text}));
		const made = table([...heads, {text: "Doubtful", title: DOUBTFUL}], []);
		made.className = "recordings";
		made.tBodies[0].id = "rows";
		return make("div", {class: "scroll"}, made,
			make("p", {id: "none", class: "soft", hidden: true, text: "No recording matches."}), make("button", {id: "more", hidden: true, text: "Show more", on: {click: () => {this.most += PAGE; this.#fill();}}}));
	}

	#again() {
		this.most = PAGE;
		this.#fill();
	}

	#fill() {
		const matching = this.page.study.recordings
			.filter(one => (!this.kept || one.state === this.kept) && `${one.name} ${one.group}`.toLowerCase().includes(this.wanted))
			.sort(ORDERS[this.order][1]);
		get("rows").replaceChildren(...matching.slice(0, this.most).map(one => this.#row(one)));
		get("more").hidden = matching.length <= this.most;
		get("none").hidden = matching.length > 0;
	}

	#row(one) {
		const share = reviewedShare(one);
		const bars = make("div", {class: "bars", "aria-hidden": "true"}, ...this.page.study.labels.map(({name, color}) =>
			make("span", {class: "bar", title: name}, make("span", {style: {width: `${100 * Math.min(one.reviewed_s[name] / one.duration, 1)}%`, background: color}}))));
		const why = this.settled && !this.settled.has(one.id) ? "Nothing to settle: two annotators are needed." : null;
		const link = why ? soft("span", one.name) : make("a", {href: `#${one.id}`, text: one.name});
		const beside = [one.group !== one.name && one.group, one.others && count(one.others, "other annotator"), why].filter(Boolean).join(" · ");
		const chips = [one.split && make("span", {class: `chip ${one.split}`, text: one.split}), one.blind && make("span", {class: "chip blind", text: "blind"})].filter(Boolean);
		return make("tr", {"data-state": one.state, "data-closed": Boolean(why)},
			make("th", {scope: "row"}, link, make("small", {text: beside})),
			make("td", {class: "reviewed"}, make("span", {class: `state ${one.state}`, text: one.state === "begun" ? percent(share) : STATES[one.state]}), bars),
			make("td", {"data-name": "bouts", text: whole(one.bouts)}), make("td", {"data-name": "long", text: lasting(one.duration)}),
			make("td", {}, ...chips), make("td", {"data-name": "doubtful", title: DOUBTFUL, text: one.doubt === null ? "–" : percent(Math.min(one.doubt, 1))}));
	}

	/** How often this annotator accepted suggestions, so that habit shows. */
	async #guards() {
		const {annotator, run} = this.page.study;
		const own = run && (await ask("/api/guards").catch(() => ({})))[annotator];
		const judged = own && own.accepted + own.rejected;
		if (judged) {
			const planted = own.planted ? `, and ${own.planted_accepted} of ${count(own.planted, "that was wrong on purpose", "that were wrong on purpose")}` : "";
			get("guards").textContent = `You accepted ${own.accepted} of ${count(judged, "suggestion")} (${percent(own.accepted / judged)})${planted}.`;
		}
	}

	async #export() {
		const {formats} = this.page.study;
		const boxes = formats.map(name => make("input", {type: "checkbox", value: name}));
		const lines = formats.map((name, index) => make("label", {class: "check"}, boxes[index], make("span", {text: name})));
		if (boxes.length) boxes[0].checked = true;
		const answer = await show("Export annotations", [make("p", {text: "Written into review/export/ beside the study; your own files stay as they are."}), make("div", {class: "formats"}, ...lines)], [["Export", "yes", "main"], ["Cancel", ""]]);
		const wanted = boxes.filter(box => box.checked).map(box => box.value);
		if (!answer || !wanted.length) return;
		try {
			const {files, sentences} = await ask("/api/export", {formats: wanted});
			await show("Exported", [...sentences.map(text => make("p", {text})), make("p", {text: `${count(files.length, "file")} written:`}), make("ul", {class: "files"}, ...files.slice(0, 50).map(file => make("li", {text: file})))], [["Close", "", "main"]]);
		} catch (error) {
			this.page.fail(error);
		}
	}
}
