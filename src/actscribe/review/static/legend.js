// What is drawn in the lanes, in words.
import {make} from "./dom.js";

const ROWS = [
	["mine", "Annotated", "A bout; a light line at its foot: once a suggestion"],
	["unreviewed", "Not reviewed", "Not reviewed: counts as not annotated"],
	["predicted", "Suggested", "A suggestion, not judged yet"],
	["accepted", "", "Accepted"],
	["rejected", "", "Rejected"],
	["curve", "Score", "Score: how sure the run is, from 0 to 1"],
	["doubt", "Doubtful", "Doubtful: the run's score is near to where it decides"],
	["differs", "", "Annotators disagree"],
];

export const legend = () => make("ul", {class: "legend"}, ...ROWS.map(([kind, , text]) => sample(kind, text)));

export const shortLegend = () => ROWS.filter(([, name]) => name).map(([kind, name, text]) => sample(kind, name, text));

const sample = (kind, text, title) => make("li", {title, "data-kind": kind}, make("span", {class: `sample ${kind}`}), make("span", {text}));
