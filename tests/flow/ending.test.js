// Connections that end cleanly, that are renewed, and that ask for more; and
// the keys that everything is sealed with.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { ownProcess } from './lib/fcgi.js';
import { BUILD, calm, clearFaults, earlier, env, fault, grown, problem, run, sandbox, sleep, sql, stopwatch, until } from './lib/stack.js';
import { handle, landed, Visitor } from './lib/visitor.js';
import { withWorkers } from './lib/worker.js';

const REVOKE = '/2/oauth2/revoke';
afterEach(calm);

const disconnect = (me, connection) => me.json('/api/auth/twitter/disconnect', { connection_id: connection.id });
const parked = async (me) => Number((await sql(`SELECT count(*) FROM x_revocations WHERE user_id = '${me.user}'`))[0][0]);
const status = async (id) => (await sql(`SELECT status, access_token IS NULL AND refresh_token IS NULL FROM platform_connections WHERE id = '${id}'`))[0];
const hasten = (me) => sql(`UPDATE x_revocations SET next_try_at = now() WHERE user_id = '${me.user}'`);

async function tokensOf(account) {
	const grants = await sandbox('GET', '/sandbox/grants');
	return grants.filter((g) => (g.account ?? g.username ?? g.handle) === account)
		.flatMap((g) => Object.entries(g).filter(([k]) => /tokens?$/.test(k)).map(([, n]) => Number(n)))
		.reduce((sum, n) => sum + n, 0);
}

for (const kind of ['hang', '503', 'garbage', '429']) {
	test(`an X that answers a revocation with ${kind} does not keep a connection alive here`, async () => {
		const me = new Visitor();
		const connection = await me.connect();
		await fault({ path: REVOKE, fault: kind });
		const watch = stopwatch();
		const res = await disconnect(me, connection);
		assert.equal(res.status, 200, res.text);
		assert.equal(res.json.status, 'disconnected');
		watch.promise(12000, 'a disconnect');
		assert.deepEqual(await status(connection.id), ['disconnected', 't']);
		if (kind === 'garbage')		// any 2xx is a yes
			return;
		assert.ok(await parked(me) >= 1);
		await clearFaults();
		await hasten(me);
		await withWorkers(1, () => until('the revocation', 30, async () => await parked(me) === 0));
		assert.equal(await tokensOf(me.account), 0);
	});
}

test('what is parked holds no token in clear and goes at a new login', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await fault({ path: REVOKE, fault: '503' });
	await disconnect(me, connection);
	for (const [token] of await sql(`SELECT token FROM x_revocations WHERE user_id = '${me.user}'`))
		assert.match(token, /^nx1\./);
	await clearFaults();
	await sql(`UPDATE x_revocations SET created_at = ${earlier('created_at', '5 s')} WHERE user_id = '${me.user}'`);
	assert.equal((await me.connect()).id, connection.id);
	assert.equal(await parked(me), 0);
	assert.equal((await me.post('alive after all')).status, 201);
});

test('a connection that needs a login is disconnected at X too', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await sql(`UPDATE platform_connections SET status = 'needs_reauth', status_reason = 'Test.' WHERE id = '${connection.id}'`);
	const res = await me.json('/api/auth/twitter/disconnect', {});
	assert.equal(res.status, 200, res.text);
	assert.equal(await tokensOf(me.account), 0);
	assert.equal(await parked(me), 0);
});

test('a renewal that is under way is not waited for, and leaves nothing alive', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE id = '${connection.id}'`);
	await fault({ path: '/2/oauth2/token', fault: 'slow', held: true, count: 1 });
	const posting = me.post('too late');
	await until('the refresh is at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > 0);
	const watch = stopwatch();
	const res = await disconnect(me, connection);
	assert.equal(res.status, 200, res.text);
	watch.promise(2500, 'a disconnect');
	await clearFaults();
	await posting;
	assert.deepEqual(await status(connection.id), ['disconnected', 't']);
	await hasten(me);
	await withWorkers(1, () => until('the revocation', 30, async () => await parked(me) === 0));
	assert.equal(await tokensOf(me.account), 0);
});

async function come(me, query, account = me.account) {
	const attempt = await me.initiate(query);
	const before = me.account;
	me.account = account;
	const path = await me.decide(attempt.url);
	me.account = before;
	return path;
}

test('reconnecting with another account changes nothing, and gives the grant back', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const other = handle();
	const { value: res } = await grown(async () => me.get(await come(me, `?connection_id=${connection.id}`, other)));
	const to = landed(res, { error: 'other_account' });
	assert.equal(to.searchParams.get('x_connection'), connection.id);
	const list = await me.connections();
	assert.deepEqual(list.map((c) => [c.username, c.status]), [[me.account, 'connected']]);
	assert.equal(await tokensOf(other), 0);
	assert.equal((await me.post('still me')).status, 201);
});

test('a program that reconnects with another account is told both names', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const other = handle();
	const path = await come(me, `?connection_id=${connection.id}`, other);
	const told = problem(await me.get(path, { headers: { Accept: 'application/json' } }), 409, 'other_account');
	assert.ok(told.detail.includes(`@${me.account}`) && told.detail.includes(`@${other}`), told.detail);
});

test('replace=1 puts the new account in the place of the old one', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const other = handle();
	landed(await me.get(await come(me, `?connection_id=${connection.id}&replace=1`, other)));
	const list = await me.connections();
	assert.equal(list.find((c) => c.username === other).status, 'connected');
	assert.equal(list.find((c) => c.id === connection.id).status, 'disconnected');
	assert.equal(await tokensOf(me.account), 0);
});

test('another account that the user has as well is renewed, not lost', async () => {
	const me = new Visitor();
	const first = await me.connect();
	const [a, b] = [me.account, handle()];
	me.account = b;
	await me.connect();
	landed(await me.get(await come(me, `?connection_id=${first.id}`, b)), { error: 'other_account' });
	const list = await me.connections();
	assert.deepEqual(list.map((c) => c.status), ['connected', 'connected']);
	for (const c of list)
		assert.equal((await me.post({ text: `by ${c.username}`, connection_id: c.id })).status, 201);
	me.account = a;
});

test('the same account renews its row, and a row of nobody renews nothing', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	landed(await me.get(await come(me, `?connection_id=${connection.id.toUpperCase()}`)));
	assert.deepEqual((await me.connections()).map((c) => c.id), [connection.id]);
	const { by, value } = await grown(async () => me.get(await come(me, `?connection_id=${crypto.randomUUID()}`)));
	landed(value, { error: 'connection_unknown' });
	assert.equal(by('codes_exchanged'), 0);
	for (const query of ['?connection_id=1', '?replace=1', `?connection_id=${connection.id}&replace=yes`])
		problem(await me.get(`/api/auth/twitter/initiate${query}`, { headers: { Accept: 'application/json' } }), 422, 'invalid');
});

test('several accounts: without a choice both names are told', async () => {
	const me = new Visitor();
	const a = me.account;
	await me.connect();
	me.account = handle();
	await me.connect();
	const { detail } = problem(await me.post('which one?'), 409, 'connection_choice');
	assert.ok(detail.includes(`@${a}`) && detail.includes(`@${me.account}`), detail);
	problem(await me.json('/api/auth/twitter/disconnect', {}), 409, 'connection_choice');
});

test('who is superseded reads why', async () => {
	const me = new Visitor();
	await me.connect();
	await new Visitor({ account: me.account }).connect();
	const [mine] = await me.connections();
	assert.equal(mine.status, 'superseded');
	assert.match(mine.status_reason, /connected by another Nexus user/);
});

test('scopes that are asked for go to X, and those X leaves out are shown', async () => {
	const me = new Visitor();
	const scopes = 'tweet.read users.read tweet.write offline.access dm.read';
	const { url } = await me.initiate(`?scopes=${encodeURIComponent(scopes)}`);
	assert.equal(new URL(url).searchParams.get('scope'), scopes);
	const refused = ['tweet.read', 'users.read tweet.read nonsense', 'users.read tweet.read tweet.read', ''];
	for (const list of refused)
		problem(await me.get(`/api/auth/twitter/initiate?scopes=${encodeURIComponent(list)}`,
			{ headers: { Accept: 'application/json' } }), 422, 'invalid');
});

test('an action that lacks a scope says which, and where to get it', async () => {
	const me = new Visitor();
	const path = await come(me, `?scopes=${encodeURIComponent('tweet.read users.read offline.access')}`);
	landed(await me.get(path));
	const [connection] = await me.connections();
	assert.ok(connection.missing_scopes.includes('tweet.write'));
	const { value, by } = await grown(() => me.post('may I?'));
	const told = problem(value, 403, 'scope_missing');
	assert.equal(by('posts_created'), 0);
	assert.match(told.detail, /tweet\.write/);
	assert.ok(told.remedy.includes(told.connect_url));
	const way = new URL(told.connect_url);
	assert.equal(way.pathname, '/api/auth/twitter/initiate');
	landed(await me.get(await come(me, way.search)));
	const list = await me.connections();
	assert.deepEqual(list.map((c) => c.id), [connection.id]);
	assert.equal((await me.post('now I may')).status, 201);
});

const fresh = (id) => `${id}:${crypto.randomBytes(32).toString('base64')}`;

test('nothing starts with a ring that does not open what is stored', async () => {
	await new Visitor().connect();
	const environment = { ...env, NEXUS_KEYS: fresh('stranger') };
	const id = env.NEXUS_KEYS.split(':')[0];
	for (const args of [[], ['--rekey']]) {
		const done = await run(join(BUILD, 'token_refresh'), args, { environment });
		assert.equal(done.status, 78, done.stderr);
		assert.equal(JSON.parse(done.stderr).code, 'key_unknown');
		assert.match(JSON.parse(done.stderr).detail, new RegExp(`key ${id}\\b`));
	}
	const worker = await run(join(BUILD, 'nexus-x-worker'), [], { environment });
	assert.equal(worker.status, 78, worker.stderr);
	const own = await ownProcess({ NEXUS_KEYS: environment.NEXUS_KEYS });
	await until('its end', 10, () => own.isGone());
	assert.equal((await own.stop()).status, 78);
});

test('keys rotate: both work, everything is sealed anew, the old one may go', async () => {
	const me = new Visitor();
	await me.connect();
	const old = env.NEXUS_KEYS.split(':')[0], next = fresh('next');
	const rekey = async (NEXUS_KEYS) => {
		const done = await run(join(BUILD, 'token_refresh'), ['--rekey'], { environment: { ...env, NEXUS_KEYS } });
		assert.equal(done.status, 0, done.stderr);
		return JSON.parse(done.stdout);
	};
	try {
		const there = await rekey(`${next},${env.NEXUS_KEYS}`);
		assert.ok(there.resealed >= 1);
		// What another test has broken on purpose stays as it is.
		if (there.unreadable === 0)
			assert.deepEqual([there.keys_in_use, there.keys_that_may_go], [['next'], [old]]);
	} finally {
		const back = await rekey(`${env.NEXUS_KEYS},${next}`);
		assert.deepEqual(back.keys_that_may_go, ['next']);
		assert.ok(back.keys_in_use.includes(old) && !back.keys_in_use.includes('next'));
	}
	assert.equal((await me.post('the same tokens')).status, 201);
});

test('HUP changes nothing', async () => {
	const own = await ownProcess();
	for (let i = 0; i < 3; i++) {
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
		process.kill(own.pid, 'SIGHUP');
	}
	await sleep(300);
	assert.ok(!own.isGone());
	await own.stop();
});
