// Intervals of one label in the order of time, found by binary search however many there are.
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
		let [low, high] = [0, reach.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (reach[middle] < time) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** The intervals that touch [from, to]. */
	within(from, to) {
		const found = [];
		for (let place = this.first(from); place < this.items.length && this.items[place].start <= to; place++)
			if (this.items[place].end >= from) found.push(this.items[place]);
		return found;
	}

	/** The first interval that starts after `time`, or the last that starts before it. */
	next(time, forward = true) {
		const place = this.#place(time + (forward ? 1e-6 : -1e-6));
		return forward ? this.items[place] : this.items[place - 1];
	}

	#place(start) {
		let [low, high] = [0, this.items.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.items[middle].start < start) low = middle + 1;
			else high = middle;
		}
		return low;
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
