// X that takes its time with a refresh, processes that are stopped meanwhile,
// and nets that are away: what X gives once is never lost.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, database, dev, env, fault, grown, LIGHT, problem, run, sandbox, send, sleep, sql, STACK, unbrake, until } from './lib/stack.js';
import { alive, allUp, children, ownProcess } from './lib/fcgi.js';
import { calmQueue } from './lib/posting.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { startWorker } from './lib/worker.js';

const STATE = env.NEXUS_STATE_DIR || join(STACK, 'state');
const RESCUE = join(STATE, 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);
const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };
const TOKEN = '/2/oauth2/token';

before(calm);
beforeEach(async () => {
	await calm();
	await calmQueue();
});
after(async () => {
	rescueIsBack();
	await calm();
	await allUp();
});

// `left` seconds of its access token, here; dead at X where none are left.
async function connected(left = -60) {
	const me = new Visitor();
	await me.connect();
	await runOut(me, left);
	return me;
}

async function runOut(me, left = -60) {
	await sql(`UPDATE platform_connections SET token_expires_at = now() + interval '${left} seconds' WHERE user_id = '${me.user}'`);
	if (left <= 0)
		await sandbox('POST', '/sandbox/expire', { account: me.account });
}

const crowd = (n, left) => Promise.all(Array.from({ length: n }, () => connected(left)));
const hits = async () => (await sandbox('GET', '/sandbox/faults')).reduce((n, rule) => n + rule.hits, 0);
const atX = (n) => until(`${n} refreshes are at X`, 20, async () => await hits() >= n);
const ofUser = (me) => `FROM x_grants g JOIN platform_connections c ON c.id = g.connection_id WHERE c.user_id = '${me.user}'`;
const version = async (me) => Number((await sql(`SELECT g.token_version ${ofUser(me)}`))[0][0]);
const renewed = (me, seconds = 30) => until('the pair is saved', seconds, async () => await version(me) >= 2);
const leasesRunOut = () => sql(`UPDATE x_grants SET lease_until = now() WHERE lease_until > now()`);

// The connection works, and holds the refresh token that lives at X.
async function works(me) {
	assert.equal((await me.post(words())).status, 201);
	await runOut(me);
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	const [c] = await me.connections();
	assert.deepEqual([c.status, c.status_reason, c.renews_itself], ['connected', null, true]);
}

function isBusy(res) {
	problem(res, 503, 'refresh_busy');
	assert.ok(Number(res.headers['retry-after']) > 0);
}

// The directory cannot be used, whoever we run as.
function rescueIsAway() {
	renameSync(RESCUE, `${RESCUE}.away`);
	writeFileSync(RESCUE, '');
}

function rescueIsBack() {
	if (!existsSync(`${RESCUE}.away`))
		return;
	rmSync(RESCUE);
	renameSync(`${RESCUE}.away`, RESCUE);
}

const DELAYS = LIGHT ? [5, 20] : [5, 12, 30, 55];

test(`an answer after ${DELAYS.join(', ')} s is waited for, by whoever is still there`, async () => {
	const people = await crowd(DELAYS.length);
	const answers = [];
	const { by } = await grown(async () => {
		for (const [i, seconds] of DELAYS.entries()) {
			await fault({ path: TOKEN, fault: 'late', ms: seconds * 1000, count: 1 });
			answers.push(people[i].post(words()));
			await atX(i + 1);
		}
		for (const [i, seconds] of DELAYS.entries()) {
			const res = await answers[i];
			if (seconds < 15)
				assert.equal(res.status, 201, `${seconds} s: ${res.text}`);
			else
				isBusy(res);
		}
		// Until it is there nobody sends the token again.
		isBusy(await people.at(-1).post(words()));
		for (const [i, seconds] of DELAYS.entries())
			await renewed(people[i], seconds + 30);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [DELAYS.length, 0]);
	await unbrake();
	for (const me of people)
		await works(me);
});

test('an access token that lives serves on while X takes its time', async () => {
	const me = await connected(50);
	await fault({ path: TOKEN, fault: 'late', ms: 12000, count: 1 });
	const { by } = await grown(async () => {
		const begun = Date.now();
		const [first, second] = await Promise.all([me.post(words()), me.post(words())]);
		assert.ok(Date.now() - begun < 12000, 'nobody waits for X to the end');
		assert.deepEqual([first.status, second.status], [201, 201], first.text + second.text);
		assert.equal(await version(me), 1);
		await renewed(me);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	await works(me);
});

function startRefresh(me) {
	const child = spawn(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`], { env });
	const out = [];
	child.stdout.on('data', (piece) => out.push(piece));
	const ended = new Promise((done) => child.on('close', (status) => done({ status, stdout: Buffer.concat(out).toString() })));
	return { pid: child.pid, ended };
}

for (const seconds of LIGHT ? [12] : [5, 12, 25]) {
	test(`a process that is stopped for ${seconds} s in mid refresh reads what has come`, async () => {
		const [poster, swept, found] = await crowd(3);
		// Sweeps leave the first alone; all others are not due.
		await sql(`UPDATE platform_connections SET token_expires_at = now() + interval '1 day' WHERE platform = 'twitter' AND status = 'connected' AND user_id NOT IN ('${poster.user}', '${swept.user}', '${found.user}');
			UPDATE x_grants g SET retry_at = now() + interval '1 hour' FROM platform_connections c WHERE c.id = g.connection_id AND c.user_id = '${poster.user}'`);
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

test('told to end, a process waits for what X has been asked', async () => {
	const [first, second] = await crowd(2);
	const own = await ownProcess();
	const ask = (me) => own.ask('POST', '/api/twitter/post', [...Object.entries(bearer(me.token)), ['Content-Type', 'application/json']], JSON.stringify({ text: words() }));
	await sql(`UPDATE x_grants g SET retry_at = now() + interval '1 hour' FROM platform_connections c WHERE c.id = g.connection_id AND c.user_id = '${first.user}'`);
	const { by } = await grown(async () => {
		await fault({ path: TOKEN, fault: 'late', ms: 22000, count: 2 });
		const posting = ask(first).catch(() => undefined);	// gone before X answers
		await atX(1);
		const sweep = startRefresh(second);
		await atX(2);
		process.kill(own.pid, 'SIGTERM');
		process.kill(sweep.pid, 'SIGTERM');
		await posting;
		assert.ok(!own.isGone() && alive(sweep.pid), 'they wait on');
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

test('an X that leaves four without an answer is sent no other, but one a minute', async () => {
	const [slow, waiting, [living]] = [await crowd(4), await crowd(3), await crowd(1, 50)];
	await fault({ path: TOKEN, fault: 'late', ms: 25000, count: 4 });
	const { by } = await grown(async () => {
		const posting = slow.map((me) => me.post(words()));
		await atX(4);
		await until('they wait for long', 15, async () => (await sql(`SELECT count(*) FROM x_refreshing WHERE since < now() - interval '10 s'`))[0][0] === '4');
		const res = await waiting[0].post(words());
		problem(res, 503, 'x_unavailable');
		assert.ok(Number(res.headers['retry-after']) > 30, res.headers['retry-after']);
		const swept = await run(join(BUILD, 'token_refresh'), [`--user_id=${waiting[1].user}`]);
		assert.equal(swept.status, 75, swept.stderr);
		assert.equal(JSON.parse(swept.stdout).outage, true);
		assert.equal((await living.post(words())).status, 201);
		assert.equal(await hits(), 4);
		for (const res of await Promise.all(posting))
			isBusy(res);
		for (const me of slow)
			await renewed(me);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [4, 0]);
	// Their answers release nobody: a minute later one goes, to see.
	await clearFaults();
	problem(await waiting[0].post(words()), 503, 'x_unavailable');
	await sql('UPDATE x_app SET braked_until = now()');
	await fault({ path: TOKEN, fault: 'late', ms: 3000, count: 1 });
	const probing = waiting[0].post(words());
	await atX(1);
	problem(await waiting[1].post(words()), 503, 'x_unavailable');
	assert.equal((await probing).status, 201);
	assert.equal((await waiting[1].post(words())).status, 201);
	for (const me of [...slow, ...waiting.slice(0, 2), living])
		await works(me);
});

test('three lost in a row stop the others', async () => {
	const people = await crowd(4);
	await fault({ path: TOKEN, fault: 'drop', count: 3 });
	for (const me of people.slice(0, 3))
		problem(await me.post(words()), 503, 'x_unavailable');
	const { value, by } = await grown(() => people[3].post(words()));
	problem(value, 503, 'x_unavailable');
	assert.ok(Number(value.headers['retry-after']) > 30);
	assert.equal(by('refreshes_granted'), 0);
	await leasesRunOut();
	await unbrake();
	for (const me of people)
		await works(me);
});

const ready = async () => send('GET', '/readyz');

test('without the rescue directory the database alone is enough, and /readyz tells', async () => {
	const me = await connected();
	assert.deepEqual((await ready()).json.checks, { database: 'ok', rescue: 'ok' });
	rescueIsAway();
	try {
		const { value, by } = await grown(() => me.post(words()));
		assert.equal(value.status, 201, value.text);
		assert.equal(by('refreshes_granted'), 1);
		const told = problem(await ready(), 503, 'not_ready');
		assert.deepEqual(told.checks, { database: 'ok', rescue: 'unusable' });
		assert.ok(!JSON.stringify(told).includes(STATE), 'no path');
	} finally {
		rescueIsBack();
	}
	assert.equal((await ready()).status, 200);
	await works(me);
});

for (const rescue of ['there', 'away']) {
	test(`the database away, the rescue directory ${rescue}: no token is spent`, OUR_OWN, async () => {
		const me = await connected();
		if (rescue === 'away')
			rescueIsAway();
		database.stop();
		try {
			const { value, by } = await grown(() => me.post(words()));
			problem(value, 503, 'database_unavailable');
			assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [0, 0]);
			const told = problem(await ready(), 503, 'database_unavailable');
			assert.deepEqual(told.checks, { database: 'unreachable', rescue: rescue === 'away' ? 'unusable' : 'ok' });
		} finally {
			rescueIsBack();
			await database.start();
		}
		await works(me);
	});

	test(`the database goes away in mid refresh, the rescue directory ${rescue}: the pair comes home`, OUR_OWN, async () => {
		const me = await connected();
		await fault({ path: TOKEN, fault: 'late', ms: 4000, count: 1 });
		const { by } = await grown(async () => {
			if (rescue === 'away')
				rescueIsAway();
			const posting = me.post(words());
			await atX(1);
			database.stop();
			try {
				const res = await posting;
				assert.ok([202, 503].includes(res.status), res.text);
				await sleep(LIGHT ? 0 : 10000);
			} finally {
				dev('db', 'start', STACK);
			}
			await renewed(me);
			rescueIsBack();
			await until('all is well', 20, async () => (await ready()).status === 200);
			await until('nothing is kept aside', 20, () => kept().length === 0);
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
		await works(me);
	});
}

test('a net that nobody wrote into is removed', async () => {
	writeFileSync(join(RESCUE, `${crypto.randomUUID()}.nx1`), Buffer.alloc(22000), { mode: 0o600 });
	await until('it is gone', 20, () => kept().length === 0);
});
