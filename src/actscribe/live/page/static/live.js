// Asks how it stands, twice a second, and draws the lanes of the last minutes; whatever a label says stays text.
import {clock, lasting} from "./format.js";

const ASK_MS = 500;
/** Seconds without news after which that is said, beside those of two windows; and between marks of the axis. */
const STALE_S = 5, MARK_S = 30;

const get = id => document.getElementById(id);

function make(tag, kind, text = "") {
	const made = document.createElement(tag);
	made.className = kind;
	made.textContent = text;
	return made;
}

function say(id, text) {
	const element = get(id);
	element.hidden = !text;
	if (element.textContent !== text) element.textContent = text;
}

/** A piece of a track from one second to another, as far as it is shown; null: nothing of it is. */
function piece(kind, start, end, {at, begin, shown_s}) {
	const [from, to] = [Math.max(start, begin), Math.min(end, at)];
	if (to <= from) return null;
	const made = make("span", kind);
	made.style.left = `${100 * (from - begin) / shown_s}%`;
	made.style.width = `${100 * (to - from) / shown_s}%`;
	return made;
}

function lane({name, colour}, index, view) {
	const bars = view.bars.filter(bar => bar.label === index);
	const open = bars.find(bar => bar.open);
	const drawn = make("div", open ? "lane on" : "lane");
	drawn.style.setProperty("--colour", colour);
	const track = make("div", "track");
	track.append(...[
		...view.unseen.map(([start, end]) => piece("gap", start, end, view)),
		piece("undecided", view.decided, view.at, view),
		...bars.map(({start, end, open}) => piece(open ? "bar open" : "bar", start, end, view)),
	].filter(Boolean));
	track.setAttribute("role", "img");
	const spans = bars.map(({start, end, open}) => open ? `since ${clock(start, 0)}, goes on` : `${clock(start, 0)} to ${clock(end, 0)}`);
	track.setAttribute("aria-label", `${name}: ${spans.join("; ") || "nothing"}`);
	const score = view.scores[index];
	const words = [score === null ? "" : score.toFixed(2), open ? lasting(open.end - open.start) : ""];
	drawn.append(make("div", "name", name), track, make("div", "score", words.filter(Boolean).join(" · ")));
	return drawn;
}

function axis({begin, shown_s}) {
	const ticks = make("div", "ticks");
	for (let mark = Math.ceil(begin / MARK_S) * MARK_S; mark < begin + 0.88 * shown_s; mark += MARK_S) {
		const tick = make("span", "", clock(mark, 0));
		tick.style.left = `${100 * (mark - begin) / shown_s}%`;
		ticks.append(tick);
	}
	return ticks;
}

function pace({stride, asked_stride, latency}) {
	const slow = stride > asked_stride;
	const words = [`A window every ${stride} s${slow ? ` (too slow for ${asked_stride} s)` : ""}`];
	if (latency) words.push(`late by ${latency[0].toFixed(1)} s (95 %: ${latency[1].toFixed(1)} s)`);
	get("pace").className = slow ? "slow" : "";
	say("pace", words.join(" · "));
}

function alarm({alarm, ended, age_s, now}) {
	if (alarm) return `${clock(alarm.since, 0)} ${alarm.sentence}`;
	return !ended && now && age_s > STALE_S + 2 * now.stride ? `Nothing new for ${Math.round(age_s)} s` : "";
}

function ended({ended, over, files}) {
	if (!ended && !over) return "";
	const written = files.length ? ` Written: ${files.join(", ")}.` : "";
	return `Ended${ended && `: ${ended}`}.${over ? written : " Its timeline is being written…"}`;
}

function draw(state) {
	say("media", state.media);
	document.title = `${state.media} – ActScribe live`;
	say("alarm", alarm(state));
	say("ended", ended(state));
	if (!state.now) return;
	const view = {...state.now, shown_s: state.shown_s, begin: Math.max(0, state.now.at - state.shown_s)};
	say("at", clock(view.at, 0));
	pace(view);
	get("lanes").replaceChildren(...state.labels.map((label, index) => lane(label, index, view)));
	get("axis").replaceChildren(axis(view));
	get("heard").hidden = !view.sentences.length;
	get("sentences").replaceChildren(...view.sentences.map(sentence => make("li", "", sentence)));
}

let last = null;

async function ask() {
	try {
		const answer = await fetch("/api/live");
		const content = await answer.json();
		if (!answer.ok) throw new Error(`${content.error} ${content.hint}`);
		draw(last = content);
		if (content.over) return;
	} catch (error) {
		if (last?.ended) return; // all has been told, and the server is gone
		say("alarm", error instanceof TypeError ? "The watcher does not answer: it was ended, or this machine sleeps." : error.message);
	}
	setTimeout(ask, ASK_MS);
}

ask();
