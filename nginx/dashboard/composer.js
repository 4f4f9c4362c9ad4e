/*
 * composer.js - write a post, see the server's own count, publish it once.
 * Counting is a dry run, so that what is shown is what will be sent.
 */

import { call } from './api.js';
import { $, el, link, show } from './dom.js';
import { notice, problemNotice, dismissable } from './notice.js';
import { money, warningWords } from './words.js';

const PAUSE = 250;
const LIMIT = 280;
const LOW = 20;

/* Never change a text without its author: what is too long is refused. */
const HONEST = { on_long: 'reject' };

export class Composer {
	#draft;
	#lost;
	#failed;
	#accounts = [];
	#sending = false;
	#open = null;		/* a text whose outcome is not known yet */
	#refusedText = false;	/* the server would not take it */
	#warned = [];		/* what the author has read already */
	#said = '';
	#timer = 0;
	#counting = null;
	#quietUntil = 0;

	/* onLost(problem): the session ended.  onFailed(): an account may have, too. */
	constructor(draft, onLost, onFailed) {
		this.#draft = draft;
		this.#lost = onLost;
		this.#failed = onFailed;
		$('text').value = draft.text;
		$('text').oninput = () => this.#edited();
		$('text').onkeydown = (event) => this.#key(event);
		$('from').onchange = () => this.#edited();
		$('post-form').onsubmit = (event) => {
			event.preventDefault();
			this.#send();
		};
		this.#edited();
	}

	/* Connections that may post. */
	set accounts(list) {
		const chosen = this.#account;
		this.#accounts = list;
		$('from').replaceChildren(...list.map((c) => el('option', { value: c.id }, `@${c.username}`)));
		if (list.some((c) => c.id === chosen))
			$('from').value = chosen;
		show($('from-row'), list.length > 1);
		/* What has just been refused must not vanish with its account. */
		const refused = !$('composer').hidden && $('result').querySelector('.notice-bad');
		show($('composer'), list.length > 0 || refused);
		this.#edited();
	}

	stop() {
		clearTimeout(this.#timer);
		this.#counting?.abort();
		$('result').replaceChildren();
		$('text').value = '';
		this.#show(null);
	}

	get #account() {
		return $('from').value;
	}

	#body(text) {
		return { text, ...HONEST, connection_id: this.#account };
	}

	#key(event) {
		if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing)
			return;
		event.preventDefault();
		if (!$('post').disabled)
			this.#send();
	}

	#button() {
		const text = $('text').value;
		const waiting = this.#open?.text === text && this.#open.account === this.#account;
		$('post').disabled = this.#sending || this.#refusedText || waiting
			|| text.trim() === '' || this.#accounts.length === 0;
		$('post').textContent = this.#sending ? 'Posting…' : 'Post';
		$('post-form').setAttribute('aria-busy', String(this.#sending));
		$('text').readOnly = this.#sending;
	}

	#edited() {
		const text = $('text').value;
		this.#draft.text = text;
		clearTimeout(this.#timer);
		this.#counting?.abort();
		this.#counting = null;
		if (text.trim() === '' || this.#accounts.length === 0)
			this.#show(null);
		else
			this.#timer = setTimeout(() => this.#count(text), Math.max(PAUSE, this.#quietUntil - Date.now()));
		this.#button();
	}

	async #count(text) {
		const mine = new AbortController();
		this.#counting = mine;
		try {
			const body = { ...this.#body(text), dry_run: true };
			const answer = await call('POST', '/api/twitter/post', { body, signal: mine.signal });
			if (this.#counting === mine)
				this.#show(answer);
		} catch (problem) {
			if (problem !== null && this.#counting === mine)
				this.#notCounted(problem);
		}
	}

	#notCounted(problem) {
		if (problem.status === 401)
			return this.#lost(problem);
		if (problem.status === 422) {
			const tooLong = problem.code === 'text_too_long';
			this.#warn([[problem.detail, problem.remedy].filter(Boolean).join(' ')]);
			return this.#gauge(problem.weighted_length ?? (tooLong ? Infinity : NaN), true);
		}
		/* Counting is a help, not a gate: the server checks again on posting. */
		this.#quietUntil = Date.now() + (problem.retryAfter ?? 2000);
		this.#warn([]);
		this.#gauge(NaN, false, 'count not available just now');
	}

	#show(answer) {
		const price = money(answer?.cost_usd);
		this.#warn((answer?.warnings ?? []).map(warningWords).filter(Boolean));
		this.#gauge(answer ? answer.parts?.[0]?.weighted_length : 0, false, price && `costs ${price}`);
	}

	#warn(lines) {
		if (lines.length > 0)
			this.#warned = lines;
		$('warnings').replaceChildren(...lines.map((line) => el('li', {}, line)));
	}

	/* NaN: not known; Infinity: too long by we do not know how much. */
	#gauge(n, refused, note = '') {
		const left = LIMIT - n;
		this.#refusedText = refused || left < 0;
		$('count').dataset.state = left < 0 ? 'over' : left <= LOW ? 'low' : 'fine';
		$('count-now').textContent = n === Infinity ? 'over' : Number.isFinite(n) ? String(n) : '–';
		$('count-max').textContent = n === Infinity ? ` ${LIMIT}` : `/${LIMIT}`;
		$('ring').setAttribute('stroke-dasharray', `${Math.round(Math.min(n || 0, LIMIT) * 100 / LIMIT)} 100`);
		$('cost').textContent = note;
		this.#say(n === Infinity ? 'Over the limit' : left < 0 ? `${-left} over the limit` : left <= LOW ? `${left} left` : '');
		this.#button();
	}

	/* Only what a person who cannot see the ring needs to hear. */
	#say(words) {
		if (words !== this.#said)
			$('count-say').textContent = words;
		this.#said = words;
	}

	async #send() {
		const text = $('text').value;
		const account = this.#account;
		if (this.#sending || $('post').disabled)
			return;
		const hadFocus = document.activeElement === $('post');
		this.#sending = true;
		$('result').replaceChildren();
		this.#button();
		await this.#ask({ text, account, body: this.#body(text) });
		this.#sending = false;
		this.#button();
		if (hadFocus && document.activeElement !== $('text'))
			($('post').disabled ? $('text') : $('post')).focus();
	}

	/* Sends a post, or asks after one: with the same key it is the same post. */
	async #ask(post) {
		const headers = { 'Idempotency-Key': this.#draft.key(post.account, post.text) };
		try {
			const answer = await call('POST', '/api/twitter/post', { body: post.body, headers });
			this.#outcome(post, answer);
		} catch (problem) {
			this.#refused(post, problem);
		}
	}

	#outcome(post, answer) {
		switch (answer?.state) {
		case 'sent':
			return this.#sent(post, answer);
		case 'failed':
			this.#settled(post);
			return this.#result(problemNotice({
				title: 'X did not take this post', detail: 'Nothing of it was published.',
				remedy: 'Change the text, or try again later.', ...answer.error,
			}));
		case 'partial':
			this.#settled(post);
			return this.#result(notice('bad', 'Only a part was published',
				['X took the beginning and refused the rest.'], [this.#links(answer)]));
		case 'queued':
		case 'sending':
			return this.#pending(post, 'Your post is waiting its turn',
				'It has been accepted and goes out by itself. Do not post it again.');
		default:
			return this.#pending(post, 'We cannot say yet whether X has it',
				'X may or may not have it. Do not post it again before you have looked at your profile on X.');
		}
	}

	#settled(post) {
		this.#open = null;
		this.#draft.settle(post.account, post.text);
	}

	#sent(post, answer) {
		this.#settled(post);
		if ($('text').value === post.text) {
			$('text').value = '';
			this.#edited();
		}
		const price = money(answer.cost_usd);
		const news = (answer.warnings ?? []).map(warningWords).filter((w) => !this.#warned.includes(w));
		this.#result(notice('good', 'Published', [...news, price && `It cost ${price}.`], [this.#links(answer)]));
	}

	#links(answer) {
		const parts = (answer.parts ?? []).filter((p) => p.post_id);
		const posts = parts.length > 0 ? parts : [answer];
		return el('ul', { class: 'posts' }, ...posts.map((p) => el('li', {},
			link(p.url ?? answer.url, 'View on X', { class: 'post-link' }),
			el('span', { class: 'post-id' }, 'id ', el('code', {}, p.post_id ?? answer.post_id ?? '–')))));
	}

	#again(post) {
		const button = el('button', {
			class: 'btn btn-small', type: 'button',
			onclick: async () => {
				button.disabled = true;
				button.textContent = 'Looking…';
				await this.#ask(post);
			},
		}, 'What became of it?');
		return el('div', { class: 'notice-actions' }, button);
	}

	#pending(post, title, words) {
		this.#open = post;
		this.#draft.doubt(post.account, post.text);
		this.#result(notice('note', title, [words], [this.#again(post)]));
	}

	/*
	 * A plain refusal means that nothing went out, and the same words may be
	 * posted anew.  After anything else the key stays, so that asking again
	 * cannot publish a second time.  A 429 may come from before the server has
	 * looked at the key, so it settles nothing that was in doubt.
	 */
	#isFinal(post, problem) {
		if (problem.state === 'failed')
			return true;
		if (problem.status < 400 || problem.status >= 500 || problem.status === 408)
			return false;
		if (problem.code === 'idempotency_key_busy')
			return false;
		return problem.status !== 429 || !this.#draft.isDoubtful(post.account, post.text);
	}

	#refused(post, problem) {
		if (problem.status === 401)
			return this.#lost(problem);
		if (this.#isFinal(post, problem)) {
			this.#settled(post);
			this.#result(problemNotice(problem));
			return this.#failed();
		}
		this.#draft.doubt(post.account, post.text);
		if (this.#open === post)
			return this.#result(problemNotice(problem, [this.#again(post)]));
		const safe = 'Your text is still here, and pressing Post again is safe: it will not be published twice.';
		this.#result(problemNotice({ ...problem, remedy: [problem.remedy, safe].filter(Boolean).join(' ') }));
	}

	#result(box) {
		$('result').replaceChildren(dismissable(box));
		box.scrollIntoView({ block: 'nearest' });
		this.#button();
	}
}
