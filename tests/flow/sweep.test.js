// The sweep over all that is due, by token_refresh and by the worker: every
// refresh token is spent once, and X's trouble costs nobody their connection.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, env, fault, grown, inParallel, LIGHT, run, sandbox, settings, sleep, sql, stopwatch, tokensEnd, unbrake, until } from './lib/stack.js';
import { calmQueue } from './lib/posting.js';
import { Visitor, words } from './lib/visitor.js';
import { startWorker } from './lib/worker.js';

const THREADS = 8;		// of one sweep

before(calm);
beforeEach(async () => {
	await calm();
	// What other tests left behind is not due.
	await tokensEnd(86400, "platform = 'twitter' AND status = 'connected'");
});
const started = new Set();
after(async () => {
	for (const child of started)
		child.kill('SIGKILL');
	await calm();
});

async function crowd(n, left = 120) {
	const people = Array.from({ length: n }, () => new Visitor());
	await inParallel(n, 16, (i) => people[i].connect());
	await runOut(people, left);
	return people;
}

const users = (people) => `ANY ('{${people.map((one) => one.user)}}'::uuid[])`;
const runOut = (people, left) => tokensEnd(left, `user_id = ${users(people)}`);
const tally = async (people) => Object.fromEntries(await sql(`SELECT status, count(*) FROM platform_connections WHERE user_id = ${users(people)} GROUP BY 1`));
const versions = (people) => sql(`SELECT token_version, count(*) FROM x_grants g JOIN platform_connections c ON c.user_id = g.user_id AND c.id = g.connection_id WHERE g.user_id = ${users(people)} GROUP BY 1 ORDER BY 1`);
const unpause = (people) => sql(`UPDATE x_grants g SET retry_at = NULL, lease_until = NULL FROM platform_connections c WHERE c.user_id = g.user_id AND c.id = g.connection_id AND g.user_id = ${users(people)}`);

async function refresh(...args) {
	const done = await run(join(BUILD, 'token_refresh'), args);
	return { ...done, sum: done.stdout ? JSON.parse(done.stdout) : undefined, code: done.stderr.match(/"code":"(\w+)"/)?.[1] };
}

function start(program, ...args) {
	const child = spawn(join(BUILD, program), args, { env });
	started.add(child);
	const out = [], err = [];
	child.stdout.on('data', (piece) => out.push(piece));
	child.stderr.on('data', (piece) => err.push(piece));
	const ended = new Promise((done) => child.on('close', (status) => done({
		status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(),
	})));
	return { child, ended };
}

test('four sweeps at once spend every refresh token once', async () => {
	const N = LIGHT ? 40 : 200;
	const people = await crowd(N);
	assert.equal((await refresh('--dry-run')).sum.due, N);
	// X waits until it is asked by more than one of them.
	await fault({ path: '/2/oauth2/token', fault: 'slow', held: true });
	const { value: all, by } = await grown(async () => {
		const sweeps = Array.from({ length: 4 }, () => refresh());
		await until('two are at it', 30, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > THREADS);
		await clearFaults();
		return Promise.all(sweeps);
	});
	assert.equal(by('refreshes_granted'), N);
	assert.equal(by('refreshes_refused'), 0);
	for (const one of all)
		assert.equal(one.status, 0, one.stderr);
	assert.equal(all.reduce((n, one) => n + one.sum.refreshed, 0), N);
	assert.ok(all.filter((one) => one.sum.refreshed > 0).length > 1, 'they share the work');
	assert.deepEqual(await versions(people), [['2', String(N)]]);
	assert.equal((await refresh('--dry-run')).sum.due, 0);
});

test('a sweep that looks far ahead renews nothing twice', async () => {
	const people = await crowd(10);
	const { value: swept, by } = await grown(() => refresh('--within=7200'));
	assert.equal(swept.status, 0, swept.stderr);
	assert.equal(by('refreshes_granted'), 10);
	assert.deepEqual(await versions(people), [['2', '10']]);
});

test('a sweep that is told to stop drops nothing', async () => {
	const N = LIGHT ? 40 : 60;
	const people = await crowd(N);
	// A few are renewed, and X takes its time with the next.
	await fault({ path: '/2/oauth2/token', fault: 'slow', held: true, skip: 5 });
	const { by } = await grown(async () => {
		const { child, ended } = start('token_refresh');
		await until('some are renewed', 10, async () => (await versions(people)).length > 1);
		child.kill('SIGTERM');
		await sleep(500);
		await clearFaults();
		const first = await ended;
		assert.equal(first.status, 75, first.stderr);
		const sum = JSON.parse(first.stdout);
		assert.equal(sum.stopped, true);
		assert.ok(sum.refreshed > 0 && sum.refreshed < N, first.stdout);
		assert.equal(sum.refreshed, sum.due);
		assert.deepEqual(await sql(`SELECT count(*) FROM x_grants g JOIN platform_connections c ON c.user_id = g.user_id AND c.id = g.connection_id WHERE lease_owner IS NOT NULL AND g.user_id = ${users(people)}`), [['0']]);
		const second = await refresh();
		assert.equal(second.status, 0, second.stderr);
		assert.equal(second.sum.refreshed, N - sum.refreshed);
	});
	assert.equal(by('refreshes_granted'), N);
	assert.equal(by('refreshes_refused'), 0);
	const posts = await Promise.all(people.slice(0, 10).map((one) => one.post(words())));
	assert.deepEqual(posts.map((res) => res.status), posts.map(() => 201));
});

test('an X that refuses everybody ends no connection', async () => {
	const people = await crowd(12, -10);
	await fault({ path: '/2/oauth2/token', fault: '400' });
	const swept = await refresh();
	assert.equal(swept.status, 75, swept.stderr);
	assert.equal(swept.sum.outage, true);
	assert.equal(swept.sum.needs_reauth, 0);
	assert.match(swept.stderr, / error \S+ sweep\.outage /);
	assert.deepEqual(await tally(people), { connected: '12' });
	assert.equal((await refresh('--dry-run')).sum.due, 0, 'each has its pause');
	await clearFaults();
	await unpause(people);
	const again = await refresh();
	assert.equal(again.status, 0, again.stderr);
	assert.equal(again.sum.refreshed, 12);
});

test('one refusal among many ends that connection', async () => {
	const people = await crowd(8, -10);
	await fault({ path: '/2/oauth2/token', fault: '400', count: 1 });
	const swept = await refresh();
	assert.equal(swept.status, 0, swept.stderr);
	assert.deepEqual([swept.sum.refreshed, swept.sum.needs_reauth, swept.sum.outage], [7, 1, false]);
	assert.deepEqual(await tally(people), { connected: '7', needs_reauth: '1' });
});

test('a connection that X will not renew is told, and works to its end', async () => {
	const [me] = await crowd(1);
	await fault({ path: '/2/oauth2/token', fault: '400' });
	const swept = await refresh();
	assert.equal(swept.status, 0, swept.stderr);
	assert.equal(swept.sum.ending, 1);
	const [c] = await me.connections();
	assert.equal(c.status, 'connected');
	assert.match(c.status_reason, /works until \d\d:\d\d UTC/);
	assert.equal((await me.post(words())).status, 201);
	assert.equal((await refresh('--dry-run')).sum.due, 0);
	await runOut([me], -10);
	await unpause([me]);
	assert.equal((await refresh()).sum.needs_reauth, 1);
	assert.equal((await me.connections())[0].status, 'needs_reauth');
});

test("the operator's mistake and an empty purse touch nothing", async () => {
	const people = await crowd(12, -10);
	for (const [kind, status, code] of [['401', 1, 'x_operator'], ['402', 75, 'x_credits']]) {
		await fault({ path: '/2/oauth2/token', fault: kind });
		const { value: swept, by } = await grown(refresh);
		assert.equal(swept.status, status, swept.stderr);
		assert.equal(swept.code, code);
		assert.ok(swept.sum.due <= 8, 'it stops at once');
		assert.match(swept.stderr, / error \S+ sweep\.halted /);
		assert.equal(by('refreshes_granted'), 0);
		assert.deepEqual(await tally(people), { connected: '12' });
		assert.equal((await refresh('--dry-run')).sum.due, 12, 'nor has anybody to wait');
		await clearFaults();
	}
	assert.equal((await refresh()).sum.refreshed, 12);
});

test('an X in trouble is left alone, and asked again later', async () => {
	const people = await crowd(30);
	await fault({ path: '/2/oauth2/token', fault: '503' });
	const swept = await refresh();
	assert.equal(swept.status, 75, swept.stderr);
	// Three were lost; those that had set out by then as well.
	assert.ok(swept.sum.due >= 3 && swept.sum.due < 30, swept.stdout);
	assert.equal(swept.sum.outage, true);
	assert.deepEqual(await tally(people), { connected: '30' });
	await clearFaults();
	await unpause(people);
	await unbrake();
	assert.equal((await refresh()).sum.refreshed, 30);
});

test('what no key opens is counted, and holds up nobody', async () => {
	const people = await crowd(4);
	await sql(`UPDATE platform_connections SET refresh_token = access_token WHERE user_id = '${people[0].user}'`);
	const swept = await refresh();
	assert.equal(swept.status, 1, swept.stderr);
	assert.deepEqual([swept.sum.refreshed, swept.sum.unreadable], [3, 1]);
	assert.equal((await refresh()).status, 0, 'it has its pause');
});

test('the worker renews what is due, forgets what is old, and ends when told', async () => {
	const people = await crowd(10);
	await sql(`DELETE FROM x_events WHERE code = 'young';
		INSERT INTO x_events (user_id, code, created_at) VALUES (gen_random_uuid(), 'old', now() - interval '91 days'), (gen_random_uuid(), 'young', now() - interval '89 days');
		INSERT INTO x_logins (state_hash, claim, user_id, created_at) VALUES ('sweep-test', gen_random_uuid(), gen_random_uuid(), now() - interval '2 hours')`);
	assert.equal((await people[0].post(words(), { 'Idempotency-Key': 'sweep' })).status, 201);
	await sql(`UPDATE x_posts SET created_at = now() - interval '25 hours', updated_at = now() - interval '25 hours' WHERE user_id = '${people[0].user}'`);
	await calmQueue();
	const { by } = await grown(async () => {
		const two = await Promise.all([startWorker(), startWorker()]);
		await until('all are renewed', 15, async () => (await versions(people)).every(([v]) => v === '2'));
		await until('the old is gone', 15, async () => (await sql("SELECT 1 FROM x_events WHERE code = 'old' UNION ALL SELECT 1 FROM x_logins WHERE state_hash = 'sweep-test' UNION ALL SELECT 1 FROM x_posts WHERE idempotency_key = 'sweep'")).length === 0);
		two[0].kill('SIGHUP');
		await sleep(200);
		assert.ok(!two[0].isGone(), 'HUP means nothing');
		for (const [one, signal] of [[two[0], 'SIGTERM'], [two[1], 'SIGUSR1']]) {
			const watch = stopwatch();
			await one.stop(signal);
			watch.promise(5000, 'an end with nothing under way');
			assert.doesNotMatch(one.said(), / error /);
		}
	});
	assert.equal(by('refreshes_granted'), 10);
	assert.equal(by('refreshes_refused'), 0);
	assert.deepEqual(await sql("SELECT code FROM x_events WHERE code = 'young'"), [['young']]);
});

test('a worker that is told to end finishes the call that is under way', async () => {
	const people = await crowd(4);
	await settings({ latency_ms: 3000 });
	const worker = await startWorker();
	await until('it has begun', 10, async () => (await sql(`SELECT 1 FROM x_grants g JOIN platform_connections c ON c.user_id = g.user_id AND c.id = g.connection_id WHERE lease_owner IS NOT NULL AND g.user_id = ${users(people)}`)).length > 0);
	await worker.stop();
	await settings({ latency_ms: 0 });
	const { value, by } = await grown(refresh);
	assert.equal(value.status, 0, value.stderr);
	assert.equal(by('refreshes_refused'), 0);
	assert.deepEqual(await versions(people), [['2', '4']]);
});

test('the worker says what is wrong with its configuration', async () => {
	const environment = { ...env, DATABASE_URL: '' };
	const done = await run(join(BUILD, 'nexus-x-worker'), ['--check-config'], { environment });
	assert.equal(done.status, 78);
	assert.match(done.stderr, /DATABASE_URL/);
	assert.equal((await run(join(BUILD, 'nexus-x-worker'), ['--check-config'])).status, 0);
	assert.match((await run(join(BUILD, 'nexus-x-worker'), ['--version'])).stdout, /^nexus-x-worker \d/);
	assert.match((await run(join(BUILD, 'nexus-x-worker'), ['--help'])).stdout, /--check-config/);
	assert.equal((await run(join(BUILD, 'nexus-x-worker'), ['--nonsense'])).status, 64);
});
