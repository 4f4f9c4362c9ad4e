/*
 * count.js - asks the server how the text would go out, while it is written:
 * a moment after a pause, and every so often while there is none.
 */

const PAUSE = 250;
const EVERY = 600;
const OUTSTANDING = 3;	/* a slow server is not asked ever more */
const QUIET = 2000;	/* after a failure */

export class Count {
	#on;
	#timer = 0;
	#began = 0;
	#quietUntil = 0;
	#asked = [];	/* under way, the oldest first: {turn, body, stop} */
	#turn = 0;
	#heard = 0;	/* an answer to an older question is of no use */

	/*
	 * on.ask(body, signal): the dry run.  on.answer(answer, body) and
	 * on.problem(problem, body) tell how it went, in the order of asking.
	 */
	constructor(on) {
		this.#on = on;
	}

	/* `body()` gives what is to be asked then. */
	soon(body) {
		if (this.#timer)
			return;
		const now = Date.now();
		const wait = Math.max(PAUSE, this.#began + EVERY - now, this.#quietUntil - now);
		this.#timer = setTimeout(() => {
			this.#timer = 0;
			this.now(body());
		}, wait);
	}

	async now(body) {
		const mine = { turn: ++this.#turn, stop: new AbortController() };
		clearTimeout(this.#timer);
		this.#timer = 0;
		this.#began = Date.now();
		this.#asked.push(mine);
		while (this.#asked.length > OUTSTANDING)
			this.#asked.shift().stop.abort();
		try {
			const answer = await this.#on.ask(body, mine.stop.signal);
			if (this.#isNews(mine))
				this.#on.answer(answer, body);
		} catch (problem) {
			if (problem !== null && this.#isNews(mine))
				this.#on.problem(problem, body);
		}
		this.#asked = this.#asked.filter((one) => one !== mine);
	}

	#isNews({ turn }) {
		if (turn <= this.#heard)
			return false;
		this.#heard = turn;
		return true;
	}

	/* Not again for a while. */
	rest(ms) {
		this.#quietUntil = Date.now() + (ms ?? QUIET);
	}

	/* Nothing that was asked is of use any more. */
	stop() {
		clearTimeout(this.#timer);
		this.#timer = 0;
		this.#heard = this.#turn;
		this.#asked.forEach((one) => one.stop.abort());
		this.#asked = [];
	}
}
