/*
 * history.js - a person's posts, kept as they are at the server: what is to
 * come, the soonest first, and what was, the newest first.
 */

import { ask, call } from './api.js';
import { $, arrange, show } from './dom.js';
import { item } from './item.js';
import { notice, problemNotice, dismissable } from './notice.js';
import { asEdit, asQueued, limitEnds } from './outlook.js';
import { append, divide, merge, nextLook, reach, strays } from './pages.js';
import { Retry } from './retry.js';
import { excerpt, postState, removalWords } from './words.js';

const PATH = '/api/twitter/posts';
const OLDER = 20;
const QUIET = 30000;	/* after a list that could not be read */
const SETTLE = 600;	/* as long as a second click may come after the first */
const NONE = { posts: [], next: null };

function actionsOf(row) {
	return [...row.querySelectorAll('[data-action]')].map((button) => button.dataset.action).join(' ');
}

export class PostHistory {
	#on;
	#list = NONE;
	#coming = NONE;
	#accounts = new Map();	/* connection id: the connection */
	#drawn = new Map();	/* post id: what its element was made of */
	#doing = new Map();	/* post id: the action under way */
	#troubles = new Map();	/* post id: the box that says what went wrong */
	#moved = new Map();	/* post id: when its buttons gave place to others */
	#retry = new Retry($('history-retry'), () => this.refresh());
	#turn = 0;		/* an answer to an older question is of no use */
	#timer = 0;
	#gone = false;		/* the page is another person's now */

	/*
	 * on.owner: whose posts.  on.lost(problem, asked): the session ended.
	 * on.news(posts): they are as new.  on.edit(edit): its author wants a post
	 * back, as Draft has it.  on.draft: whose texts have been taken back.
	 */
	constructor(on) {
		this.#on = on;
		$('older').onclick = () => this.#more('older', (page) => { this.#list = append(this.#list, page); });
		$('later-ones').onclick = () => this.#more('later-ones', (page) => { this.#coming = append(this.#coming, page); });
		this.#draw();
	}

	set accounts(list) {
		this.#accounts = new Map(list.map((c) => [c.id, c]));
		this.#draw();
	}

	stop() {
		this.#turn++;
		clearTimeout(this.#timer);
		this.#list = this.#coming = NONE;
		this.#calm();
		this.#draw();
		this.#gone = true;
	}

	/* Reads the newest again; never throws. */
	async refresh() {
		if (this.#gone)
			return;
		const turn = ++this.#turn;
		try {
			const [coming, page] = await Promise.all([
				this.#page(`?view=upcoming&limit=${reach(this.#coming.posts, () => true)}`),
				this.#page(`?limit=${reach(this.#list.posts)}`)]);
			const list = merge(this.#list, page);
			const left = await this.#find(strays(this.#coming.posts, coming, list));
			if (turn !== this.#turn)
				return;
			this.#calm();
			this.#take(append(list, { posts: left, next: list.next }), coming);
		} catch (problem) {
			if (turn === this.#turn)
				this.#unread(problem, this.#list.posts.length + this.#coming.posts.length === 0);
		}
	}

	#call(method, path, options) {
		return call(method, path, { ...options, owner: this.#on.owner });
	}

	async #page(query) {
		const answer = await this.#call('GET', PATH + query);
		return { posts: Array.isArray(answer?.posts) ? answer.posts : [], next: answer?.next ?? null };
	}

	/* What was to come and is not any more, wherever it stands in the list. */
	#find(ids) {
		return Promise.all(ids.map((id) => this.#call('GET', `${PATH}/${encodeURIComponent(id)}`)));
	}

	/* What is shown already stays; when nothing is, that must be said. */
	#unread(problem, loud) {
		if (this.#gone)
			return;
		if (problem.status === 401)
			return this.#on.lost(problem, false);
		this.#later(loud ? null : QUIET);
		if (!loud)
			return;
		$('history-trouble').replaceChildren(problemNotice(problem));
		this.#retry.soon(problem.retryAfter);
		show($('history'), true);
	}

	#calm() {
		$('history-trouble').replaceChildren();
		this.#retry.stop();
	}

	#later(ms) {
		clearTimeout(this.#timer);
		if (ms === null)
			return;
		/* A page that nobody sees asks nothing; app.js asks when it is seen again. */
		this.#timer = setTimeout(() => document.visibilityState === 'visible' && this.refresh(), ms);
	}

	#take(list, coming) {
		if (this.#gone)
			return;
		const all = [...coming.posts, ...list.posts];
		this.#tell(all);
		this.#list = list;
		this.#coming = coming;
		this.#draw();
		this.#later(nextLook(all, Date.now()));
		this.#on.news(all);
		all.filter((post) => this.#isLeft(post)).forEach((post) => this.#giveUp(post));
	}

	/* Its text goes out as another post, and another device could send it, too. */
	#isLeft(post) {
		return post.state === 'failed' && post.can?.includes('resume')
			&& this.#on.draft.isReplaced(post.id) && !this.#doing.has(post.id);
	}

	/* What cannot be given up now is when the list is next read. */
	async #giveUp(post) {
		this.#doing.set(post.id, 'cancel');
		const answer = await this.#call('DELETE', `${PATH}/${encodeURIComponent(post.id)}`).catch(() => null);
		this.#doing.delete(post.id);
		if (answer)
			this.#done(post, 'cancel', answer);
	}

	/* A change of state is said to those who cannot see it, and ends a trouble. */
	#tell(posts) {
		const before = new Map([...this.#coming.posts, ...this.#list.posts].map((p) => [p.id, p.state]));
		const now = new Map(posts.map((p) => [p.id, p]));
		const changed = [...now.values()].filter((p) => before.has(p.id) && before.get(p.id) !== p.state);
		for (const { id } of changed)
			this.#troubles.delete(id);
		if (changed.length > 0)
			$('history-say').textContent = changed.map((p) => `“${excerpt(p.parts?.[0]?.text)}”: ${postState(p, Date.now()).label}`).join('. ');
	}

	async #more(id, take) {
		const button = $(id), upcoming = id !== 'older';
		const { next } = upcoming ? this.#coming : this.#list;
		button.disabled = true;
		try {
			const page = await this.#page(`?${upcoming ? 'view=upcoming&' : ''}limit=${OLDER}&before=${encodeURIComponent(next)}`);
			take(page);
			this.#take(this.#list, this.#coming);
			/* Unless the person has gone on to something else. */
			if ([document.body, button].includes(document.activeElement))
				this.#element(page.posts[0]?.id)?.focus();
		} catch (problem) {
			this.#unread(problem, problem.status !== 401);
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
			this.#done(post, action, await this.#do(post, action));
		} catch (problem) {
			this.#wrong(post, problem);
		}
		await this.refresh();
	}

	#do(post, action) {
		const path = `${PATH}/${encodeURIComponent(post.id)}`;
		switch (action) {
		case 'edit': return this.#edit(path);
		case 'later': return this.#sendLater(post, path);
		case 'resume': return this.#call('POST', `${path}/resume`);
		default: return this.#call('DELETE', path);
		}
	}

	async #edit(path) {
		const { body, etag } = await ask('GET', path, { owner: this.#on.owner });
		if (!this.#gone && !this.#on.edit(asEdit(body, etag, Date.now())))
			this.#complain(body, notice('note', 'Another post is being edited', ['Save it, or stop editing it, before you take up this one.']));
		return body;
	}

	/*
	 * A post that met X's limit waits for its end.  It is a new one, under a key
	 * that is always the same: asking twice queues it once.
	 */
	async #sendLater(post, path) {
		if (limitEnds(post, Date.now()) === null)
			return this.#call('POST', `${path}/resume`);
		const headers = { 'Idempotency-Key': `later-${post.id}` };
		const whole = await this.#call('GET', path);
		const answer = await this.#call('POST', '/api/twitter/post', { headers, body: asQueued(whole, Date.now()) });
		this.#on.draft.take(post.id);
		return answer;
	}

	#done(post, action, answer) {
		this.#doing.delete(post.id);
		if (action === 'resume' && answer?.state === 'unknown' && post.state === 'unknown')
			this.#complain(post, notice('note', 'X does not show it yet', ['We go on looking by ourselves. Do not post it again meanwhile.']));
		const fresh = (list) => ({ ...list, posts: list.posts.map((p) => (p.id === answer?.id ? answer : p)) });
		this.#take(fresh(this.#list), fresh(this.#coming));
	}

	#wrong(post, problem) {
		if (this.#gone)
			return;
		this.#doing.delete(post.id);
		if (problem.status === 401)
			this.#on.lost(problem, true);
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
		return id && document.querySelector(`.items > [data-post="${CSS.escape(id)}"]`);
	}

	#draw() {
		const { coming, past } = divide(this.#coming, this.#list);
		const held = document.activeElement?.closest('.items > .item') && document.activeElement;
		const old = new Map([...document.querySelectorAll('.items > .item')].map((li) => [li.dataset.post, li]));
		this.#drawList($('upcoming-list'), coming, old);
		this.#drawList($('history-list'), past, old);
		show($('upcoming'), coming.length > 0);
		show($('later-ones'), this.#coming.next !== null);
		show($('history'), past.length > 0 || $('history-trouble').childElementCount > 0);
		show($('older'), this.#list.next !== null);
		if (held && document.activeElement !== held)
			this.#holdOn(held);
	}

	/* Elements that stay as they are are not touched, so that nothing jumps. */
	#drawList(list, posts, old) {
		arrange(list, posts.map((post) => {
			const before = old.get(post.id);
			const row = this.#row(post, before);
			if (before && before !== row)
				this.#swap(before, row);
			return row;
		}));
	}

	/* The old element when nothing about it has changed. */
	#row(post, before) {
		const more = {
			many: this.#accounts.size > 1, connection: this.#accounts.get(post.connection_id),
			taken: this.#on.draft.isTaken(post.id), doing: this.#doing.get(post.id), trouble: this.#troubles.get(post.id),
		};
		/* A time that has come changes the words, too. */
		const { trouble, ...plain } = more;
		const made = JSON.stringify([post, plain, postState(post, Date.now()), limitEnds(post, Date.now())]);
		if (before && this.#drawn.get(post.id) === made && before.querySelector('.live > .notice') === (trouble ?? null))
			return before;
		this.#drawn.set(post.id, made);
		return item(post, { ...more, act: (p, action, event) => this.#act(p, action, event) });
	}

	#swap(before, row) {
		const details = row.querySelector('details');
		if (details && before.querySelector('details'))
			details.open = before.querySelector('details').open;
		const had = actionsOf(before), has = actionsOf(row);
		if (had !== '' && has !== '' && had !== has)
			this.#moved.set(row.dataset.post, performance.now());
		before.replaceWith(row);
	}

	/* The focus stays where it was, or as near to it as there is anything left. */
	#holdOn(held) {
		const item = held.closest('.item');
		const row = this.#element(item.dataset.post);
		if (held === item)
			return row?.focus({ preventScroll: true });
		const same = held.dataset.action ? `[data-action="${held.dataset.action}"]` : held.localName;
		(row?.querySelector(same) ?? row ?? $('history-title')).focus({ preventScroll: true });
	}
}
