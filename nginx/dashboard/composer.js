/*
 * composer.js - write a post, see the server's own count, publish it once.
 * Counting is a dry run, so that what is shown is what will be sent.
 */

import { call } from './api.js';
import { countOne, countThread } from './counter.js';
import { $, el, show } from './dom.js';
import { Long } from './long.js';
import { notice, problemNotice, dismissable } from './notice.js';
import { outcomeBox } from './outcome.js';
import { isChanged, showParts } from './parts.js';
import { Schedule } from './schedule.js';
import { costWords, warningWords } from './words.js';

const PAUSE = 250;

export class Composer {
	#draft;
	#on;
	#accounts = [];
	#sending = false;
	#open = null;		/* a post whose outcome is not known yet */
	#refused = false;	/* the server would not take it */
	#posts = 0;		/* how many it becomes, as far as is known */
	#read = '';		/* the request whose dry run the author has before them */
	#warned = [];		/* what the author has read already */
	#timer = 0;
	#counting = null;
	#quietUntil = 0;
	#long;
	#schedule;

	/*
	 * on.lost(problem): the session ended.  on.failed(): an account may have,
	 * too.  on.handed(): the server has a post that the history should show.
	 */
	constructor(draft, on) {
		this.#draft = draft;
		this.#on = on;
		this.#long = new Long(() => this.#edited());
		this.#schedule = new Schedule(() => this.#edited());
		$('text').value = draft.text;
		this.#long.ask = draft.how.long;
		this.#schedule.at = draft.how.at;
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
		this.#empty();
		this.#show(null);
	}

	/* What the history knows may be the outcome that we wait for. */
	follow(posts) {
		const post = this.#open;
		const known = post?.id && posts.find((p) => p.id === post.id);
		if (known && !['unknown', 'sending'].includes(known.state))
			this.#outcome(post, known);
	}

	get #account() {
		return $('from').value;
	}

	/* All that the parts and their price depend on. */
	#body() {
		return { text: $('text').value, ...this.#long.ask, connection_id: this.#account };
	}

	#key(event) {
		if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing)
			return;
		event.preventDefault();
		if (!$('post').disabled)
			this.#send();
	}

	#label() {
		if (this.#schedule.on)
			return this.#sending ? 'Scheduling…' : 'Schedule';
		if (this.#sending)
			return 'Posting…';
		return this.#posts > 1 ? 'Post thread' : 'Post';
	}

	#button() {
		const text = $('text').value;
		const waiting = this.#open?.text === text && this.#open.account === this.#account;
		$('post').disabled = this.#sending || this.#refused || waiting || this.#schedule.trouble !== ''
			|| text.trim() === '' || this.#accounts.length === 0;
		$('post').textContent = this.#label();
		$('post-form').setAttribute('aria-busy', String(this.#sending));
		$('text').readOnly = this.#sending;
		for (const group of ['long', 'when'])
			$(group).disabled = this.#sending;
	}

	/* A choice is for one text; the next one is asked about anew. */
	#empty() {
		$('text').value = '';
		this.#long.ask = {};
		this.#schedule.at = '';
	}

	#edited() {
		const text = $('text').value;
		if (text === '')
			this.#long.ask = {};
		this.#draft.text = text;
		this.#draft.how = { long: this.#long.ask, at: this.#schedule.at };
		clearTimeout(this.#timer);
		this.#counting?.abort();
		this.#counting = null;
		if (text.trim() === '' || this.#accounts.length === 0)
			this.#show(null);
		else
			this.#timer = setTimeout(() => this.#count(), Math.max(PAUSE, this.#quietUntil - Date.now()));
		this.#button();
	}

	async #count() {
		const mine = new AbortController();
		clearTimeout(this.#timer);
		this.#counting?.abort();
		this.#counting = mine;
		const body = this.#body();
		try {
			const answer = await call('POST', '/api/twitter/post', { body: { ...body, dry_run: true }, signal: mine.signal });
			if (this.#counting !== mine)
				return;
			this.#show(answer, body.text);
			this.#read = JSON.stringify(body);
		} catch (problem) {
			if (problem !== null && this.#counting === mine)
				this.#notCounted(problem);
		}
	}

	#notCounted(problem) {
		if (problem.status === 401)
			return this.#on.lost(problem);
		this.#posts = 0;
		showParts([]);
		if (problem.status === 422) {
			const tooLong = problem.code === 'text_too_long';
			this.#refused = true;
			this.#long.offer(tooLong || this.#long.ask.on_long !== 'reject');
			this.#warn([[problem.detail, problem.remedy].filter(Boolean).join(' ')]);
			countOne(tooLong ? Infinity : NaN);
		} else {
			/* Counting is a help, not a gate: the server checks again on posting. */
			this.#refused = false;
			this.#quietUntil = Date.now() + (problem.retryAfter ?? 2000);
			this.#warn([]);
			countOne(NaN, 'count not available just now');
		}
		this.#button();
	}

	#show(answer, text = '') {
		const parts = answer?.parts ?? [];
		const changed = isChanged(text, parts);
		const cost = costWords(answer?.cost_usd, parts.length);
		this.#refused = false;
		this.#posts = parts.length;
		this.#warn((answer?.warnings ?? []).map(warningWords).filter(Boolean));
		this.#long.offer(changed);
		showParts(changed ? parts : []);
		if (parts.length > 1)
			countThread(parts.length, cost);
		else
			countOne(answer ? parts[0]?.weighted_length : 0, cost);
		this.#button();
	}

	#warn(lines) {
		if (lines.length > 0)
			this.#warned = lines;
		$('warnings').replaceChildren(...lines.map((line) => el('li', {}, line)));
	}

	/*
	 * A price or a change that the author has not had before them yet: it is
	 * shown, and pressing again sends.
	 */
	async #isNews() {
		const body = this.#body();
		if (this.#read === JSON.stringify(body))
			return false;
		await this.#count();
		if ($('warnings').childElementCount === 0)
			return false;
		if (!this.#refused)
			this.#result(notice('note', 'Have a look first', ['See above what goes out and what it costs, then press again.']));
		return true;
	}

	async #send() {
		if (this.#sending || $('post').disabled)
			return;
		const hadFocus = document.activeElement === $('post');
		const at = this.#schedule.at;
		this.#sending = true;
		$('result').replaceChildren();
		this.#button();
		if (!await this.#isNews())
			await this.#ask({ text: $('text').value, account: this.#account, body: { ...this.#body(), ...(at && { publish_at: at }) } });
		this.#sending = false;
		this.#button();
		if (hadFocus && document.activeElement !== $('text'))
			($('post').disabled ? $('text') : $('post')).focus();
	}

	async #ask(post) {
		const headers = { 'Idempotency-Key': this.#draft.key(post.account, post.text) };
		try {
			this.#outcome(post, await call('POST', '/api/twitter/post', { body: post.body, headers }));
		} catch (problem) {
			this.#failed(post, problem);
			return;
		}
		this.#on.handed();
	}

	#outcome(post, answer) {
		const news = (answer.warnings ?? []).map(warningWords).filter((w) => !this.#warned.includes(w));
		if (['sent', 'partial', 'queued', 'failed', 'deleted', 'cancelled'].includes(answer.state))
			this.#settled(post);
		else
			this.#doubtful(post, answer.id);
		/* What the server holds, the history shows. */
		if (['sent', 'partial', 'queued'].includes(answer.state) && $('text').value === post.text) {
			this.#empty();
			this.#edited();
		}
		this.#result(outcomeBox(answer, news));
	}

	#settled(post) {
		if (this.#open?.text === post.text)
			this.#open = null;
		this.#draft.settle(post.account, post.text);
	}

	#doubtful(post, id) {
		this.#open = { ...post, id };
		this.#draft.doubt(post.account, post.text);
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

	#failed(post, problem) {
		if (problem.status === 401)
			return this.#on.lost(problem);
		if (this.#isFinal(post, problem)) {
			this.#settled(post);
			this.#result(problemNotice(problem));
			return this.#on.failed();
		}
		this.#draft.doubt(post.account, post.text);
		const safe = 'Your text is still here, and pressing Post again is safe: it will not be published twice.';
		this.#result(problemNotice({ ...problem, remedy: [problem.remedy, safe].filter(Boolean).join(' ') }));
		this.#on.handed();
	}

	#result(box) {
		$('result').replaceChildren(dismissable(box));
		box.scrollIntoView({ block: 'nearest' });
		this.#button();
	}
}
