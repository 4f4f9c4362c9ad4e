// Processes that are stopped, or told to end, while X answers a refresh.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, env, fault, grown, isAlive, LIGHT, processIdentity, ROOT, run, sandbox, secret, sleep, sql, stopwatch, unbrake, until } from './lib/stack.js';
import { allUp, children, ownProcess } from './lib/fcgi.js';
import { calmQueue } from './lib/posting.js';
import { atX, crowd, hide, hits, renewed, startRefresh, TOKEN, version, works } from './lib/renewing.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { startWorker } from './lib/worker.js';

const ME = '/2/users/me';
before(calm);
beforeEach(calmQueue);
after(async () => {
	await calm();
	await allUp();
});

for (const seconds of LIGHT ? [12] : [5, 12, 25]) {
	test(`a process that is stopped for ${seconds} s in mid refresh reads what has come`, async () => {
		const [poster, swept, found] = await crowd(3);
		// Sweeps leave the first alone; all others are not due.
		await sql(`UPDATE platform_connections SET token_expires_at = now() + interval '1 day' WHERE platform = 'twitter' AND status = 'connected' AND user_id NOT IN ('${poster.user}', '${swept.user}', '${found.user}')`);
		await hide(poster);
		const { by } = await grown(async () => {
			await fault({ path: TOKEN, fault: 'late', ms: 6000, count: 3 });
			const posting = poster.post(words()).catch((e) => e);
			await atX(1);
			const sweep = startRefresh(swept);
			await atX(2);
			const worker = await startWorker();
			await atX(3);
			const all = [...await children(), sweep.pid, worker.pid];
			for (const pid of all)
				process.kill(pid, 'SIGSTOP');
			await sleep(seconds * 1000);
			for (const pid of all)
				process.kill(pid, 'SIGCONT');
			const res = await posting;
			assert.ok([201, 503, 504].includes(res.status), res.text);
			for (const me of [poster, swept, found])
				await renewed(me);
			const { status, stdout } = await sweep.ended;
			assert.equal(status, 0, stdout);
			assert.equal(JSON.parse(stdout).refreshed, 1);
			await worker.stop();
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [3, 0]);
		await unbrake();
		for (const me of [poster, swept, found])
			await works(me);
	});
}

test('every unit leaves its processes the time that they may take to end', () => {
	const drain = Number(readFileSync(join(ROOT, 'include/nx/flow/patient.h'), 'utf8').match(/NX_PATIENT_DRAIN_MS = (\d+)/)[1]);
	const units = readdirSync(join(ROOT, 'systemd')).filter((name) => name.endsWith('.service'));
	assert.ok(units.length >= 4);
	for (const unit of units) {
		const seconds = readFileSync(join(ROOT, 'systemd', unit), 'utf8').match(/^TimeoutStopSec=(\d+)$/m)?.[1];
		assert.ok(Number(seconds) * 1000 > drain, `${unit}: ${seconds}`);
	}
});

test('told to end, a process begins none of the renewals of grants that wait', async () => {
	const people = [new Visitor(), new Visitor(), new Visitor()];
	await fault({ path: ME, fault: '503' });
	for (const me of people) {
		const { path } = await me.arrive();
		assert.match((await me.get(path)).headers.location, /x=pending/);
	}
	const ours = `user_id IN (${people.map((me) => `'${me.user}'`).join()})`;
	const soon = (when) => sql(`UPDATE x_pending SET token_expires_at = now() - interval '1 minute', next_try_at = now() + interval '${when}', lease_until = NULL WHERE ${ours}`);
	await soon('1 hour');
	const worker = await startWorker();
	const others = await children();	// they would do it as well
	for (const pid of others)
		process.kill(pid, 'SIGSTOP');
	try {
		const { by } = await grown(async () => {
			await fault({ path: TOKEN, fault: 'late', held: true });
			await soon('0 s');
			await until('a renewal is at X', 60, async () => (await sandbox('GET', '/sandbox/faults')).some((rule) => rule.path === TOKEN && rule.hits > 0));
			worker.kill('SIGTERM');
			await sleep(1000);
			await clearFaults();
			assert.deepEqual(await worker.gone, { status: 0, signal: null }, worker.said());
		});
		assert.equal(by('refreshes_granted'), 1);
	} finally {
		for (const pid of others)
			process.kill(pid, 'SIGCONT');
	}
	// Those that go on now take them home; the next test is not to meet them.
	await clearFaults();
	await until('their accounts appear', 60, async () => {
		await sql(`UPDATE x_pending SET next_try_at = now() WHERE ${ours} AND lease_until IS NULL`);
		return Number((await sql(`SELECT count(*) FROM x_pending WHERE ${ours}`))[0][0]) === 0;
	});
});

test('told to end, a process waits for what X has been asked', async () => {
	const [first, second] = await crowd(2);
	const own = await ownProcess();
	const ask = (me) => own.ask('POST', '/api/twitter/post', [...Object.entries(bearer(me.token)), ['Content-Type', 'application/json']], JSON.stringify({ text: words() }));
	await hide(first);
	const { by } = await grown(async () => {
		await fault({ path: TOKEN, fault: 'late', held: true, count: 2 });
		const posting = ask(first).catch(() => undefined);	// gone before X answers
		await atX(1);
		const sweep = startRefresh(second), refreshing = processIdentity(sweep.pid);
		await atX(2);
		process.kill(own.pid, 'SIGTERM');
		process.kill(sweep.pid, 'SIGTERM');
		await posting;
		assert.ok(!own.isGone() && isAlive(refreshing), 'they wait on');
		await clearFaults();
		const [how, swept] = [await own.gone, await sweep.ended];
		assert.deepEqual(how, { status: 0, signal: null });
		assert.equal(JSON.parse(swept.stdout).refreshed, 1);
		for (const me of [first, second])
			assert.equal(await version(me), 2);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [2, 0]);
	await own.stop();
	for (const me of [first, second])
		await works(me);
});

// The command line, under way.
function startFlow(...args) {
	const child = spawn(join(BUILD, 'twitter_flow'), args, { env, stdio: 'ignore' });
	const ended = new Promise((done) => child.on('close', (status, signal) => done({ status, signal })));
	return { child, ended };
}

test('a command line that is told to end brings home what X has been asked for', async () => {
	const [poster] = await crowd(1);
	const me = new Visitor();
	const begun = await run(join(BUILD, 'twitter_flow'), ['--action=initiate', `--user_id=${me.user}`]);
	assert.equal(begun.status, 0, begun.stderr);
	const attempt = JSON.parse(begun.stdout);
	const q = new URL(await me.decide(attempt.authorize_url), env.NEXUS_URL).searchParams;
	await hide(poster);
	const { by } = await grown(async () => {
		await fault({ path: TOKEN, fault: 'late', held: true, count: 2 });
		const posting = startFlow('--action=post', `--user_id=${poster.user}`, `--content=${words()}`);
		await atX(1);
		const calling = startFlow('--action=callback', `--code=${secret(q.get('code'))}`, `--state=${q.get('state')}`, `--flow=${secret(attempt.flow)}`);
		await atX(2);
		posting.child.kill('SIGINT');
		calling.child.kill('SIGTERM');
		await sleep(1000);
		await clearFaults();
		assert.deepEqual(await posting.ended, { status: null, signal: 'SIGINT' });
		assert.deepEqual(await calling.ended, { status: null, signal: 'SIGTERM' });
	});
	assert.deepEqual([by('refreshes_granted'), by('codes_exchanged')], [1, 1]);
	assert.equal(await version(poster), 2);
	assert.deepEqual((await me.connections()).map((c) => [c.username, c.status]), [[me.account, 'connected']]);
	for (const one of [poster, me])
		await works(one);
});

test('a command line that waits for nothing of the kind ends at once', async () => {
	const [me] = await crowd(1, 3600);
	await fault({ path: '/2/tweets', fault: 'hang', count: 1 });
	const { child, ended } = startFlow('--action=post', `--user_id=${me.user}`, `--content=${words()}`);
	await until('the post is at X', 30, async () => (await hits()) >= 1);
	const watch = stopwatch();
	child.kill('SIGTERM');
	assert.deepEqual(await ended, { status: null, signal: 'SIGTERM' });
	watch.promise(3000, 'the end of a command');
});
