/*
 * composer.js - write a post, see the server's own count, hand it over once.
 * Counting is a dry run, so that what is shown is what will be sent.
 */

import { call } from './api.js';
import { Count } from './count.js';
import { countHere, countOne, countOver, countThread } from './counter.js';
import { $, el, show } from './dom.js';
import { Handover } from './handover.js';
import { Long } from './long.js';
import { notice } from './notice.js';
import { isChanged, showParts, toldLength } from './parts.js';
import { Schedule } from './schedule.js';
import { weigh } from './weigh.js';
import { costWords, postLabel, warnings } from './words.js';

export class Composer {
	#draft;
	#on;
	#accounts = [];
	#sending = false;
	#gone = false;		/* the page is another person's now */
	#refused = false;	/* the server would not take it */
	#posts = 0;		/* how many it becomes, as far as is known */
	#off = 0;		/* what the server counts beyond our own estimate */
	#read = '';		/* the request whose dry run the author has before them */
	#count;
	#handover;
	#long;
	#schedule;

	/*
	 * on.lost(problem, asked): the session ended; asked: while the person was
	 * waiting.  on.failed(): an account may have, too.  on.handed(): the server
	 * has a post that the history should show.
	 */
	constructor(draft, on) {
		this.#draft = draft;
		this.#on = on;
		this.#long = new Long(() => this.#edited());
		this.#schedule = new Schedule(() => this.#edited());
		this.#count = new Count({
			ask: (body, signal) => this.#ask(body, signal),
			answer: (answer, body) => this.#counted(answer, body),
			problem: (problem) => this.#notCounted(problem),
		});
		this.#handover = new Handover(draft, {
			lost: (problem) => on.lost(problem, true), failed: on.failed, handed: on.handed,
			taken: () => this.#fill(), changed: () => this.#button(),
		});
		$('text').oninput = () => this.#edited();
		$('text').onkeydown = (event) => this.#key(event);
		$('from').onchange = () => this.#edited();
		$('stop-edit').onclick = () => this.#stopEdit();
		$('post-form').onsubmit = (event) => {
			event.preventDefault();
			this.#send();
		};
		this.#fill();
	}

	/* All connections: one that may not post just now is not left unsaid. */
	set accounts(list) {
		this.#accounts = list;
		this.#handover.check(this.#able.map((c) => c.id));
		this.#choose();
		this.#recount();
	}

	stop() {
		this.#gone = true;
		this.#count.stop();
		this.#handover.stop();
		$('text').value = '';
		this.#long.ask = {};
		this.#schedule.at = '';
		this.#show(null);
	}

	/* What the history knows may be the outcome that we wait for. */
	follow(posts) {
		this.#handover.follow(posts);
	}

	/* The session is there again. */
	wake() {
		this.#count.stop();
		this.#count.rest(0);
		this.#recount();
	}

	/* Another tab has written. */
	sync() {
		if (!this.#sending && this.#draft.follow())
			this.#fill();
	}

	/*
	 * Give a post back to its author: `edit` as Draft has it.  False while
	 * another one is being edited.
	 */
	edit(edit) {
		const busy = this.#sending || (this.#draft.edit !== null && this.#draft.edit.id !== edit.id);
		if (!busy) {
			this.#draft.edit = edit;
			$('result').replaceChildren();
			this.#fill();
		}
		$('text').focus();
		$('composer').scrollIntoView({ block: 'start' });
		return !busy;
	}

	get #account() {
		return $('from').value;
	}

	/* What one post of the account may count; null: not known. */
	get #limit() {
		return this.#accounts.find((c) => c.id === this.#account)?.max_weighted_length ?? null;
	}

	get #able() {
		return this.#accounts.filter((c) => c.can_post);
	}

	/*
	 * What is written goes out from the account that it was written for, or
	 * not at all: nobody else's turn comes by itself.
	 */
	#choose() {
		const kept = this.#draft.account, able = this.#able;
		const lacks = kept !== '' && !this.#draft.isEmpty && !able.some((c) => c.id === kept);
		const gone = this.#accounts.find((c) => c.id === kept);
		const options = able.map((c) => [c.id, `@${c.username}`]);
		if (lacks)
			options.unshift(['', gone ? `@${gone.username}: cannot post now` : 'Choose an account']);
		if (JSON.stringify(options) !== $('from').dataset.made) {
			$('from').dataset.made = JSON.stringify(options);
			$('from').replaceChildren(...options.map(([value, text]) => el('option', { value }, text)));
		}
		$('from').value = lacks ? '' : able.some((c) => c.id === kept) ? kept : able[0]?.id ?? '';
		$('from').disabled = this.#draft.edit?.state === 'queued';
		show($('from-row'), options.length > 1 || lacks);
		/* What is written, or has just been refused, must not vanish with its account. */
		const refused = !$('composer').hidden && $('result').querySelector('.notice-bad');
		show($('composer'), able.length > 0 || !this.#draft.isEmpty || refused);
	}

	/* The fields as the draft has them. */
	#fill() {
		const { text, how, edit } = this.#draft;
		if ($('text').value !== text)
			$('text').value = text;
		this.#long.ask = how.long;
		this.#schedule.at = how.at;
		$('composer-title').textContent = edit ? 'Edit post' : 'New post';
		show($('stop-edit'), edit !== null);
		this.#choose();
		this.#recount();
	}

	#stopEdit() {
		this.#draft.edit = null;
		$('result').replaceChildren();
		this.#fill();
		$('text').focus();
		this.#on.handed();
	}

	#ask(body, signal) {
		return this.#call({ ...body, dry_run: true }, { signal });
	}

	/* All that the parts and their price depend on. */
	#body() {
		return { ...this.#draft.edit?.rest, text: $('text').value, ...this.#long.ask, connection_id: this.#account };
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

	#button() {
		const text = $('text').value, edit = this.#draft.edit;
		const handle = this.#able.find((c) => c.id === this.#account)?.username;
		const wrong = this.#schedule.tell() !== '' || this.#long.trouble !== '';
		/* Not `disabled` while sending: that would drop the focus. */
		$('post').disabled = !this.#sending && (this.#refused || wrong || text.trim() === '' || !handle);
		$('post').setAttribute('aria-disabled', String(this.#sending));
		$('post').textContent = postLabel({
			handle, sending: this.#sending, posts: this.#posts, at: this.#schedule.on,
			edit: edit?.state === 'queued', wasAt: edit?.how.was,
		});
		$('post-form').setAttribute('aria-busy', String(this.#sending));
		$('text').readOnly = this.#sending;
		for (const group of ['long', 'when'])
			$(group).disabled = this.#sending;
	}

	#edited() {
		const text = $('text').value;
		/* A choice is for one text; the next one is asked about anew. */
		if (text === '')
			this.#long.ask = {};
		const how = { ...this.#draft.how, long: this.#long.kept, at: this.#schedule.at };
		this.#draft.keep({ text, how, ...(this.#account && { account: this.#account }) });
		if ($('from').options[0]?.value === '')
			this.#choose();
		this.#recount();
	}

	#recount() {
		if ($('text').value.trim() === '' || !this.#account) {
			this.#count.stop();
			this.#show(null);
			return;
		}
		this.#estimate();
		this.#count.soon(() => this.#body());
		this.#button();
	}

	/* At once; how a long text is divided or cut only the server knows. */
	#estimate(note) {
		const length = weigh($('text').value) + this.#off;
		const decided = this.#long.ask.on_long !== 'reject' && !$('long').hidden;
		if (!decided || this.#limit === null || length <= this.#limit)
			countHere(length, this.#limit, note);
	}

	#counted(answer, body) {
		if (this.#gone)
			return;
		this.#read = JSON.stringify(body);
		this.#show(answer, body.text);
		if (body.text !== $('text').value)
			this.#estimate();
	}

	#notCounted(problem) {
		if (this.#gone)
			return;
		if (problem.status === 401) {
			this.#count.rest(30000);
			return this.#on.lost(problem, this.#sending);
		}
		this.#posts = 0;
		showParts([]);
		if (problem.status === 422 || problem.status === 413) {
			this.#notTaken(problem);
		} else {
			/* Counting is a help, not a gate: the server checks again on posting. */
			this.#refused = false;
			this.#count.rest(problem.retryAfter);
			this.#warn([]);
			this.#estimate('counted here: the server’s count is not available just now');
		}
		this.#button();
	}

	#notTaken(problem) {
		if (problem.reason_code === 'link_not_one' && this.#long.ask.link) {
			this.#long.refuseLink();
			return this.#edited();
		}
		const tooLong = problem.code === 'text_too_long';
		const told = toldLength(problem);
		this.#refused = true;
		this.#long.offer(tooLong || (problem.status === 422 && this.#long.ask.on_long !== 'reject'));
		this.#warn([[problem.detail || `${problem.title}.`, problem.remedy].filter(Boolean).join(' ')]);
		if (told) {
			countOne(told.length, told.limit, '');
		} else if (tooLong || problem.status === 413) {
			countOver();
		} else {
			this.#estimate('');
		}
	}

	#show(answer, text = '') {
		const parts = answer?.parts ?? [];
		const changed = isChanged(text, parts);
		const cost = costWords(answer?.cost_usd, parts.length);
		this.#refused = false;
		this.#posts = parts.length;
		this.#off = changed || !answer ? 0 : parts[0].weighted_length - weigh(text);
		this.#warn(warnings(answer));
		this.#long.offer(changed);
		showParts(changed ? parts : [], this.#limit);
		if (parts.length > 1)
			countThread(parts.length, cost);
		else
			countOne(parts[0]?.weighted_length ?? weigh($('text').value), this.#limit, cost);
		this.#button();
	}

	#warn(lines) {
		if (lines.length > 0)
			this.#handover.warned = lines;
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
		await this.#count.now(body);
		if ($('warnings').childElementCount === 0)
			return false;
		if (!this.#refused)
			this.#handover.say(notice('note', 'Have a look first', ['See above what goes out and what it costs, then press again.']));
		return true;
	}

	async #send() {
		if (this.#sending || $('post').disabled)
			return;
		if (this.#schedule.tell() !== '')
			return this.#button();
		const hadFocus = document.activeElement === $('post');
		this.#sending = true;
		$('result').replaceChildren();
		this.#button();
		if (!await this.#isNews() && !this.#gone && this.#schedule.tell() === '')
			await this.#handover.give({ body: this.#body(), at: this.#schedule.at, edit: this.#draft.edit });
		if (this.#gone)
			return;
		this.#sending = false;
		this.#choose();
		this.#recount();
		/* Only where the button itself has lost it. */
		if (hadFocus && [document.body, $('post')].includes(document.activeElement))
			($('post').disabled ? $('text') : $('post')).focus();
	}
}
