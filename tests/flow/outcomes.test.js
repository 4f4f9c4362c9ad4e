// A thousand posts while X fails in every way it knows and processes die: in
// the end X and our table hold the same, once.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { calm, clearFaults, counts, fault, inParallel, LIGHT, sandbox, sleep, sql, until } from './lib/stack.js';
import { words } from './lib/visitor.js';
import { allUp, children } from './lib/fcgi.js';
import { calmQueue, CREATE, crowd, hex, live, threadText, PARTS } from './lib/posting.js';
import { startWorker } from './lib/worker.js';

const N = LIGHT ? 100 : 1000, DEATHS = LIGHT ? 1 : 4;
const SETTLED = 170;		// seconds: a lease, the quiet time, and what is tried again
const SHAPES = [
	() => ({ text: words() }),
	() => ({ text: words() }),
	() => ({ text: `${words()} https://example.com/${hex()}?a=1&b=2 & <more>` }),
	() => ({ text: `${words()} \u{1F468}\u200d\u{1F469}\u200d\u{1F467} cafe\u0301 see example.org/${hex()}.` }),
	() => ({ text: `https://example.com/${hex(8)}` }),
	() => ({ text: words(), queue: true }),
	() => ({ text: threadText(3), on_long: 'thread' }),
	() => ({ text: threadText(2), on_long: 'thread', on_partial: 'delete' }),
	() => ({ text: words(), publish_at: new Date(Date.now() + 3000).toISOString() }),
	() => ({ text: `${words()}   \n\n${'\u4e2d\u6587'.repeat(20)}` }),
];

before(async () => {
	await calmQueue();
	await allUp();
});
after(async () => {
	await calm();
	await allUp();
});

const any = (list) => list[Math.floor(Math.random() * list.length)];

// Processes die under it, one after the other, until it is told to stop.
async function dying(flag) {
	let worker = await startWorker();
	while (!flag.stop) {
		await sleep(500);
		const [all, old] = [await children(), worker];
		if (all.length > 1) {
			process.kill(any(all), 'SIGKILL');
			flag.deaths++;
		}
		if (flag.deaths % 3 === 0) {
			old.kill();
			await old.gone;
			worker = await startWorker();
		}
	}
	worker.kill();
	await worker.gone;
}

test(`${N} posts while X fails and processes die: each is there once, or not at all`, async (t) => {
	const people = await crowd(20);
	const mine = `ANY ('{${people.map((me) => me.user)}}'::uuid[])`;
	const flag = { stop: false, deaths: 0 };
	const answers = [], lost = [];
	await fault({ ...CREATE, fault: 'any', rate: 0.2 });
	await fault({ path: '/2/users/', method: 'GET', fault: '503', rate: 0.1 });
	await fault({ path: '/2/tweets/', method: 'DELETE', fault: '503', rate: 0.1 });
	const before = await counts();
	const dead = dying(flag);
	let next = 0;
	const one = async (i) => {
		const me = people[i % people.length], body = SHAPES[(i + Math.floor(i / 20)) % SHAPES.length]();
		const res = await me.post(body, { 'Idempotency-Key': `k${i}` });
		(res.status < 400 ? answers : lost).push({ me, body, key: `k${i}`, ...res });
	};
	// However fast it goes: until enough have died.
	await inParallel(32, 32, async () => {
		while (next < N || flag.deaths < DEATHS)
			await one(next++);
	});
	flag.stop = true;
	await dead;
	const [{ hits }] = await sandbox('GET', '/sandbox/faults');
	await clearFaults();
	await allUp();
	t.diagnostic(`${hits} creates failed, ${next} posts, ${flag.deaths} processes were killed, ${lost.length} callers got an error`);
	assert.ok(hits > N / 8, `${hits}`);
	for (const res of lost)
		assert.ok(['unavailable', 'rate_limited', 'busy', 'timeout', 'database_unavailable'].includes(res.json?.code), `${res.status} ${res.text}`);

	// Who got no answer asks again with the same key.
	await inParallel(lost.length, 8, async (i) => {
		const { me, body, key, json } = lost[i];
		if (json.code !== 'unavailable' || body.publish_at)
			return;
		const res = await me.post(body, { 'Idempotency-Key': key });
		assert.ok([200, 201, 202, 409].includes(res.status), res.text);
		assert.ok(res.status !== 409 || ['idempotency_key_busy', 'duplicate_text'].includes(res.json.code), res.text);
	});

	const workers = await Promise.all([startWorker(), startWorker()]);
	const open = () => sql(`SELECT state, count(*) FROM x_posts WHERE user_id = ${mine}
		AND (state IN ('sending', 'unknown', 'queued') OR next_try_at IS NOT NULL) GROUP BY 1`);
	await until('everything is settled', SETTLED, async () => (await open()).length === 0);
	for (const one of workers)
		await one.stop();

	const there = (await Promise.all(people.map((me) => live(me.account)))).flat();
	const rows = await sql(`SELECT q.x_post_id, q.position, p.id, p.state FROM ${PARTS} q JOIN x_posts p ON p.user_id = q.user_id AND p.id = q.post_id
		WHERE p.user_id = ${mine} AND q.state = 'sent' ORDER BY p.id, q.position`);
	assert.deepEqual(there.map((p) => p.id).sort(), rows.map(([id]) => id).sort(), "X's live posts are our sent ones");
	assert.equal(new Set(there.map((p) => p.text)).size, there.length, 'nothing is there twice');
	assert.ok(there.length > N / 2);
	const by = new Map(there.map((p) => [p.id, p]));
	rows.forEach(([id, position, post], i) => {
		assert.equal(by.get(id).reply_to, Number(position) === 0 ? null : rows[i - 1][0]);
		assert.ok(Number(position) === 0 || rows[i - 1][2] === post);
	});
	assert.deepEqual((await sql(`SELECT DISTINCT state FROM x_posts WHERE user_id = ${mine} AND state NOT IN ('sent', 'failed')`)).flat(), []);
	for (const res of answers.filter((one) => one.json.state === 'sent'))
		assert.ok(by.has(res.json.post_id), res.text);
	assert.deepEqual(await sql(`SELECT code, count(*) FROM x_events WHERE user_id = ${mine} AND code = 'duplicate_text' GROUP BY 1`), [], 'X was never sent what it had');
	const [[given, early]] = await sql(`SELECT count(*), count(*) FILTER (WHERE updated_at < left_at + interval '90 seconds')
		FROM x_parts WHERE user_id = ${mine} AND state = 'failed' AND error ->> 'code' = 'not_sent'`);
	assert.ok(Number(given) > 0 && early === '0', `${given} were called not sent, ${early} of them too early`);
	t.diagnostic(`${there.length} are live, ${given} were called not sent`);
	const after = await counts();
	assert.equal(after.posts_created - after.posts_deleted - before.posts_created + before.posts_deleted, there.length);
});
