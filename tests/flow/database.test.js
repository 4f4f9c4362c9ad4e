// The database going away at every step: what needs none goes on, what X has
// granted is kept, and all of it mends itself.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, counts, database, env, fault, grown, postsOf, problem, run, sandbox, send, sleep, sql, STACK, stopwatch, until } from './lib/stack.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';

const RESCUE = join(env.NEXUS_STATE_DIR || join(STACK, 'state'), 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE).filter((name) => !name.startsWith('.')) : []);
const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };

before(calm);
after(calm);

async function without(act) {
	database.stop();
	try {
		return await act();
	} finally {
		await database.start();
	}
}

async function quickly(ms, answer) {
	const watch = stopwatch();
	const res = await answer;
	watch.promise(ms, 'an answer');
	return res;
}

test('without its database the service says so and does what needs none', OUR_OWN, async () => {
	const me = new Visitor();
	await me.connect();
	const { path } = await me.arrive();
	const before = await counts();
	await without(async () => {
		assert.equal((await quickly(1000, send('GET', '/healthz'))).status, 200);
		problem(await quickly(5000, send('GET', '/readyz')), 503, 'database_unavailable');
		const start = await quickly(1000, me.get('/api/auth/twitter/initiate'));
		assert.equal(start.status, 302);
		assert.equal((await quickly(1000, me.post({ text: 'hello', dry_run: true }))).status, 200);
		for (const answer of [me.get('/api/twitter/connections'), me.post(words()), me.json('/api/auth/twitter/disconnect', {})]) {
			const res = await quickly(8000, answer);
			problem(res, 503, 'database_unavailable');
			assert.ok(Number(res.headers['retry-after']) > 0);
		}
		const back = await quickly(8000, me.get(path));
		if (back.status === 302)
			landed(back, { error: 'database_unavailable' });
		else
			problem(back, 503, 'database_unavailable');
		const page = await me.get('/api/twitter/connections', { headers: { Accept: 'text/html' } });
		assert.equal(page.status, 503);
		const done = await run(join(BUILD, 'twitter_flow'), ['--action=status', `--user_id=${me.user}`]);
		assert.equal(done.status, 75, done.stderr);
		assert.equal(JSON.parse(done.stderr.trim().split('\n').at(-1)).code, 'database_unavailable');
	});
	const after = await counts();
	assert.equal(after.codes_exchanged, before.codes_exchanged, 'the code is not spent');
	assert.equal(after.posts_created, before.posts_created);
	assert.equal((await me.post(words())).status, 201, 'all is well again');
});

test('sixty requests without a database are all answered', OUR_OWN, async () => {
	const me = new Visitor();
	await without(async () => {
		const all = await quickly(15000, Promise.all(Array.from({ length: 60 }, () => me.get('/api/twitter/connections'))));
		for (const res of all)
			problem(res, 503, /^(database_unavailable|busy|timeout)$/);
	});
});

test('a process starts without its database and finds it later', async () => {
	const own = await ownProcess({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none' });
	try {
		const me = new Visitor();
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
		problem(await own.ask('GET', '/readyz'), 503, 'database_unavailable');
		assert.equal((await own.ask('GET', '/api/auth/twitter/initiate', Object.entries(bearer(me.token)))).status, 302);
		problem(await own.ask('GET', '/api/twitter/connections', Object.entries(bearer(me.token))), 503, 'database_unavailable');
	} finally {
		assert.equal((await own.stop()).status, 0);
	}
});

test('connections that PostgreSQL ended are replaced unseen', OUR_OWN, async () => {
	const me = new Visitor();
	await me.connect();
	const end = () => sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()');
	for (let i = 0; i < 3; i++) {
		await Promise.all(Array.from({ length: 20 }, () => me.get('/api/twitter/connections')));
		await end();
		const { value, by } = await grown(() => Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? me.get('/api/twitter/connections') : me.post(words())))));
		for (const res of value)
			assert.ok([200, 201].includes(res.status), res.text);
		assert.equal(by('posts_created'), 10);
	}
});

test('what X grants, renews and publishes while the database is away is not lost', OUR_OWN, async () => {
	const [newcomer, poster, renewer] = [new Visitor(), new Visitor(), new Visitor()];
	await Promise.all([poster.connect(), renewer.connect()]);
	const { path } = await newcomer.arrive();
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE user_id = '${renewer.user}'`);
	await sandbox('POST', '/sandbox/expire', { account: renewer.account });
	const before = await counts();
	const text = words();
	await fault({ path: '/2/', fault: 'slow', held: true });
	const Cookie = [...newcomer.jar].map((pair) => pair.join('=')).join('; ');
	const coming = newcomer.get(path);
	const posting = poster.post(text, { 'Idempotency-Key': 'gone' });
	const renewing = renewer.post(words());
	await until('all three are at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits >= 3);
	await without(async () => {
		await clearFaults();
		const [came, posted, renewed] = await Promise.all([coming, posting, renewing]);
		landed(came, { error: 'save_deferred' });
		assert.equal(posted.status, 201, posted.text);
		assert.equal(posted.json.state, 'sent');
		assert.ok([201, 202, 503].includes(renewed.status), renewed.text);
		assert.ok(kept().length >= 2, `kept aside: ${kept()}`);
		const canaries = await sandbox('GET', '/sandbox/canaries');
		for (const name of kept()) {
			const bytes = readFileSync(join(RESCUE, name));
			assert.ok(!canaries.some((one) => bytes.includes(one)), `${name} holds a secret in clear`);
		}
	});
	await until('the kept grants come home', 15, () => kept().length === 0);
	const [connection] = await until('the account appears', 10, async () => {
		const list = await newcomer.connections();
		return list.length > 0 && list;
	});
	assert.equal(connection.status, 'connected');
	assert.equal(connection.username, newcomer.account);
	assert.equal((await newcomer.post(words())).status, 201);
	landed(await send('GET', path, { headers: { ...bearer(newcomer.token), Cookie } }));
	const after = await counts();
	assert.equal(after.codes_exchanged - before.codes_exchanged, 1);

	// The renewed pair came home: it can be renewed once more.
	assert.equal(after.refreshes_granted - before.refreshes_granted, 1);
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE user_id = '${renewer.user}'`);
	const { value, by } = await grown(() => renewer.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);

	// The post is live once, and its key does not make a second one.
	const { value: again, by: then } = await grown(() => poster.post(text, { 'Idempotency-Key': 'gone' }));
	assert.ok([200, 202, 409].includes(again.status), again.text);
	assert.equal(then('posts_created'), 0);
	assert.equal((await postsOf(poster.account)).filter((p) => p.text === text).length, 1);
});

test('a database that is away for a moment is not noticed', OUR_OWN, async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	await fault({ path: '/2/users/me', fault: 'slow', held: true, count: 1 });
	const coming = me.get(path);
	await until('it is at X', 20, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > 0);
	const away = stopwatch();
	await without(async () => {
		await clearFaults();
		await sleep(1500);
	});
	const back = await coming;
	// A save is tried for 3 s: where a database takes longer to come back, it is made later.
	if (away.ms() < 2500 || !back.headers.location.includes('save_deferred'))
		landed(back);
	await until('the account is connected', 60, async () => (await me.connections())[0]?.status === 'connected');
});
