// The project's keys by URL: both algorithms, rotation, an outage, and tokens
// that try to choose their own key.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { problem, stopwatch, until } from './lib/stack.js';
import { bearer, token } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';

const user = crypto.randomUUID();
const KEYS = '/auth/v1/.well-known/jwks.json';
const pairs = {
	e1: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
	e2: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
	r1: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
	r2: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const algorithm = (kid) => (kid[0] === 'e' ? 'ES256' : 'RS256');
const jwk = (kid) => ({ ...pairs[kid].publicKey.export({ format: 'jwk' }), kid, alg: algorithm(kid), use: 'sig' });

// A Supabase project that publishes keys, and counts who asks for them.
async function project(...kids) {
	const it = { kids, status: 200, body: undefined, hang: false, asked: 0 };
	const server = http.createServer((request, response) => {
		it.asked += request.url === KEYS;
		if (it.hang)
			return;
		response.writeHead(request.url === KEYS ? it.status : 404, { 'Content-Type': 'application/json' });
		response.end(it.body ?? JSON.stringify({ keys: it.kids.map(jwk) }));
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	it.url = `http://127.0.0.1:${server.address().port}`;
	it.stop = () => {
		server.closeAllConnections();
		return new Promise((done) => server.close(done));
	};
	it.sign = (kid, { as = kid, alg = algorithm(kid), claims = {} } = {}) => {
		const text = token({ sub: user, iss: `${it.url}/auth/v1`, ...claims }, { alg, header: { kid: as } }).replace(/\.[^.]*$/, '');
		return `${text}.${crypto.sign('sha256', Buffer.from(text), { key: pairs[kid].privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
	};
	return it;
}

async function withProject(kids, change, act, before = {}) {
	const at = Object.assign(await project(...kids), before);
	const own = await ownProcess({ SUPABASE_URL: at.url, SUPABASE_JWT_SECRET: undefined, ...change });
	const ask = (text) => own.ask('GET', '/api/twitter/connections', Object.entries(bearer(text)));
	try {
		await act(at, ask, own);
	} finally {
		await at.stop();
		await own.stop();
	}
}

test('ES256 and RS256 tokens pass by the keys at the URL, from the first request on', () =>
	withProject(['e1', 'r1'], {}, async (at, ask) => {
		for (const kid of ['e1', 'r1', 'e1', 'r1'])
			assert.equal((await ask(at.sign(kid))).status, 200, kid);
		assert.equal(at.asked, 1);
		problem(await ask(at.sign('e1', { claims: { iss: 'http://127.0.0.1:1/auth/v1' } })), 401, 'unauthenticated');
		problem(await ask(at.sign('e1', { claims: { exp: Math.floor(Date.now() / 1000) - 60 } })), 401, 'session_expired');
	}));

test('HS256 passes beside them', () =>
	withProject(['e1'], { SUPABASE_JWT_SECRET: 'a-secret-of-the-project-of-32-bytes' }, async (at, ask) => {
		assert.equal((await ask(at.sign('e1'))).status, 200);
		const text = token({ sub: user, iss: `${at.url}/auth/v1` }, { key: 'a-secret-of-the-project-of-32-bytes' });
		assert.equal((await ask(text)).status, 200);
	}));

test('a new key is fetched when a token names it, and the old one ends', () =>
	withProject(['e1'], {}, async (at, ask) => {
		const old = at.sign('e1');
		assert.equal((await ask(old)).status, 200);
		at.kids = ['e2', 'r2'];
		const all = await Promise.all(Array.from({ length: 20 }, () => ask(at.sign('e2'))));
		assert.deepEqual(all.filter((res) => res.status !== 200 && res.status !== 503), []);
		assert.equal((await ask(at.sign('e2'))).status, 200);
		assert.equal((await ask(at.sign('r2'))).status, 200);
		problem(await ask(old), 401, 'unauthenticated');
		assert.equal(at.asked, 2);
	}));

test('unknown keys do not make us a nuisance to the project', () =>
	withProject(['e1'], {}, async (at, ask) => {
		assert.equal((await ask(at.sign('e1'))).status, 200);
		for (let i = 0; i < 30; i++)
			problem(await ask(at.sign('e2', { as: `unknown-${i}` })), 401, 'unauthenticated');
		assert.ok(at.asked <= 2, `asked ${at.asked} times`);
	}));

test('an outage of the project changes nothing for those it has vouched for', () =>
	withProject(['e1', 'r1'], {}, async (at, ask) => {
		assert.equal((await ask(at.sign('e1'))).status, 200);
		Object.assign(at, { status: 503, body: '<html>' });
		problem(await ask(at.sign('e2')), 401, 'unauthenticated');
		await at.stop();
		for (let i = 0; i < 5; i++)
			assert.equal((await ask(at.sign(i % 2 ? 'r1' : 'e1', { claims: { jti: String(i) } }))).status, 200);
	}));

test('while there are no keys yet it is 503, and it heals by itself', () =>
	withProject(['e1'], {}, async (at, ask) => {
		const body = problem(await ask(at.sign('e1')), 503, 'busy');
		assert.ok(body.retry_after > 0);
		at.status = 200;
		await until('the keys are there', 10, async () => (await ask(at.sign('e1'))).status === 200);
	}, { status: 500 }));

test('a project that hangs costs a request two seconds at the most', () =>
	withProject(['e1'], {}, async (at, ask, own) => {
		assert.equal((await ask(at.sign('e1'))).status, 200);
		at.hang = true;
		const watch = stopwatch();
		problem(await ask(at.sign('e2')), 401, 'unauthenticated');
		watch.promise(4000, 'an answer');
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
		assert.equal((await ask(at.sign('e1'))).status, 200);
	}));

test('the algorithm comes from the key, never from the token', () =>
	withProject(['e1', 'r1'], { SUPABASE_JWT_SECRET: 'a-secret-of-the-project-of-32-bytes' }, async (at, ask) => {
		const forms = (kid) => ['pem', 'der'].flatMap((format) => pairs[kid].publicKey.export({ type: 'spki', format }))
			.concat(JSON.stringify(jwk(kid)), JSON.stringify({ keys: [jwk('e1'), jwk('r1')] }), '');
		for (const kid of ['e1', 'r1']) {
			assert.equal((await ask(at.sign(kid))).status, 200);
			for (const key of forms(kid))
				for (const header of [{ kid }, {}, { jwk: jwk('e2') }, { jku: at.url + KEYS }])
					problem(await ask(token({ sub: user, iss: `${at.url}/auth/v1` }, { key, header })), 401, 'unauthenticated');
			problem(await ask(token({ sub: user, iss: `${at.url}/auth/v1` }, { alg: 'none', header: { kid } })), 401, 'unauthenticated');
		}
		// Signed by a stranger under a known name, or with the other's algorithm.
		for (const [kid, as, alg] of [['e2', 'e1', 'ES256'], ['r2', 'r1', 'RS256'], ['e1', 'r1', 'RS256'], ['r1', 'e1', 'ES256'], ['r1', 'r1', 'ES256'], ['e1', 'e1', 'RS256']])
			problem(await ask(at.sign(kid, { as, alg })), 401, 'unauthenticated');
	}));
