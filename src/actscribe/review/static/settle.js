// Recordings with two annotators: how well they agree, and where they do not, to be settled one after the other.
import { ask } from "./api.js";
import { get, make } from "./dom.js";
import { clock, count } from "./format.js";

const MOST = 300;

export class Settle {
  constructor(page) {
    this.page = page;
  }

  async show() {
    const host = get("settle");
    document.title = "Disagreements · ActScribe review";
    const title = make("h1", { id: "settle-title", text: "Disagreements" });
    host.replaceChildren(title, make("p", { text: "Loading…" }));
    try {
      const { recordings } = await ask("/api/agreement");
      const parts = recordings.length ? recordings.map((one) => this.#recording(one)) : [make("p", { text: "No recording has two annotators yet." })];
      host.replaceChildren(title, make("p", { class: "soft", text: "Open one, look at the video, and say what is so: it becomes part of the agreed annotation." }), ...parts);
    } catch (error) {
      host.replaceChildren(title, make("p", { text: `${error.message} ${error.hint ?? ""}` }));
    }
  }

  #recording({ id, name, kappa, disagreements }) {
    const figures = Object.entries(kappa ?? {}).map(([label, value]) => make("tr", {}, make("th", { scope: "row", text: label }), make("td", { text: typeof value === "number" ? value.toFixed(2) : "–" })));
    const rows = disagreements.slice(0, MOST).map((one) => {
      const who = Object.entries(one.who ?? {});
      const say = (yes) => who.filter(([, there]) => there === yes).map(([annotator]) => annotator).join(", ") || "–";
      return make("tr", {}, make("th", { scope: "row" }, make("a", { href: `#${id}@${one.start}`, text: `${clock(one.start)} – ${clock(one.end)}` })),
        make("td", { text: one.label }), make("td", { text: say(true) }), make("td", { text: say(false) }));
    });
    const table = (caption, heads, body) => make("div", { class: "scroll" }, make("table", {}, make("caption", { text: caption }), make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col", text })))), make("tbody", {}, ...body)));
    return make("section", { class: "pair-of-annotators" }, make("h2", {}, make("a", { href: `#${id}`, text: name })),
      make("div", { class: "columns" }, table("Agreement beyond chance", ["Label", "kappa"], figures),
        table(count(disagreements.length, "disagreement"), ["When", "Label", "It happens", "It does not"], rows)));
  }
}
