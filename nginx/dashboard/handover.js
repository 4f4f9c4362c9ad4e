/*
 * handover.js - a post leaves the composer.  From the moment that the server
 * has it the list shows it, and nobody else does: one text has one owner.
 */

import { ask, call } from './api.js';
import { $ } from './dom.js';
import { notice, problemNotice, dismissable, withRemedy } from './notice.js';
import { outcomeBox } from './outcome.js';
import { warnings } from './words.js';

const POST = '/api/twitter/post';
const POSTS = '/api/twitter/posts';
const IN_LIST = 'It is in the list below: you can edit it there, or send it again.';
const LIMITED = 'It is in the list below: you can edit it there, or let it go out as soon as X takes posts again.';
const OPEN = ['unknown', 'sending'];

export class Handover {
	#draft;
	#on;
	#about = null;	/* the post that the box speaks of */
	#gone = false;

	/* What the author has read already. */
	warned = [];

	/*
	 * on.lost(problem), on.failed() and on.handed() as for Composer.
	 * on.taken(): the draft is another.  on.changed(): the box speaks anew.
	 */
	constructor(draft, on) {
		this.#draft = draft;
		this.#on = on;
	}

	stop() {
		this.#gone = true;
		$('result').replaceChildren();
	}

	/* What the box promises of a post is not true any more without its account. */
	check(able) {
		const { state, account, box } = this.#about ?? {};
		if (state === 'queued' && box.isConnected && !able.includes(account))
			$('result').replaceChildren();
	}

	/* What the box says of a post is true for as long as it stands there. */
	follow(posts) {
		for (const post of posts)
			if (!OPEN.includes(post.state))
				this.#draft.settlePost(post.id);
		const about = this.#about;
		const known = about && posts.find((p) => p.id === about.id);
		if (!known || known.state === about.state || !about.box.isConnected)
			return;
		if (['deleted', 'cancelled'].includes(known.state))
			$('result').replaceChildren();
		else
			this.#tell(known, []);
	}

	/* what: {body, at, edit}; at: '' for now. */
	async give(what) {
		try {
			const answer = what.edit?.state === 'queued' ? await this.#change(what) : await this.#send(what);
			if (this.#gone)
				return;
			this.#outcome(what, answer);
		} catch (problem) {
			if (!this.#gone)
				this.#failed(what, problem);
			return;
		}
		this.#on.handed();
	}

	say(box) {
		$('result').replaceChildren(dismissable(box));
		box.scrollIntoView({ block: 'nearest' });
		this.#on.changed();
	}

	#send({ body, at }) {
		const headers = { 'Idempotency-Key': this.#draft.key(body.connection_id, body.text) };
		return call('POST', POST, { headers, body: { ...body, ...(at && { publish_at: at }) }, owner: this.#draft.owner });
	}

	/* What is to be changed must still be what its author has seen. */
	async #change({ body, at, edit }) {
		const path = `${POSTS}/${encodeURIComponent(edit.id)}`;
		const { text, on_long, numbering = null, link = null } = body;
		const wanted = { text, on_long, numbering, link };
		if (at || edit.how.was)
			wanted.publish_at = at || null;
		return call('PATCH', path, { headers: { 'If-Match': edit.etag }, body: wanted, owner: this.#draft.owner });
	}

	#outcome(what, answer) {
		const news = warnings(answer).filter((w) => !this.warned.includes(w));
		this.#settle(what, answer);
		this.#taken(what);
		this.#tell(answer, news);
		$('result').firstElementChild.scrollIntoView({ block: 'nearest' });
	}

	#settle({ body }, { state, id }) {
		if (OPEN.includes(state))
			this.#draft.doubt(body.connection_id, body.text, id);
		else
			this.#draft.settle(body.connection_id, body.text);
	}

	/* The server has it: here it is no more. */
	#taken({ body, edit }) {
		if (edit) {
			this.#draft.edit = null;
			if (edit.state !== 'queued')
				this.#draft.take(edit.id);
		} else {
			this.#draft.keep({ text: '', how: {}, account: body.connection_id });
		}
		this.#on.taken();
	}

	#tell(answer, news) {
		const box = outcomeBox(answer, news);
		$('result').replaceChildren(dismissable(box));
		this.#about = { id: answer.id, account: answer.connection_id, state: answer.state, box };
		this.#on.changed();
	}

	/*
	 * A plain refusal means that nothing went out, and the same words may be
	 * posted anew.  So may those whose key the server knows from another request
	 * (idempotency_key_reused): that one may be out, its author is told to look,
	 * and who asks again then means it.  After anything else the key stays, so
	 * that asking again cannot publish a second time.  A 429 may come from before
	 * the server has looked at the key, so it settles nothing that was in doubt.
	 */
	#isFinal({ body }, problem) {
		if (problem.status < 400 || problem.status >= 500 || problem.status === 408)
			return false;
		return problem.status !== 429 || !this.#draft.isDoubtful(body.connection_id, body.text);
	}

	#failed(what, problem) {
		if (problem.status === 401)
			return this.#on.lost(problem);
		if (problem.id)
			return this.#kept(what, problem);
		if (what.edit?.state === 'queued')
			return this.#notChanged(what, problem);
		if (this.#isFinal(what, problem)) {
			this.#draft.settle(what.body.connection_id, what.body.text);
			this.say(problemNotice(problem));
			return this.#on.failed();
		}
		this.#draft.doubt(what.body.connection_id, what.body.text);
		const safe = 'Your text is still here, and pressing Post again is safe: it will not be published twice.';
		this.say(problemNotice({ ...problem, remedy: [problem.remedy, safe].filter(Boolean).join(' ') }));
		this.#on.handed();
	}

	/* It did not go out, or not yet; the server keeps it all the same. */
	#kept(what, problem) {
		const busy = problem.code === 'idempotency_key_busy';
		const state = busy ? 'sending' : problem.status < 500 ? 'failed' : 'unknown';
		this.#settle(what, { state, id: problem.id });
		this.#taken(what);
		const box = busy
			? notice('note', 'This very post is being sent', ['It was handed over before, and X has not answered yet. You need not do anything: this page says what becomes of it.'])
			: problemNotice(withRemedy(problem, this.#whereItIs(problem)));
		this.#about = { id: problem.id, state, box };
		this.say(box);
		this.#on.handed();
		if (!busy)
			this.#on.failed();
	}

	#whereItIs({ code, remedy }) {
		return code === 'rate_limited' ? LIMITED : [remedy, IN_LIST].filter(Boolean).join(' ');
	}

	/*
	 * Somebody has changed it since, or it waits no more.  It may have been
	 * ourselves, and only the answer was lost: pressing again then says so.
	 */
	async #notChanged(what, problem) {
		if (problem.status === 412) {
			const path = `${POSTS}/${encodeURIComponent(what.edit.id)}`;
			const now = await ask('GET', path, { owner: this.#draft.owner }).catch(() => null);
			if (this.#gone)
				return;
			if (now && this.#draft.edit?.id === what.edit.id)
				this.#draft.edit = { ...this.#draft.edit, etag: now.etag };
		}
		this.say(problemNotice(problem));
		this.#on.handed();
	}
}
