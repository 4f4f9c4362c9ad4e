// Two hosts, each with processes, sockets and a state directory of its own,
// that share nothing but the database, and that through a transaction pooler.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, counts, database, env, fault, grown, inParallel, LIGHT, problem, run, sandbox, sleep, sql, STACK, until } from './lib/stack.js';
import { bouncer } from './lib/bouncer.js';
import { ownProcess } from './lib/fcgi.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';

const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };
const PROCESSES = 2;
const hosts = [];
let pool;

before(async () => {
	await calm();
	if (OUR_OWN.skip)
		return;
	pool = await bouncer();
	for (const name of ['a', 'b']) {
		const state = join(STACK, `state-${name}`);
		mkdirSync(state, { recursive: true, mode: 0o700 });
		const environment = { DATABASE_URL: pool.url(), NEXUS_STATE_DIR: state };
		const processes = [];
		for (let i = 0; i < PROCESSES; i++)
			processes.push(await ownProcess(environment));
		hosts.push({ state, environment, processes });
	}
});

beforeEach(calm);

after(async () => {
	await calm();
	for (const host of hosts) {
		await Promise.all(host.processes.map((one) => one.stop()));
		rmSync(host.state, { recursive: true, force: true });
	}
	await pool?.stop();
});

const kept = (host) => (existsSync(join(host.state, 'rescue')) ? readdirSync(join(host.state, 'rescue')) : []);

// Turn by turn over all processes of the host, or of all hosts.
let turn = 0;
function ask(host, me, method, uri, headers = [], body = '') {
	const all = (host === undefined ? hosts : [hosts[host]]).flatMap((one) => one.processes);
	return all[turn++ % all.length].ask(method, uri, [...Object.entries(bearer(me.token)), ...headers], body);
}

// A machine that is full may say 503, and when to come again: nothing was sent.
async function post(host, me) {
	const text = words();
	return until('room for a post', 60, async () => {
		const res = await ask(host, me, 'POST', '/api/twitter/post', [], JSON.stringify({ text }));
		if (res.status !== 503)
			return res;
		assert.ok(Number(res.headers['retry-after']) > 0, res.text);
		await sleep(res.headers['retry-after'] * 1000);
		return false;
	});
}

async function connect(me, out, back) {
	const start = await ask(out, me, 'GET', '/api/auth/twitter/initiate');
	assert.equal(start.status, 302, start.text);
	const cookie = start.cookies[0].split(';')[0];
	const path = await me.decide(start.headers.location);
	const come = () => ask(back, me, 'GET', path, [['Cookie', cookie]]);
	landed(await come());
	return come;
}

async function runOut(me, left = -60) {
	await sql(`UPDATE platform_connections SET token_expires_at = now() + interval '${left} seconds' WHERE user_id = '${me.user}'`);
	if (left <= 0)
		await sandbox('POST', '/sandbox/expire', { account: me.account });
}

test('what one host began the other ends, once', OUR_OWN, async () => {
	const me = new Visitor();
	const { value: again, by } = await grown(() => connect(me, 0, 1));
	assert.equal(by('codes_exchanged'), 1);
	const { by: then } = await grown(async () => landed(await again()));
	assert.equal(then('codes_exchanged'), 0);
	assert.equal((await post(0, me)).status, 201);
});

test('posts on both hosts and sweeps on both spend one refresh token', OUR_OWN, async () => {
	const me = new Visitor(), n = LIGHT ? 20 : 60;
	await connect(me, 1, 0);
	for (let round = 0; round < 3; round++) {
		await runOut(me);
		const { value, by } = await grown(async () => {
			const sweeps = hosts.map((host) => run(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`], { environment: { ...env, ...host.environment } }));
			const posts = await Promise.all(Array.from({ length: n }, () => post(undefined, me)));
			for (const done of await Promise.all(sweeps))
				assert.ok([0, 75].includes(done.status), done.stderr);
			return posts;
		});
		for (const res of value)
			assert.equal(res.status, 201, res.text);
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused'), by('posts_created')], [1, 0, n]);
	}
});

test('many users on both hosts, each spends one', OUR_OWN, async () => {
	const people = Array.from({ length: LIGHT ? 8 : 24 }, () => new Visitor());
	await inParallel(people.length, 8, (i) => connect(people[i], i % 2, (i + 1) % 2));
	for (const me of people)
		await runOut(me);
	const { value, by } = await grown(() => Promise.all(people.flatMap((me) => [post(0, me), post(1, me), post(0, me), post(1, me)])));
	for (const res of value)
		assert.equal(res.status, 201, res.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [people.length, 0]);
});

test('a host that dies with a renewal leaves it to the other', OUR_OWN, async () => {
	const me = new Visitor();
	await connect(me, 0, 0);
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: 'hang', ms: 3000, count: 1 });
	const lost = post(0, me).catch(() => undefined);
	await until('the refresh is at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > 0);
	await Promise.all(hosts[0].processes.map((one) => one.stop('SIGKILL')));
	await lost;
	await clearFaults();
	await sql(`UPDATE x_grants SET lease_until = now() + interval '1 second' WHERE lease_until > now()`);
	const { value, by } = await grown(() => post(1, me));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	hosts[0].processes = [await ownProcess(hosts[0].environment), await ownProcess(hosts[0].environment)];
});

test('a process that slept through its lease still brings its pair home', OUR_OWN, async () => {
	const me = new Visitor(), [sleeper] = hosts[0].processes;
	await connect(me, 0, 0);
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: 'slow', held: true, count: 1 });
	const { refreshes_granted: granted } = await counts();
	const { by } = await grown(async () => {
		const late = sleeper.ask('POST', '/api/twitter/post', Object.entries(bearer(me.token)), JSON.stringify({ text: words() }));
		await until('the refresh is at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > 0);
		process.kill(sleeper.pid, 'SIGSTOP');
		try {
			await clearFaults();
			await until('X has granted', 5, async () => (await counts()).refreshes_granted > granted);
			await sql('UPDATE x_grants SET lease_until = now() WHERE lease_until > now()');
			// X has rotated the token: whoever takes over is refused.
			problem(await post(1, me), 409, 'needs_reauth');
		} finally {
			process.kill(sleeper.pid, 'SIGCONT');
		}
		assert.equal((await late).status, 201);
		assert.equal((await post(1, me)).status, 201);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 1]);
	await runOut(me);
	assert.equal((await post(1, me)).status, 201);
});

test('each host brings home what it kept aside', OUR_OWN, async () => {
	const people = [new Visitor(), new Visitor()];
	for (const [i, me] of people.entries()) {
		await connect(me, i, i);
		await runOut(me);
	}
	await fault({ path: '/2/oauth2/token', fault: 'slow', held: true });
	const { by } = await grown(async () => {
		const posting = people.map((me, i) => post(i, me));
		await until('both are at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits >= 2);
		database.stop();
		await clearFaults();
		await until('both keep theirs aside', 10, () => hosts.every((host) => kept(host).length === 1));
		await database.start();
		await Promise.all(posting);
		await until('they come home', 20, () => hosts.every((host) => kept(host).length === 0));
		// Each host sees what the other saved.
		for (const [i, me] of people.entries())
			assert.equal((await post(1 - i, me)).status, 201);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [2, 0]);
	problem(await hosts[0].processes[0].ask('GET', '/api/twitter/connections'), 401, 'unauthenticated');
});
