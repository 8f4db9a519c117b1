// Intervals of one label in the order of time, found by binary search however many there are.
/** The first of `count` indices at which something holds that holds at all behind it. */
export function firstIndex(count, holds) {
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
		this.items.splice(this.#indexFor(item.start), 0, item);
		this.reach = null;
	}

	remove(item) {
		const index = this.items.indexOf(item);
		if (index >= 0) this.items.splice(index, 1);
		this.reach = null;
	}

	/** Index of the first interval that is not over before `time`; those before it all are. */
	first(time) {
		const reach = this.#latestEnds();
		return firstIndex(reach.length, index => reach[index] >= time);
	}

	within(from, to) {
		const touching = [];
		for (let index = this.first(from); index < this.items.length && this.items[index].start <= to; index++)
			if (this.items[index].end >= from) touching.push(this.items[index]);
		return touching;
	}

	#indexFor(start) {
		return firstIndex(this.items.length, index => this.items[index].start >= start);
	}

	#latestEnds() {
		if (!this.reach) {
			this.reach = new Float64Array(this.items.length);
			let latest = -Infinity;
			this.items.forEach((item, index) => (this.reach[index] = latest = Math.max(latest, item.end)));
		}
		return this.reach;
	}
}
