// X has granted access and does not say to whom: nothing is lost, the account
// appears by itself; and logins that overlap.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { calm, clearFaults, counts, fault, grown, problem, sandbox, settings, SITE, sleep, sql, until } from './lib/stack.js';
import { handle, landed, Visitor, words } from './lib/visitor.js';

const ME = '/2/users/me', TOKEN = '/2/oauth2/token';
before(calm);
afterEach(calm);
after(calm);

function onItsWay(res) {
	assert.equal(res.status, 302, res.text);
	const to = new URL(res.headers.location, SITE);
	assert.equal(to.searchParams.get('x'), 'pending', res.headers.location);
	assert.equal(to.searchParams.get('x_error'), null);
}

const answer = async (me) => (await me.get('/api/twitter/connections')).json;
const waiting = async (me) => Number((await sql(`SELECT count(*) FROM x_pending WHERE user_id = '${me.user}'`))[0][0]);
const parked = async (me) => Number((await sql(`SELECT count(*) FROM x_revocations WHERE user_id = '${me.user}'`))[0][0]);
// Its next try is now, and not when its turn would come.
const hasten = (me) => sql(`UPDATE x_pending SET next_try_at = now() WHERE user_id = '${me.user}'`);
const settled = (me) => until('the account appears', 60, async () => {
	await hasten(me);
	return (await answer(me)).pending === 0;
});

async function grantsOf(account) {
	const one = (await sandbox('GET', '/sandbox/grants')).find((g) => g.account === account);
	return one ?? { refresh_tokens: 0, access_tokens: 0 };
}

// What the row holds is what lives at X: its access token is over, and it posts.
async function renews(me, connection) {
	await sandbox('POST', '/sandbox/expire', { account: connection.username });
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE id = '${connection.id}'`);
	const { value, by } = await grown(() => me.post({ text: words(), connection_id: connection.id }));
	assert.equal(value.status, 201, value.text);
	assert.equal(by('refreshes_granted'), 1);
}

async function come(me, query, account) {
	const attempt = await me.initiate(query);
	const before = me.account;
	me.account = account;
	const path = await me.decide(attempt.url);
	me.account = before;
	return path;
}

// The attempts that `users` have under way have been claimed for a while: older
// versions ordered logins by that, in whole seconds.
const claimed = (...users) => until('the claim', 30, async () => {
	const list = users.map((one) => `'${one.user}'`).join(', ');
	return (await sql(`SELECT 1 FROM x_logins WHERE user_id IN (${list}) AND outcome IS NULL
		AND created_at < clock_timestamp() - interval '1.6 s'`)).length > 0;
});

for (const kind of ['429', '403', '503', '500', '401', 'garbage', 'hang']) {
	test(`a profile that X answers with ${kind} at a reconnect costs nothing`, async () => {
		const me = new Visitor();
		const connection = await me.connect();
		await fault({ path: ME, fault: kind, ...(kind === '429' && { reset_in: 2 }) });
		const { path } = await me.arrive(`?connection_id=${connection.id}`);
		const { value, by } = await grown(() => me.get(path));
		onItsWay(value);
		assert.equal(by('codes_exchanged'), 1);
		assert.equal(by('revoked'), 0);
		const between = await answer(me);
		assert.equal(between.pending, 1);
		assert.deepEqual(between.connections.map((c) => c.status), ['connected']);
		onItsWay(await me.get(path));		// a reload is no other attempt
		await clearFaults();
		await settled(me);
		landed(await me.get(path));
		const [one, ...more] = await me.connections();
		assert.equal(more.length, 0);
		assert.equal(one.id, connection.id);
		assert.ok(one.connected_at >= connection.connected_at);
		await renews(me, one);
		assert.equal((await grantsOf(me.account)).refresh_tokens, 1);
		assert.equal(await parked(me), 0);
	});
}

test('it is tried again by itself, the tokens sealed', async () => {
	const me = new Visitor();
	await fault({ path: ME, fault: '503' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	const [[row]] = await sql(`SELECT p::text FROM x_pending p WHERE user_id = '${me.user}'`);
	const canaries = await sandbox('GET', '/sandbox/canaries');
	assert.ok(canaries.length > 0 && !canaries.some((secret) => row.includes(secret)));
	await clearFaults();
	await until('the account appears', 60, async () => (await answer(me)).pending === 0);
	assert.equal((await me.connections())[0].username, me.account);
	assert.equal((await me.post(words())).status, 201);
});

test('an outage that outlasts the access token: it is renewed and found', async () => {
	const me = new Visitor();
	await fault({ path: ME, fault: '503' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	await sql(`UPDATE x_pending SET token_expires_at = now() - interval '1 minute' WHERE user_id = '${me.user}'`);
	const { by } = await grown(() => until('a renewal', 60, async () => {
		await hasten(me);
		return (await sql(`SELECT token_version FROM x_pending WHERE user_id = '${me.user}'`))[0][0] === '2';
	}));
	assert.equal(by('refreshes_granted'), 1);
	await clearFaults();
	await settled(me);
	const [one] = await me.connections();
	await renews(me, one);
});

test('X ends the grant itself before it names the account: it goes back, and the list says so', async () => {
	const me = new Visitor();
	await fault({ path: ME, fault: '401' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	await clearFaults();
	await new Visitor({ account: me.account }).connect();	// ends the refresh token at X
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	await until('it is given up', 90, async () => {
		await hasten(me);
		return (await answer(me)).pending === 0;
	});
	assert.deepEqual(await me.connections(), []);
	assert.equal(await waiting(me), 0);
	landed(await me.get(path), { error: 'x_token' });
	const events = await sql(`SELECT code FROM x_events WHERE user_id = '${me.user}' ORDER BY id DESC LIMIT 1`);
	assert.deepEqual(events, [['x_token']]);
});

test('a 401 of the profile alone ends nothing', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await fault({ path: ME, fault: '401' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	const before = await counts();
	await until('it was asked five times', 90, async () => {
		await hasten(me);
		return Number((await sql(`SELECT tries FROM x_pending WHERE user_id = '${me.user}'`))[0][0]) >= 5;
	});
	const grew = async (name) => (await counts())[name] - before[name];
	assert.equal(await grew('revoked'), 0);
	assert.ok(await grew('refreshes_granted') <= 1);
	await clearFaults();
	await settled(me);
	await renews(me, (await me.connections()).find((c) => c.id === connection.id));
});

test('while one waits, a refused refresh ends no connection', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await fault({ path: ME, fault: '503' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE id = '${connection.id}'`);
	const { value, by } = await grown(() => me.post(words()));
	problem(value, 503, 'refresh_busy');
	assert.equal(by('refreshes_refused'), 1);
	assert.deepEqual((await me.connections()).map((c) => [c.status, c.status_reason]), [['connected', null]]);
	await clearFaults();
	await settled(me);
	assert.equal((await me.post(words())).status, 201);
});

test('another account than the one to be renewed: it goes back, and who has it here is told', async () => {
	const me = new Visitor(), other = new Visitor();
	const connection = await me.connect();
	await other.connect();
	await fault({ path: ME, fault: '503' });
	const path = await come(me, `?connection_id=${connection.id}`, other.account);
	onItsWay(await me.get(path));
	await clearFaults();
	await settled(me);
	landed(await me.get(path), { error: 'other_account' });
	assert.deepEqual((await me.connections()).map((c) => [c.username, c.status]), [[me.account, 'connected']]);
	assert.deepEqual((await other.connections()).map((c) => c.status), ['superseded']);
	await until('it is given back', 20, async () => (await grantsOf(other.account)).refresh_tokens === 0);
	await renews(me, (await me.connections())[0]);
});

test('without an outage who has the other account here is told at once as well', async () => {
	const me = new Visitor(), other = new Visitor();
	const connection = await me.connect();
	await other.connect();
	landed(await me.get(await come(me, `?connection_id=${connection.id}`, other.account)), { error: 'other_account' });
	const [theirs] = await other.connections();
	assert.equal(theirs.status, 'superseded');
	assert.match(theirs.status_reason, /ended this connection at X/);
	assert.equal((await grantsOf(other.account)).refresh_tokens, 0);
});

test('replace=1 holds for one that waits, too', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const other = handle();
	await fault({ path: ME, fault: '503' });
	onItsWay(await me.get(await come(me, `?connection_id=${connection.id}&replace=1`, other)));
	await clearFaults();
	await settled(me);
	await until('the old one is disconnected', 20, async () => {
		const list = await me.connections();
		return list.find((c) => c.username === other)?.status === 'connected' &&
			list.find((c) => c.id === connection.id).status === 'disconnected';
	});
});

// A process that was killed or stopped may have the pair that lives in a file.
test('a refusal that a lost renewal may have brought about gives nothing up for hours', async () => {
	const me = new Visitor();
	await fault({ path: ME, fault: '401' });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	await clearFaults();
	await new Visitor({ account: me.account }).connect();	// ends the refresh token at X
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	const open = (since) => sql(`UPDATE x_pending SET token_expires_at = now() - interval '1 minute',
		suspect = true, attempt_started_at = now() - interval '${since}', next_try_at = now(), lease_until = NULL WHERE user_id = '${me.user}'`);
	await open('5 hours');
	const { by } = await grown(() => until('X has refused it', 60, async () => {
		await hasten(me);
		return Number((await sql(`SELECT count(*) FROM x_pending WHERE user_id = '${me.user}' AND tries >= 3 AND lease_until IS NULL`))[0][0]) > 0;
	}));
	assert.ok(by('refreshes_refused') > 0);
	assert.equal(await parked(me), 0);
	assert.equal((await answer(me)).pending, 1);
	await open('7 hours');
	await until('it is given up', 60, async () => {
		await hasten(me);
		return (await answer(me)).pending === 0;
	});
	landed(await me.get(path), { error: 'x_token' });
});

test('replace=1 leaves another grant that waits alone', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const other = handle(), third = handle();
	await fault({ path: ME, fault: '503' });
	onItsWay(await me.get(await come(me, '', third)));
	await clearFaults();
	// It does not come of age before the other is there.
	await sql(`UPDATE x_pending SET next_try_at = now() + interval '1 hour' WHERE user_id = '${me.user}'`);
	landed(await me.get(await come(me, `?connection_id=${connection.id}&replace=1`, other)));
	assert.deepEqual((await me.connections()).map((c) => [c.username, c.status]).sort(),
		[[me.account, 'disconnected'], [other, 'connected']].sort());
	assert.equal(await waiting(me), 1);
	await settled(me);
	await renews(me, (await me.connections()).find((c) => c.username === third));
});

test('a disconnect ends what waits, also where there is no connection yet', async () => {
	const me = new Visitor();
	await fault({ path: ME, fault: '503' });
	onItsWay(await me.get((await me.arrive()).path));
	const none = problem(await me.json('/api/auth/twitter/disconnect', {}), 409, 'not_connected');
	assert.match(none.detail, /waited/);
	assert.equal(await waiting(me), 0);
	assert.deepEqual(await grantsOf(me.account).then((g) => [g.refresh_tokens, g.access_tokens]), [0, 0]);
	await clearFaults();

	const connection = await me.connect();
	await fault({ path: ME, fault: '503' });
	onItsWay(await me.get((await me.arrive()).path));
	const res = await me.json('/api/auth/twitter/disconnect', { connection_id: connection.id });
	assert.equal(res.status, 200, res.text);
	assert.equal((await answer(me)).pending, 0);
	assert.equal((await grantsOf(me.account)).refresh_tokens, 0);
	await clearFaults();
	await sleep(4000);		// the keepers have looked since
	assert.deepEqual((await me.connections()).map((c) => c.status), ['disconnected']);
});

test('an exchange that takes longer than the request has time still brings the account', async () => {
	const me = new Visitor();
	await fault({ path: TOKEN, fault: 'late', held: true, count: 1 });
	const { path } = await me.arrive();
	onItsWay(await me.get(path));
	assert.equal((await answer(me)).pending, 1);
	await clearFaults();
	await until('the account appears', 60, async () => (await me.connections()).length === 1);
	landed(await me.get(path));
	await renews(me, (await me.connections())[0]);
});

// A claims, B claims; A's exchange comes last and ends B's pair at X.
test('two attempts of one user: the row holds the pair that lives', async () => {
	const me = new Visitor();
	const [a, b] = [await me.arrive('?return_to=/a'), await me.arrive('?return_to=/b')];
	await fault({ path: TOKEN, fault: 'slow', held: true, count: 1 });
	const first = me.get(a.path);
	await claimed(me);
	const second = me.get(b.path);
	await sleep(500);
	await clearFaults();
	landed(await first, { path: '/a' });
	landed(await second, { path: '/b' });
	const [one, ...more] = await me.connections();
	assert.equal(more.length, 0);
	await renews(me, one);
});

test('two users of one account whose logins overlap: the later exchange wins', async () => {
	const me = new Visitor(), other = new Visitor({ account: me.account });
	const [a, b] = [await me.arrive(), await other.arrive()];
	await fault({ path: TOKEN, fault: 'slow', held: true, count: 1 });
	const first = me.get(a.path);
	await claimed(me);
	landed(await other.get(b.path));
	await clearFaults();
	landed(await first);
	assert.deepEqual((await other.connections()).map((c) => c.status), ['superseded']);
	const [mine] = await me.connections();
	assert.equal(mine.status, 'connected');
	await renews(me, mine);
});

// Tab 1 reconnects A but is signed in as B, which tab 2 connects meanwhile.
test('what is refused in one tab is not what another tab has connected', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const b = handle();
	const tab1 = await come(me, `?connection_id=${connection.id}`, b), tab2 = await come(me, '', b);
	await fault({ path: TOKEN, fault: 'slow', held: true, count: 1 });
	const first = me.get(tab1);
	await claimed(me);
	const second = me.get(tab2);
	await sleep(500);
	await clearFaults();
	landed(await first, { error: 'other_account' });
	landed(await second);
	const list = await me.connections();
	assert.deepEqual(list.map((c) => c.status), ['connected', 'connected']);
	await renews(me, list.find((c) => c.username === b));
	await renews(me, list.find((c) => c.username !== b));
});

test('a second attempt while the first hangs at X is told to come again, and its code is kept', async () => {
	const me = new Visitor();
	await settings({ code_ttl: 120 });
	await fault({ path: TOKEN, fault: 'late', held: true, count: 1 });
	const [a, b] = [await me.arrive('?return_to=/a'), await me.arrive('?return_to=/b')];
	const { codes_exchanged: exchanged } = await counts();
	const first = me.get(a.path);
	await claimed(me);
	await until('X has granted', 20, async () => (await counts()).codes_exchanged > exchanged);
	const { value, by } = await grown(() => me.get(b.path));
	landed(value, { path: '/b', error: 'busy' });
	assert.equal(by('codes_exchanged'), 0);
	onItsWay(await first);
	await clearFaults();
	await until('the first is done', 60, async () => (await answer(me)).pending === 0);
	landed(await me.get(b.path), { path: '/b' });
	await renews(me, (await me.connections())[0]);
});
