// kill -9 at each step of a callback: the code is spent once, what is saved
// stays, and whoever starts anew is connected.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { calm, env, grown, problem, sandbox, until } from '../flow/lib/stack.js';
import { landed, Visitor, words } from '../flow/lib/visitor.js';
import { disarm, dyingAt } from './lib.js';

const RESCUE = join(env.NEXUS_STATE_DIR, 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);
const grantsOf = async (me) => (await sandbox('GET', '/sandbox/grants')).find((g) => g.account === me.account)?.refresh_tokens ?? 0;

before(calm);
beforeEach(calm);
after(async () => {
	disarm();
	await calm();
});

async function worksAnew(me) {
	await me.connect();
	assert.equal((await me.post(words())).status, 201);
	assert.equal((await me.connections()).length, 1);
	assert.equal(await grantsOf(me), 1);
}

for (const [point, exchanged] of [['connect.after_claim', 0], ['connect.after_exchange', 1]]) {
	test(`${point}: no connection, and a new attempt makes one`, async () => {
		const me = new Visitor();
		const { path } = await me.arrive();
		const { value, by } = await grown(() => dyingAt(point, () => me.get(path)));
		problem(value, 503, 'unavailable');
		assert.equal(by('codes_exchanged'), exchanged);
		assert.deepEqual(await me.connections(), []);
		await worksAnew(me);
	});
}

test('connect.before_save: the grant comes home by itself, a reload finds it', async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	const { by } = await grown(async () => {
		problem(await dyingAt('connect.before_save', () => me.get(path)), 503, 'unavailable');
		await until('nothing is kept aside', 10, () => kept().length === 0);
		landed(await me.get(path));
	});
	assert.equal(by('codes_exchanged'), 1);
	assert.equal((await me.connections())[0].status, 'connected');
	assert.equal((await me.post(words())).status, 201);
	assert.equal(await grantsOf(me), 1);
});

test('connect.after_save: the connection is there', async () => {
	const me = new Visitor();
	const { path } = await me.arrive();
	problem(await dyingAt('connect.after_save', () => me.get(path)), 503, 'unavailable');
	assert.equal((await me.connections())[0].status, 'connected');
	assert.equal((await me.post(words())).status, 201);
	await worksAnew(me);
});
