// FastCGI that no nginx would send: the process survives it and goes on.
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';
import { calm, LIGHT, problem, sleep, stopwatch, until } from './lib/stack.js';
import { accepted, BEGIN, ownProcess, pairs, params, parse, record, stream, talk, unwrap } from './lib/fcgi.js';
import { bearer, Visitor } from './lib/visitor.js';

before(calm);

const me = new Visitor();
const rights = Object.entries(bearer(me.token));

async function withProcess(act, change) {
	const own = await ownProcess(change);
	try {
		await act(own);
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
		assert.ok(!own.isGone());
	} finally {
		assert.deepEqual(await own.stop(), { status: 0, signal: null }, 'it drains at the end');
	}
}

describe('each with a process of its own', { concurrency: 4 }, () => {
	test('records that are wrong in every way', async () => withProcess(async (own) => {
		const good = params(pairs('GET', '/healthz'));
		const whole = Buffer.concat([BEGIN, stream(4, good), record(5)]);
		const bad = {
			'nothing': Buffer.alloc(0),
			'half a header': BEGIN.subarray(0, 4),
			'version 0': Buffer.concat([record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), { version: 0 }), stream(4, good), record(5)]),
			'version 9': record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), { version: 9 }),
			'an unknown role': Buffer.concat([record(1, Buffer.from([0, 9, 0, 0, 0, 0, 0, 0])), stream(4, good), record(5)]),
			'a short begin': record(1, Buffer.from([0])),
			'no begin': Buffer.concat([stream(4, good), record(5)]),
			'request id 0': Buffer.concat([record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), { id: 0 }), stream(4, good)]),
			'begin twice': Buffer.concat([BEGIN, BEGIN, stream(4, good), record(5)]),
			'stdin before params': Buffer.concat([BEGIN, record(5), stream(4, good)]),
			'an abort': Buffer.concat([BEGIN, record(2)]),
			'a type that is none': Buffer.concat([BEGIN, record(99), stream(4, good), record(5)]),
			'a length that lies': Buffer.concat([BEGIN, record(4, Buffer.from([5, 5, 65])), record(4), record(5)]),
			'a huge length': Buffer.concat([BEGIN, record(4, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 65])), record(4), record(5)]),
			'a name of 16 MB': Buffer.concat([BEGIN, record(4, Buffer.from([0x81, 0, 0, 0, 1, 65])), record(4), record(5)]),
			'padding that is not there': Buffer.concat([BEGIN.subarray(0, 6), Buffer.from([200, 0])]),
			'no params': Buffer.concat([BEGIN, record(4), record(5)]),
			'params without a name': Buffer.concat([BEGIN, stream(4, params([['', 'x'], ['', '']])), record(5)]),
			'an equals sign in a name': Buffer.concat([BEGIN, stream(4, params([['A=B', 'x']])), record(5)]),
			'NUL in a value': Buffer.concat([BEGIN, stream(4, params([...pairs('GET', '/healthz\0x')])), record(5)]),
		};
		for (let at = 1; at < whole.length; at += LIGHT ? 17 : 5)
			bad[`cut after ${at} bytes`] = whole.subarray(0, at);
		for (let i = 0; i < (LIGHT ? 10 : 50); i++)
			bad[`random bytes ${i}`] = Buffer.concat([Buffer.from([2 + i]), crypto.randomBytes(crypto.randomInt(3000))]);
		for (let i = 0; i < (LIGHT ? 10 : 50); i++) {
			const changed = Buffer.from(whole);
			// Not the highest bit: libfcgi ends the process when a length of
			// gigabytes cannot be had, which only nginx could send.
			changed[crypto.randomInt(whole.length)] ^= 1 << crypto.randomInt(7);
			bad[`a flipped bit ${i}`] = changed;
		}
		await Promise.all(Object.values(bad).map((bytes) => talk(own.path, bytes, { ms: 300 })));
		await sleep(200);
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
		assert.ok(unwrap(await talk(own.path, whole)).ended);
	}, { NEXUS_THREADS: '192' }));

	test('GET_VALUES is answered or refused, not served', async () => withProcess(async (own) => {
		const bytes = await talk(own.path, record(9, params([['FCGI_MAX_CONNS', ''], ['FCGI_MPXS_CONNS', '']]), { id: 0 }), { ms: 500 });
		assert.ok(bytes.length === 0 || bytes[1] === 10 || bytes[1] === 11, bytes.toString('hex'));
	}));

	test('params that were cut are refused, not served in part', async () => withProcess(async (own) => {
		// A pair that says it is longer than its record, after a request that is whole.
		const cut = Buffer.concat([params(pairs('GET', '/api/twitter/connections', rights)), Buffer.from([10, 10, 65])]);
		const { text } = unwrap(await talk(own.path, Buffer.concat([BEGIN, stream(4, cut), record(5)])));
		if (text !== '')
			problem(parse(text), 400, /./);
	}));

	test('a body that is shorter or longer than CONTENT_LENGTH is refused', async () => withProcess(async (own) => {
		const body = Buffer.from(JSON.stringify({ text: 'hello', dry_run: true }));
		const ask = async (length, sent, headers = []) => {
			const list = [...pairs('POST', '/api/twitter/post', [...rights, ...headers]), ['CONTENT_LENGTH', length], ['CONTENT_TYPE', 'application/json']];
			const { ended, text } = unwrap(await talk(own.path, Buffer.concat([BEGIN, stream(4, params(list)), stream(5, sent)])));
			assert.ok(ended);
			return parse(text);
		};
		assert.equal((await ask(String(body.length), body)).status, 200);
		problem(await ask(String(body.length + 10), body), 400, 'body_length');
		for (const sent of [Buffer.concat([body, Buffer.from('xxxx')]), Buffer.concat([body, body])])
			assert.equal((await ask(String(body.length), sent)).status, 400);
		for (const length of ['-1', '1e3', '0x10', ' 5', '99999999999999999999', '18446744073709551615'])
			assert.ok([400, 413].includes((await ask(length, body)).status), length);
		assert.equal((await ask('', Buffer.alloc(0))).status, 400);
		const huge = Buffer.alloc(3 * 1024 * 1024, 0x20);
		problem(await ask(String(huge.length), huge), 413, /./);
		problem(await ask('5', huge), 413, /./);
	}));

	test('parameters as large as FastCGI can carry', async () => withProcess(async (own) => {
		const res = await own.ask('GET', '/api/twitter/connections', [...rights, ['X-Long', 'x'.repeat(60000)]]);
		assert.equal(res.status, 200);
		for (const uri of [`/api/auth/twitter/initiate?return_to=/${'a'.repeat(60000)}`, `/${'a'.repeat(60000)}`])
			assert.ok([400, 404, 414].includes((await own.ask('GET', uri, rights)).status));
		const many = Array.from({ length: 2000 }, (_, i) => [`X-${i}`, 'y']);
		assert.equal((await own.ask('GET', '/api/twitter/connections', [...rights, ...many])).status, 200);
		const cookies = Array.from({ length: 900 }, (_, i) => `nx-${i.toString(16).padStart(8, '0')}=${'z'.repeat(20)}`).join('; ');
		assert.equal((await own.ask('GET', '/api/auth/twitter/initiate', [...rights, ['Cookie', cookies]])).status, 302);
	}));

	test('a header the client made up does not become a parameter of nginx\'s', async () => withProcess(async (own) => {
		const res = await own.ask('GET', '/healthz', [['Request-Id', 'x\r\nSet-Cookie: evil=1']]);
		assert.equal(res.status, 200);
		assert.equal(res.headers['set-cookie'], undefined);
		const odd = [['REQUEST_METHOD', 'GET'], ['REQUEST_URI', '/healthz'], ['REQUEST_ID', 'x\r\nSet-Cookie: evil=1']];
		const { text } = unwrap(await talk(own.path, Buffer.concat([BEGIN, stream(4, params(odd)), record(5)])));
		assert.doesNotMatch(text, /evil/);
	}));

	test('silent connections are ended and do not hold up the others', async () => withProcess(async (own) => {
		const watch = stopwatch();
		const silent = Array.from({ length: 3 }, (_, i) => {
			const socket = net.connect(own.path);
			if (i > 0)
				socket.write(BEGIN.subarray(0, i * 4));
			const closed = new Promise((done) => { socket.on('close', done); socket.on('error', done); });
			socket.resume();
			return closed;
		});
		await sleep(100);
		for (let i = 0; i < 20; i++)
			assert.equal((await own.ask('GET', '/healthz')).status, 200);
		watch.promise(3000, 'twenty others');
		await Promise.all(silent);
		watch.promise(14000, 'closing silent connections');
		assert.ok(watch.ms() > 1000, 'it was given some time');
	}, { NEXUS_THREADS: '4' }));

	test('it drains: what is in flight is answered, then the process ends', async () => {
		for (const signal of ['SIGTERM', 'SIGUSR1']) {
			const own = await ownProcess();
			try {
				await until('its own questions are over', 5, () => accepted(own.path) === 0);
				const half = net.connect(own.path);
				const got = [];
				half.on('data', (piece) => got.push(piece));
				const closed = new Promise((done) => half.on('close', done));
				half.write(Buffer.concat([BEGIN, stream(4, params(pairs('GET', '/healthz')))]));
				await until('it is accepted', 5, () => accepted(own.path) > 0);
				process.kill(own.pid, signal);
				await sleep(600);
				assert.ok(!own.isGone(), 'it waits for the request in flight');
				half.write(record(5));
				await closed;
				assert.equal(parse(unwrap(Buffer.concat(got)).text).status, 200);
				const watch = stopwatch();
				assert.deepEqual(await own.gone, { status: 0, signal: null });
				watch.promise(5000, 'the drain');
			} finally {
				await own.stop('SIGKILL');
			}
		}
	});
});
