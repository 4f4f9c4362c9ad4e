/* retry.js - what failed is tried again by itself; the page says when. */

import { show } from './dom.js';
import { countdownWords } from './words.js';

const WAITS = [3000, 5000, 10000, 15000];

export class Retry {
	#box;
	#again;
	#tries = 0;
	#due = 0;
	#timer = 0;

	/* box: an element as index.html has them, hidden; again(): tries it. */
	constructor(box, again) {
		this.#box = box;
		this.#again = again;
		box.querySelector('button').onclick = () => this.#try();
		/* Back online: nobody has to wait then. */
		addEventListener('online', () => this.#timer && this.#try());
	}

	/* It failed: once more, not before `least` milliseconds. */
	soon(least = null) {
		const wait = WAITS[Math.min(this.#tries++, WAITS.length - 1)];
		clearInterval(this.#timer);
		this.#due = Date.now() + Math.max(wait, least ?? 0);
		this.#timer = setInterval(() => this.#tick(), 250);
		this.#tick();
		show(this.#box, true);
	}

	/* It worked, or is of no interest any more. */
	stop() {
		clearInterval(this.#timer);
		this.#timer = 0;
		this.#tries = 0;
		show(this.#box, false);
	}

	#tick() {
		const left = this.#due - Date.now();
		const words = countdownWords(left);
		const said = this.#box.querySelector('.retry-when');
		if (said.textContent !== words)
			said.textContent = words;
		if (left <= 0)
			this.#try();
	}

	#try() {
		clearInterval(this.#timer);
		this.#timer = 0;
		this.#box.querySelector('.retry-when').textContent = countdownWords(0);
		this.#again();
	}
}
