/*
 * leave.js - an account is disconnected: asked in the page, with what becomes
 * of its scheduled posts.
 */

import { call } from './api.js';
import { $, show } from './dom.js';
import { problemNotice } from './notice.js';
import { leftWords, strandedWords } from './words.js';

const POSTS = '/api/twitter/posts';
const PAGE = 100;	/* the server gives no more at once */

export class Leave {
	#on;
	#connection = null;

	/*
	 * on.owner(): whose session it must be.  on.done(connection, words): what
	 * has become of its posts.  on.lost(problem, asked).
	 */
	constructor(on) {
		this.#on = on;
		$('leave-no').onclick = () => $('leave').close();
		$('leave-yes').onclick = () => this.#leave();
	}

	async ask(connection) {
		this.#connection = connection;
		$('leave-title').textContent = `Disconnect @${connection.username}?`;
		$('leave-error').replaceChildren();
		$('leave-cancel').checked = false;
		this.#tell('Looking up what is scheduled…', 0);
		this.#busy(true);
		$('leave').showModal();
		try {
			const { posts, next } = await this.#waiting(connection);
			if (this.#connection === connection)
				this.#tell(strandedWords(posts.length, next !== null), posts.length);
		} catch (problem) {
			if (this.#connection === connection)
				this.#failed(problem, 'What is scheduled could not be looked up. Posts of this account do not go out while it is disconnected.');
		}
		this.#busy(false);
	}

	#call(method, path, body) {
		return call(method, path, { body, owner: this.#on.owner() });
	}

	#waiting(connection) {
		return this.#call('GET', `${POSTS}?view=upcoming&limit=${PAGE}&connection_id=${encodeURIComponent(connection.id)}`);
	}

	#tell(words, count) {
		$('leave-count').textContent = words;
		show($('leave-cancel-row'), count > 0);
		$('leave-cancel-words').textContent = count === 1 ? 'Cancel this post, too' : 'Cancel these posts, too';
	}

	/* Not `disabled`: that would drop the focus. */
	#busy(on) {
		$('leave-yes').setAttribute('aria-disabled', String(on));
	}

	#failed(problem, words) {
		if (problem.status === 401) {
			$('leave').close();
			return this.#on.lost(problem, true);
		}
		if (words)
			this.#tell(words, 0);
		else
			$('leave-error').replaceChildren(problemNotice(problem));
	}

	/* Disconnected first: what is cancelled cannot be taken back. */
	async #leave() {
		const connection = this.#connection;
		if ($('leave-yes').getAttribute('aria-disabled') === 'true')
			return;
		this.#busy(true);
		$('leave-error').replaceChildren();
		try {
			await this.#call('POST', '/api/auth/twitter/disconnect', { connection_id: connection.id });
			const words = leftWords(await this.#clear(connection));
			$('leave').close();
			this.#on.done(connection, words);
		} catch (problem) {
			this.#failed(problem, '');
		}
		this.#busy(false);
	}

	/* {cancelled, left}: how many posts; nothing of it makes leaving fail. */
	async #clear(connection) {
		const wanted = $('leave-cancel').checked;
		let cancelled = 0;
		for (;;) {
			const page = await this.#waiting(connection).catch(() => ({ posts: [], next: null }));
			const gone = wanted ? await this.#cancel(page.posts) : 0;
			cancelled += gone;
			if (gone === 0 || gone < page.posts.length || page.next === null)
				return { wanted, cancelled, left: page.posts.length - gone, more: page.next !== null };
		}
	}

	async #cancel(posts) {
		let gone = 0;
		for (const { id } of posts) {
			const done = await this.#call('DELETE', `${POSTS}/${encodeURIComponent(id)}`).catch(() => null);
			gone += done?.state === 'cancelled' ? 1 : 0;
		}
		return gone;
	}
}
