// What a person does, as actions {why, ops} of the journal; null where there is nothing to do.
const put = bout => ({op: "put", bout});
const verdict = (one, accepted) => ({op: "verdict", suggestion: asSuggested(one), accepted});
const newId = () => crypto.randomUUID();
const action = (why, ops) => (ops.length ? {why, ops} : null);

const asSuggested = ({label, start, end, run, score}) => ({label, start, end, run, score: score ?? null, planted: false});

export const mark = (label, start, end) =>
	action("mark", [put({id: newId(), label, start, end, subject: "", origin: null})]);

/** Move an edge of a bout, or accept a suggestion with the edge elsewhere. */
export function reshape(item, edge, time, step) {
	const span = edge === "start" ? [Math.min(time, item.end - step), item.end] : [item.start, Math.max(time, item.start + step)];
	const [start, end] = [Math.max(span[0], 0), span[1]];
	if (start === item.start && end === item.end) return null;
	return item.id ? action(`move ${edge}`, [put({...item, start, end})]) : acceptAs(item, {start, end});
}

export function split(bout, time) {
	if (!(time > bout.start && time < bout.end)) return null;
	return action("split", [put({...bout, end: time}), put({...bout, id: newId(), start: time})]);
}

/** Make one of a bout and the next one of its label and subject. */
export function merge(bout, other) {
	const whole = {...bout, start: Math.min(bout.start, other.start), end: Math.max(bout.end, other.end)};
	return action("merge", [{op: "drop", id: other.id}, put(whole)]);
}

export const relabel = (item, label) =>
	item.label === label ? null : item.id ? action("relabel", [put({...item, label})]) : acceptAs(item, {label});

export const remove = bouts => action("delete", bouts.map(({id}) => ({op: "drop", id})));

const acceptedBout = (one, change = {}) => ({
	id: newId(), label: one.label, start: one.start, end: one.end, subject: "", origin: asSuggested(one), ...change,
});
const acceptAs = (one, change) => action("accept changed", [put(acceptedBout(one, change)), verdict(one, true)]);

export const judge = (suggestions, yes, sheet) => (yes ? accept : reject)(suggestions, sheet);

/** Say yes to suggestions; a bout of the label there already, mostly at the same time, stays. */
const accept = (suggestions, sheet) => action("accept", suggestions.flatMap(one =>
	(sheet.mine.get(one.label).within(one.start, one.end).some(bout => alike(bout, one)) ? [] : [put(acceptedBout(one))]).concat(verdict(one, true))));

/** Whether two bouts share over half of what either covers. */
const alike = (one, other) => {
	const shared = Math.min(one.end, other.end) - Math.max(one.start, other.start);
	return shared > (Math.max(one.end, other.end) - Math.min(one.start, other.start)) / 2;
};

/** Say no to suggestions; a bout that was made from one goes with it. */
function reject(suggestions, sheet) {
	const made = one => sheet.mine.get(one.label).within(one.start, one.end).filter(
		({origin}) => origin && origin.label === one.label && origin.start === one.start && origin.end === one.end);
	return action("reject", suggestions.flatMap(one => [...made(one).map(({id}) => ({op: "drop", id})), verdict(one, false)]));
}

export const reviewed = (start, end, labels = [], yes = true) =>
	end > start ? action(yes ? "reviewed" : "not reviewed", [{op: "mark", start, end, labels, reviewed: yes}]) : null;

/** Settle a difference: it is so, or not. The span is reviewed; a suggestion without others is judged. */
export function settle({label, start, end, subject: by, origin}, yes, sheet) {
	const overlaps = one => one.start < end && one.end > start;
	const within = sheet.mine.get(label).within(start, end);
	const suggested = sheet.toSettle ? [] : sheet.predicted.get(label).within(start, end).filter(overlaps);
	const subject = by || within[0]?.subject || "";
	// Two people's bouts stay two.
	const touched = within.filter(yes ? bout => bout.subject === subject : overlaps);
	const [[first], [one]] = [touched, suggested];
	const ops = touched.map(({id}) => ({op: "drop", id}));
	if (yes) {
		ops.push(put({id: first?.id ?? newId(), label, subject, origin: one ? asSuggested(one) : first?.origin ?? origin,
			start: Math.min(start, ...touched.map(one => one.start)), end: Math.max(end, ...touched.map(one => one.end))}));
	} else {
		for (const bout of touched)
			for (const [from, to] of [[bout.start, start], [end, bout.end]])
				if (from < to) ops.push(put({...bout, id: newId(), start: from, end: to}));
	}
	const judged = suggested.filter(each => !sheet.asks(each, sheet.disagreements(), start)).map(each =>
		verdict(each, yes || within.some(bout => alike(bout, each))));
	return action("settle", [...ops, ...judged, {op: "mark", start, end, labels: [label], reviewed: true}]);
}
