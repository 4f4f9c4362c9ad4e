// Processes that die, are replaced, or wait for an X that does not answer.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { calm, clearFaults, counts, env, fault, grown, inParallel, isAlive, LIGHT, PLAIN, processIdentity, ROOT, sandbox, send, sleep, STACK, stopwatch, until } from './lib/stack.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { allUp, children } from './lib/fcgi.js';

before(async () => {
	await calm();
	await allUp();
});
after(async () => {
	await calm();
	await allUp();
});

const start = async (me) => (await send('GET', '/api/auth/twitter/initiate', { headers: bearer(me.token) })).status;

test('kill -9 of one process fails only what was in flight in it', async () => {
	const me = new Visitor();
	await me.connect();
	const failed = [];
	let stop = false, done = 0, posts = 0;
	const WIDTH = 32;
	const lane = async (_, n) => {
		while (!stop) {
			const res = n % 8 === 0 ? await me.post(words()) : await send('GET', '/api/auth/twitter/initiate', { headers: bearer(me.token) });
			done++;
			if (res.status === 201)
				posts++;
			else if (res.status !== 302)
				failed.push({ at: watch.ms(), status: res.status, text: res.text });
		}
	};
	let watch = stopwatch();
	const before = await counts();
	const lanes = Array.from({ length: WIDTH }, lane);
	await until('they are at it', 5, () => done > 100);
	const [pid] = await children();
	const victim = processIdentity(pid);
	process.kill(pid, 'SIGKILL');
	watch = stopwatch();
	await sleep(LIGHT ? 1000 : 2000);
	stop = true;
	await Promise.all(lanes);
	const after = await counts();
	assert.ok(failed.length <= WIDTH, `${failed.length} of ${done} failed`);
	for (const one of failed) {
		watch.promise(1000, 'only at the moment of the kill', one.at);
		assert.equal(one.status, 503, one.text);
		assert.equal(JSON.parse(one.text).code, 'unavailable');
	}
	const created = after.posts_created - before.posts_created;
	assert.ok(created >= posts && created <= posts + WIDTH / 8, 'no post went out twice');
	await allUp();
	assert.ok(!isAlive(victim));
});

test('replacing all processes one by one fails nothing', async () => {
	const people = Array.from({ length: 8 }, () => new Visitor());
	await Promise.all(people.map((one) => one.connect()));
	const old = (await children()).map(processIdentity);
	const total = LIGHT ? 2000 : 60000;
	const wrong = [];
	let rolled, isRolled = false, next = 0;
	const ask = async (n) => {
		const me = people[n % people.length];
		const res = n % 50 === 0 ? await me.post(words()) : n % 10 === 0 ? await me.get('/api/twitter/connections') : await send('GET', '/api/auth/twitter/initiate', { headers: bearer(me.token) });
		if (![200, 201, 302].includes(res.status))
			wrong.push(`${res.status} ${res.text.slice(0, 200)}`);
		if (n === Math.floor(total / 10))
			rolled = roll().finally(() => { isRolled = true; });
	};
	// Until all are replaced, however fast it goes.
	await inParallel(64, 64, async () => {
		while (next < total || !isRolled)
			await ask(next++);
	});
	assert.deepEqual(wrong, []);
	const { done } = await rolled;
	assert.equal(done, 0);
	await allUp();
	assert.ok(!old.some(isAlive), 'all are new');
});

function roll() {
	return new Promise((done) => {
		const child = spawn(join(ROOT, 'dev'), ['roll', STACK], { cwd: ROOT, env, stdio: 'ignore' });
		child.on('close', (status) => done({ done: status }));
	});
}

test('many whole stories at once go well, and memory stays small', async () => {
	await inParallel(LIGHT ? 100 : 1000, 64, async () => {
		const one = new Visitor();
		await one.connect();
		assert.equal((await one.post(words())).status, 201);
	});
	if (!PLAIN)
		return;		// sanitizers need more
	for (const pid of await children()) {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8');
		const kb = Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
		// Its 32 threads, and up to 16 more that wait for X's grants.
		assert.ok(kb <= 32 * 1024, `process ${pid} has ${kb} kB`);
	}
});

test('an X that hangs holds up nothing that does not need it', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ path: '/2/', fault: 'hang', ms: 4000 });
	const { value: all, by } = await grown(async () => {
		const posts = Array.from({ length: 64 }, () => me.post(words()));
		await until('posts hang at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits >= 16);
		for (let round = 0; round < 10; round++) {
			for (const path of ['/api/auth/twitter/initiate', '/api/twitter/connections', '/healthz']) {
				const watch = stopwatch();
				const res = await send('GET', path, { headers: bearer(me.token) });
				assert.ok([200, 302].includes(res.status), res.text);
				watch.promise(PLAIN ? 1000 : 3000, path);
			}
			await sleep(50);
		}
		return Promise.all(posts);
	});
	for (const res of all) {
		assert.ok([202, 503].includes(res.status), res.text);
		if (res.status === 202)
			assert.equal(res.json.state, 'unknown');
		else
			assert.ok(Number(res.headers['retry-after']) > 0);
	}
	assert.equal(by('posts_created'), 0);
	await clearFaults();
	assert.equal((await me.post(words())).status, 201);
});

test('processes carry on after all that', async () => {
	const me = new Visitor();
	for (let i = 0; i < 20; i++)
		assert.equal(await start(me), 302);
	assert.equal((await children()).length, Number(env.NEXUS_PROCESSES || 4));
});
