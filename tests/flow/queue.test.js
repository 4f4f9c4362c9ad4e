// Posts that wait: for their time, or for X's limit to open again.
import { test, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { calm, clearFaults, counts, fault, inParallel, LIGHT, problem, sandbox, settings, sleep, sql, stopwatch, until } from './lib/stack.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { calmQueue, CREATE, creates, crowd, inOrder, live, look, POSTS, remove, states, threadText, timeOf, timePasses, assertChain, dueNow, PARTS, timeHasCome } from './lib/posting.js';
import { startWorker, withWorkers } from './lib/worker.js';
import { ownProcess } from './lib/fcgi.js';
import { severed } from './lib/sever.js';

const LATE = 2000 + (LIGHT ? 2000 : 1000);		// milliseconds after its time; the worker's word is 2 s, X and the rest have one more
const inSeconds = (s) => new Date((Math.ceil(Date.now() / 1000) + s) * 1000);
const at = (when) => when.toISOString();

beforeEach(calmQueue);
after(calm);

async function schedule(me, publish_at, more = {}) {
	const res = await me.post({ text: words(), publish_at, ...more });
	assert.equal(res.status, 202, res.text);
	assert.equal(res.json.state, 'queued');
	return res.json;
}

// One whose time has come, and that nobody has taken yet.
async function due(me, more) {
	const p = await schedule(me, at(inSeconds(3600)), more);
	await timeHasCome(p.id);
	return p;
}

const sent = (me, id, seconds = 20) => until(`post ${id} is sent`, seconds, async () => {
	const p = await look(me, id);
	return p.state === 'sent' && p;
});

test('a post is sent at its time, not before and not much later', async () => {
	const me = new Visitor();
	await me.connect();
	await withWorkers(1, async () => {
		const watch = stopwatch();
		const when = inSeconds(4);
		const p = await schedule(me, at(when));
		assert.equal(Date.parse(p.publish_at), when.getTime());
		assert.equal(p.post_id, null);
		assert.deepEqual(p.can, ['cancel']);
		assert.match(p.reason, /sent at/);
		assert.deepEqual(p.parts.map((part) => part.state), ['waiting']);
		assert.deepEqual(await live(me.account), []);
		const done = await sent(me, p.id);
		const late = timeOf(done.post_id) - when.getTime();
		assert.ok(late >= 0, 'it came early');
		watch.promise(LATE, 'a post after its time', late);
		assert.deepEqual((await live(me.account)).map((x) => [x.id, x.text]), [[done.post_id, p.parts[0].text]]);
	});
});

test('posts of one account go out in the order of their times', async () => {
	const me = new Visitor();
	await me.connect();
	const times = [at(inSeconds(3600)), at(inSeconds(3601))];
	const posts = [[], []];
	for (let i = 0; i < 13; i++)
		posts[i % 2].push(await schedule(me, times[i % 2], i === 4 ? { text: threadText(3), on_long: 'thread' } : {}));
	const wanted = posts.flat();
	await timeHasCome(...wanted.map((p) => p.id));
	const { value: done, sent: creations } = await creates(() => withWorkers(3, () => Promise.all(wanted.map((p) => sent(me, p.id)))));
	assert.equal(creations, 15);
	assert.ok(inOrder(done.flatMap((p) => p.parts.map((part) => part.post_id))));
	assert.equal((await live(me.account)).length, 15);
});

// A crew rests for 3/4 s or more when one of it has found nothing.
test('who has sent one of a line goes on with the next', async () => {
	const REST = 750, SLOW = 200, me = new Visitor();
	await me.connect();
	const posts = [];
	for (let i = 0; i < 10; i++)
		posts.push(await schedule(me, at(inSeconds(3600 + i))));
	await timeHasCome(...posts.map((p) => p.id));
	await fault({ ...CREATE, fault: 'slow', ms: SLOW });
	const done = await withWorkers(1, () => Promise.all(posts.map((p) => sent(me, p.id))));
	const times = done.map((p) => timeOf(p.post_id)).sort((a, b) => a - b);
	const rests = times.slice(1).filter((t, i) => t - times[i] >= SLOW + REST);
	assert.ok(rests.length <= 2, `${rests.length} rests: ${times.map((t) => t - times[0])}`);
});

test('many accounts at one moment are served within their time', async () => {
	const N = LIGHT ? 20 : 60;
	const people = await crowd(20);
	// As far ahead as this machine needs to schedule that many.
	const trial = stopwatch();
	await inParallel(8, 8, (i) => schedule(people[i], at(inSeconds(3600))));
	const watch = stopwatch(), when = inSeconds(4 + Math.ceil(trial.ms() * N / 8 * 3 / 1000));
	const posts = [];
	await inParallel(N, 8, async (i) => { posts[i] = await schedule(people[i % 20], at(when)); });
	assert.ok(Date.now() < when.getTime(), 'they are all there in time');
	const { sent: creations } = await creates(() => withWorkers(2, () => inParallel(N, 8, async (i) => {
		const p = await sent(people[i % 20], posts[i].id, 60);
		const late = timeOf(p.post_id) - when.getTime();
		assert.ok(late >= 0, 'it came early');
		watch.promise(LATE, 'a post after its time', late);
	})));
	assert.equal(creations, N);
});

test('workers that are killed send nothing twice and leave nothing out', async () => {
	const N = LIGHT ? 12 : 40;
	const people = await crowd(8);
	for (let i = 0; i < N; i++)
		await due(people[i % 8]);
	await settings({ latency_ms: 100 });
	const { posts_created: before } = await counts();
	const { sent: creations } = await creates(async () => {
		for (let round = 0; round < 3; round++) {
			const two = await Promise.all([startWorker(), startWorker()]);
			await sleep(700);
			for (const one of two)
				one.kill();
			await Promise.all(two.map((one) => one.gone));
		}
		await until('X has done what it was asked', 20, async () =>
			(await counts()).posts_created - before === (await sandbox('GET', '/sandbox/faults')).reduce((n, rule) => n + rule.hits, 0));
		await timePasses(people);
		await withWorkers(2, () => until('all is settled', 40, async () => {
			const now = await states(people);
			return now.every((state) => state === 'sent' || state === 'failed');
		}));
	});
	const rows = await sql(`SELECT p.state, q.x_post_id, q.text, q.attempts FROM x_posts p JOIN ${PARTS} q ON q.post_id = p.id
		WHERE p.user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[])`);
	assert.equal(rows.length, N);
	const there = (await Promise.all(people.map((me) => live(me.account)))).flat();
	assert.deepEqual(there.map((p) => p.id).sort(), rows.filter(([state]) => state === 'sent').map(([, id]) => id).sort());
	assert.equal(new Set(there.map((p) => p.text)).size, there.length);
	assert.ok(rows.filter(([state]) => state === 'failed').length <= 6, 'only what was under way at a kill');
	// A worker may die between the note that it tries and X.
	const attempts = rows.reduce((n, [, , , tries]) => n + Number(tries), 0);
	assert.ok(creations <= attempts && attempts <= creations + 6, `${creations} creates, ${attempts} attempts`);
	assert.ok(creations <= N + 6);
});

test('a queued post is cancelled, and never sent', async () => {
	const me = new Visitor();
	await me.connect();
	const [p, q] = [await due(me), await due(me)];
	const res = await remove(me, p.id);
	assert.equal(res.status, 200, res.text);
	assert.equal(res.json.state, 'cancelled');
	assert.deepEqual(res.json.can, []);
	assert.equal((await remove(me, p.id)).json.state, 'cancelled', 'once more changes nothing');
	const { sent: creations } = await creates(() => withWorkers(1, () => sent(me, q.id)));
	assert.equal(creations, 1);
	assert.equal((await look(me, p.id)).state, 'cancelled');
});

test('a post that meets the limit waits for it when it is told to', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ ...CREATE, fault: '429', reset_in: 4, count: 1 });
	const begun = Date.now();
	const res = await me.post({ text: words(), queue: true });
	assert.equal(res.status, 202, res.text);
	const p = res.json;
	assert.equal(p.state, 'queued');
	assert.match(p.reason, /limit/);
	const next = Date.parse(p.next_try_at);
	assert.ok(next > begun + 2500 && next < Date.now() + 9000, `the next try is in ${next - begun} ms`);
	assert.ok(Number(res.headers['retry-after']) > 0);
	assert.deepEqual(await live(me.account), []);
	// What is due later does not overtake it.
	const behind = await due(me);
	const done = await withWorkers(1, async () => [await sent(me, p.id), await sent(me, behind.id)]);
	assert.ok(inOrder(done.map((one) => one.post_id)));
	assert.ok(timeOf(done[0].post_id) >= begun + 3000, 'not before the reset');
	assert.equal((await live(me.account)).length, 2);
});

test("X's own window: three go out, the others when it opens", async (t) => {
	const [me, other] = await crowd(2);
	const trial = stopwatch();
	if ((await other.post(words())).json.limits.app_24h.remaining < 20) {
		t.skip("this sandbox has used up the app's day");
		return;
	}
	await settings({ enforce_limits: true, create_limit: 3, window_s: 5 + Math.ceil(trial.ms() * 5 * 3 / 1000) });
	const answers = [];
	for (let i = 0; i < 5; i++)
		answers.push(await me.post({ text: words(), queue: true }));
	assert.deepEqual(answers.map((res) => res.status), [201, 201, 201, 202, 202]);
	await withWorkers(2, () => Promise.all(answers.slice(3).map((res) => sent(me, res.json.id, 20))));
	const ids = [];
	for (const res of answers)
		ids.push((await look(me, res.json.id)).post_id);
	assert.ok(inOrder(ids));
	assert.equal((await live(me.account)).length, 5);
});

test('without queue a post that meets the limit fails at once', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ ...CREATE, fault: '429', reset_in: 60, count: 1 });
	const res = await me.post(words());
	problem(res, 429, 'rate_limited');
	assert.equal((await look(me, res.json.id)).state, 'failed', 'the answer names the post that it became');
	const left = Number(res.headers['retry-after']);
	assert.ok(left > 50 && left <= 65, `${left}`);
});

test('a post in the queue waits out what passes, and says what does not', async () => {
	const [patient, refused] = await crowd(2);
	const [p, q] = [await due(patient), await due(refused)];
	await fault({ path: '/2/tweets', method: 'POST', fault: '402', count: 1 });
	await withWorkers(1, async () => {
		const waits = await until('one of them waits', 15, async () =>
			[await look(patient, p.id), await look(refused, q.id)].find((one) => one.state === 'queued' && one.error));
		assert.match(waits.reason, /next try/);
		assert.equal(waits.error.code, 'x_credits');
		await clearFaults();
		await dueNow(waits.id);
		await until('both are sent', 15, async () => (await states([patient, refused])).join() === 'sent');
	});
	const r = await due(refused);
	await fault({ ...CREATE, fault: '400' });
	await withWorkers(1, () => until('it failed', 15, async () => (await look(refused, r.id)).state === 'failed'));
	const told = await look(refused, r.id);
	assert.deepEqual([told.error.code, told.next_try_at, told.can], ['x_refused', null, ['resume']]);
});

test('a queued thread is sent whole', async () => {
	const me = new Visitor();
	await me.connect();
	const p = await due(me, { text: threadText(6), on_long: 'thread' });
	await fault({ ...CREATE, fault: 'drop_after', skip: 2, count: 1 });
	const { sent: creations } = await creates(() => withWorkers(2, () => sent(me, p.id, 30)));
	assert.equal(creations, 6);
	assertChain(await look(me, p.id), await live(me.account));
});

test('an account that has gone keeps its posts from going out, and says so', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const p = await due(me);
	const bye = await me.json('/api/auth/twitter/disconnect', { connection_id: connection.id });
	assert.equal(bye.status, 200, bye.text);
	const { sent: creations } = await creates(() => withWorkers(1, () => until('it failed', 15, async () => (await look(me, p.id)).state === 'failed')));
	assert.equal(creations, 0);
	const told = await look(me, p.id);
	assert.equal(told.error.code, 'needs_reauth');
	assert.match(told.reason, /connected/);
});

test('times that are none are refused in plain words', async () => {
	const me = new Visitor();
	await me.connect();
	for (const publish_at of ['', 'tomorrow', 5, true, [], {}, '2026-02-30T00:00:00Z', '2026-12-01 10:00:00', '2026-12-01T10:00:00', '2026-12-01', '2026-13-01T00:00:00Z',
		'2026-12-01T25:00:00Z', '10:00', '1764583200', '2020-01-01T00:00:00Z', at(inSeconds(-120)), at(inSeconds(400 * 86400)), '9999-12-31T23:59:59Z']) {
		const res = await me.post({ text: words(), publish_at });
		problem(res, 422, 'invalid');
		assert.match(res.json.detail, /^publish_at /, String(publish_at));
	}
	assert.match(problem(await me.post({ text: words(), queue: 'yes' }), 422, 'invalid').detail, /queue/);
	assert.deepEqual(await live(me.account), []);
	const justNow = await me.post({ text: words(), publish_at: at(inSeconds(-20)) });
	assert.deepEqual([justNow.status, justNow.json.state], [201, 'sent'], 'a clock that is a little behind');
	const zoned = new Date(inSeconds(7200).getTime() + 3600e3).toISOString().replace('.000Z', '+01:00');
	const p = await schedule(me, zoned);
	assert.equal(Date.parse(p.publish_at), Date.parse(zoned));
	await remove(me, p.id);
});

test('a key gives a queued post back, and both are told where it is', async () => {
	const me = new Visitor();
	await me.connect();
	const body = { text: words(), publish_at: at(inSeconds(3600)) }, key = { 'Idempotency-Key': 'later' };
	const [first, again] = [await me.post(body, key), await me.post(body, key)];
	assert.deepEqual([first.status, again.status], [202, 202]);
	assert.equal(again.json.id, first.json.id);
	assert.equal(again.headers.location, `${POSTS}/${first.json.id}`);
	assert.equal(again.json.status_url, first.headers.location);
	await remove(me, first.json.id);
});

test('what was refused because its storing was not answered is not sent later', async () => {
	const me = new Visitor();
	await me.connect();
	const way = await severed((text) => text.includes('INSERT INTO x_posts') || text.includes('Hello X'));
	const own = await ownProcess({ DATABASE_URL: way.url });
	const ask = (body, headers = {}) => own.ask('POST', '/api/twitter/post', Object.entries({ ...bearer(me.token), ...headers }), JSON.stringify(body));
	const [lost, body] = [0, 1].map(() => ({ text: words(), publish_at: at(inSeconds(3600)) })), key = { 'Idempotency-Key': 'severed' };
	try {
		for (const [one, headers] of [[lost, {}], [body, key]]) {
			way.arm();
			await until('it is stored, and nobody is told', 20, async () => {
				const res = await ask(one, headers);
				assert.equal(res.status, 503, res.text);
				return way.cut;
			});
			way.mend();
		}
		const stored = await sql(`SELECT id FROM x_posts WHERE user_id = '${me.user}'`);
		assert.equal(stored.length, 2, 'nobody could take it back');
		// Asked for once more, with its key, it is the one that is there.
		const again = await until('the database is back', 20, async () => {
			const res = await ask(body, key);
			return res.status !== 503 && res;
		});
		assert.deepEqual([again.status, again.json.state], [202, 'queued'], again.text);
		const time = "now() - interval '1 second'";
		await sql(`UPDATE x_posts SET publish_at = ${time}, next_try_at = ${time}, lease_until = CASE WHEN lease_until IS NOT NULL THEN (SELECT ${time}) END WHERE user_id = '${me.user}';
			UPDATE x_lines SET next_at = now() WHERE user_id = '${me.user}'`);
		const { sent: creations } = await creates(() => withWorkers(1, async () => {
			await sent(me, again.json.id);
			await until('the other has ended', 20, async () =>
				(await sql(`SELECT 1 FROM x_posts WHERE user_id = '${me.user}' AND (next_try_at IS NOT NULL OR lease_until IS NOT NULL)`)).length === 0);
		}));
		assert.equal(creations, 1);
		assert.deepEqual((await live(me.account)).map((p) => p.text), [body.text]);
		const other = await look(me, stored.flat().find((id) => id !== again.json.id));
		assert.deepEqual([other.state, other.error.code], ['failed', 'not_sent']);
		assert.match(other.reason, /^Nothing of it is on X\. /);
	} finally {
		await own.stop();
		way.stop();
	}
});
