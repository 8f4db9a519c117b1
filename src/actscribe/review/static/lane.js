// Intervals of one label in the order of time, found by binary search however many there are.
/** The first of `count` places at which something holds that holds at all places behind it. */
export function firstPlace(count, holds) {
	let [low, high] = [0, count];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (holds(middle)) high = middle;
		else low = middle + 1;
	}
	return low;
}

export class Lane {
	constructor(items = []) {
		this.items = [...items].sort((a, b) => a.start - b.start || a.end - b.end);
		this.reach = null;
	}

	add(item) {
		this.items.splice(this.#place(item.start), 0, item);
		this.reach = null;
	}

	remove(item) {
		const place = this.items.indexOf(item);
		if (place >= 0) this.items.splice(place, 1);
		this.reach = null;
	}

	/** Index of the first interval that is not over before `time`; those before it all are. */
	first(time) {
		const reach = this.#latestEnds();
		return firstPlace(reach.length, place => reach[place] >= time);
	}

	/** The intervals that touch [from, to]. */
	within(from, to) {
		const found = [];
		for (let place = this.first(from); place < this.items.length && this.items[place].start <= to; place++)
			if (this.items[place].end >= from) found.push(this.items[place]);
		return found;
	}

	#place(start) {
		return firstPlace(this.items.length, place => this.items[place].start >= start);
	}

	#latestEnds() {
		if (!this.reach) {
			this.reach = new Float64Array(this.items.length);
			let latest = -Infinity;
			this.items.forEach((item, place) => (this.reach[place] = latest = Math.max(latest, item.end)));
		}
		return this.reach;
	}
}
