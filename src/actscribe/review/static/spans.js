// Spans [start, end] in seconds, in order and disjoint; as the journal adds and removes them.
export const withSpan = (spans, start, end) => (end > start ? joined([...spans, [start, end]]) : spans);

export function withoutSpan(spans, start, end) {
	return spans.flatMap(([a, b]) => [[a, Math.min(b, start)], [Math.max(a, end), b]].filter(([x, y]) => x < y));
}

export const without = (spans, others) => others.reduce((left, [start, end]) => withoutSpan(left, start, end), spans);

export const sum = (items, of) => items.reduce((all, one) => all + of(one), 0);

export const total = spans => sum(spans, ([start, end]) => end - start);

export const covers = (spans, start, end) => spans.some(([a, b]) => a <= start + 1e-6 && b >= end - 1e-6);

/** What lies in [0, duration] and in none of the spans. */
export function rest(spans, duration) {
	let before = 0;
	const free = [];
	for (const [start, end] of spans) {
		if (start > before + 1e-6) free.push([before, start]);
		before = Math.max(before, end);
	}
	if (duration > before + 1e-6) free.push([before, duration]);
	return free;
}

/** What every one of several lists of spans covers. */
export function common(lists) {
	if (!lists.length) return [];
	return lists.reduce((shared, spans) =>
		shared.flatMap(([a, b]) => spans.map(([x, y]) => [Math.max(a, x), Math.min(b, y)]).filter(([x, y]) => x < y)));
}

/** Spans in any order, of which those that overlap or touch become one. */
function joined(spans) {
	const merged = [];
	for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
		const last = merged.at(-1);
		if (last && start <= last[1]) last[1] = Math.max(last[1], end);
		else merged.push([start, end]);
	}
	return merged;
}

export const union = items => joined(items.map(({start, end}) => [start, end]));

/** Where one of two lists of spans says yes and the other no, for `least` seconds. */
export function apart(one, other, least) {
	const edges = [...one.flat(), ...other.flat()].sort((a, b) => a - b);
	const differing = [];
	let [i, j] = [0, 0];
	for (let index = 0; index + 1 < edges.length; index++) {
		const [from, to] = [edges[index], edges[index + 1]];
		const middle = (from + to) / 2;
		while (i < one.length && one[i][1] < middle) i++;
		while (j < other.length && other[j][1] < middle) j++;
		const [yes, no] = [i < one.length && one[i][0] <= middle, j < other.length && other[j][0] <= middle];
		if (to > from && yes !== no) differing.push([from, to]);
	}
	return joined(differing).filter(([start, end]) => end - start >= least).map(([start, end]) => ({start, end}));
}
