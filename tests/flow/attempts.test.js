// Beginning and ending an attempt to connect: who may, what a guess of the
// browser's does, and that no attempt ever shuts its browser out.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, grown, problem, send } from './lib/stack.js';
import { bearer, landed, sessionCookies, token, Visitor } from './lib/visitor.js';

before(calm);
after(calm);

const INITIATE = '/api/auth/twitter/initiate';
const GUESSES = [{ 'Sec-Purpose': 'prefetch' }, { 'Sec-Purpose': 'prefetch;prerender' }, { Purpose: 'prefetch' }, { 'X-Moz': 'prefetch' }, { 'X-Purpose': 'preview' }];

test('a guess or a HEAD of initiate starts nothing', async () => {
	const me = new Visitor();
	for (const headers of GUESSES) {
		for (const Accept of ['text/html', 'application/json', '*/*']) {
			const res = await me.get(INITIATE, { headers: { ...headers, Accept } });
			problem(res, 403, 'not_ahead');
			assert.equal(res.headers.location, undefined);
		}
	}
	const head = await me.send('HEAD', INITIATE);
	assert.equal(head.status, 405);
	assert.equal(head.headers.allow, 'GET');
	assert.equal(me.jar.size, 0);
	await me.initiate();
	assert.equal(me.jar.size, 1);
});

test('a guess or a HEAD of callback spends no code, and the person still arrives', async () => {
	const me = new Visitor();
	const { path, cookie } = await me.arrive();
	const { by } = await grown(async () => {
		for (const headers of GUESSES)
			problem(await me.get(path, { headers }), 403, 'not_ahead');
		assert.equal((await me.send('HEAD', path)).status, 405);
	});
	assert.equal(by('codes_exchanged'), 0);
	assert.ok(me.jar.has(cookie));
	landed(await me.get(path));
	assert.equal((await me.connections()).length, 1);
});

test('only a page of this site may begin to renew or replace a connection', async () => {
	const me = new Visitor();
	const { id } = await me.connect();
	const Cookie = sessionCookies(me.token)[0];
	const go = (query, site) => send('GET', INITIATE + query, { headers: { Cookie, ...(site && { 'Sec-Fetch-Site': site }) } });
	for (const query of [`?connection_id=${id}`, `?connection_id=${id}&replace=1`]) {
		for (const site of ['cross-site', 'same-site']) {
			const res = await go(query, site);
			problem(res, 403, 'cross_site');
			assert.equal(res.cookies.length, 0);
		}
		for (const site of ['same-origin', 'none', undefined])
			assert.equal((await go(query, site)).status, 302, site);
		assert.equal((await send('GET', INITIATE + query, { headers: { ...bearer(me.token), 'Sec-Fetch-Site': 'cross-site' } })).status, 302);
	}
	assert.equal((await go('', 'cross-site')).status, 302);
	const page = await send('GET', `${INITIATE}?connection_id=${id}`, { headers: { Cookie, Accept: 'text/html', 'Sec-Fetch-Site': 'cross-site' } });
	assert.equal(page.status, 403);
	assert.match(page.headers['content-type'], /^text\/html/);
});

// A browser that begins again and again, with the longest way back there is.
test('attempts never shut a browser with a large session out', async () => {
	const user = crypto.randomUUID();
	for (const size of [0, 22000, 26000, 30000, 32000]) {
		const me = new Visitor({ user });
		const session = sessionCookies(token({ sub: user })).concat(size ? `sb-127-auth-token-code-verifier=${'x'.repeat(size - 1000)}` : []).join('; ');
		for (let i = 0; i < 12; i++) {
			const jar = [...me.jar].map(([name, value]) => `${name}=${value}`);
			const Cookie = [session, ...jar].join('; ');
			const res = await me.send('GET', `${INITIATE}?return_to=/${'a'.repeat(999)}`, { signedIn: false, headers: { Cookie } });
			if (res.status !== 302)
				problem(res, 431, 'headers_too_large');
			assert.ok(res.status === 302 || size > 30000, `${size}: ${res.text}`);
			assert.ok(me.jar.size <= 5);
			const sent = [session, ...[...me.jar].map(([name, value]) => `${name}=${value}`)].join('; ');
			assert.equal((await send('GET', '/api/twitter/connections', { headers: { Cookie: sent } })).status, 200, `${sent.length} bytes`);
		}
		if (size <= 30000)
			assert.ok(me.jar.size > 0);
	}
});
