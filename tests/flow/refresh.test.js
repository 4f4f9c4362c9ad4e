// Renewing the access to X: in time, once, whoever asks, and never at the cost
// of a connection that still works.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, fault, grown, LIGHT, problem, run, sandbox, settings, sql, tokensEnd, unbrake } from './lib/stack.js';
import { Visitor, words } from './lib/visitor.js';

before(calm);
beforeEach(calm);
after(calm);

// As if the time of the access token were over, here and at X.
async function runOut(me, left = -60) {
	await tokensEnd(left, `user_id = '${me.user}'`);
	if (left <= 0)
		await sandbox('POST', '/sandbox/expire', { account: me.account });
}

async function connected() {
	const me = new Visitor();
	await me.connect();
	return me;
}

// A lease that a lost answer left runs out now instead of in 150 seconds.
const leasesRunOut = () => sql(`UPDATE x_grants SET lease_until = now() WHERE lease_until > now()`);

const state = (me) => sql(`SELECT status, access_token IS NOT NULL, refresh_token IS NOT NULL FROM platform_connections WHERE user_id = '${me.user}'`);

test('an access token that has run out is renewed before the post', async () => {
	const me = await connected();
	const [[old]] = await sql(`SELECT access_token || refresh_token FROM platform_connections WHERE user_id = '${me.user}'`);
	await runOut(me);
	const { value: res, by } = await grown(() => me.post(words()));
	assert.equal(res.status, 201, res.text);
	assert.equal(by('refreshes_granted'), 1);
	const [[next, left]] = await sql(`SELECT access_token || refresh_token, extract(epoch FROM token_expires_at - now())::int FROM platform_connections WHERE user_id = '${me.user}'`);
	assert.notEqual(next, old);
	assert.ok(Math.abs(left - 7200) < 60);
	const { by: then } = await grown(async () => assert.equal((await me.post(words())).status, 201));
	assert.equal(then('refreshes_granted'), 0);
});

test('tokens can be renewed again and again', async () => {
	const me = await connected();
	const { by } = await grown(async () => {
		for (let i = 0; i < 5; i++) {
			await runOut(me);
			assert.equal((await me.post(words())).status, 201);
		}
	});
	assert.equal(by('refreshes_granted'), 5);
	assert.equal(by('refreshes_refused'), 0);
});

test('forty posts at once over all processes spend one refresh token', async () => {
	for (let round = 0; round < (LIGHT ? 1 : 3); round++) {
		const me = await connected();
		await runOut(me);
		const { value, by } = await grown(() => Promise.all(Array.from({ length: LIGHT ? 20 : 40 }, () => me.post(words()))));
		for (const res of value)
			assert.equal(res.status, 201, res.text);
		assert.equal(by('refreshes_granted'), 1);
		assert.equal(by('refreshes_refused'), 0);
		assert.equal(by('posts_created'), value.length);
	}
});

test('posts and sweeps of the command line at once spend one refresh token', async () => {
	const me = await connected();
	await runOut(me);
	const { by } = await grown(async () => {
		const sweeps = Array.from({ length: 3 }, () => run(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`]));
		const posts = await Promise.all(Array.from({ length: 10 }, () => me.post(words())));
		for (const res of posts)
			assert.equal(res.status, 201, res.text);
		for (const done of await Promise.all(sweeps))
			assert.ok([0, 75].includes(done.status), done.stderr);
	});
	assert.equal(by('refreshes_granted'), 1);
	assert.equal(by('refreshes_refused'), 0);
});

test('a refused refresh token ends the connection, and says why', async () => {
	const me = await connected();
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: '400' });
	problem(await me.post(words()), 409, 'needs_reauth');
	const [{ hits }] = await sandbox('GET', '/sandbox/faults');
	const [c] = await me.connections();
	assert.equal(c.status, 'needs_reauth');
	assert.ok(c.status_reason.length > 10);
	assert.equal(c.can_post, false);
	problem(await me.post(words()), 409, 'needs_reauth');
	assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, hits, 'nobody knocks again');
	assert.ok((await sql(`SELECT code FROM x_events WHERE user_id = '${me.user}'`)).flat().includes('needs_reauth'));
	await clearFaults();
	await me.connect();
	assert.equal((await me.post(words())).status, 201);
});

test('a refresh token that was used elsewhere ends the connection', async () => {
	const me = await connected();
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: 'drop_after', count: 1 });
	problem(await me.post(words()), 503, 'x_unavailable');
	await leasesRunOut();
	problem(await me.post(words()), 409, 'needs_reauth');
	const [c] = await me.connections();
	assert.equal(c.status, 'needs_reauth');
	assert.match(c.status_reason, /answer .* was lost/);
});

test('a token whose answer was lost is not sent again while its lease runs', async () => {
	const me = await connected();
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: 'drop', count: 1 });
	const { by } = await grown(async () => {
		problem(await me.post(words()), 503, 'x_unavailable');
		const [{ hits }] = await sandbox('GET', '/sandbox/faults');
		assert.equal(hits, 1);
		const res = await me.post(words());
		problem(res, 503, 'refresh_busy');
		assert.ok(Number(res.headers['retry-after']) > 0);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [0, 0]);
	await leasesRunOut();
	const { value, by: then } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([then('refreshes_granted'), then('refreshes_refused')], [1, 0]);
});

test('an odd member voids no pair', async () => {
	const me = await connected();
	await runOut(me);
	// The new access token is used, and the refresh token that lives is kept.
	await fault({ path: '/2/oauth2/token', fault: 'garbage', count: 1,
		body: '\ufeff{"token_type":"bearer","access_token":"odd","refresh_token":"","expires_in":"0","scope":"tweet.read,tweet.write"}' });
	problem(await me.post(words()), 409, 'x_token');
	const [[left, scopes]] = await sql(`SELECT extract(epoch FROM token_expires_at - now())::int, array_to_string(scopes, ' ') FROM platform_connections WHERE user_id = '${me.user}'`);
	assert.ok(Math.abs(left - 7200) < 60, left);
	assert.equal(scopes, 'tweet.read tweet.write');
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
});

test('of two tokens none is used, and both are given back', async () => {
	const me = await connected();
	const [{ id }] = await me.connections();
	await runOut(me);
	await fault({ path: '/2/oauth2/token', fault: 'garbage', count: 1,
		body: '{"access_token":"a1","access_token":"a2","refresh_token":"r1","refresh_token":"r2"}' });
	problem(await me.post(words()), 503, 'x_unavailable');
	assert.deepEqual(await sql(`SELECT hint, count(*) FROM x_revocations WHERE connection_id = '${id}' GROUP BY 1 ORDER BY 1`),
		[['access_token', '2'], ['refresh_token', '2']]);
	await sql(`DELETE FROM x_revocations WHERE connection_id = '${id}'`);
});

test('a connection without a refresh token ends when its access token does', async () => {
	await settings({ omit_refresh_token: true });
	const me = await connected();
	assert.equal((await me.post(words())).status, 201);
	await runOut(me);
	problem(await me.post(words()), 409, 'needs_reauth');
	assert.equal((await me.connections())[0].status, 'needs_reauth');
});

test('an access token that still lives serves while X cannot renew it', async () => {
	const me = await connected();
	await runOut(me, 55);
	await fault({ path: '/2/oauth2/token', fault: '503' });
	const res = await me.post(words());
	assert.equal(res.status, 201, res.text);
	assert.equal((await me.connections())[0].status, 'connected');
});

test('X in trouble never costs a connection', async () => {
	const kinds = { 401: [502, 'x_operator'], 402: [402, 'x_credits'], 403: [502, 'x_operator'], 429: [429, 'rate_limited'],
		500: [503, 'x_unavailable'], 503: [503, 'x_unavailable'], garbage: [503, 'x_unavailable'], drop: [503, 'x_unavailable'] };
	const people = [];
	for (const [kind, [status, code]] of Object.entries(kinds)) {
		const me = await connected();
		await runOut(me);
		await unbrake();
		await fault({ path: '/2/oauth2/token', fault: kind });
		problem(await me.post(words()), status, code);
		await clearFaults();
		assert.deepEqual(await state(me), [['connected', 't', 't']], kind);
		people.push(me);
	}
	// A lost answer holds its lease to the end.
	await leasesRunOut();
	await unbrake();
	const again = await grown(() => Promise.all(people.map((me) => me.post(words()))));
	for (const res of again.value)
		assert.equal(res.status, 201, res.text);
	assert.equal(again.by('refreshes_granted'), people.length);
	assert.equal(again.by('refreshes_refused'), 0);
});

test('the sweep renews what is due and nothing else', async () => {
	const [due, fresh] = [await connected(), await connected()];
	await runOut(due, 300);
	const sweep = async (me, ...more) => {
		const done = await run(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`, ...more]);
		assert.equal(done.status, 0, done.stderr);
		return JSON.parse(done.stdout);
	};
	const { by } = await grown(async () => {
		assert.equal((await sweep(due, '--dry-run')).due, 1);
		assert.equal((await sweep(fresh)).due, 0);
		const did = await sweep(due);
		assert.deepEqual([did.due, did.refreshed], [1, 1]);
		assert.equal((await sweep(due)).due, 0);
		assert.equal((await sweep(due, '--within=7200')).due, 1);
	});
	assert.equal(by('refreshes_granted'), 2);
	assert.equal(by('refreshes_refused'), 0);
});
