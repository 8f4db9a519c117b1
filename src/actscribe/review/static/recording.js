// One open recording: what is chosen and begun, and every change a person can make to it.
import { ask, frameTimes, Refused } from "./api.js";
import { Cameras } from "./cameras.js";
import { chooseLabel, confirm, showKeys } from "./dialogs.js";
import { get } from "./dom.js";
import * as edits from "./edits.js";
import { clock, count } from "./format.js";
import { Frames } from "./frames.js";
import { Moves } from "./moves.js";
import { Overview } from "./overview.js";
import { Panel } from "./panel.js";
import { Player } from "./player.js";
import { Pointer } from "./pointer.js";
import { Sheet } from "./sheet.js";
import { Table } from "./table.js";
import { Timeline } from "./timeline.js";
import { Toolbars } from "./toolbars.js";

export class Recording {
  constructor(page) {
    this.page = page;
    this.keys = page.keys;
    this.labels = page.study.labels;
    this.queue = page.queue;
    this.say = page.say;
    this.player = new Player(() => this.#shown(), () => this.#playing());
    this.toolbars = new Toolbars(this);
    this.panel = new Panel(this);
    this.table = new Table(this);
    this.cameras = new Cameras(this);
    this.timeline = new Timeline(this);
    this.overview = new Overview(this);
    this.pointer = new Pointer(this);
    this.moves = new Moves(this);
    this.#forget();
  }

  #forget() {
    this.sheet = null;
    this.active = 0;
    this.chosenId = this.chosenSuggestion = this.looked = null;
    this.opened = new Map();
    this.reviewing = null;
    this.curves = null;
    this.withCurves = true;
  }

  /** Open a recording at a moment; `insist` on the predictions of a blind one. */
  async open(id, at = 0, insist = false) {
    this.close();
    const ticket = (this.ticket = {});
    const opened = await ask(`/api/recordings/${encodeURIComponent(id)}/open`, insist ? { insist } : {});
    if (ticket !== this.ticket) return;
    this.sheet = new Sheet(opened, this.labels.map(({ name }) => name));
    document.title = `${opened.name} · ActScribe review`;
    this.timeline.from = 0;
    this.timeline.to = opened.duration;
    this.timeline.layOut();
    this.toolbars.opened();
    this.activate(0);
    this.refresh();
    this.#fetchCurves();
    this.#awaitSuggestions(ticket);
    if (this.page.study.settling) this.#fetchDisagreements(ticket);
    if (opened.changed) this.page.note(opened.changed);
    const cameras = await this.cameras.open(opened, ticket);
    if (!cameras || ticket !== this.ticket) return;
    const times = await frameTimes(opened.id, 0);
    if (ticket !== this.ticket) return;
    this.player.open(cameras, new Frames(times, opened.duration - cameras[0].offset));
    await this.goTo(at);
    this.#shown();
  }

  close() {
    this.ticket = null;
    this.player.close();
    this.cameras.close();
    this.#forget();
  }

  get chosenBout() {
    return this.sheet?.bouts.get(this.chosenId) ?? null;
  }

  /** The bout or suggestion that is chosen. */
  get chosen() {
    return this.chosenBout ?? this.chosenSuggestion;
  }

  isSuggestion(item) {
    return item.id === undefined;
  }

  choose(item) {
    const bout = item?.id !== undefined;
    this.chosenId = bout ? item.id : null;
    this.chosenSuggestion = item && !bout ? item : null;
    this.looked = null;
    if (this.player.loop) this.player.loop = item ? { start: item.start, end: item.end } : null;
    this.panel.redraw();
    this.timeline.redrawOver();
    this.toolbars.update();
  }

  /** Show a doubt or a disagreement in the panel. */
  look(kind, item) {
    this.choose(null);
    this.looked = { kind, item };
    this.panel.redraw();
  }

  chooseHere() {
    const lane = this.labels[this.active].name;
    const here = (lanes) => lanes.get(lane).within(this.player.here, this.player.here).find((one) => one !== this.chosen);
    const found = here(this.sheet.mine) ?? here(this.sheet.predicted);
    this.choose(found ?? null);
    this.say(found ? `${found.label}, ${clock(found.start)} to ${clock(found.end)}` : `No bout of ${lane} here.`);
  }

  activate(place) {
    this.active = Math.min(Math.max(place, 0), this.labels.length - 1);
    this.timeline.redraw();
    this.panel.redrawLabels();
  }

  goTo(time, follow = true) {
    const frame = this.player.at(Math.min(Math.max(time, 0), this.sheet.duration));
    if (follow) this.timeline.follow(this.player.start(frame), false);
    this.#note();
    return this.player.toFrame(frame);
  }

  step(frames) {
    this.player.step(frames);
    this.timeline.follow(this.player.here, false);
    this.#note();
  }

  skip(seconds) {
    this.goTo(this.player.here + seconds);
  }

  togglePlay() {
    if (this.player.playing) this.player.pause();
    else this.player.play(1);
  }

  shuttle(direction) {
    const { player } = this;
    if (player.direction === direction) player.faster(1);
    else {
      if (player.speed < 1 || player.playing) player.speed = 1;
      player.play(direction);
    }
  }

  toggleLoop() {
    const { player, chosen } = this;
    player.loop = player.loop ? null : chosen && { start: chosen.start, end: chosen.end };
    if (player.loop) this.goTo(player.loop.start).then(() => player.loop && player.play(1));
    this.say(player.loop ? "Looping the bout." : chosen ? "No longer looping." : "Choose a bout first.");
    this.toolbars.update();
  }

  zoomToChosen() {
    const { chosen } = this;
    if (!chosen) return this.say("Choose a bout first.");
    const margin = Math.max((chosen.end - chosen.start) * 0.4, this.sheet.frame_s * 6);
    return this.timeline.show(chosen.start - margin, chosen.end + margin);
  }

  /** Apply what `make` returns and send it, in order with everything before. */
  async act(make, said = "") {
    if (this.queue.unknown) await this.queue.empty();
    const action = typeof make === "function" ? make() : make;
    if (!action || !this.sheet) return false;
    this.#enqueue(action);
    const put = action.ops.findLast((op) => op.op === "put");
    if (put && !["reviewed"].includes(action.why)) this.choose(this.sheet.bouts.get(put.bout.id));
    else if (action.why === "delete" || action.why === "reject") this.choose(null);
    this.refresh();
    this.say(said || `${action.why[0].toUpperCase()}${action.why.slice(1)}.`);
    return true;
  }

  #enqueue(action) {
    const { sheet } = this;
    sheet.apply(action.ops);
    [sheet.undo, sheet.redo] = [action.why, ""];
    this.queue.push({ sheet, verb: "actions", body: action, ops: action.ops, done: (answer) => this.#acknowledged(sheet, answer) });
  }

  /** Take the last action back, or do it again. */
  again(verb) {
    const { sheet } = this;
    if (!sheet[verb] && !this.queue.length) return this.say(`Nothing to ${verb}.`);
    const why = sheet[verb];
    return this.queue.push({ sheet, verb, body: {}, ops: null, done: (answer) => {
      sheet.follow(answer);
      this.#acknowledged(sheet, answer);
      this.say(`${verb === "undo" ? "Undid" : "Redid"}: ${why || "the last change"}.`);
      if (sheet === this.sheet) this.#showChange(answer.ops ?? []);
    } });
  }

  #showChange(ops) {
    const put = ops.find((op) => op.op === "put");
    if (put) this.choose(this.sheet.bouts.get(put.bout.id));
    if (put) this.timeline.follow(put.bout.start, false);
    this.refresh();
  }

  #acknowledged(sheet, answer) {
    [sheet.undo, sheet.redo] = [answer.undo ?? "", answer.redo ?? ""];
    if (sheet === this.sheet) this.toolbars.update();
  }

  /** The server refused: load what it has, keep what can be kept, and return what is still to be sent. */
  async refused(error, items) {
    const [first] = items;
    const own = items.filter((item) => item.sheet === first.sheet);
    const others = items.filter((item) => item.sheet !== first.sheet);
    const opened = await ask(`/api/recordings/${encodeURIComponent(first.sheet.id)}/open`, {}).catch((again) => {
      if (again instanceof Refused) return null;
      throw again;
    });
    const fresh = opened && Object.assign(new Sheet(opened, first.sheet.labels), { toSettle: first.sheet.toSettle });
    const arrived = fresh && first.tried && first.ops && fresh.holds(first.ops);
    const kept = arrived ? own.slice(1).filter((item) => item.ops) : [];
    if (fresh && this.sheet === first.sheet) {
      this.sheet = fresh;
      for (const item of kept) fresh.apply(item.ops);
      this.choose(this.chosenBout);
      this.timeline.layOut();
      this.refresh();
    }
    const lost = arrived ? [] : own;
    if (lost.length) this.page.tellLost(error, lost.filter((item) => item.ops), (actions) => this.#doAgain(fresh, actions));
    return [...kept.map((item) => ({ ...item, sheet: fresh })), ...others];
  }

  async #doAgain(sheet, actions) {
    if (sheet !== this.sheet) return;
    for (const { body } of actions) {
      const ops = body.ops.filter((op) => op.op !== "drop" || sheet.bouts.has(op.id));
      if (ops.length) await this.act({ why: body.why, ops });
    }
  }

  /** Whether there are no frames to mark (yet), as while a video is converted; it is said. */
  get #frameless() {
    if (this.player.frames.count) return false;
    this.say("The video is not there yet.");
    return true;
  }

  /** A label's key: begin a bout at this frame, or end the one that is begun. */
  markLabel(place) {
    if (this.#frameless) return false;
    const { name } = this.labels[place];
    const { player } = this;
    this.activate(place);
    const begun = this.opened.get(name);
    if (begun === undefined) {
      this.opened.set(name, player.here);
      this.say(`${name} begins at ${clock(player.here)}.`);
      return this.refresh();
    }
    this.opened.delete(name);
    let [start, end] = [Math.min(begun, player.here), Math.max(begun, player.here)];
    if (start === end) end = player.frames.end(player.aim) + player.offset;
    if (end === player.here && player.aim === player.frames.count - 1) end = Math.min(player.frames.end(player.aim) + player.offset, this.sheet.duration);
    return this.act(edits.mark(name, start, end), `${name} from ${clock(start)} to ${clock(end)}.${this.#excluded(name, start, end)}`);
  }

  #excluded(name, start, end) {
    const foe = this.excluding(name, start, end);
    return foe ? ` It overlaps ${foe}, which excludes it.` : "";
  }

  /** A label that must not hold together with another one, but does. */
  excluding(name, start, end) {
    const foes = (this.page.study.excludes ?? []).filter((pair) => pair.includes(name)).map(([a, b]) => (a === name ? b : a));
    return foes.find((foe) => this.sheet.mine.get(foe)?.within(start, end).some((one) => one.start < end && one.end > start));
  }

  #reshape(edge, time) {
    if (this.#frameless) return false;
    if (!this.chosen) return this.say("Choose a bout first.");
    return this.act(() => this.chosen && edits.reshape(this.chosen, edge, time, this.sheet.frame_s), `${edge === "start" ? "Starts" : "Ends"} at ${clock(time, 3)}.`);
  }

  edgeHere(edge) {
    return this.#reshape(edge, this.player.here);
  }

  async nudge(edge, frames) {
    if (!this.chosen) return this.say("Choose a bout first.");
    const { player } = this;
    const place = player.frames.nearest(this.chosen[edge] - player.offset) + frames;
    if (place < 0) return false;
    const past = place >= player.frames.count;
    const done = await this.#reshape(edge, past ? Math.min(player.frames.end(place), this.sheet.duration) : player.start(place));
    if (done) this.player.pause();
    return done && this.goTo(player.start(place));
  }

  /** Set an edge that was typed, at the closest frame. */
  setEdge(edge, time) {
    return this.#reshape(edge, time >= this.sheet.duration - this.sheet.frame_s / 2 ? this.sheet.duration : this.player.snap(time));
  }

  split() {
    if (this.#frameless) return false;
    const here = () => this.chosenBout ?? this.sheet.mine.get(this.labels[this.active].name).within(this.player.here, this.player.here)[0];
    if (!here() || !edits.split(here(), this.player.here)) return this.say("Move to a frame within a bout to split it.");
    return this.act(() => here() && edits.split(here(), this.player.here), `Split at ${clock(this.player.here)}.`);
  }

  merge() {
    const bout = this.chosenBout;
    const lane = bout && this.sheet.mine.get(bout.label).items;
    const next = lane && lane[lane.indexOf(bout) + 1];
    if (!next) return this.say(bout ? "There is no next bout of this label." : "Choose a bout first.");
    return this.act(edits.merge(bout, next), "Merged with the next one.");
  }

  async relabel() {
    const { chosen } = this;
    if (!chosen) return this.say("Choose a bout first.");
    const place = await chooseLabel(this.labels, (event) => this.keys.placeOf(event));
    return place < 0 ? undefined : this.relabelTo(this.labels[place].name);
  }

  relabelTo(name) {
    this.activate(this.labels.findIndex((one) => one.name === name));
    return this.act(() => this.chosen && edits.relabel(this.chosen, name), `Now ${name}.`);
  }

  remove() {
    if (this.chosenSuggestion) return this.judge(false);
    const bout = this.chosenBout;
    return bout ? this.act(() => this.chosenBout && edits.remove([this.chosenBout]), `Deleted ${bout.label} at ${clock(bout.start)}.`) : this.say("Choose a bout first.");
  }

  judge(yes) {
    const one = this.chosenSuggestion;
    if (!one) return this.say("Choose a suggestion first: press the key of the next one.");
    const text = `${yes ? "Accepted" : "Rejected"} ${one.label}, ${clock(one.start)} to ${clock(one.end)}.`;
    if (this.sheet.state(one) === yes) return this.say(yes ? "It is accepted already." : "It is rejected already.");
    return this.act(() => (yes ? edits.accept([one], this.sheet) : edits.reject([one], this.sheet)), text);
  }

  judgeView(yes) {
    const within = () => this.sheet.pending(this.timeline.from, this.timeline.to);
    if (!within().length) return this.say("No suggestion in view waits for an answer.");
    return this.act(() => (yes ? edits.accept(within(), this.sheet) : edits.reject(within(), this.sheet)), `${yes ? "Accepted" : "Rejected"} ${count(within().length, "suggestion")}.`);
  }

  #span(start, end) {
    const { player, sheet } = this;
    const [first, last] = [Math.min(start, end), Math.max(start, end)];
    return [first <= player.start(0) + 1e-6 ? 0 : first, last >= player.start(player.frames.count - 1) - 1e-6 ? sheet.duration : last];
  }

  #reviewLabels() {
    return this.panel.onlyActive ? [this.labels[this.active].name] : [];
  }

  markReviewed() {
    if (this.#frameless) return false;
    if (this.reviewing === null) {
      this.reviewing = this.player.here;
      this.say(`Reviewed from ${clock(this.reviewing)}.`);
      return this.refresh();
    }
    const [start, end] = this.#span(this.reviewing, this.player.aim === this.player.frames.count - 1 ? this.sheet.duration : this.player.here);
    this.reviewing = null;
    this.refresh();
    return this.act(edits.reviewed(start, end, this.#reviewLabels()), `Reviewed from ${clock(start)} to ${clock(end)}.`);
  }

  markView(yes) {
    const { from, to } = this.timeline;
    return this.act(edits.reviewed(from, to, this.#reviewLabels(), yes), `${clock(from)} to ${clock(to)} is ${yes ? "" : "not "}reviewed.`);
  }

  markAll() {
    return this.act(edits.reviewed(0, this.sheet.duration, this.#reviewLabels()), "The whole recording is reviewed.");
  }

  settle(yes) {
    const item = this.looked?.kind === "disagreement" ? this.looked.item : null;
    if (!item) return this.say("Go to a disagreement first.");
    this.looked = null;
    return this.act(() => edits.settle(item, yes, this.sheet), `Settled: ${item.label} ${yes ? "happens" : "does not happen"} from ${clock(item.start)} to ${clock(item.end)}.`);
  }

  async insist() {
    const yes = await confirm("Show predictions of a test recording?", [
      "Test recordings are annotated blind, so that the figures measured on them do not favour the run.",
      "It is written down that you have seen its predictions, and that cannot be taken back."], "Show them, and write it down");
    if (yes) await this.open(this.sheet.id, this.player.time, true);
  }

  cancel() {
    if (this.pointer.cancel()) return;
    const begun = this.opened.size || this.reviewing !== null;
    this.opened.clear();
    this.reviewing = null;
    if (begun) this.say("Given up.");
    else this.choose(null);
    this.refresh();
  }

  help() {
    showKeys(this.keys, this.labels);
  }

  /** The view moved. */
  viewed() {
    this.overview.redraw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.#fetchCurves();
      this.table.redraw();
      this.toolbars.update();
    }, 160);
  }

  /** Something of the sheet, or of what is begun, changed. */
  refresh() {
    this.timeline.redraw();
    this.overview.redraw();
    this.panel.redraw();
    this.panel.redrawLabels();
    this.toolbars.update();
    this.table.redraw();
  }

  async #fetchDisagreements(ticket) {
    const { recordings } = await ask("/api/agreement");
    if (ticket !== this.ticket) return;
    this.sheet.toSettle = recordings.find((one) => one.id === this.sheet.id)?.disagreements ?? [];
    this.sheet.touch();
    this.refresh();
  }

  /** Suggestions are computed meanwhile: ask until they are there. */
  async #awaitSuggestions(ticket) {
    while (this.sheet?.suggesting === "computing" && ticket === this.ticket) {
      await new Promise((done) => setTimeout(done, 1500));
      if (ticket !== this.ticket) return;
      const found = await ask(`/api/recordings/${encodeURIComponent(this.sheet.id)}/suggestions`).catch(() => null);
      if (!found || ticket !== this.ticket || found.suggesting === "computing") continue;
      this.sheet.suggest(found);
      this.timeline.layOut();
      this.toolbars.opened();
      this.refresh();
      this.#fetchCurves();
      this.say(found.suggestions ? `${count(found.suggestions.length, "suggestion")} arrived.` : `No suggestions: ${found.suggesting}`);
    }
  }

  async #fetchCurves() {
    const { sheet, timeline } = this;
    if (!sheet || !this.withCurves || !sheet.suggestions) return;
    const [from, to] = [Math.max(timeline.from - timeline.span, 0), Math.min(timeline.to + timeline.span, sheet.duration)];
    const held = this.curves;
    if (held && held.from <= timeline.from && held.to >= timeline.to && held.to - held.from <= (to - from) * 1.7) return;
    const points = Math.min(4000, Math.ceil(timeline.width) * 3);
    try {
      const curves = await ask(`/api/recordings/${encodeURIComponent(sheet.id)}/curves?from=${from}&to=${to}&points=${points}`);
      if (sheet === this.sheet && curves.times.length) this.curves = { ...curves, from, to };
    } catch (error) {
      if (error instanceof Refused) this.withCurves = false;
    }
    timeline.redraw();
  }

  #shown() {
    if (!this.sheet) return;
    if (this.player.playing) this.timeline.follow(this.player.time, true);
    this.timeline.redrawOver();
    this.overview.redraw();
    this.toolbars.time();
  }

  #playing() {
    this.toolbars.update();
    if (!this.player.playing) this.#note();
  }

  /** Keep the moment in the address, so that it can be sent to somebody. */
  #note() {
    clearTimeout(this.noting);
    this.noting = setTimeout(() => {
      if (this.sheet && get("recording").hidden === false) history.replaceState(null, "", `#${this.sheet.id}@${this.player.time.toFixed(3)}`);
    }, 400);
  }
}
