// X failing in every way at every step: each has its own code, nothing is
// lost, nothing is done twice, no connection is half made.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { calm, clearFaults, counts, fault, grown, problem, sandbox, settings, SITE, sql, STACK, stopwatch, until } from './lib/stack.js';
import { ownProcess } from './lib/fcgi.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';

before(calm);
beforeEach(calm);
after(calm);

async function nothingConnected(me) {
	assert.deepEqual(await me.connections(), []);
	assert.deepEqual(await sql(`SELECT id FROM platform_connections WHERE user_id = '${me.user}'`), []);
}

// X has granted access and not said to whom yet.
function waits(res) {
	assert.equal(res.status, 302, res.text);
	assert.equal(new URL(res.headers.location, SITE).searchParams.get('x'), 'pending', res.headers.location);
}

const appears = (me) => until('the account appears', 60, async () => {
	await sql(`UPDATE x_pending SET next_try_at = now() WHERE user_id = '${me.user}'`);
	return (await me.connections()).some((c) => c.status === 'connected');
});

async function livingTokens(account) {
	const all = await sandbox('GET', '/sandbox/grants');
	return all.filter((g) => Object.values(g).includes(account))
		.reduce((sum, g) => sum + Object.entries(g).reduce((n, [name, v]) => n + (/token/.test(name) && typeof v === 'number' ? v : 0), 0), 0);
}

const AT_TOKEN = [
	['400', 'code_refused'], ['401', 'x_operator'], ['402', 'x_credits'], ['403', 'x_operator'], ['429', 'rate_limited'],
	['500', 'code_lost'], ['503', 'code_lost'], ['garbage', 'code_lost'], ['drop', 'code_lost'], ['drop_after', 'code_lost'],
];
for (const [kind, error] of AT_TOKEN)
	test(`the token endpoint answers ${kind}: ${error}`, async () => {
		const me = new Visitor();
		const { path } = await me.arrive();
		await fault({ path: '/2/oauth2/token', fault: kind });
		const { value: res, by } = await grown(() => me.get(path));
		landed(res, { error });
		assert.equal(by('codes_exchanged'), kind === 'drop_after' ? 1 : 0);
		const hits = (await sandbox('GET', '/sandbox/faults'))[0].hits;
		assert.equal(hits, 1, 'a code is sent once');
		await nothingConnected(me);
		await clearFaults();
		assert.deepEqual((await sql(`SELECT code FROM x_events WHERE user_id = '${me.user}'`)).flat(), [error]);
		await me.connect();
	});

for (const body of ['{}', '[]', 'null', '""', '{"access_token":5}', '{"access_token":""}', '{"token_type":"bearer","expires_in":7200}', '{"access_token":"a","access_token":"b"}', '\u0000'])
	test(`the token endpoint answers 200 with ${JSON.stringify(body)}: nothing is stored`, async () => {
		const me = new Visitor();
		const { path } = await me.arrive();
		await fault({ path: '/2/oauth2/token', fault: 'garbage', body });
		landed(await me.get(path), { error: 'code_lost' });
		await nothingConnected(me);
	});

const AT_PROFILE = [
	['401', 'x_token'], ['402', 'x_credits'], ['403', 'x_refused'], ['429', 'rate_limited'], ['500', 'x_unavailable'],
	['503', 'x_unavailable'], ['garbage', 'x_unavailable'], ['drop', 'x_unavailable'],
];
for (const [kind, error] of AT_PROFILE)
	test(`the profile answers ${kind}: ${error} is noted, and the grant waits`, async () => {
		const me = new Visitor();
		const { path } = await me.arrive();
		await fault({ path: '/2/users/me', fault: kind });
		const { value: res, by } = await grown(() => me.get(path));
		waits(res);
		assert.deepEqual([by('codes_exchanged'), by('revoked')], [1, 0]);
		assert.ok(await livingTokens(me.account) > 0, 'it is not given back');
		await nothingConnected(me);
		assert.deepEqual((await sql(`SELECT DISTINCT code FROM x_events WHERE user_id = '${me.user}'`)).flat(), [error]);
		await clearFaults();
		await appears(me);
		assert.equal((await me.post(words())).status, 201);
	});

test('a profile that fails once is asked for again', async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	await fault({ path: '/2/users/me', fault: '503', count: 1 });
	const { value: res, by } = await grown(() => me.get(path));
	landed(res);
	assert.equal(by('codes_exchanged'), 1);
	assert.equal((await me.connections()).length, 1);
});

test('a grant without a refresh token is connected and says so', async () => {
	await settings({ omit_refresh_token: true });
	const me = new Visitor();
	const connection = await me.connect();
	assert.equal(connection.renews_itself, false);
	assert.equal((await me.post(words())).status, 201);
	assert.deepEqual(await sql(`SELECT refresh_token IS NULL FROM platform_connections WHERE id = '${connection.id}'`), [['t']]);
});

test('a grant of fewer scopes shows what is missing', async () => {
	await settings({ granted_scopes: 'tweet.read users.read offline.access' });
	const me = new Visitor();
	const connection = await me.connect();
	assert.deepEqual([...connection.scopes].sort(), ['offline.access', 'tweet.read', 'users.read']);
	assert.deepEqual([...connection.missing_scopes].sort(), ['media.write', 'tweet.write']);
	assert.equal(connection.can_post, false);
	const { value: res, by } = await grown(() => me.post(words()));
	problem(res, 403, 'scope_missing');
	assert.equal(by('posts_created'), 0);
});

test('a grant that cannot even read the profile is given back', async () => {
	await settings({ granted_scopes: 'tweet.write' });
	const me = new Visitor();
	const { path } = await me.arrive();
	landed(await me.get(path), { error: 'x_refused' });
	await nothingConnected(me);
	assert.equal(await livingTokens(me.account), 0);
});

// Refused: nothing is live, and the same key may be used once X is well again
// where X had not decided.
const REFUSED = [
	['400', 422, 'x_refused', false], ['402', 402, 'x_credits', true], ['403', 422, 'x_automated', false], ['404', 503, 'x_unavailable', true],
	['429', 429, 'rate_limited', true],
];
for (const [kind, status, code, again] of REFUSED)
	test(`a post is answered ${kind}: ${code}`, async () => {
		const me = new Visitor();
		await me.connect();
		const text = words();
		await fault({ path: '/2/tweets', method: 'POST', fault: kind });
		const { value: res, by } = await grown(() => me.post(text, { 'Idempotency-Key': 'k' }));
		problem(res, status, code);
		assert.equal(res.json.x.status, Number(kind));
		for (const name of ['type', 'title', 'detail'])
			assert.ok(name in res.json.x);
		if (status === 429 || status === 503)
			assert.ok(Number(res.headers['retry-after']) > 0);
		assert.equal(by('posts_created'), 0);
		assert.equal((await me.connections())[0].status, 'connected');
		await clearFaults();
		const { value: next, by: then } = await grown(() => me.post(text, { 'Idempotency-Key': 'k' }));
		assert.equal(next.status, again ? 201 : 200, next.text);
		assert.equal(then('posts_created'), again ? 1 : 0);
		if (!again)
			assert.equal(next.json.state, 'failed');
	});

test('X\'s own refusal of a text is passed on', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ path: '/2/tweets', method: 'POST', fault: '403', body: '{"title":"Forbidden","detail":"This user is not allowed to <b>do</b> that","type":"https://api.twitter.com/2/problems/client-odd","status":403}' });
	const res = await me.post(words());
	problem(res, 422, 'x_refused');
	assert.equal(res.json.x.detail, 'This user is not allowed to <b>do</b> that');
	assert.match(res.json.x.type, /client-odd$/);
});

for (const [name, body, status, code] of [
	['a suspended account', '{"title":"Forbidden","detail":"Your account is suspended and is not permitted to access this feature.","type":"about:blank","status":403}', 409, 'x_account'],
	['a reached spend cap', '{"title":"SpendCapReached","detail":"Spend cap reached","type":"https://api.x.com/2/problems/credits","status":403}', 402, 'x_credits'],
])
	test(`${name}: ${code}`, async () => {
		const me = new Visitor();
		await me.connect();
		await fault({ path: '/2/tweets', method: 'POST', fault: '403', body });
		problem(await me.post(words()), status, code);
	});

// Lost: X may have it.
for (const [kind, live] of [['500', 0], ['503', 0], ['502', 0], ['garbage', 0], ['drop', 0], ['drop_after', 1]])
	test(`a post whose answer is ${kind} is unknown and is never sent again`, async () => {
		const me = new Visitor();
		await me.connect();
		const text = words();
		await fault({ path: '/2/tweets', method: 'POST', fault: kind });
		const { value, by } = await grown(async () => {
			const first = await me.post(text, { 'Idempotency-Key': 'k' });
			assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, 1, 'a post is sent once');
			await clearFaults();
			return [first, await me.post(text, { 'Idempotency-Key': 'k' })];
		});
		const [first, again] = value;
		assert.equal(first.status, 202, first.text);
		assert.equal(first.json.state, 'unknown');
		assert.equal(first.json.post_id, null);
		assert.equal(first.json.parts[0].state, 'unknown');
		assert.ok(first.json.id);
		assert.equal(first.json.status_url, `/api/twitter/posts/${first.json.id}`);
		assert.equal(first.json.profile_url, `https://x.com/${me.account}`);
		assert.match(again.text, /"state":"unknown"/);
		assert.equal(again.status, 202);
		assert.equal(again.json.status_url, first.json.status_url);
		assert.equal(again.json.id, first.json.id);
		assert.equal(by('posts_created'), live);
		assert.deepEqual(await sql(`SELECT state FROM x_posts WHERE user_id = '${me.user}'`), [['unknown']]);
	});

test('an access token that X refuses is renewed once, and the post goes out', async () => {
	const me = new Visitor();
	await me.connect();
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	const { value: res, by } = await grown(() => me.post(words()));
	assert.equal(res.status, 201, res.text);
	assert.equal(by('refreshes_granted'), 1);
	assert.equal(by('posts_created'), 1);
});

test('an access token that X refuses for ever is not renewed for ever', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ path: '/2/tweets', method: 'POST', fault: '401' });
	const { value: res, by } = await grown(() => me.post(words()));
	problem(res, 409, 'x_token');
	assert.equal(by('refreshes_granted'), 1);
	assert.equal((await me.connections())[0].status, 'connected');
});

test('X hanging at each step: everybody is answered, and a profile is asked for again', async () => {
	const [atToken, atProfile, poster] = [new Visitor(), new Visitor(), new Visitor()];
	await poster.connect();
	const [first, second] = [await atToken.arrive(), await atProfile.arrive()];
	await fault({ path: '/2/oauth2/token', fault: 'hang', ms: 30000, count: 1 });
	await fault({ path: '/2/users/me', fault: 'hang', count: 1 });
	await fault({ path: '/2/tweets', method: 'POST', fault: 'hang', count: 1 });
	const watch = stopwatch();
	const before = await counts();
	const timed = async (answer) => ({ res: await answer, ms: watch.ms() });
	const one = timed(atToken.get(first.path));
	await until('the token endpoint hangs', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits === 1);
	const two = timed(atProfile.get(second.path));
	const three = timed(poster.post(words()));
	for (const { ms } of await Promise.all([one, two, three]))
		watch.promise(20000, 'an answer', ms);
	waits((await one).res);		// an answer can still come
	waits((await two).res);
	assert.equal((await three).res.status, 202);
	assert.equal((await three).res.json.state, 'unknown');
	const after = await counts();
	assert.equal(after.codes_exchanged - before.codes_exchanged, 1);
	assert.equal(after.posts_created - before.posts_created, 0);
	await appears(atProfile);
	await until('the code is lost', 60, async () => (await sql(`SELECT outcome FROM x_logins WHERE user_id = '${atToken.user}'`)).flat()[0] === 'code_lost');
	landed(await atToken.get(first.path), { error: 'code_lost' });
	await nothingConnected(atToken);
});

// An X that repeats to us what we send, in everything it says.
function echoingX() {
	const heard = [];
	const server = http.createServer((req, res) => {
		const said = req.headers.authorization ?? '';
		heard.push(said.split(' ').pop());
		res.writeHead(req.method === 'POST' ? 400 : 403, `No ${said}`, { 'Content-Type': 'application/json', 'X-Was': said });
		res.end(JSON.stringify({ title: said, detail: `not with ${said}`, type: `about:${encodeURIComponent(said)}`, errors: [{ message: said }] }));
	});
	return new Promise((done) => server.listen(0, '127.0.0.1', () => done({
		heard, url: `http://127.0.0.1:${server.address().port}`,
		stop: () => { server.closeAllConnections(); server.close(); },
	})));
}

test('a token that X repeats goes nowhere', async () => {
	const me = new Visitor();
	await me.connect();
	const there = (await me.post(words())).json;
	await fault({ path: '/2/tweets', method: 'POST', fault: 'drop', count: 1 });
	const lost = (await me.post(words())).json;
	assert.deepEqual([there.state, lost.state], ['sent', 'unknown']);
	const x = await echoingX(), log = join(STACK, 'log/flow-own.log');
	const own = await ownProcess({ TWITTER_API_URL: x.url, TWITTER_TOKEN_URL: process.env.TWITTER_TOKEN_URL ?? `${process.env.TWITTER_API_URL}/2/oauth2/token` });
	const from = statSync(log).size;
	const ask = (method, path, body) => own.ask(method, path, Object.entries(bearer(me.token)), body);
	const answers = [];
	try {
		answers.push(await ask('POST', '/api/twitter/post', JSON.stringify({ text: words() })));
		answers.push(await ask('DELETE', `/api/twitter/posts/${there.id}`));
		answers.push(await ask('POST', `/api/twitter/posts/${lost.id}/resume`));
		answers.push(await ask('GET', '/api/twitter/posts'));
	} finally {
		await own.stop();
		x.stop();
	}
	assert.deepEqual(answers.map((res) => res.status), [422, 409, 502, 200]);
	assert.ok(x.heard.length >= 3 && x.heard[0].length > 20);
	const rows = await sql(['x_events', 'x_parts', 'x_posts'].map((table) => `SELECT t::text FROM ${table} t WHERE user_id = '${me.user}'`).join(' UNION ALL '));
	const logged = readFileSync(log, 'utf8').slice(from);
	assert.match(logged, /post\.not_deleted/);
	assert.match(answers[0].json.detail, /: Bearer \*+$/);
	for (const told of [...answers.map((res) => res.text), logged, ...rows.flat()])
		assert.ok(!told.includes(x.heard[0].slice(0, 20)), 'a token in what is told');
});
