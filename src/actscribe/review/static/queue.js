// Changes on their way to the server: one after the other, none lost while the server is away.
import {askOf, Lost, pause, untilThere} from "./api.js";

const PAUSES = [300, 600, 1200, 2400, 5000];

export class Queue {
	#waiting = [];
	#running = false;
	#idle = [];

	/** `report(state, sentence)` hears of "saved", "saving", "lost"; `refused(error, items)` returns the items to go on with. */
	constructor(report, refused) {
		this.report = report;
		this.refused = refused;
	}

	get length() {
		return this.#waiting.length;
	}

	/** Whether an undo or redo, whose outcome only the server knows, is on its way. */
	get unknown() {
		return this.#waiting.some(item => !item.ops);
	}

	/** Send {sheet, verb, body, ops, done}. */
	push(item) {
		this.#waiting.push(item);
		if (!this.#running) this.#run();
	}

	async empty() {
		if (this.#waiting.length) await new Promise(done => this.#idle.push(done));
	}

	async #run() {
		this.#running = true;
		let failures = 0;
		while (this.#waiting.length) {
			const item = this.#waiting[0];
			if (!failures) this.report("saving", "");
			try {
				const answer = await askOf(item.sheet.id, item.verb, {...item.body, revision: item.sheet.revision});
				this.#waiting.shift();
				item.sheet.revision = answer.revision;
				item.done(answer);
				failures = 0;
			} catch (error) {
				if (error instanceof Lost) {
					item.tried = true;
					this.report("lost", error.message);
					await pause(PAUSES[Math.min(failures++, PAUSES.length - 1)]);
				} else this.#waiting = await untilThere(() => this.refused(error, this.#waiting), this.report);
			}
		}
		this.#running = false;
		this.report("saved", "");
		this.#idle.splice(0).forEach(done => done());
	}
}
