// Connecting an X account: out to X and back, and every way that can go wrong.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUILD, calm, counts, env, grown, inParallel, LIGHT, PLAIN, problem, run, sandbox, secret, send, settings, SITE, sql } from './lib/stack.js';
import { bearer, flowName, landed, readCookie, sessionCookies, token, Visitor } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';

before(calm);
after(calm);

// An attempt of the command line with a key ring of its own choosing.
async function sealedElsewhere(keys, user, preload) {
	const done = await run(join(BUILD, 'twitter_flow'), ['--action=initiate', `--user_id=${user}`],
		{ environment: { ...env, NEXUS_KEYS: keys, ...(preload && { LD_PRELOAD: preload }) } });
	assert.equal(done.status, 0, done.stderr);
	return JSON.parse(done.stdout);
}

test('initiate leads to X with a challenge and leaves a sealed cookie', async () => {
	const me = new Visitor();
	const res = await me.get('/api/auth/twitter/initiate');
	assert.equal(res.status, 302);
	assert.equal(res.headers['cache-control'], 'no-store');
	assert.ok(res.headers['x-request-id']);
	const to = new URL(res.headers.location), q = to.searchParams;
	assert.equal(to.origin + to.pathname, env.TWITTER_AUTHORIZE_URL);
	assert.equal(q.get('response_type'), 'code');
	assert.equal(q.get('client_id'), env.TWITTER_CLIENT_ID);
	assert.equal(q.get('redirect_uri'), env.TWITTER_REDIRECT_URI);
	assert.equal(q.get('scope'), env.TWITTER_SCOPES || 'tweet.read tweet.write users.read media.write offline.access');
	assert.equal(q.get('code_challenge_method'), 'S256');
	assert.match(q.get('code_challenge'), /^[A-Za-z0-9_-]{43}$/);
	assert.match(q.get('state'), /^[A-Za-z0-9_-]{43}$/);
	assert.equal(res.cookies.length, 1);
	const cookie = readCookie(res.cookies[0]);
	assert.equal(cookie.name, flowName(q.get('state')));
	assert.deepEqual(Object.keys(cookie).sort(), ['httponly', 'max-age', 'name', 'path', 'samesite', 'value']);
	assert.equal(cookie['max-age'], '600');
	assert.equal(cookie.path, '/');
	assert.equal(cookie.samesite, 'Lax');
	assert.match(cookie.value, /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/);
	for (const clear of [me.user, q.get('state'), '/dashboard'])
		assert.ok(!Buffer.from(cookie.value, 'base64').includes(clear) && !cookie.value.includes(clear));
});

test('initiate answers JSON to who asks for it', async () => {
	const me = new Visitor();
	const res = await me.get('/api/auth/twitter/initiate?return_to=/ok', { headers: { Accept: 'application/json' } });
	assert.equal(res.status, 200);
	assert.deepEqual(Object.keys(res.json).sort(), ['authorize_url', 'expires_in', 'state']);
	assert.equal(res.json.expires_in, 600);
	assert.equal(new URL(res.json.authorize_url).searchParams.get('state'), res.json.state);
	assert.equal(readCookie(res.cookies[0]).name, flowName(res.json.state));
	landed(await me.get(await me.decide(res.json.authorize_url)), { path: '/ok' });
});

test('no state and no challenge comes twice', async () => {
	const me = new Visitor();
	const states = new Set(), challenges = new Set(), values = new Set();
	const count = LIGHT ? 50 : 300;
	await inParallel(count, 16, async () => {
		const res = await send('GET', '/api/auth/twitter/initiate', { headers: bearer(me.token) });
		const q = new URL(res.headers.location).searchParams;
		states.add(q.get('state'));
		challenges.add(q.get('code_challenge'));
		values.add(readCookie(res.cookies[0]).value);
	});
	assert.deepEqual([states.size, challenges.size, values.size], [count, count, count]);
});

test('on an https origin the cookie is __Host- and Secure', async () => {
	const own = await ownProcess({ NEXUS_ORIGIN: 'https://nexus.example', TWITTER_REDIRECT_URI: 'https://nexus.example/api/auth/twitter/callback' });
	try {
		const me = new Visitor();
		const res = await own.ask('GET', '/api/auth/twitter/initiate', Object.entries(bearer(me.token)));
		assert.equal(res.status, 302, res.text);
		const cookie = readCookie(res.cookies[0]);
		const state = new URL(res.headers.location).searchParams.get('state');
		assert.equal(cookie.name, `__Host-${flowName(state)}`);
		assert.equal(cookie.secure, true);
		assert.equal(cookie.httponly, true);
		assert.equal(cookie.path, '/');
		assert.ok(!('domain' in cookie));
		secret(cookie.value);
	} finally {
		assert.deepEqual(await own.stop(), { status: 0, signal: null });
	}
});

test('a user connects an account and sees it, and the tokens are sealed', async () => {
	const me = new Visitor();
	const { path, cookie } = await me.arrive('?return_to=/dashboard');
	const { value: res, by } = await grown(() => me.get(path));
	landed(res);
	assert.equal(res.headers['cache-control'], 'no-store');
	assert.ok(!me.jar.has(cookie), 'the cookie of the attempt is cleared');
	assert.equal(by('codes_exchanged'), 1);
	const [c, ...more] = await me.connections();
	assert.equal(more.length, 0);
	assert.equal(c.status, 'connected');
	assert.equal(c.username, me.account);
	assert.doesNotMatch(JSON.stringify(c), /nx1\.|access_token|refresh_token/);
	const [[status, access, refresh, expires, scopes]] = await sql(`SELECT status, access_token, refresh_token,
		round(extract(epoch FROM token_expires_at - now())), array_to_string(scopes, ' ')
		FROM platform_connections WHERE user_id = '${me.user}' AND platform = 'twitter'`);
	assert.equal(status, 'connected');
	assert.match(access, /^nx1\.[^.]+\./);
	assert.match(refresh, /^nx1\.[^.]+\./);
	assert.ok(Math.abs(Number(expires) - 7200) < 60, expires);
	assert.match(scopes, /tweet\.write/);
	const canaries = await sandbox('GET', '/sandbox/canaries');
	const row = Buffer.from(`${access}${refresh}`);
	assert.ok(!canaries.some((secretOfX) => row.includes(secretOfX)));
});

test('a new login of the same account renews the same row', async () => {
	const me = new Visitor();
	const first = await me.connect();
	const second = await me.connect();
	assert.equal(second.id, first.id);
	assert.equal((await me.connections()).length, 1);
});

test('an account that another user connects is superseded here', async () => {
	const me = new Visitor();
	await me.connect();
	const other = new Visitor({ account: me.account });
	await other.connect();
	const [mine] = await me.connections();
	assert.equal(mine.status, 'superseded');
	const [[tokens]] = await sql(`SELECT count(*) FROM platform_connections WHERE user_id = '${me.user}'
		AND (access_token IS NOT NULL OR refresh_token IS NOT NULL)`);
	assert.equal(tokens, '0');
});

test('one user connects two accounts', async () => {
	const me = new Visitor();
	await me.connect();
	me.account = `b${me.account}`.slice(0, 15);
	await me.connect();
	assert.equal((await me.connections()).length, 2);
	const res = await me.post('which one?');
	problem(res, 409, 'connection_choice');
	for (const c of await me.connections())
		assert.ok(res.json.detail.includes(c.id));
});

test('denying leads back and connects nothing', async () => {
	const me = new Visitor();
	const { url } = await me.initiate('?return_to=/back?tab=2');
	const { value: res, by } = await grown(async () => me.get(await me.decide(url, 'deny')));
	const to = landed(res, { path: '/back', error: 'access_denied' });
	assert.equal(to.searchParams.get('tab'), '2');
	assert.equal(by('codes_exchanged'), 0);
	assert.deepEqual(await me.connections(), []);
	assert.equal(me.jar.size, 0);
});

test('an error of the authorize page leads back with a code of its own', async () => {
	const me = new Visitor();
	const { state } = await me.initiate();
	const res = await me.get(`/api/auth/twitter/callback?error=server_error&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=${state}`);
	landed(res, { error: 'authorize_error' });
	assert.doesNotMatch(`${res.headers.location}${res.text}`, /script/);
});

// A state that is not this browser's: 400, never a redirect, nothing exchanged.
const foreign = (name, code, prepare) => test(name, async () => {
	const me = new Visitor();
	const attempt = await me.arrive();
	const path = await prepare(me, attempt) ?? attempt.path;
	const { value: res, by } = await grown(() => me.get(path));
	problem(res, 400, code);
	assert.equal(res.headers.location, undefined);
	assert.equal(by('codes_exchanged'), 0);
	assert.deepEqual(await me.connections(), []);
});

const change = (path, name, value) => {
	const url = new URL(path, SITE);
	if (value === undefined)
		url.searchParams.delete(name);
	else
		url.searchParams.set(name, value);
	return url.pathname + url.search;
};

foreign('a callback without state is refused', 'state_missing', (me, { path }) => change(path, 'state'));
foreign('a callback with an empty state is refused', 'state_missing', (me, { path }) => change(path, 'state', ''));
foreign('a callback with a state of 501 characters is refused', /^state_/, (me, { path }) => change(path, 'state', 's'.repeat(501)));
foreign('a state with control characters is refused', /^state_/, (me, { path }) => change(path, 'state', 'a\r\nSet-Cookie: x=1'));
foreign('a state nobody started is refused', 'state_unknown', (me, { path }) => change(path, 'state', crypto.randomBytes(32).toString('base64url')));
foreign('a callback in another browser is refused', 'state_unknown', (me) => me.jar.clear());
foreign('a state that is there twice is refused', /./, (me, { path, state }) => `${path}&state=${state}`);
foreign('a badly encoded query is refused', /./, (me, { path }) => `${path}&state=%zz&code=%`);
foreign('the cookie of another attempt does not serve', 'state_broken', async (me, { cookie }) => {
	const other = await me.initiate();
	me.jar.set(cookie, me.jar.get(other.cookie));
});
foreign('a cookie sealed with a key off the ring is told apart', 'state_key_retired', async (me) => {
	const made = await sealedElsewhere(`gone:${crypto.randomBytes(32).toString('base64')}`, me.user);
	me.jar.set(flowName(made.state), made.flow);
	return me.decide(made.authorize_url);
});
foreign('a cookie that names our key and was sealed with another does not open', 'state_broken', async (me) => {
	const id = env.NEXUS_KEYS.split(':')[0];
	const made = await sealedElsewhere(`${id}:${crypto.randomBytes(32).toString('base64')}`, me.user);
	me.jar.set(flowName(made.state), made.flow);
	return me.decide(made.authorize_url);
});
foreign('another signed-in user cannot finish it', 'state_user', (me) => {
	me.user = crypto.randomUUID();
	me.token = token({ sub: me.user });
});

test('an attempt that took longer than ten minutes has ended', { skip: !PLAIN && 'needs a clock that is set back' }, async () => {
	// The loader divides LD_PRELOAD at spaces, which a checkout may have.
	const library = join(mkdtempSync(join(tmpdir(), 'nx-past-')), 'past.so');
	const built = await run('cc', ['-shared', '-fPIC', '-O', '-x', 'c', '-', '-o', library, '-ldl'], { input: `
		#define _GNU_SOURCE
		#include <sys/syscall.h>
		#include <time.h>
		#include <unistd.h>
		int clock_gettime(clockid_t id, struct timespec *t) {
			int rc = (int)syscall(SYS_clock_gettime, id, t);
			if (id == CLOCK_REALTIME) t->tv_sec -= 601;
			return rc;
		}` });
	assert.equal(built.status, 0, built.stderr);
	const me = new Visitor();
	const made = await sealedElsewhere(env.NEXUS_KEYS, me.user, library);
	rmSync(dirname(library), { recursive: true });
	me.jar.set(flowName(made.state), secret(made.flow));
	const path = await me.decide(made.authorize_url);
	const { value: res, by } = await grown(() => me.get(path));
	problem(res, 400, 'state_expired');
	assert.equal(by('codes_exchanged'), 0);
});

test('a cookie that was cut or changed anywhere is refused', async () => {
	const me = new Visitor();
	const { cookie, path } = await me.arrive();
	const whole = me.jar.get(cookie);
	const broken = [0, 1, 4, 5, 8, 12, 20, whole.length >> 1, whole.length - 17, whole.length - 1].map((n) => whole.slice(0, n));
	for (let at = 0; at < whole.length; at += Math.max(1, whole.length >> 5))
		broken.push(whole.slice(0, at) + (whole[at] === 'A' ? 'B' : 'A') + whole.slice(at + 1));
	broken.push(`${whole}A`, `${whole}${whole}`, whole.toLowerCase(), 'x'.repeat(5000), '%00', `"${whole}"`);
	const { by } = await grown(async () => {
		for (const value of broken) {
			const res = await send('GET', path, { headers: { ...bearer(me.token), Cookie: `${cookie}=${value}` } });
			problem(res, 400, /^state_(broken|unknown|key_retired)$/);
		}
	});
	assert.equal(by('codes_exchanged'), 0);
	landed(await me.get(path));		// and none of it spent the code
});

test('the last character of a cookie has one spelling', async () => {
	const me = new Visitor();
	const { cookie, path } = await me.arrive();
	const whole = me.jar.get(cookie);
	const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
	for (const letter of letters)
		if (letter !== whole.at(-1)) {
			const res = await send('GET', path, { headers: { ...bearer(me.token), Cookie: `${cookie}=${whole.slice(0, -1)}${letter}` } });
			problem(res, 400, /^state_/);
		}
});

test('at most five attempts are outstanding', async () => {
	const me = new Visitor();
	for (let i = 0; i < 5; i++)
		await me.initiate();
	assert.equal(me.jar.size, 5);
	for (let i = 0; i < 4; i++) {
		const res = await me.get('/api/auth/twitter/initiate');
		assert.equal(res.cookies.filter((c) => readCookie(c)['max-age'] === '0').length, 1);
		assert.equal(me.jar.size, 5);
	}
});

test('the attempt that started first is the one that is expired', async () => {
	const me = new Visitor();
	const first = await me.initiate();
	await new Promise((done) => setTimeout(done, 1100));
	const rest = [];
	for (let i = 0; i < 5; i++)
		rest.push(await me.initiate());
	assert.ok(!me.jar.has(first.cookie));
	assert.deepEqual([...me.jar.keys()].sort(), rest.map((a) => a.cookie).sort());
	const landing = await me.decide(rest[0].url);
	landed(await me.get(landing));
});

test('rubbish among the cookies is expired before a good attempt', async () => {
	const me = new Visitor();
	const good = [];
	for (let i = 0; i < 4; i++)
		good.push((await me.initiate()).cookie);
	me.jar.set('nx-00000000', 'rubbish');
	await me.initiate();
	assert.ok(!me.jar.has('nx-00000000'));
	assert.ok(good.every((name) => me.jar.has(name)));
});

test('several tabs finish in any order', async () => {
	const me = new Visitor();
	const tabs = [];
	for (const tab of ['/a', '/b', '/c'])
		tabs.push({ tab, ...await me.arrive(`?return_to=${tab}`) });
	for (const { tab, path } of tabs.reverse())
		landed(await me.get(path), { path: tab });
	assert.equal(me.jar.size, 0);
	assert.equal((await me.connections()).length, 1);
});

test('return_to must be a path on this site', async () => {
	const me = new Visitor();
	const evil = ['//evil.example', '///evil.example', '/\\evil.example', '\\/evil.example', '\\\\evil.example', 'https:evil.example',
		'https://evil.example', 'http://evil.example/', 'HTTPS://evil.example', 'javascript:alert(1)', 'data:text/html,x', 'evil.example',
		'/%2f/evil.example', '/%2Fevil.example', '/%5cevil.example', '/%5Cevil.example', '/\t/evil.example', '\t//evil.example', ' //evil.example',
		'/\n/evil.example', '/\r\nSet-Cookie: x=1', '/\u0000/evil.example', '/\u007f', '', ' ', '.', '..', '?x', '#x', '@evil.example',
		`${SITE}@evil.example/`, '/a\\b', '/.//evil.example', '/..//evil.example', '/%09/evil.example', '/%0d%0aSet-Cookie:x', '/%00', '/\u{ff0f}evil.example',
		`/${'a'.repeat(5000)}`];
	for (const path of evil) {
		const res = await me.get(`/api/auth/twitter/initiate?return_to=${encodeURIComponent(path)}`);
		if (path.startsWith('/') && res.status === 302) {
			// Accepted: then it must stay on this site.
			const back = await me.get(await me.decide(res.headers.location));
			assert.equal(new URL(back.headers.location, SITE).origin, new URL(SITE).origin, path);
			assert.doesNotMatch(path, /[\\\u0000-\u0020\u007f]|^\/\/|^\/%(2f|5c)/i, 'must not be accepted');
			continue;
		}
		problem(res, 400, /^(return_to|malformed)$/);
		assert.deepEqual(res.cookies, []);
	}
});

test('return_to keeps its query and its fragment', async () => {
	const me = new Visitor();
	for (const [given, want] of [['/ok?x=1#y', /^\/ok\?.*#y$/], ['/', /^\/\?x=connected$/], ['/a/b-c_d~e', /^\/a\/b-c_d~e\?x=connected$/], ['/p?q=%2F%2F', /^\/p\?q=%2F%2F&x=connected$/]]) {
		const { path } = await me.arrive(`?return_to=${encodeURIComponent(given)}`);
		const res = await me.get(path);
		assert.equal(res.status, 302, given);
		const to = new URL(res.headers.location, SITE);
		assert.equal(to.origin, new URL(SITE).origin);
		assert.match(to.pathname + to.search + to.hash, want);
		assert.ok(to.searchParams.getAll('x').includes('connected'));
	}
	problem(await me.get('/api/auth/twitter/initiate?return_to=/a&return_to=/b'), 400, /./);
});

test('a code that has expired at X is refused and can be tried anew', async () => {
	const me = new Visitor();
	await settings({ code_ttl: 0 });
	const { path } = await me.arrive();
	const { value: res, by } = await grown(() => me.get(path));
	await settings({ code_ttl: 30 });
	landed(res, { error: 'code_refused' });
	assert.equal(by('codes_exchanged'), 0);
	assert.deepEqual(await me.connections(), []);
	await me.connect();
});

test('a code that X never made is refused', async () => {
	const me = new Visitor();
	const { state } = await me.initiate();
	landed(await me.get(`/api/auth/twitter/callback?code=made-up&state=${state}`), { error: 'code_refused' });
	for (const code of ['', 'a%0d%0ab', 'a%20b', 'c'.repeat(2100)]) {
		const next = await me.initiate();
		landed(await me.get(`/api/auth/twitter/callback?code=${code}&state=${next.state}`), { error: 'code_missing' });
	}
	const zero = await me.initiate();
	problem(await me.get(`/api/auth/twitter/callback?code=%00&state=${zero.state}`), 400, /./);
	const without = await me.initiate();
	landed(await me.get(`/api/auth/twitter/callback?state=${without.state}`), { error: 'code_missing' });
});

test('a code of one attempt does not serve another: PKCE', async () => {
	const me = new Visitor();
	const [one, two] = [await me.arrive(), await me.arrive()];
	const code = new URL(one.path, SITE).searchParams.get('code');
	const { value: res, by } = await grown(() => me.get(change(two.path, 'code', code)));
	landed(res, { error: 'code_refused' });
	assert.equal(by('codes_exchanged'), 0);
	assert.deepEqual(await me.connections(), []);
});

test('a reload after success lands on success and exchanges nothing', async () => {
	const me = new Visitor();
	const { path } = await me.arrive('?return_to=/done');
	landed(await me.get(path), { path: '/done' });
	const { by } = await grown(async () => {
		landed(await me.get(path), { path: '/done' });
		landed(await me.get(path), { path: '/done' });
		landed(await me.get(change(path, 'code', 'other')), { path: '/done' });
	});
	assert.equal(by('codes_exchanged'), 0);
	const other = new Visitor();
	problem(await other.get(path), 400, /^state_/);
});

test('a double click exchanges one code', async () => {
	for (let round = 0; round < 5; round++) {
		const me = new Visitor();
		const { path } = await me.arrive();
		const Cookie = [...me.jar].map((pair) => pair.join('=')).join('; ');
		const { value, by } = await grown(() => Promise.all(Array.from({ length: 8 }, () =>
			send('GET', path, { headers: { ...bearer(me.token), Cookie } }))));
		for (const res of value)
			landed(res);
		assert.equal(by('codes_exchanged'), 1);
		assert.equal((await me.connections()).length, 1);
	}
});

test('a callback whose cookie is replayed after failure tells the same failure', async () => {
	const me = new Visitor();
	const { state } = await me.initiate();
	const Cookie = [...me.jar].map((pair) => pair.join('=')).join('; ');
	const path = `/api/auth/twitter/callback?code=made-up&state=${state}`;
	const { by } = await grown(async () => {
		for (let i = 0; i < 3; i++)
			landed(await send('GET', path, { headers: { ...bearer(me.token), Cookie } }), { error: 'code_refused' });
	});
	assert.equal(by('codes_exchanged'), 0);
});

test('without a session a browser gets advice and a program gets 401', async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	for (const where of ['/api/auth/twitter/initiate', path]) {
		const page = await me.get(where, { signedIn: false, headers: { Accept: 'text/html,application/xhtml+xml' } });
		assert.equal(page.status, 401);
		assert.match(page.headers['content-type'], /^text\/html/);
		assert.match(page.text, /Sign in/);
		assert.match(page.text, /<a href="/);
		const json = await me.get(where, { signedIn: false, headers: { Accept: 'application/json' } });
		problem(json, 401, 'unauthenticated');
		problem(await me.get(where, { signedIn: false }), 401, 'unauthenticated');
	}
	landed(await me.get(path));	// the attempt outlived it
});

test('a browser that brings a broken state gets a page with advice', async () => {
	const me = new Visitor();
	const res = await me.get('/api/auth/twitter/callback?code=x&state=%3Cscript%3E', { headers: { Accept: 'text/html' } });
	assert.equal(res.status, 400);
	assert.match(res.headers['content-type'], /^text\/html/);
	assert.match(res.text, /Connect X/);
	assert.doesNotMatch(res.text, /<script/);
	assert.match(res.headers['content-security-policy'] ?? '', /default-src 'none'/);
});

test('the whole story works with Supabase\'s cookie alone', async () => {
	const me = new Visitor();
	for (const cookie of sessionCookies(me.token))
		me.jar.set(...cookie.split(/=(.*)/s).slice(0, 2));
	const first = await me.get('/api/auth/twitter/initiate', { signedIn: false });
	assert.equal(first.status, 302, first.text);
	landed(await me.get(await me.decide(first.headers.location), { signedIn: false }));
	const res = await me.get('/api/twitter/connections', { signedIn: false });
	assert.equal(res.json.connections[0].username, me.account);
});

test('a user who disconnects is disconnected at X too', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const { value: res, by } = await grown(() => me.json('/api/auth/twitter/disconnect', { connection_id: connection.id }));
	assert.equal(res.status, 200, res.text);
	assert.equal(res.json.id, connection.id);
	assert.equal(res.json.status, 'disconnected');
	assert.ok(by('revoked') >= 1);
	const grants = (await sandbox('GET', '/sandbox/grants')).find((g) => (g.account ?? g.username ?? g.handle) === me.account);
	assert.ok(!grants || Object.entries(grants).filter(([k]) => /tokens?$/.test(k)).every(([, n]) => n === 0), JSON.stringify(grants));
	const [[tokens]] = await sql(`SELECT count(*) FROM platform_connections WHERE id = '${connection.id}' AND (access_token IS NOT NULL OR refresh_token IS NOT NULL)`);
	assert.equal(tokens, '0');
	problem(await me.post('after the end'), 409, /not_connected|needs_reauth/);
	assert.equal((await me.connect()).id, connection.id);
});

test('what went wrong for a user is written down', async () => {
	const me = new Visitor();
	const { state } = await me.initiate();
	const res = await me.get(`/api/auth/twitter/callback?code=made-up&state=${state}`);
	landed(res, { error: 'code_refused' });
	const rows = await sql(`SELECT code, x_status, request_id FROM x_events WHERE user_id = '${me.user}'`);
	assert.deepEqual(rows, [['code_refused', '400', res.headers['x-request-id']]]);
});

test('many connect at once and each gets their own account', async () => {
	const people = Array.from({ length: LIGHT ? 16 : 64 }, () => new Visitor());
	const before = await counts();
	await Promise.all(people.map((one) => one.connect()));
	const after = await counts();
	assert.equal(after.codes_exchanged - before.codes_exchanged, people.length);
	for (const one of people)
		assert.deepEqual((await one.connections()).map((c) => c.username), [one.account]);
});
