/*
 * composer.js - write a post, see the server's own count, publish it once.
 * Counting is a dry run, so that what is shown is what will be sent.
 */

import { call } from './api.js';
import { countOne, countOver, countThread } from './counter.js';
import { $, el, show } from './dom.js';
import { Long } from './long.js';
import { notice, problemNotice, dismissable } from './notice.js';
import { outcomeBox } from './outcome.js';
import { isChanged, showParts, toldLength } from './parts.js';
import { Schedule } from './schedule.js';
import { costWords, warningWords } from './words.js';

const PAUSE = 250;
const BUSY = 2000;
const USUAL = 280;	/* X's limits of one post */
const PREMIUM = 25000;
const TRIAL = Array(USUAL).fill('x').join(' ');

export class Composer {
	#draft;
	#on;
	#accounts = [];
	#sending = false;
	#gone = false;		/* the page is another person's now */
	#open = null;		/* a post whose outcome is not known yet */
	#about = null;		/* the post that the box speaks of */
	#limits = new Map();	/* account: what one post of it may hold, as far as is known */
	#asked = new Map();	/* account: the question about that */
	#again = 0;		/* asks again for a post that is under way */
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
		this.#gone = true;
		clearTimeout(this.#timer);
		clearTimeout(this.#again);
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
		else
			this.#retell(posts);
	}

	/* What the box says of a post is true for as long as it stands there. */
	#retell(posts) {
		const about = this.#about;
		const known = about && posts.find((p) => p.id === about.id);
		if (!known || known.state === about.state || !about.box.isConnected)
			return;
		if (['deleted', 'cancelled'].includes(known.state))
			$('result').replaceChildren();
		else
			this.#tell(known, []);
	}

	get #account() {
		return $('from').value;
	}

	/* null: not known. */
	get #limit() {
		return this.#limits.get(this.#account) ?? null;
	}

	/* A count says nothing of the limit; what becomes of a longer text does. */
	#learn() {
		const account = this.#account;
		if (!this.#asked.has(account))
			this.#asked.set(account, this.#try(account));
		return this.#asked.get(account);
	}

	async #try(account) {
		try {
			const answer = await this.#call({ text: TRIAL, on_long: 'truncate', connection_id: account, dry_run: true });
			this.#limits.set(account, answer.parts[0].text === TRIAL ? PREMIUM : USUAL);
		} catch {
			this.#asked.delete(account);
		}
	}

	/* All that the parts and their price depend on. */
	#body() {
		return { text: $('text').value, ...this.#long.ask, connection_id: this.#account };
	}

	#call(body, options = {}) {
		return call('POST', '/api/twitter/post', { ...options, body, owner: this.#draft.owner });
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
		const wrong = this.#schedule.tell() !== '' || this.#long.trouble !== '';
		/* Not `disabled` while sending: that would drop the focus. */
		$('post').disabled = !this.#sending
			&& (this.#refused || waiting || wrong || text.trim() === '' || this.#accounts.length === 0);
		$('post').setAttribute('aria-disabled', String(this.#sending));
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
		this.#draft.how = { long: this.#long.kept, at: this.#schedule.at };
		clearTimeout(this.#timer);
		this.#counting?.abort();
		this.#counting = null;
		if (text.trim() === '' || this.#accounts.length === 0)
			this.#show(null);
		else
			this.#soon();
		this.#button();
	}

	#soon() {
		const quiet = this.#quietUntil - Date.now();
		if (quiet > PAUSE)
			countOne(NaN, this.#limit);
		this.#timer = setTimeout(() => this.#count(), Math.max(PAUSE, quiet));
	}

	async #count() {
		const mine = new AbortController();
		clearTimeout(this.#timer);
		this.#counting?.abort();
		this.#counting = mine;
		const body = this.#body();
		try {
			const [answer] = await Promise.all([this.#call({ ...body, dry_run: true }, { signal: mine.signal }), this.#learn()]);
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
		if (problem.status === 422 || problem.status === 413) {
			this.#notTaken(problem);
		} else {
			/* Counting is a help, not a gate: the server checks again on posting. */
			this.#refused = false;
			this.#quietUntil = Date.now() + (problem.retryAfter ?? 2000);
			this.#warn([]);
			countOne(NaN, this.#limit, 'count not available just now');
		}
		this.#button();
	}

	#notTaken(problem) {
		const isLink = problem.code === 'invalid' && /^The link\b/.test(problem.detail);
		if (isLink && this.#long.ask.link) {
			this.#long.refuseLink();
			return this.#edited();
		}
		const tooLong = problem.code === 'text_too_long';
		const told = tooLong ? toldLength(problem.detail) : null;
		this.#refused = true;
		this.#long.offer(tooLong || (problem.status === 422 && this.#long.ask.on_long !== 'reject'));
		this.#warn([[problem.detail || `${problem.title}.`, problem.remedy].filter(Boolean).join(' ')]);
		if (told) {
			this.#limits.set(this.#account, told.limit);
			countOne(told.length, told.limit);
		} else if (tooLong || problem.status === 413) {
			countOver();
		} else {
			countOne(NaN, this.#limit);
		}
	}

	#show(answer, text = '') {
		const parts = answer?.parts ?? [];
		const changed = isChanged(text, parts);
		const cost = costWords(answer?.cost_usd, parts.length);
		this.#refused = false;
		this.#posts = parts.length;
		this.#warn((answer?.warnings ?? []).map(warningWords).filter(Boolean));
		this.#long.offer(changed);
		showParts(changed ? parts : [], this.#limit);
		if (parts.length > 1)
			countThread(parts.length, cost);
		else
			countOne(answer ? parts[0]?.weighted_length ?? NaN : 0, this.#limit, cost);
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
		if (this.#schedule.tell() !== '')
			return this.#button();
		const hadFocus = document.activeElement === $('post');
		const at = this.#schedule.at;
		this.#sending = true;
		$('result').replaceChildren();
		this.#button();
		if (!await this.#isNews() && !this.#gone && this.#schedule.tell() === '')
			await this.#ask({ text: $('text').value, account: this.#account, body: { ...this.#body(), ...(at && { publish_at: at }) } });
		if (this.#gone)
			return;
		this.#sending = false;
		this.#button();
		if (hadFocus && document.activeElement !== $('text'))
			($('post').disabled ? $('text') : $('post')).focus();
	}

	async #ask(post) {
		const headers = { 'Idempotency-Key': this.#draft.key(post.account, post.text) };
		try {
			const answer = await this.#call(post.body, { headers });
			if (this.#gone)
				return;
			this.#outcome(post, answer);
		} catch (problem) {
			if (!this.#gone)
				this.#failed(post, problem);
			return;
		}
		this.#on.handed();
	}

	/* Asking again with the same key sends nothing twice. */
	#underWay(post, wait) {
		if (this.#open?.body !== post.body)
			this.#result(notice('note', 'This very post is being sent', ['It was handed over before, and X has not answered yet. You need not do anything: this page says what becomes of it.']));
		this.#doubtful(post, null);
		this.#button();
		clearTimeout(this.#again);
		this.#again = setTimeout(() => this.#ask(post), wait ?? BUSY);
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
		this.#tell(answer, news);
		$('result').firstElementChild.scrollIntoView({ block: 'nearest' });
	}

	#tell(answer, news) {
		const box = outcomeBox(answer, news);
		$('result').replaceChildren(dismissable(box));
		this.#about = { id: answer.id, state: answer.state, box };
		this.#button();
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
		if (problem.code === 'idempotency_key_busy') {
			this.#underWay(post, problem.retryAfter);
			return this.#on.handed();
		}
		if (this.#open?.body === post.body)
			this.#open = null;
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
