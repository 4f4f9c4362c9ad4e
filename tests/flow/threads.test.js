// Threads that break at any part, in any way: they are completed, nothing is
// there twice, and each part hangs below its own parent.
import { test, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { calm, clearFaults, fault, inParallel, LIGHT, problem, sandbox, settings, stopwatch, until } from './lib/stack.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';
import { assertChain, calmQueue, CREATE, creates, crowd, deletedAtX, hasten, inOrder, live, look, newest, POSTS, remove, resume, resumeToEnd, states, threadText, timePasses, underWay } from './lib/posting.js';
import { withWorkers } from './lib/worker.js';

const PARTS = 25;
const EVERY = Array.from({ length: PARTS }, (_, i) => i);
const SOME = [0, 1, 2, 11, 23, 24];
const NOT_VISIBLE = '{"title":"Forbidden","status":403,"type":"about:blank","detail":"You attempted to reply to a Tweet that is deleted or not visible to you."}';

beforeEach(calmQueue);
after(calm);

const publish = (me, text = threadText(PARTS), more = {}) => me.post({ text, on_long: 'thread', ...more });

// In one process of its own, which dies while X has part `at` before it.
async function killedAt(me, rule) {
	const own = await ownProcess();
	await fault({ ...CREATE, ...rule, count: 1 });
	await fault({ ...CREATE, fault: 'slow', ms: 0 });
	const headers = Object.entries(bearer(me.token));
	const lost = own.ask('POST', '/api/twitter/post', headers, JSON.stringify({ text: threadText(PARTS), on_long: 'thread' })).catch(() => undefined);
	await underWay();
	await own.stop('SIGKILL');
	assert.equal(await lost, undefined, 'nobody was told');
	const rules = await sandbox('GET', '/sandbox/faults');
	return { sent: rules.reduce((n, r) => n + r.hits, 0) };
}

const lost = (rule, live) => ({
	live,
	async happen(me, k) {
		const { value: res, sent } = await creates(() => publish(me), [{ ...rule, skip: k, count: 1 }]);
		assert.equal(res.status, 202, res.text);
		assert.equal(res.json.state, 'unknown');
		assert.equal(res.headers.location, `${POSTS}/${res.json.id}`);
		assert.deepEqual(res.json.parts.map((part) => part.state), EVERY.map((i) => (i < k ? 'sent' : i > k ? 'waiting' : 'unknown')));
		return sent;
	},
});

const killed = (rule, live) => ({
	live,
	happen: async (me, k) => (await killedAt(me, { ...rule, skip: k })).sent,
});

// How many creates X sees in all: one more where the part was not carried out.
const WAYS = {
	'an answer that is lost': lost({ fault: 'drop_after' }, true),
	'a 500 for what was done': lost({ fault: '500', work: true }, true),
	'a 503 for what was not': lost({ fault: '503' }, false),
	'a process that dies before X has done it': killed({ fault: 'hang' }, false),
	'a process that dies while X does it': killed({ fault: 'slow', held: true }, true),
	'a rate limit': {
		live: false,
		async happen(me, k) {
			const { value: res, sent } = await creates(() => publish(me), [{ fault: '429', reset_in: 2, skip: k, count: 1 }]);
			if (k === 0) {
				problem(res, 429, 'rate_limited');
			} else {
				assert.equal(res.status, 201, res.text);
				assert.equal(res.json.state, 'partial');
				assert.ok(Date.parse(res.json.next_try_at) > 0, res.text);
				assert.match(res.json.reason, new RegExp(`\\b${k} of ${PARTS}\\b`));
				assert.deepEqual(res.json.can.filter((what) => what === 'resume'), ['resume']);
			}
			return sent;
		},
	},
};

// Breaks a thread at each place: who, and how many creates X has seen.
async function breakAll(way, places) {
	const people = await crowd(places.length), seen = [];
	for (const [i, k] of places.entries()) {
		seen.push(await way.happen(people[i], k));
		await clearFaults();
		await until('X has done what it was asked', 20, async () => (await live(people[i].account)).length === k + (way.live ? 1 : 0));
	}
	await timePasses(people);
	return { people, seen };
}

async function assertWhole({ people, seen }, sent, way, places) {
	const all = sent + seen.reduce((a, b) => a + b, 0);
	assert.equal(all, people.length * (PARTS + (way.live ? 0 : 1)), 'creates that reached X');
	for (const [i, me] of people.entries()) {
		const there = await live(me.account);
		assert.equal(there.length, PARTS, `broken at ${places[i]}`);
		assertChain(await newest(me), there);
	}
}

for (const [name, way] of Object.entries(WAYS)) {
	test(`a thread that ${name} breaks at any part is resumed`, async () => {
		const places = LIGHT ? SOME : EVERY;
		const broken = await breakAll(way, places);
		const { sent } = await creates(() => inParallel(places.length, 8, async (i) => {
			const me = broken.people[i];
			const post = await newest(me);
			assert.notEqual(post.state, 'sent');
			const done = await resumeToEnd(me, post.id);
			assert.equal(done.id, post.id);
			assert.equal(done.reason, null);
		}));
		await assertWhole(broken, sent, way, places);
	});

	test(`a thread that ${name} breaks is completed by the worker`, async () => {
		// Where nothing is live, only its owner begins again.
		const places = SOME.filter((k) => way.live || k > 0);
		const broken = await breakAll(way, places);
		const { sent } = await creates(() => withWorkers(2, () => until('the end of all threads', 40, async () => {
			await hasten(broken.people);
			return (await states(broken.people)).join() === 'sent';
		})));
		await assertWhole(broken, sent, way, places);
	});
}

test('a reply that X refuses since its parent is so new is tried again', async () => {
	const places = LIGHT ? [1, 24] : [1, 2, 3, 7, 12, 19, 23, 24];
	const people = await crowd(places.length);
	for (const [i, k] of places.entries()) {
		const { value: res, sent } = await creates(() => publish(people[i]), [{ fault: '403', body: NOT_VISIBLE, skip: k, count: i === 0 ? 2 : 1 }]);
		await clearFaults();
		assert.equal(res.status, 201, res.text);
		assert.equal(sent, PARTS + (i === 0 ? 2 : 1));
		assertChain(res.json, await live(people[i].account));
	}
});

test('a reply that X never takes leaves what is live, and why', async () => {
	const me = new Visitor();
	await me.connect();
	const { value: res, sent } = await creates(() => publish(me, threadText(4)), [{ fault: '403', body: NOT_VISIBLE, skip: 2 }]);
	await clearFaults();
	assert.equal(res.status, 201, res.text);
	const p = res.json;
	assert.equal(p.state, 'partial');
	assert.deepEqual(p.parts.map((part) => part.state), ['sent', 'sent', 'failed', 'waiting']);
	assert.ok(sent > 3 && sent <= 6, `${sent} creates`);
	assert.match(p.reason, /2 of 4/);
	assert.match(p.parts[2].error.x.detail, /not visible to you/);
	assert.deepEqual(p.can, ['resume', 'delete']);
	assert.ok(p.next_try_at, 'while the part before it is young, it may only be too soon');
	assertChain(await resumeToEnd(me, p.id), await live(me.account));
});

test('the key of a broken thread gives the thread as it has become', async () => {
	const me = new Visitor();
	await me.connect();
	const body = { text: threadText(3), on_long: 'thread' }, key = { 'Idempotency-Key': 'k' };
	await fault({ ...CREATE, fault: 'drop_after', skip: 1, count: 1 });
	const first = await me.post(body, key);
	assert.equal(first.status, 202, first.text);
	assert.equal((await me.post(body, key)).status, 202);
	const { sent } = await creates(() => resumeToEnd(me, first.json.id));
	assert.equal(sent, 1);
	const again = await me.post(body, key);
	assert.equal(again.status, 200, again.text);
	assert.deepEqual([again.json.id, again.json.state], [first.json.id, 'sent']);
	assert.equal((await live(me.account)).length, 3);
});

test('many who resume one thread at once send each part once', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ ...CREATE, fault: '400', skip: 2, count: 1 });
	const p = (await publish(me, threadText(8))).json;
	assert.equal(p.state, 'partial');
	const { value, sent } = await creates(() => Promise.all(Array.from({ length: 12 }, () => resume(me, p.id))));
	assert.equal(sent, 6);
	for (const res of value)
		if (res.status !== 200) {
			problem(res, 409, 'post_busy');
			assert.ok(Number(res.headers['retry-after']) > 0);
		}
	assertChain(await look(me, p.id), await live(me.account));
});

test('on_partial delete leaves nothing of a thread that breaks', async () => {
	for (const k of [0, 1, 5]) {
		const me = new Visitor();
		await me.connect();
		await fault({ ...CREATE, fault: '400', skip: k });
		const res = await publish(me, threadText(6), { on_partial: 'delete' });
		await clearFaults();
		assert.ok(res.status === 422 || res.json.state === 'failed', res.text);
		const p = await newest(me);
		assert.equal(p.state, 'failed');
		assert.deepEqual(p.parts.map((part) => part.state), [0, 1, 2, 3, 4, 5].map((i) => (i < k ? 'deleted' : i > k ? 'waiting' : 'failed')));
		assert.deepEqual(await live(me.account), []);
		const ids = p.parts.slice(0, k).map((part) => part.post_id);
		const gone = await deletedAtX(ids);
		assert.equal(gone.length, k);
		assert.ok(inOrder([...gone].reverse()), 'newest first');
		if (k > 0)
			problem(await resume(me, p.id), 409, 'not_resumable');
	}
});

test('what on_partial could not delete at once, the worker deletes', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ ...CREATE, fault: '400', skip: 3 });
	await fault({ path: '/2/tweets/', method: 'DELETE', fault: '503' });
	await publish(me, threadText(5), { on_partial: 'delete' });
	const p = await newest(me);
	assert.equal((await live(me.account)).length, 3);
	await clearFaults();
	await timePasses([me]);
	await withWorkers(1, () => until('the end', 20, async () => (await look(me, p.id)).state === 'failed'));
	assert.deepEqual(await live(me.account), []);
	assert.deepEqual((await look(me, p.id)).parts.map((part) => part.state), ['deleted', 'deleted', 'deleted', 'failed', 'waiting']);
});

test('there is not always something to resume', async () => {
	const [me, other] = await crowd(2);
	const sent = (await me.post(words())).json;
	const later = (await me.post({ text: words(), publish_at: new Date(Date.now() + 3600e3).toISOString() })).json;
	for (const [post, status, state] of [[sent, 200, 'sent'], [later, 202, 'queued']]) {
		const { value: res, sent: creations } = await creates(() => resume(me, post.id));
		assert.deepEqual([res.status, res.json.state, creations], [status, state, 0], 'as it is');
	}
	assert.equal((await remove(me, later.id)).json.state, 'cancelled');
	problem(await resume(me, later.id), 409, 'not_resumable');
	assert.equal((await remove(me, sent.id)).json.state, 'deleted');
	problem(await resume(me, sent.id), 409, 'not_resumable');
	const whole = (await publish(me, threadText(2))).json;
	problem(await resume(other, whole.id), 404, 'post_unknown');
	problem(await resume(me, '1'), 404, 'post_unknown');
	problem(await resume(me, '00000000-0000-4000-8000-000000000000'), 404, 'post_unknown');
});

test('a thread that takes longer than its request goes on in the worker', async () => {
	const me = new Visitor();
	await me.connect();
	await settings({ latency_ms: 1500 });
	const watch = stopwatch();
	const res = await publish(me);
	assert.equal(res.status, 202, res.text);
	watch.promise(20000, 'the answer');
	assert.equal(res.json.state, 'queued');
	assert.match(res.headers.location, new RegExp(`/${res.json.id}$`));
	const sent = res.json.parts.filter((part) => part.state === 'sent').length;
	assert.ok(sent > 2 && sent < PARTS, `${sent} parts`);
	await settings({ latency_ms: 0 });
	await withWorkers(1, () => until('the rest', 20, async () => (await look(me, res.json.id)).state === 'sent'));
	const there = await live(me.account);
	assert.equal(there.length, PARTS);
	assertChain(await look(me, res.json.id), there);
});
