// Kept connections and the thread that waits for all of them: nothing that is
// left on one becomes a request, nobody is left out, and who sends little or
// nothing holds up nobody.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { calm, grown, LIGHT, send, sleep, stopwatch, until } from './lib/stack.js';
import { keptConnection, keptRequest, ownProcess, pairs, params, record, stream } from './lib/fcgi.js';
import { bearer, Visitor, words } from './lib/visitor.js';

before(calm);
after(calm);

const me = new Visitor();
before(() => me.connect());
const rights = () => Object.entries(bearer(me.token));

const alive = keptRequest('GET', '/healthz');

async function withProcess(act, change) {
	const own = await ownProcess(change);
	try {
		await act(own);
		assert.equal((await own.ask('GET', '/healthz')).status, 200);
	} finally {
		assert.deepEqual(await own.stop(), { status: 0, signal: null });
	}
}

// A post that nobody asked for, as records.
function forged() {
	const body = JSON.stringify({ text: `forged ${words()}` });
	return keptRequest('POST', '/api/twitter/post', rights(), body);
}

// Bodies that hold it where a reader that stops early would go on.
function bodies() {
	const post = forged(), values = record(9, params([['FCGI_MPXS_CONNS', '']]), { id: 0 });
	const at = (n) => Buffer.concat([Buffer.alloc(n, 0x20), post]);
	return {
		'at its beginning': post,
		'after the first read': at(8192),
		'after the first read and its head': at(8192 - 8),
		'at its end': Buffer.concat([Buffer.alloc(20000 - post.length, 0x20), post]),
		'again and again': Buffer.concat(Array.from({ length: 12 }, () => post)),
		'with questions about the server': Buffer.concat([Buffer.alloc(8184, 0x20), ...Array.from({ length: 40 }, () => values), post]),
	};
}

test('what is in a body becomes no request, asked as nginx would', async () => withProcess(async (own) => {
	const { by } = await grown(async () => {
		for (const [name, body] of Object.entries(bodies()))
			for (const uri of ['/healthz', '/api/twitter/connections', '/nowhere']) {
				const kept = keptConnection(own.path);
				const bytes = Buffer.concat([keptRequest('GET', uri, rights()).subarray(0, -8), stream(5, body)]);
				const list = [...pairs('GET', uri, rights()), ['CONTENT_LENGTH', String(body.length)]];
				for (const sent of [bytes, keptRequest('GET', uri, rights(), body, list)]) {
					const answer = await kept.send(sent);
					assert.ok(answer === null || answer.status >= 200, name);
					assert.equal(kept.rest().length, 0, `${name}: one answer`);
					if (kept.isClosed())
						break;
					assert.equal((await kept.send(alive)).json.status, 'alive', name);
				}
				kept.end();
			}
	});
	assert.equal(by('posts_created'), 0);
}));

test('and so through nginx', async () => {
	const { by } = await grown(async () => {
		for (const [name, body] of Object.entries(bodies()))
			for (let i = 0; i < 8; i++) {
				const res = await send('GET', '/api/twitter/connections', { headers: { ...bearer(me.token), 'Content-Length': body.length }, body });
				assert.equal(res.status, 200, name);
				const others = await Promise.all(Array.from({ length: 4 }, () => send('GET', '/healthz')));
				assert.ok(others.every((other) => other.json.status === 'alive'), name);
			}
	});
	assert.equal(by('posts_created'), 0);
});

test('a request of any size leaves nothing behind', async () => withProcess(async (own) => {
	const size = (n) => keptRequest('GET', '/healthz', [['X-Long', 'x'.repeat(n)]]).length;
	const kept = keptConnection(own.path);
	for (let total = 8192 - 100; total <= 8192 + 100; total += LIGHT ? 7 : 1) {
		const n = total - size(200) + 200;
		assert.equal(size(n), total);
		const res = await kept.send(keptRequest('GET', '/healthz', [['X-Long', 'x'.repeat(n)]]));
		assert.equal(res?.status, 200, `${total} bytes`);
	}
	assert.equal(kept.rest().length, 0);
	kept.end();
}));

test('a question about the server on a kept connection ends it', async () => withProcess(async (own) => {
	const kept = keptConnection(own.path);
	assert.equal((await kept.send(alive)).status, 200);
	kept.write(Buffer.concat(Array.from({ length: 64 }, () => record(9, params([['FCGI_MPXS_CONNS', '']]), { id: 0 }))));
	await kept.closed;
	assert.equal(kept.rest().length, 0);
}));

test('a connection is kept when nginx asks for it, and no other', async () => withProcess(async (own) => {
	const kept = keptConnection(own.path), other = keptConnection(own.path);
	const once = Buffer.from(alive);
	once[10] = 0;		// without FCGI_KEEP_CONN
	assert.equal((await other.send(once)).status, 200);
	await other.closed;
	for (let i = 0; i < 20; i++)
		assert.equal((await kept.send(alive)).status, 200);
	kept.end();
}));

test('sixteen kept connections and four threads: each has its answers', async () => withProcess(async (own) => {
	const done = Array.from({ length: 16 }, () => 0);
	const ROUNDS = LIGHT ? 20 : 200;
	let least = 0;
	await Promise.all(done.map(async (_, i) => {
		const kept = keptConnection(own.path);
		const ask = i % 2 === 0 ? alive : keptRequest('GET', '/api/twitter/connections', rights());
		while (least < ROUNDS) {
			assert.equal((await kept.send(ask)).status, 200);
			done[i]++;
			least = Math.min(...done);
		}
		kept.end();
	}));
	assert.ok(least >= ROUNDS);
}, { NEXUS_THREADS: '4' }));

// One more byte each moment, until the connection is closed.
async function drip(kept, bytes) {
	for (let at = 0; at < bytes.length && !kept.isClosed(); at++) {
		kept.write(bytes.subarray(at, at + 1));
		await Promise.race([sleep(150), kept.closed]);
	}
}

test('who sends nothing, half of it or byte by byte holds up nobody and is ended', async () => withProcess(async (own) => {
	const large = keptRequest('GET', '/healthz', [['X-Long', 'x'.repeat(20000)]]);
	const watch = stopwatch();
	const peers = Array.from({ length: 24 }, () => keptConnection(own.path));
	const used = keptConnection(own.path);
	assert.equal((await used.send(alive)).status, 200);
	used.write(alive.subarray(0, 30));
	for (const [i, kept] of peers.entries())
		if (i % 3 === 1)
			kept.write(alive.subarray(0, 4 + i * 3));
		else if (i % 3 === 2)
			void drip(kept, alive.subarray(0, -1));
	// These hold a thread each, of four.
	const slow = Array.from({ length: 2 }, () => keptConnection(own.path));
	for (const kept of slow) {
		kept.write(large.subarray(0, 9000));
		void drip(kept, large.subarray(9000));
	}
	await sleep(200);
	const fast = stopwatch();
	for (let i = 0; i < 40; i++)
		assert.equal((await own.ask('GET', i % 2 === 0 ? '/healthz' : '/api/twitter/connections', rights())).status, 200);
	fast.promise(3000, 'forty others');
	await Promise.all([used, ...peers, ...slow].map((kept) => kept.closed));
	watch.promise(13000, 'their end');
	assert.ok(watch.ms() > 8000, 'they were given time');
}, { NEXUS_THREADS: '4' }));

test('a drain answers what has begun, closes what is idle, and is quick', async () => {
	const own = await ownProcess();
	const idle = Array.from({ length: 10 }, () => keptConnection(own.path)), begun = keptConnection(own.path);
	for (const kept of idle)
		assert.equal((await kept.send(alive)).status, 200);
	assert.equal((await begun.send(alive)).status, 200);
	begun.write(alive.subarray(0, 20));
	// It is seen before what comes after it.
	for (const kept of idle)
		assert.equal((await kept.send(alive)).status, 200);
	await sleep(100);
	process.kill(own.pid, 'SIGTERM');
	await Promise.all(idle.map((kept) => kept.closed));
	assert.ok(!own.isGone(), 'it waits for what has begun');
	const watch = stopwatch();
	assert.equal((await begun.send(alive.subarray(20))).json.status, 'alive');
	await begun.closed;
	assert.deepEqual(await own.gone, { status: 0, signal: null });
	watch.promise(1000, 'the drain');
});

test('of many threads only those work that are needed', async () => withProcess(async (own) => {
	// How often each serving thread has gone to sleep so far.
	const sleeps = () => new Map(readdirSync(`/proc/${own.pid}/task`).flatMap((id) => {
		const status = readFileSync(`/proc/${own.pid}/task/${id}/status`, 'utf8');
		return /^Name:\s+serve$/m.test(status) ? [[id, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)[1])]] : [];
	}));
	let before = new Map();
	await until('all wait', 10, () => {
		const now = sleeps(), same = now.size === 64 && [...now].every(([id, n]) => n === before.get(id));
		before = now;
		return same;
	});
	await Promise.all(Array.from({ length: 3 }, async () => {
		for (let i = 0; i < 100; i++)
			assert.equal((await own.ask('GET', '/api/twitter/connections', rights())).status, 200);
	}));
	const used = [...sleeps()].filter(([id, n]) => n > before.get(id)).length;
	assert.ok(used >= 2 && used <= 12, `${used} of 64 threads`);
}, { NEXUS_THREADS: '64' }));
