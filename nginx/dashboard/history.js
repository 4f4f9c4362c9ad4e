/* history.js - a person's posts, newest first, kept as they are at the server. */

import { call } from './api.js';
import { $, el, show } from './dom.js';
import { item } from './item.js';
import { notice, problemNotice, dismissable } from './notice.js';
import { append, merge, nextLook, reach } from './pages.js';
import { excerpt, postState, removalWords } from './words.js';

const PATH = '/api/twitter/posts';
const OLDER = 20;
const QUIET = 30000;	/* after a list that could not be read */
const SETTLE = 600;	/* as long as a second click may come after the first */

function actionsOf(row) {
	return [...row.querySelectorAll('[data-action]')].map((button) => button.dataset.action).join(' ');
}

export class PostHistory {
	#on;
	#list = { posts: [], next: null };
	#drawn = new Map();	/* post id: what its element was made of */
	#doing = new Map();	/* post id: the action under way */
	#troubles = new Map();	/* post id: the box that says what went wrong */
	#moved = new Map();	/* post id: when its buttons gave place to others */
	#many = false;
	#turn = 0;		/* an answer to an older question is of no use */
	#timer = 0;
	#gone = false;		/* the page is another person's now */

	/* on.owner: whose posts.  on.lost(problem): the session ended.  on.news(posts): they are as new. */
	constructor(on) {
		this.#on = on;
		$('older').onclick = () => this.#older();
		this.#draw();
	}

	set accounts(list) {
		this.#many = list.length > 1;
		this.#draw();
	}

	stop() {
		this.#turn++;
		clearTimeout(this.#timer);
		this.#list = { posts: [], next: null };
		$('history-trouble').replaceChildren();
		this.#draw();
		this.#gone = true;
	}

	/* Reads the newest again; never throws. */
	async refresh() {
		if (this.#gone)
			return;
		const turn = ++this.#turn;
		try {
			const page = await this.#page(`?limit=${reach(this.#list.posts)}`);
			if (turn !== this.#turn)
				return;
			$('history-trouble').replaceChildren();
			this.#take(merge(this.#list, page));
		} catch (problem) {
			if (turn === this.#turn)
				this.#unread(problem, this.#list.posts.length === 0);
		}
	}

	#call(method, path) {
		return call(method, path, { owner: this.#on.owner });
	}

	async #page(query) {
		const answer = await this.#call('GET', PATH + query);
		return { posts: Array.isArray(answer?.posts) ? answer.posts : [], next: answer?.next ?? null };
	}

	/* What is shown already stays; when nothing is, that must be said. */
	#unread(problem, loud) {
		if (this.#gone)
			return;
		if (problem.status === 401)
			return this.#on.lost(problem);
		this.#later(QUIET);
		if (!loud)
			return;
		const again = el('button', { class: 'btn btn-small', type: 'button', onclick: () => this.refresh() }, 'Try again');
		$('history-trouble').replaceChildren(problemNotice(problem, [el('div', { class: 'notice-actions' }, again)]));
		show($('history'), true);
	}

	#later(ms) {
		clearTimeout(this.#timer);
		if (ms === null)
			return;
		/* A page that nobody sees asks nothing; app.js asks when it is seen again. */
		this.#timer = setTimeout(() => document.visibilityState === 'visible' && this.refresh(), ms);
	}

	#take(list) {
		if (this.#gone)
			return;
		this.#tell(list.posts);
		this.#list = list;
		this.#draw();
		this.#later(nextLook(list.posts, Date.now()));
		this.#on.news(list.posts);
	}

	/* A change of state is said to those who cannot see it, and ends a trouble. */
	#tell(posts) {
		const before = new Map(this.#list.posts.map((p) => [p.id, p.state]));
		const changed = posts.filter((p) => before.has(p.id) && before.get(p.id) !== p.state);
		for (const { id } of changed)
			this.#troubles.delete(id);
		if (changed.length > 0)
			$('history-say').textContent = changed.map((p) => `“${excerpt(p.parts?.[0]?.text)}”: ${postState(p, Date.now()).label}`).join('. ');
	}

	async #older() {
		const button = $('older');
		button.disabled = true;
		try {
			const page = await this.#page(`?limit=${OLDER}&before=${encodeURIComponent(this.#list.next)}`);
			this.#take(append(this.#list, page));
			this.#element(page.posts[0]?.id)?.focus();
		} catch (problem) {
			this.#unread(problem, true);
		}
		button.disabled = false;
	}

	/*
	 * Was it meant for the button that stood there before?  Keys go to the
	 * button that has the focus, wherever it stands, and have no detail.
	 */
	#isStray(post, event) {
		return event.detail > 0 && performance.now() - this.#moved.get(post.id) < SETTLE;
	}

	async #act(post, action, event) {
		if (this.#isStray(post, event))
			return;
		this.#troubles.delete(post.id);
		if (action === 'delete' && !await this.#sure(post))
			return;
		this.#turn++;
		this.#doing.set(post.id, action);
		this.#draw();
		try {
			const path = `${PATH}/${encodeURIComponent(post.id)}`;
			const answer = action === 'resume' ? await this.#call('POST', `${path}/resume`) : await this.#call('DELETE', path);
			this.#done(post, action, answer);
		} catch (problem) {
			this.#wrong(post, problem);
		}
		await this.refresh();
	}

	#done(post, action, answer) {
		this.#doing.delete(post.id);
		if (action === 'resume' && answer?.state === 'unknown' && post.state === 'unknown')
			this.#complain(post, notice('note', 'X does not show it yet', ['We go on looking by ourselves. Do not post it again meanwhile.']));
		this.#take({ ...this.#list, posts: this.#list.posts.map((p) => (p.id === answer?.id ? answer : p)) });
	}

	#wrong(post, problem) {
		if (this.#gone)
			return;
		this.#doing.delete(post.id);
		if (problem.status === 401)
			this.#on.lost(problem);
		else
			this.#complain(post, problemNotice(problem));
		this.#draw();
	}

	#complain(post, box) {
		dismissable(box).querySelector('.notice-close').addEventListener('click', () => this.#troubles.delete(post.id));
		this.#troubles.set(post.id, box);
		$('history-say').textContent = box.querySelector('.notice-title').textContent;
	}

	/* Asks in the page. */
	#sure(post) {
		const dialog = $('remove');
		const [title, text] = removalWords(post);
		$('remove-title').textContent = title;
		$('remove-text').textContent = text;
		$('remove-what').textContent = excerpt(post.parts?.[0]?.text, 120);
		dialog.returnValue = 'no';
		$('remove-no').onclick = () => dialog.close('no');
		$('remove-yes').onclick = () => dialog.close('yes');
		return new Promise((done) => {
			dialog.onclose = () => done(dialog.returnValue === 'yes');
			dialog.showModal();
		});
	}

	#element(id) {
		return id && $('history-list').querySelector(`[data-post="${CSS.escape(id)}"]`);
	}

	/* Elements that stay as they are are not touched, so that nothing jumps. */
	#draw() {
		const { posts, next } = this.#list;
		const list = $('history-list');
		const old = new Map([...list.children].map((li) => [li.dataset.post, li]));
		posts.forEach((post, i) => {
			const before = old.get(post.id);
			const row = this.#row(post, before);
			if (before && before !== row)
				this.#swap(before, row);
			if (list.children[i] !== row)
				list.insertBefore(row, list.children[i] ?? null);
		});
		while (list.children.length > posts.length)
			list.lastElementChild.remove();
		show($('history'), posts.length > 0 || $('history-trouble').childElementCount > 0);
		show($('older'), next !== null);
	}

	/* The old element when nothing about it has changed. */
	#row(post, before) {
		const doing = this.#doing.get(post.id);
		const trouble = this.#troubles.get(post.id);
		/* A time that has come changes the words, too. */
		const made = JSON.stringify([post, this.#many, doing, postState(post, Date.now())]);
		if (before && this.#drawn.get(post.id) === made && before.querySelector('.live > .notice') === (trouble ?? null))
			return before;
		this.#drawn.set(post.id, made);
		return item(post, { many: this.#many, doing, trouble, act: (p, action, event) => this.#act(p, action, event) });
	}

	/* The focus stays where it was, or as near to it as there is anything left. */
	#swap(before, row) {
		const held = before.contains(document.activeElement) ? document.activeElement : null;
		const details = row.querySelector('details');
		if (details && before.querySelector('details'))
			details.open = before.querySelector('details').open;
		const had = actionsOf(before);
		if (had !== '' && had !== actionsOf(row))
			this.#moved.set(row.dataset.post, performance.now());
		before.replaceWith(row);
		if (!held)
			return;
		const same = held.dataset.action ? `[data-action="${held.dataset.action}"]` : held.localName;
		(row.querySelector(same) ?? row).focus({ preventScroll: true });
	}
}
