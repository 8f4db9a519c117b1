// Asks the server, which is on this machine.

/** The server answered that it will not. */
export class Refused extends Error {
	constructor(status, sentence, hint) {
		super(sentence);
		this.status = status;
		this.hint = hint;
	}
}

/** The server did not answer, or does not know this browser (any more): worth asking again later. */
export class Lost extends Error {}

/** Whose work this page shows; another annotator's server at this address must not take its changes. */
let review = "";
export const belongTo = name => (review ||= name);

async function answered(path, how) {
	let answer;
	try {
		const headers = {...how?.headers, ...(review && {"X-ActScribe-Review": review})};
		answer = await fetch(path, {credentials: "same-origin", cache: "no-store", ...how, headers});
	} catch {
		throw new Lost("the server does not answer; is actscribe review still running?");
	}
	if (answer.ok) return answer;
	const reply = await answer.json().catch(() => ({}));
	if (answer.status === 403) throw new Lost(reply.hint || "this page's address is out of date: open the one that actscribe review printed.");
	if (answer.status >= 500) throw new Lost("the server failed; trying again.");
	throw new Refused(answer.status, reply.error || `the server refused (${answer.status}).`, reply.hint || "");
}

export async function ask(path, body) {
	const how = body === undefined ? {} : {
		method: "POST", body: JSON.stringify(body), headers: {"Content-Type": "application/json"}};
	try {
		return await (await answered(path, how)).json();
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof TypeError) throw new Lost("the server's answer was cut off.");
		throw error;
	}
}

export const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

/** Do something until the server is there; `report(state, sentence)` hears why it is not. */
export async function untilThere(work, report) {
	for (;;) {
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof Lost)) throw error;
			report("lost", error.message);
			await pause(1500);
		}
	}
}

export const askOf = (id, what, body) => ask(`/api/recordings/${encodeURIComponent(id)}/${what}`, body);

export async function frameTimes(id) {
	const answer = await answered(`/api/recordings/${encodeURIComponent(id)}/frames?camera=0`);
	return new Float64Array(await answer.arrayBuffer());
}
