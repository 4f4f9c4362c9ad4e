// People who publish without a pause until they are told to stop.  Each text is
// one post's alone, so that X can be asked what became of it.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { sleep } from '../../flow/lib/stack.js';
import { live, look, POSTS, remove, resume, threadText } from '../../flow/lib/posting.js';
import { bearer, Visitor, words } from '../../flow/lib/visitor.js';

const PACE_MS = 20, SOON_MS = 1500, FAR_MS = 86_400_000, NEWCOMERS_MS = 1500;
const DONE = [200, 201, 202];

const inMs = (ms) => new Date(Date.now() + ms).toISOString();
const change = (me, id, value) => me.send('PATCH', `${POSTS}/${id}`, { body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } });

// What each person does in turn: what is posted, and what then becomes of it.
const TURNS = [
	{ name: 'with a key', body: () => ({ text: words() }), key: true },
	{ name: 'for later', body: () => ({ text: words(), publish_at: inMs(SOON_MS) }), key: true },
	{ name: 'without a key', body: () => ({ text: words() }) },
	{ name: 'a thread', body: () => ({ text: threadText(3), on_long: 'thread' }), key: true },
	{ name: 'cancelled', body: () => ({ text: words(), publish_at: inMs(FAR_MS) }), key: true, then: remove },
	{ name: 'moved', body: () => ({ text: words(), publish_at: inMs(FAR_MS) }), key: true,
		then: (me, id) => change(me, id, { publish_at: inMs(SOON_MS) }) },
];

export class People {
	all = [];       // those who are connected
	posts = [];     // {me, turn, text, id, end}: what was answered
	refused = [];   // what should not have been
	#lanes = [];
	#isRunning = false;

	get answered() { return this.posts.length; }

	async connect() {
		const me = new Visitor();
		await me.connect();
		this.all.push(me);
		return me;
	}

	// Asked again under its key while somebody is at it.
	async #ask(me, turn, body) {
		const headers = turn.key ? { 'Idempotency-Key': crypto.randomUUID() } : {};
		for (;;) {
			const res = await me.post(body, headers);
			if (res.status !== 409)
				return res;
			await sleep(PACE_MS);
		}
	}

	#expect(turn, res) {
		if (!DONE.includes(res.status))
			this.refused.push(`${turn.name}: ${res.status} ${res.text}`);
		return DONE.includes(res.status);
	}

	async turn(me, turn) {
		const body = turn.body(), res = await this.#ask(me, turn, body);
		if (!this.#expect(turn, res))
			return;
		this.posts.push({ me, turn, text: body.text, id: res.json.id });
		if (turn.then)
			this.#expect(turn, await turn.then(me, res.json.id));
	}

	// At a process that should not be there any more: it refuses, and X has
	// nothing of it in the end.
	async tryAt(process) {
		const res = await process.ask('POST', '/api/twitter/post', Object.entries(bearer(this.all[0].token)), JSON.stringify({ text: words() }));
		assert.ok(res.status >= 500, res.text);
		return res;
	}

	async #repeat(ms, act) {
		for (let n = 0; this.#isRunning; n++) {
			await act(n);
			await sleep(ms);
		}
	}

	run() {
		this.#isRunning = true;
		this.#lanes = [...this.all.map((me, i) => this.#repeat(PACE_MS, (n) => this.turn(me, TURNS[(i + n) % TURNS.length]))),
			this.#repeat(NEWCOMERS_MS, () => this.connect())];
	}

	// Until the last of them has its answer.
	async quiet() {
		this.#isRunning = false;
		await Promise.all(this.#lanes);
	}

	// Those whose end is still to come, looked at once; what turned out not to
	// have left is sent when its author says so.
	async unfinished() {
		const open = [];
		for (const post of this.posts.filter((one) => !one.end)) {
			const { state, next_try_at: next } = await look(post.me, post.id);
			if (['sent', 'cancelled'].includes(state))
				post.end = state;
			else
				open.push(post);
			if (['failed', 'partial'].includes(state) && !next)
				await resume(post.me, post.id);
		}
		return open;
	}

	// X has what it should have, once, and nothing that nobody wrote.
	async assertAtX() {
		for (const me of this.all) {
			const there = await live(me.account), mine = this.posts.filter((post) => post.me === me);
			const expected = [];
			for (const post of mine) {
				const { parts } = await look(me, post.id);
				assert.equal(post.end, post.turn.name === 'cancelled' ? 'cancelled' : 'sent', JSON.stringify(post));
				expected.push(...(post.end === 'sent' ? parts : []).map((part) => [part.post_id, part.text]));
			}
			assert.deepEqual(there.map((one) => [one.id, one.text]).sort(), expected.sort());
		}
	}
}
