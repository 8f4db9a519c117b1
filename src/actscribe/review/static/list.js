// The recordings: what was reviewed of each, and where a look is worth most.
import {ask} from "./api.js";
import {insists, show} from "./dialogs.js";
import {chip, get, make, soft, table} from "./dom.js";
import {count, lasting, percent, whole} from "./format.js";
import {unsettled} from "./settle.js";
import {sum} from "./spans.js";

const PAGE = 200;
/** What can be shown alone; those done are counted above, too. */
const STATES = {
	new: ["Not begun", one => one.state === "new"],
	file: ["Annotated in file", one => one.state === "file"],
	begun: ["Begun", one => one.state === "begun"],
	done: ["Done", one => finished(one)],
};
const DOUBTFUL = "How near the run's scores lie to where it decides, from 0 % to 100 %";
const ORDERS = {
	study: ["In the study's order", () => 0],
	doubt: ["Most doubtful first", (a, b) => finished(a) - finished(b) || (b.doubt ?? -1) - (a.doubt ?? -1)],
	least: ["Least reviewed first", (a, b) => reviewedShare(a) - reviewedShare(b)],
	name: ["By name", (a, b) => a.name.localeCompare(b.name)],
};

/** Whether nothing is left to review, here or because the study's files say it all. */
const finished = one => one.state === "done" || (one.state === "file" && !one.left_s);

const reviewedShare = one => {
	const shares = Object.values(one.reviewed_s);
	return sum(shares, seconds => Math.min(seconds / one.duration, 1)) / (shares.length || 1);
};

const standing = one => (one.state === "new" ? "not begun" : (finished(one) ? "done" : percent(reviewedShare(one))) + (one.state === "file" ? " in file" : ""));

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
		const [head] = get("list").children;
		if (head) head.replaceWith(this.#head(study));
		else get("list").append(this.#head(study), this.#controls(study), this.#table());
		this.#fill();
		this.#guards();
		return study.settling && this.#settling().catch(error => this.page.fail(error));
	}

	/** Who settles opens only what two annotators said something of. */
	async #settling() {
		const {recordings} = await ask("/api/agreement");
		this.settled = new Set(recordings.map(({id}) => id));
		const both = sum(recordings, one => sum(Object.values(one.seconds_agreed).flat(), Number));
		this.unsettled = both ? [whole(sum(recordings, unsettled)), "left to settle"] : ["no time", "that both annotated"];
		document.querySelector(".tiles").replaceChildren(...this.#tiles(this.page.study));
		this.#fill();
	}

	#head(study) {
		const run = study.run ? this.#run(study.run)
			: soft("p", "No run is shown: all is annotated by hand. For suggestions: actscribe train, then review again.");
		return make("div", {class: "head"},
			make("div", {}, make("h1", {id: "list-title", text: study.name}), run, this.#reports(study.reports), make("p", {class: "soft", id: "guards"})),
			make("div", {class: "tiles"}, ...this.#tiles(study)));
	}

	/** Who settles has disagreements left, and no minutes. */
	#tiles({settling, recordings, left_s: left}) {
		const all = sum(recordings, one => one.duration);
		const open = recordings.filter(({id}) => this.settled?.has(id) ?? true);
		const tile = ([value, text]) => make("div", {class: "tile"}, make("b", {text: value}), make("span", {text}));
		return [settling ? this.unsettled ?? ["…", ""] : [lasting(left), "left to review"],
			[lasting(all), "in all"], [`${open.filter(finished).length} / ${open.length}`, "recordings done"]].map(tile);
	}

	/** How the run stands and where it is doubtful is known later. */
	tell({run, recordings}) {
		if (run.verdict) document.querySelector("p#run")?.replaceWith(this.#run(run));
		for (const one of recordings) document.querySelector(`tr[data-id="${one.id}"] [data-name=doubtful]`)?.replaceChildren(...this.#doubt(one));
	}

	#run({name, verdict}) {
		const line = ["Suggestions of run ", make("b", {text: name})];
		if (!verdict) return make("p", {id: "run"}, ...line);
		return make("details", {id: "run", class: "verdict", open: isOpen("run")}, make("summary", {}, ...line, soft("span", `: ${verdict}`)), soft("p", verdict));
	}

	#reports(reports) {
		const link = one => make("a", {href: `/reports/${encodeURIComponent(one.name)}/${one.about}`, text: one.title, click: event => one.blind && this.#openBlind(event, one)});
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
		const find = make("input", {type: "search", "aria-label": "Find a recording", placeholder: "Find a recording", value: this.wanted, input: event => {this.wanted = event.target.value.toLowerCase(); this.#again();}});
		const choice = (label, options, chosen, set) => make("select", {"aria-label": label, change: event => {set(event.target.value); this.#again();}},
			...options.map(([value, text]) => make("option", {value, text, selected: value === chosen})));
		return make("div", {class: "controls", role: "toolbar", "aria-label": "Recordings"}, find,
			choice("Show", [["", "All"], ...Object.entries(STATES).map(([value, [text]]) => [value, text])], this.kept, value => (this.kept = value)),
			choice("Order", Object.entries(ORDERS).map(([value, [text]]) => [value, text]), this.order, value => (this.order = value)),
			make("span", {class: "space"}),
			study.settling ? make("a", {class: "button", href: "#settle", text: "Disagreements"}) : null,
			make("button", {text: "Export…", click: () => this.#export()}));
	}

	#table() {
		const made = table(["Recording", "Reviewed", "Bouts", "Length", "Split", {text: "Doubtful", title: DOUBTFUL}], []);
		made.className = "recordings";
		made.tBodies[0].id = "rows";
		return make("div", {class: "scroll"}, made,
			make("p", {id: "none", class: "soft", hidden: true, text: "No recording matches."}), make("button", {id: "more", hidden: true, text: "Show more", click: () => {this.most += PAGE; this.#fill();}}));
	}

	#again() {
		this.most = PAGE;
		this.#fill();
	}

	#fill() {
		const matching = this.page.study.recordings
			.filter(one => (!this.kept || STATES[this.kept][1](one)) && `${one.name} ${one.group}`.toLowerCase().includes(this.wanted))
			.sort(ORDERS[this.order][1]);
		const {hash} = document.activeElement;
		get("rows").replaceChildren(...matching.slice(0, this.most).map(one => this.#row(one)));
		if (hash) get("rows").querySelector(`[href="${hash}"]`)?.focus();
		get("more").hidden = matching.length <= this.most;
		get("none").hidden = matching.length > 0;
	}

	#row(one) {
		const bars = make("div", {class: "bars", "aria-hidden": "true"}, ...this.page.study.labels.map(({name, color}) =>
			make("span", {class: "bar", title: name}, make("span", {style: {width: `${100 * Math.min(one.reviewed_s[name] / one.duration, 1)}%`, background: color}}))));
		const why = this.settled && !this.settled.has(one.id) ? "Nothing to settle: two annotators are needed." : null;
		const link = why ? soft("span", one.name) : make("a", {href: `#${one.id}`, text: one.name});
		const beside = [one.group !== one.name && one.group, one.others && count(one.others, "other annotator"), why].filter(Boolean).join(" · ");
		return make("tr", {"data-id": one.id, "data-state": one.state, "data-closed": Boolean(why)},
			make("th", {scope: "row"}, link, make("small", {text: beside})),
			make("td", {class: "reviewed"}, make("span", {class: `state ${finished(one) ? "done" : one.state}`, text: standing(one)}), bars),
			make("td", {"data-name": "bouts", text: whole(one.bouts)}), make("td", {"data-name": "long", text: lasting(one.duration)}),
			make("td", {}, chip(one.split), one.blind ? chip("blind") : null), make("td", {"data-name": "doubtful"}, ...this.#doubt(one)));
	}

	#doubt({doubt, blind, suggesting}) {
		if (doubt !== null) return [percent(Math.min(doubt, 1))];
		if (suggesting === "computing") return [soft("small", "being computed…")];
		const why = !this.page.study.run ? "no run is shown" : blind ? "hidden: annotated blind" : ["none", "ready"].includes(suggesting) ? "not computed" : suggesting;
		return ["– ", soft("small", why)];
	}

	/** How often this annotator accepted suggestions, so that habit shows. */
	async #guards() {
		const {annotator, run} = this.page.study;
		const own = run && (await ask("/api/guards").catch(() => ({})))[annotator];
		const judged = own && own.accepted + own.rejected;
		if (judged) {
			const planted = own.planted ? `, and ${own.planted_accepted} of ${own.planted} wrong on purpose` : "";
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
