// kill -9 at each step of a callback: the code is spent once, what X granted
// is never lost once it has reached the disk, and whoever starts anew is
// connected.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { calm, clearFaults, env, fault, grown, problem, sandbox, sql, until } from '../flow/lib/stack.js';
import { handle, landed, Visitor, words } from '../flow/lib/visitor.js';
import { disarm, dyingAt } from './lib.js';

const ME = '/2/users/me';
const RESCUE = join(env.NEXUS_STATE_DIR, 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);
const grantsOf = async (me) => (await sandbox('GET', '/sandbox/grants')).find((g) => g.account === me.account)?.refresh_tokens ?? 0;
const pending = async (me) => (await me.get('/api/twitter/connections')).json.pending;
// Its next try is now; a dead process's lease is over now and not in a while.
const hasten = (me) => sql(`UPDATE x_pending SET next_try_at = now(), lease_until = now() WHERE user_id = '${me.user}'`);

before(calm);
beforeEach(calm);
after(async () => {
	disarm();
	await calm();
});

// The row holds what lives at X, and posts with it.
async function renews(me) {
	const [c, ...more] = await me.connections();
	assert.equal(more.length, 0);
	assert.deepEqual([c.status, c.status_reason], ['connected', null]);
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	await sql(`UPDATE platform_connections SET token_expires_at = now() - interval '1 minute' WHERE id = '${c.id}'`);
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	assert.equal(await grantsOf(me), 1);
}

async function settled(me) {
	await until('nothing is kept aside', 60, () => kept().length === 0);
	await until('the account appears', 60, async () => {
		await hasten(me);
		return await pending(me) === 0;
	});
}

// The instant before the first byte is on the disk apart, which cannot be had
// without a hole: X has answered, and nobody has written it.
for (const [point, exchanged] of [['connect.after_claim', 0], ['connect.after_exchange', 1]]) {
	test(`${point}: no connection, and a new attempt makes one`, async () => {
		const me = new Visitor();
		const { path } = await me.arrive();
		const { value, by } = await grown(() => dyingAt(point, () => me.get(path)));
		problem(value, 503, 'unavailable');
		assert.equal(by('codes_exchanged'), exchanged);
		await until('the attempt is over', 60, async () => await pending(me) === 0);
		assert.deepEqual(await me.connections(), []);
		landed(await me.get(path), { error: 'code_lost' });
		await me.connect();
		await renews(me);
	});
}

for (const point of ['connect.kept_aside', 'connect.before_save', 'connect.after_save']) {
	test(`${point}: at a reconnect nothing is lost, and a reload finds it`, async () => {
		const me = new Visitor();
		const connection = await me.connect();
		const { path } = await me.arrive(`?connection_id=${connection.id}`);
		const { by } = await grown(async () => {
			problem(await dyingAt(point, () => me.get(path)), 503, 'unavailable');
			await settled(me);
			landed(await me.get(path));
		});
		assert.equal(by('codes_exchanged'), 1);
		assert.equal(by('revoked'), 0);
		assert.equal((await me.connections())[0].id, connection.id);
		await renews(me);
	});
}

test('connect.replaced: whose place the new account takes has ended with it', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	const old = me.account;
	me.account = handle();
	const { path } = await me.arrive(`?connection_id=${connection.id}&replace=1`);
	problem(await dyingAt('connect.replaced', () => me.get(path)), 503, 'unavailable');
	const list = await me.connections();
	assert.deepEqual(Object.fromEntries(list.map((c) => [c.username, c.status])), { [me.account]: 'connected', [old]: 'disconnected' });
	assert.deepEqual(await sql(`SELECT hint FROM x_revocations WHERE connection_id = '${connection.id}' ORDER BY 1`), [['access_token'], ['refresh_token']]);
	landed(await me.get(path));
	assert.equal((await me.post(words())).status, 201);
});

test('connect.after_pending: at a reconnect whose profile X does not tell nothing is lost', async () => {
	const me = new Visitor();
	const connection = await me.connect();
	await fault({ path: ME, fault: '503' });
	const { path } = await me.arrive(`?connection_id=${connection.id}`);
	problem(await dyingAt('connect.after_pending', () => me.get(path)), 503, 'unavailable');
	await until('nothing is kept aside', 60, () => kept().length === 0);
	assert.equal(await pending(me), 1);
	await clearFaults();
	await settled(me);
	landed(await me.get(path));
	await renews(me);
});

// A grant that waits, and whose access token is over if it is to be renewed.
async function waits(renewal) {
	const me = new Visitor();
	await me.connect();
	await fault({ path: ME, fault: '503' });
	const res = await me.get((await me.arrive()).path);
	assert.match(res.headers.location, /x=pending/);
	if (renewal) {
		await sandbox('POST', '/sandbox/expire', { account: me.account });
		await sql(`UPDATE x_pending SET token_expires_at = now() - interval '1 minute' WHERE user_id = '${me.user}'`);
	}
	return me;
}

// Its turn comes until somebody has died of it.
const itsTurn = (me) => until('a death', 60, async () => {
	await sql(`UPDATE x_pending SET next_try_at = now() WHERE user_id = '${me.user}'`);
	return !existsSync(join(env.NEXUS_STATE_DIR, 'fault'));
});

for (const [point, renewal] of [['pending.before_call', true], ['pending.kept_aside', true], ['pending.before_save', false], ['pending.after_save', false]]) {
	test(`${point}: what waits is not lost with its process`, async () => {
		const me = await waits(renewal);
		if (!renewal)
			await clearFaults();
		const { by } = await grown(() => dyingAt(point, () => itsTurn(me)));
		assert.equal(by('revoked'), 0);
		await clearFaults();
		await settled(me);
		await renews(me);
	});
}

test('pending.after_answer: nobody has the pair, which is told, and a new attempt connects', async () => {
	const me = await waits(true);
	await dyingAt('pending.after_answer', () => itsTurn(me));
	await clearFaults();
	// So long it waits for somebody to bring the pair.
	await sql(`UPDATE x_pending SET attempt_started_at = now() - interval '7 hours' WHERE user_id = '${me.user}'`);
	await settled(me);
	const [[code]] = await sql(`SELECT code FROM x_events WHERE user_id = '${me.user}' ORDER BY id DESC LIMIT 1`);
	assert.equal(code, 'x_token');
	await me.connect();
	await renews(me);
});
