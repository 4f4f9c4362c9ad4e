// kill -9 at each step of a refresh.  The pair that X granted is never lost
// once it has reached us; where it did not, the owner is told within one
// sweep and the living access token serves to its end.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, counts, env, fault, grown, problem, run, sandbox, sql, until } from '../flow/lib/stack.js';
import { Visitor, words } from '../flow/lib/visitor.js';
import { disarm, dyingAt, killAll, leasesRunOut } from './lib.js';

const RESCUE = join(env.NEXUS_STATE_DIR, 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);

before(calm);
beforeEach(calm);
after(async () => {
	disarm();
	await calm();
});

const hasLeft = (me, left) => sql(`UPDATE platform_connections SET token_expires_at = now() + interval '${left} seconds' WHERE user_id = '${me.user}'`);

// `left` seconds of its access token, here; dead at X where none are left.
async function connected(left) {
	const me = new Visitor();
	await me.connect();
	await hasLeft(me, left);
	if (left <= 0)
		await sandbox('POST', '/sandbox/expire', { account: me.account });
	return me;
}

const grant = async (me) => (await sandbox('GET', '/sandbox/grants')).find((g) => g.account === me.account);

async function sweep(me) {
	const done = await run(join(BUILD, 'token_refresh'), [`--user_id=${me.user}`]);
	assert.ok([0, 75].includes(done.status), done.stderr);
	return JSON.parse(done.stdout);
}

// Works, and its refresh token is the one that lives at X.
async function works(me) {
	assert.equal((await me.post(words())).status, 201);
	await sql(`UPDATE platform_connections SET token_expires_at = now() WHERE user_id = '${me.user}'`);
	await sandbox('POST', '/sandbox/expire', { account: me.account });
	const { value, by } = await grown(() => me.post(words()));
	assert.equal(value.status, 201, value.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	const [c] = await me.connections();
	assert.deepEqual([c.status, c.status_reason, c.renews_itself], ['connected', null, true]);
}

const died = (res) => problem(res, 503, 'unavailable');

for (const point of ['refresh.after_net', 'refresh.before_call']) {
	test(`${point}: nothing is spent`, async () => {
		const me = await connected(-60);
		const { by } = await grown(async () => {
			died(await dyingAt(point, () => me.post(words())));
			await until('the empty file is gone', 10, () => kept().length === 0);
			await leasesRunOut();
			assert.equal((await me.post(words())).status, 201);
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
		await works(me);
	});
}

for (const point of ['refresh.before_save', 'refresh.after_save']) {
	test(`${point}: the pair comes home by itself`, async () => {
		const me = await connected(-60);
		const { by } = await grown(async () => {
			died(await dyingAt(point, () => me.post(words())));
			await until('nothing is kept aside', 10, () => kept().length === 0);
			assert.equal((await me.post(words())).status, 201);
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
		await works(me);
	});
}

test('a post that waits for the one that dies gets its pair', async () => {
	const me = await connected(-60);
	const { value, by } = await grown(() => dyingAt('refresh.before_save', () =>
		// More than the threads of one process, so that others wait too.
		Promise.all(Array.from({ length: 64 }, () => me.post(words())))));
	for (const res of value)
		assert.ok([201, 503].includes(res.status), res.text);
	assert.ok(value.some((res) => res.status === 201));
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
});

// X has rotated the pair, and nobody heard of the new one.
const lost = {
	'during the call': async (me) => {
		await fault({ path: '/2/oauth2/token', fault: 'slow', held: true, count: 1 });
		const before = await counts();
		const posting = me.post(words());
		await until('the refresh is at X', 5, async () => (await sandbox('GET', '/sandbox/faults'))[0].hits > 0);
		await killAll();
		await clearFaults();
		died(await posting);
		await until('X has granted', 5, async () => (await counts()).refreshes_granted > before.refreshes_granted);
	},
	'with the answer in hand': async (me) => {
		died(await dyingAt('refresh.after_answer', () => me.post(words())));
	},
};

for (const [when, loses] of Object.entries(lost)) {
	test(`killed ${when}: the access token serves to its end, its owner knows`, async () => {
		const me = await connected(50);
		await loses(me);
		await leasesRunOut();
		await hasLeft(me, 50);		// a slow machine has used some of them up
		await sweep(me);
		const [c] = await me.connections();
		assert.equal(c.status, 'connected');
		assert.match(c.status_reason, /answer .* was lost .* works until \d\d:\d\d UTC/);
		assert.equal(c.renews_itself, false);
		assert.ok((await sql(`SELECT code FROM x_events WHERE connection_id = '${c.id}'`)).flat().includes('needs_reauth'));

		// Until then it is used, and X is not asked again.
		const { by } = await grown(async () => {
			await sweep(me);
			assert.equal((await me.post(words())).status, 201);
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [0, 0]);

		// Then X has the last word.
		await sql(`UPDATE platform_connections SET token_expires_at = now() WHERE id = '${c.id}';
			UPDATE x_grants SET retry_at = now() WHERE connection_id = '${c.id}'`);
		await sweep(me);
		const [end] = await me.connections();
		assert.equal(end.status, 'needs_reauth');
		assert.match(end.status_reason, /answer .* was lost/);
	});

	test(`killed ${when}, the access token dead: needs_reauth within a sweep`, async () => {
		const me = await connected(-60);
		await loses(me);
		await leasesRunOut();
		await sweep(me);
		const [c] = await me.connections();
		assert.equal(c.status, 'needs_reauth');
		assert.match(c.status_reason, /answer .* was lost/);
		problem(await me.post(words()), 409, 'needs_reauth');
		await me.connect();
		await works(me);
	});
}

test('no grant of X is left that nobody holds', async () => {
	const me = await connected(-60);
	died(await dyingAt('refresh.before_save', () => me.post(words())));
	await until('nothing is kept aside', 10, () => kept().length === 0);
	assert.equal((await grant(me)).refresh_tokens, 1);
	await works(me);
	assert.equal((await grant(me)).refresh_tokens, 1);
});
