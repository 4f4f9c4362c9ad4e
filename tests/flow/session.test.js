// Who is calling: tokens that must not pass, cookies, origins, other users.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { calm, env, inParallel, problem, ROOT, send, SITE } from './lib/stack.js';
import * as cookie from '../../nginx/dashboard/cookie.js';
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
	assert.deepEqual(res.json, { connections: [], pending: 0 });
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
		problem(await list({ Cookie }), 401, /^(unauthenticated|sign_in_cookie)$/);
});

// The cookies of Supabase's own clients, letter by letter: @supabase/ssr with
// each encoding, and the auth-helpers before it.  `size` cuts them into chunks.
const session = (text, more) => JSON.stringify({ access_token: text, token_type: 'bearer', expires_in: 3600, expires_at: now() + 3600,
	refresh_token: 'v1.Zo\u00eb', user: { id: user, email: 'zo\u00eb+x@example.org', user_metadata: { full_name: 'Zo\u00eb "Z" M\u00fcller, 100 %; \ud83d\ude42', ...more } } });
const base64 = (json) => `base64-${Buffer.from(json).toString('base64url')}`;
const raw = (json) => encodeURIComponent(json);
function chunked(value, size = 3180) {
	const pieces = [];
	for (let at = 0; at < value.length;) {
		let piece = value.slice(at, at + size);
		while (/%.?$/.test(piece) || (/%[89A-F].$/.test(piece) && /^%[89AB]/.test(value.slice(at + piece.length))))
			piece = piece.slice(0, /%.?$/.test(piece) ? piece.lastIndexOf('%') : -3);
		pieces.push(piece);
		at += piece.length;
	}
	return pieces.map((piece, i) => `sb-127-auth-token.${i}=${piece}`).join('; ');
}

test('every form of Supabase\'s cookie is read', async () => {
	const long = { note: 'caf\u00e9 \ud83d\ude42 % '.repeat(300) };
	const forms = { base64, raw };
	for (const [name, form] of Object.entries(forms)) {
		assert.equal((await list({ Cookie: `sb-127-auth-token=${form(session(good))}` })).status, 200, name);
		assert.equal((await list({ Cookie: chunked(form(session(good, long))) })).status, 200, `${name} in chunks`);
		assert.equal((await list({ Cookie: `sb-127-auth-token=${form(JSON.stringify([good, 'r', null, null, null]))}` })).status, 200, `${name} of the old helpers`);
	}
});

test('an empty cookie is none, and an empty chunk ends the list', async () => {
	const [first, rest] = sessionCookies(good, 400), more = sessionCookies(good, 400).slice(2).join('; '), whole = sessionCookies(good)[0];
	const n = sessionCookies(good, 400).length;
	for (const Cookie of [`sb-127-auth-token=; ${first}; ${rest}; ${more}`, `${first}; ${rest}; ${more}; sb-127-auth-token.${n}=`,
		`${first}; ${rest}; ${more}; sb-127-auth-token.${n}=; sb-127-auth-token.${n + 1}=stale`, `${whole}; sb-127-auth-token.0=; sb-127-auth-token.1=`])
		assert.equal((await list({ Cookie })).status, 200, Cookie);
	const { remedy } = problem(await list({ Cookie: `${first}; ${rest}; ${more}; sb-127-auth-token.${n}=stale` }), 401, 'sign_in_cookie');
	assert.match(remedy, /cookies/);
});

test('a whole cookie beside chunks is nobody\'s, whoever set it', async () => {
	const mine = sessionCookies(good, 400).join('; '), theirs = sessionCookies(token({ sub: crypto.randomUUID() }));
	for (const Cookie of [`${mine}; ${theirs[0]}`, `${theirs[0]}; ${mine}`, `${sessionCookies(good)[0]}; sb-127-auth-token.3=x`]) {
		const { detail, remedy } = problem(await list({ Cookie }), 401, 'sign_in_cookie');
		assert.match(detail, /twice/);
		assert.match(remedy, /cookies/);
	}
});

test('the project\'s cookie beside the dashboard\'s is nobody\'s, whoever set it', async () => {
	const SUPABASE_URL = 'http://127.0.0.1:54321', whose = (sub) => sessionCookies(token({ sub, iss: `${SUPABASE_URL}/auth/v1` }))[0];
	const mine = whose(user).replace('sb-127-', 'sb-nexus-'), theirs = whose(crypto.randomUUID());
	const own = await ownProcess({ SUPABASE_URL, SUPABASE_JWKS_FILE: undefined });
	try {
		for (const Cookie of [`${mine}; ${theirs}`, `${theirs}; ${mine}`, `${mine}; ${theirs.replace('token=', 'token.0=')}`]) {
			const { remedy } = problem(await own.ask('GET', LIST, [['Cookie', Cookie]]), 401, 'sign_in_cookie');
			assert.match(remedy, /dashboard.*cookies/);
			assert.equal(cookie.read(Cookie).session, null, 'the page does not choose either');
		}
		for (const Cookie of [mine, `${mine}; sb-127-auth-token=`, `sb-127-auth-token=; ${mine}`]) {
			assert.equal((await own.ask('GET', LIST, [['Cookie', Cookie]])).status, 200, Cookie);
			assert.ok(cookie.read(Cookie).session);
		}
	} finally {
		await own.stop();
	}
});

test('the page reads what the server reads', async () => {
	const value = base64(session(good)), [head, tail] = [value.slice(0, 400), value.slice(400)];
	const parts = { whole: [`=${value}`, '=', '=stale'], 0: ['', `.0=${head}`, '.0=', '.0=stale'], 1: ['', `.1=${tail}`, '.1=', '.1=stale'], 2: ['', '.2=', '.2=stale'] };
	const all = ['', ...parts.whole].flatMap((w) => parts[0].flatMap((a) => parts[1].flatMap((b) => parts[2].map((c) => [w, a, b, c]))));
	let read = 0;
	await inParallel(all.length, 8, async (i) => {
		const Cookie = all[i].filter(Boolean).map((part) => `sb-127-auth-token${part}`).join('; ');
		const { status } = await list({ Cookie });
		const page = cookie.read(Cookie)?.session;
		assert.equal(status, page ? 200 : 401, Cookie);
		read += status === 200;
	});
	assert.ok(read > 10 && read < all.length / 2, `${read} of ${all.length}`);
});

test('the project\'s cookie is named after the host of its URL', async () => {
	const other = sessionCookies(token({ sub: crypto.randomUUID() }))[0].replace('sb-127-', 'sb-other-');
	for (const [url, name] of [['http://localhost:54321', 'localhost'], ['https://PROJ.supabase.co', 'proj'], ['http://127.0.0.1:54321', '127']]) {
		const own = await ownProcess({ SUPABASE_URL: url, SUPABASE_JWKS_FILE: undefined });
		try {
			const mine = sessionCookies(token({ sub: user, iss: `${url}/auth/v1` }))[0].replace('sb-127-', `sb-${name}-`);
			const res = await own.ask('GET', LIST, [['Cookie', `${other}; ${mine}`]]);
			assert.equal(res.status, 200, `${url}: ${res.text}`);
		} finally {
			await own.stop();
		}
	}
});

test('service keys of a local or self-hosted project serve, its anon keys and users of others do not', async () => {
	const own = await ownProcess({ SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_JWKS_FILE: undefined });
	try {
		const bare = { aud: undefined, sub: undefined, iat: undefined };
		const ask = (claims) => own.ask('GET', `${LIST}?user_id=${user}`, Object.entries(bearer(token({ ...bare, ...claims }))));
		for (const iss of ['supabase-demo', 'supabase', undefined])
			assert.equal((await ask({ iss, role: 'service_role' })).status, 200, iss);
		for (const claims of [{ iss: 'supabase-demo', role: 'anon' }, { iss: 'supabase', role: 'anon' }, { role: 'anon', iss: undefined },
			{ iss: 'supabase-demo', sub: user, aud: 'authenticated' }, { iss: 'https://evil.example/auth/v1', role: 'service_role' }])
			problem(await ask(claims), 401, 'unauthenticated');
		problem(await own.ask('GET', LIST, Object.entries(bearer(token({ ...bare, iss: 'supabase-demo', role: 'service_role' }, { key: 'another-secret-another-secret-123456' })))), 401, 'unauthenticated');
	} finally {
		await own.stop();
	}
});

test('a token that an app was given is no sign-in, unless the app is listed', async () => {
	const app = crypto.randomUUID(), text = token({ sub: user, client_id: app });
	for (const headers of [bearer(text), { Cookie: sessionCookies(text)[0] }]) {
		const { remedy } = problem(await list(headers), 403, 'app_not_allowed');
		assert.match(remedy, /NEXUS_OAUTH_CLIENTS/);
		problem(await send('POST', '/api/twitter/post', { headers: { ...headers, Origin: SITE, 'Content-Type': 'application/json' }, body: '{"text":"a","dry_run":true}' }), 403, 'app_not_allowed');
	}
	const page = await send('GET', '/api/auth/twitter/initiate', { headers: { ...bearer(text), Accept: 'text/html' } });
	assert.equal(page.status, 403);
	assert.equal(page.cookies.length, 0);
	const own = await ownProcess({ NEXUS_OAUTH_CLIENTS: `${crypto.randomUUID()}, ${app}` });
	try {
		assert.equal((await own.ask('GET', LIST, Object.entries(bearer(text)))).status, 200);
		problem(await own.ask('GET', LIST, Object.entries(bearer(token({ sub: user, client_id: crypto.randomUUID() })))), 403, 'app_not_allowed');
	} finally {
		await own.stop();
	}
});

const pad = (n, make) => {
	let note = '';
	for (let size = make('').length; size < n; size = make(note).length)
		note += 'x'.repeat(Math.max(1, Math.floor((n - size) * 0.3)));
	return make(note);
};

test('a session of seven chunks goes through in one header line', async () => {
	const attempts = Array.from({ length: 5 }, (_, i) => `nx-0123456${i}=${'x'.repeat(1100)}`).join('; ');
	for (const form of [base64, raw]) {
		// As Supabase does it, what is in the metadata is in the token too.
		const Cookie = pad(22300, (note) => chunked(form(session(token({ sub: user, user_metadata: { note: note.slice(0, 5000) } }), { note }))));
		assert.ok(Cookie.split('; ').length >= 7 && Cookie.length >= 22300 && Cookie.length < 22800, `${Cookie.length} bytes`);
		assert.equal((await list({ Cookie })).status, 200);
		assert.equal((await list({ Cookie: `${Cookie}; ${attempts}` })).status, 200);
		assert.equal((await rawHttp('GET', LIST, Cookie.split('; ').map((one) => ['Cookie', one]))).status, 200);
	}
});

test('what nginx lets through, the application takes; past that it is 431 with what to do', async () => {
	const MAX = 32 * 1024 - 16;
	assert.match(readFileSync(join(ROOT, 'include/nx/base/maxima.h'), 'utf8'), /NX_COOKIES_MAX = 32 \* 1024 - 16/);
	const cookies = (n) => {
		const mine = sessionCookies(good)[0];
		return `${mine}; a=${'x'.repeat(n - mine.length - 4)}`;
	};
	const usual = [['User-Agent', 'u'.repeat(1500)], ['Accept', '*/*']];
	assert.equal((await rawHttp('GET', LIST, [...usual, ['Cookie', cookies(MAX)]])).status, 200);
	assert.equal((await rawHttp('GET', LIST, [['Cookie', cookies(MAX - 200)], ['Authorization', `Bearer ${pad(9000, (x) => token({ sub: user, x }))}`]])).status, 200);
	for (const headers of [[['Cookie', cookies(MAX + 1)]], [['Cookie', cookies(40000)]], [['Cookie', cookies(MAX - 2000)], ['Cookie', `b=${'x'.repeat(3000)}`]],
		[['Cookie', cookies(30000)], ['X-Other', 'x'.repeat(30000)]]]) {
		const { remedy } = problem(await rawHttp('GET', LIST, headers), 431, 'headers_too_large');
		assert.match(remedy, /Delete this site's cookies/);
		assert.match(remedy, /site's owner .* metadata/);
	}
	assert.equal((await rawHttp('GET', `${LIST}?x=${'x'.repeat(8192 - LIST.length - 3)}`, [['Cookie', cookies(MAX - 100)]])).status, 200);
	for (const length of [8193, 20000, 31000])
		problem(await rawHttp('GET', `${LIST}?x=${'x'.repeat(length - LIST.length - 3)}`, Object.entries(bearer(good))), 414, 'uri_too_long');
	problem(await rawHttp('GET', `${LIST}/${'x'.repeat(20000)}`, []), 414, 'uri_too_long');
	problem(await rawHttp('GET', `${LIST}/${'x'.repeat(8000)}`, [['Cookie', cookies(MAX - 500)]]), 404, 'not_found');
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
