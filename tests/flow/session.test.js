// Who is calling: tokens that must not pass, cookies, origins, other users.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { calm, env, problem, send, SITE } from './lib/stack.js';
import { bearer, serviceToken, sessionCookies, token, Visitor } from './lib/visitor.js';
import { rawHttp } from './lib/raw.js';
import { ask, appSocket, ownProcess } from './lib/fcgi.js';

before(calm);

const LIST = '/api/twitter/connections';
const list = (headers) => send('GET', LIST, { headers });
const user = crypto.randomUUID();
const good = token({ sub: user });
const now = () => Math.floor(Date.now() / 1000);

test('without a token it is 401, on every route that needs one', async () => {
	for (const [method, path] of [['GET', LIST], ['POST', '/api/twitter/post'], ['POST', '/api/auth/twitter/disconnect'],
		['GET', '/api/auth/twitter/initiate'], ['GET', '/api/auth/twitter/callback?code=a&state=b']])
		problem(await send(method, path), 401, 'unauthenticated');
	for (const path of ['/healthz', '/readyz'])
		assert.equal((await send('GET', path)).status, 200);
});

test('a good token passes', async () => {
	const res = await list(bearer(good));
	assert.equal(res.status, 200, res.text);
	assert.deepEqual(res.json, { connections: [] });
});

test('tokens that must not pass', async () => {
	const [head, body, sign] = good.split('.');
	const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url')), sub: crypto.randomUUID() })).toString('base64url');
	const pair = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	const rs256 = (() => {
		const text = `${Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url')}.${body}`;
		return `${text}.${crypto.sign('sha256', Buffer.from(text), pair.privateKey).toString('base64url')}`;
	})();
	const bad = {
		'alg none': token({ sub: user }, { alg: 'none' }),
		'alg None': token({ sub: user }, { alg: 'None' }),
		'alg none with our signature': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.${sign}`,
		'no signature': `${head}.${body}.`,
		'two parts': `${head}.${body}`,
		'five parts': `${good}.a.b`,
		'another secret': token({ sub: user }, { key: 'another-secret-another-secret-123456' }),
		'empty secret': token({ sub: user }, { key: '' }),
		'forged body': `${head}.${forged}.${sign}`,
		'cut signature': good.slice(0, -5),
		'RS256 with an unknown key': rs256,
		'HS512': token({ sub: user }, { alg: 'HS512' }),
		'wrong audience': token({ sub: user, aud: 'anon' }),
		'no audience': token({ sub: user, aud: undefined }),
		'audience in part': token({ sub: user, aud: 'authenticated2' }),
		'no sub': token({ sub: undefined }),
		'sub is no UUID': token({ sub: 'somebody' }),
		'sub is a number': token({ sub: 5 }),
		'sub with SQL': token({ sub: "' OR 1=1 --" }),
		'no exp': token({ sub: user, exp: undefined }),
		'exp is text': token({ sub: user, exp: 'tomorrow' }),
		'not yet valid': token({ sub: user, nbf: now() + 120 }),
		'crit': token({ sub: user }, { header: { crit: ['x'], x: 1 } }),
		'rubbish': 'rubbish',
		'dots': '..',
		'a JWE': 'a.b.c.d.e',
		'JSON with a duplicate': (() => {
			const text = `${head}.${Buffer.from(`{"sub":"${crypto.randomUUID()}","sub":"${user}","aud":"authenticated","exp":${now() + 60}}`).toString('base64url')}`;
			return `${text}.${crypto.createHmac('sha256', env.SUPABASE_JWT_SECRET).update(text).digest('base64url')}`;
		})(),
	};
	for (const [name, text] of Object.entries(bad)) {
		const res = await list(bearer(text));
		assert.equal(res.status, 401, `${name}: ${res.status} ${res.text}`);
		problem(res, 401, /^(unauthenticated|session_expired)$/);
	}
});

test('expiry has 30 s of leeway', async () => {
	problem(await list(bearer(token({ sub: user, exp: now() - 45 }))), 401, 'session_expired');
	assert.equal((await list(bearer(token({ sub: user, exp: now() - 10 })))).status, 200);
	assert.equal((await list(bearer(token({ sub: user, nbf: now() + 10 })))).status, 200);
	assert.equal((await list(bearer(token({ sub: user, aud: ['x', 'authenticated'] })))).status, 200);
});

test('with SUPABASE_URL the issuer is checked', async () => {
	const own = await ownProcess({ SUPABASE_URL: 'https://project.supabase.co' });
	try {
		const status = async (claims) => (await own.ask('GET', LIST, Object.entries(bearer(token({ sub: user, ...claims }))))).status;
		assert.equal(await status({ iss: 'https://project.supabase.co/auth/v1' }), 200);
		assert.equal(await status({ iss: 'https://other.supabase.co/auth/v1' }), 401);
		assert.equal(await status({ iss: undefined }), 401);
	} finally {
		await own.stop();
	}
});

test('with a JWKS the algorithm comes from the key, never from the token', async () => {
	const keys = {
		ES256: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
		RS256: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
	};
	const jwks = Object.entries(keys).map(([alg, pair]) => ({ ...pair.publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' }));
	const file = join(mkdtempSync(join(tmpdir(), 'nx-jwks-')), 'jwks.json');
	writeFileSync(file, JSON.stringify({ keys: jwks }));
	const text = (alg, kid) => token({ sub: user }, { alg, header: kid && { kid } }).replace(/\.[^.]*$/, '');
	const sign = (signed, pair) => `${signed}.${crypto.sign('sha256', Buffer.from(signed), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
	const own = await ownProcess({ SUPABASE_JWKS_FILE: file, SUPABASE_JWT_SECRET: undefined });
	try {
		const status = async (t) => (await own.ask('GET', LIST, Object.entries(bearer(t)))).status;
		for (const [alg, pair] of Object.entries(keys)) {
			assert.equal(await status(sign(text(alg, alg), pair)), 200, alg);
			assert.equal(await status(sign(text(alg, 'unknown'), pair)), 401, `${alg} with an unknown kid`);
			const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
			const confused = text('HS256', alg);
			for (const key of [pem, JSON.stringify(jwks.find((k) => k.kid === alg)), ''])
				assert.equal(await status(`${confused}.${crypto.createHmac('sha256', key).update(confused).digest('base64url')}`), 401, `HS256 with ${alg}'s public key`);
		}
		assert.equal(await status(sign(text('RS256', 'ES256'), keys.RS256)), 401);
		assert.equal(await status(sign(text('ES256', 'RS256'), keys.ES256)), 401);
		assert.equal(await status(`${text('none', 'ES256')}.`), 401);
		assert.equal(await status(good), 401, 'the secret is not in force');
	} finally {
		await own.stop();
		rmSync(dirname(file), { recursive: true });
	}
});

test('only Bearer is a scheme, in any case', async () => {
	assert.equal((await list({ Authorization: `bearer ${good}` })).status, 200);
	for (const value of [`Basic ${good}`, good, `Bearer${good}`, 'Bearer', 'Bearer ', `Token ${good}`])
		problem(await list({ Authorization: value }), 401, 'unauthenticated');
});

test('Supabase\'s cookie serves, whole and in chunks, in one header and in two', async () => {
	const long = token({ sub: user, app_metadata: { roles: 'x'.repeat(5000) } });
	const chunks = sessionCookies(long, 3000);
	assert.ok(chunks.length >= 2);
	const passes = [
		{ Cookie: sessionCookies(good)[0] },
		{ Cookie: `a=1; ${sessionCookies(good)[0]}; b=2` },
		{ Cookie: chunks.join('; ') },
		{ Cookie: [...chunks].reverse().join('; ') },
	];
	for (const headers of passes)
		assert.equal((await list(headers)).status, 200, JSON.stringify(headers).slice(0, 80));
	const two = chunks.map((chunk) => ['Cookie', chunk]);
	assert.equal((await rawHttp('GET', LIST, two)).status, 200);
	assert.equal((await ask(appSocket(), 'GET', LIST, two)).status, 200);
});

test('cookies that are no session', async () => {
	const chunks = sessionCookies(token({ sub: user, x: 'x'.repeat(5000) }), 3000);
	const encoded = (value) => `sb-127-auth-token=base64-${Buffer.from(value).toString('base64url')}`;
	for (const Cookie of ['sb-127-auth-token=', 'sb-127-auth-token=base64-', 'sb-127-auth-token=base64-%%%', `sb-127-auth-token=${good}`,
		encoded('{"access_token":5}'), encoded('{}'), encoded('[]'), encoded('null'), encoded('{"access_token":"x"}'), encoded(`{"access_token":"${good}"`),
		`other-auth-token=${sessionCookies(good)[0].split('=')[1]}`, chunks[0], chunks.slice(1).join('; '),
		encoded('['.repeat(10000)), `sb-127-auth-token=base64-${'A'.repeat(12000)}`])
		problem(await list({ Cookie }), 401, 'unauthenticated');
});

test('a bearer token decides before a cookie', async () => {
	problem(await list({ Authorization: 'Bearer rubbish', Cookie: sessionCookies(good)[0] }), 401, 'unauthenticated');
});

test('a second Authorization or Origin is 400', async () => {
	const twice = [['Authorization', `Bearer ${good}`], ['Authorization', `Bearer ${good}`]];
	for (const res of [await rawHttp('GET', LIST, twice), await ask(appSocket(), 'GET', LIST, twice)])
		problem(res, 400, /./);
	const origins = [['Cookie', sessionCookies(good)[0]], ['Origin', SITE], ['Origin', 'https://evil.example']];
	problem(await ask(appSocket(), 'POST', '/api/twitter/post', origins, '{"text":"a"}'), 400, /./);
});

test('a change by cookie must come from this site', async () => {
	const change = (headers) => send('POST', '/api/twitter/post', {
		headers: { 'Content-Type': 'application/json', Cookie: sessionCookies(good)[0], ...headers }, body: '{"text":"hello","dry_run":true}' });
	for (const headers of [{ Origin: SITE }, { 'Sec-Fetch-Site': 'same-origin' }, { Origin: SITE, 'Sec-Fetch-Site': 'cross-site' }])
		assert.equal((await change(headers)).status, 200, JSON.stringify(headers));
	for (const headers of [{}, { Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: `${SITE}.evil.example` }, { Origin: `${SITE}/` },
		{ Origin: SITE.replace('http:', 'https:') }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { 'Sec-Fetch-Site': 'none' },
		{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' }, { Referer: `${SITE}/dashboard` }])
		problem(await change(headers), 403, 'cross_site');
	const off = (headers) => send('POST', '/api/auth/twitter/disconnect', { headers: { Cookie: sessionCookies(good)[0], ...headers } });
	problem(await off({ Origin: 'https://evil.example' }), 403, 'cross_site');
	const byBearer = await send('POST', '/api/twitter/post', {
		headers: { ...bearer(good), 'Content-Type': 'application/json', Origin: 'https://evil.example' }, body: '{"text":"hello","dry_run":true}' });
	assert.equal(byBearer.status, 200);
	assert.equal((await list({ Cookie: sessionCookies(good)[0], Origin: 'https://evil.example' })).status, 200, 'reading is no change');
});

test('nobody acts for somebody else', async () => {
	const other = crypto.randomUUID();
	const me = new Visitor();
	problem(await me.post({ text: 'a', user_id: other }), 403, 'forbidden');
	problem(await me.post({ text: 'a', user_id: other, dry_run: true }), 403, 'forbidden');
	problem(await me.post({ text: 'a', user_id: 'nobody' }), 422, 'invalid');
	assert.equal((await me.post({ text: 'a', user_id: me.user.toUpperCase(), dry_run: true })).status, 200);
	problem(await me.get(`${LIST}?user_id=${other}`), 403, 'forbidden');
});

test('the service role acts for whom it names', async () => {
	const me = new Visitor();
	await me.connect();
	const service = (body) => send('POST', '/api/twitter/post',
		{ headers: { ...bearer(serviceToken()), 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
	const res = await service({ text: `by the service ${me.account}`, user_id: me.user });
	assert.equal(res.status, 201, res.text);
	assert.match(res.json.url, new RegExp(`/${me.account}/status/`));
	problem(await service({ text: 'for nobody' }), 422, 'invalid');
	problem(await service({ text: 'for nobody', user_id: 'x' }), 422, 'invalid');
	problem(await service({ text: 'for a stranger', user_id: crypto.randomUUID() }), 409, 'not_connected');
	const listed = await send('GET', `${LIST}?user_id=${me.user}`, { headers: bearer(serviceToken()) });
	assert.equal(listed.json.connections[0].username, me.account);
});

test('users see only what is theirs', async () => {
	const [one, two] = [new Visitor(), new Visitor()];
	const mine = await one.connect();
	assert.deepEqual(await two.connections(), []);
	problem(await two.post({ text: 'not mine', connection_id: mine.id }), 404, 'connection_unknown');
	problem(await two.json('/api/auth/twitter/disconnect', { connection_id: mine.id }), 404, 'connection_unknown');
	assert.equal((await one.connections())[0].status, 'connected');
});

test('the demo\'s sign-in gives a session that serves', { skip: !env.SUPABASE_JWT_SECRET && 'a project of one\'s own' }, async () => {
	const email = `${crypto.randomBytes(5).toString('hex')}@example.org`;
	const sign = (password) => send('POST', '/auth/v1/token?grant_type=password',
		{ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email, password }) });
	assert.equal((await sign('wrong')).status, 400);
	const res = await sign('nexus-demo');
	assert.equal(res.status, 200, res.text);
	assert.equal((await list(bearer(res.json.access_token))).status, 200);
});
