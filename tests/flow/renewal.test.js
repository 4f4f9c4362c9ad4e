// Many renewals at once, and X or the database in trouble meanwhile: one
// refresh token is spent once, and no granted pair is lost.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, counts, database, env, fault, grown, inParallel, LIGHT, run, sandbox, sleep, sql, STACK, tokensEnd, unbrake, until } from './lib/stack.js';
import { Visitor, words } from './lib/visitor.js';

const RESCUE = join(env.NEXUS_STATE_DIR || join(STACK, 'state'), 'rescue');
const kept = () => (existsSync(RESCUE) ? readdirSync(RESCUE) : []);
const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };

before(calm);
beforeEach(calm);
after(calm);

async function crowd(n) {
	const people = Array.from({ length: n }, () => new Visitor());
	await inParallel(n, 16, (i) => people[i].connect());
	return people;
}

const users = (people) => `user_id IN (${people.map((me) => `'${me.user}'`).join()})`;

// Their access tokens are over, here and at X; or have `left` seconds here.
async function runOut(people, left = -60) {
	await tokensEnd(left, users(people));
	await sql(`UPDATE x_grants SET lease_until = NULL, retry_at = NULL FROM platform_connections c WHERE c.user_id = x_grants.user_id AND c.id = connection_id AND c.${users(people)}`);
	if (left <= 0)
		await inParallel(people.length, 16, (i) => sandbox('POST', '/sandbox/expire', { account: people[i].account }));
}

const states = (people) => sql(`SELECT DISTINCT status, access_token IS NOT NULL, refresh_token IS NOT NULL FROM platform_connections WHERE ${users(people)}`);

// Comes again when it is told to, as its Retry-After asks.
async function persist(me, text = words()) {
	for (let tries = 0; ; tries++) {
		const res = await me.post(text);
		if (res.status !== 503 || tries === 20)
			return res;
		assert.ok(Number(res.headers['retry-after']) > 0, res.text);
		await sleep(250);
	}
}

// Whoever is connected holds the refresh token that lives at X.
async function allRenew(people) {
	await until('X has been heard', 30, async () => (await sql('SELECT 1 FROM x_refreshing')).length === 0);
	await runOut(people);
	await unbrake();
	const { value, by } = await grown(() => Promise.all(people.map((me) => persist(me))));
	for (const res of value)
		assert.equal(res.status, 201, res.text);
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [people.length, 0]);
}

for (const n of [1, 50]) {
	test(`200 posts at once by ${n} with tokens that ran out spend ${n}`, async () => {
		const people = await crowd(n), posts = LIGHT ? 100 : 200;
		await runOut(people);
		const { value, by } = await grown(() => Promise.all(Array.from({ length: posts }, (_, i) => persist(people[i % n]))));
		for (const res of value)
			assert.equal(res.status, 201, res.text);
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused'), by('posts_created')], [n, 0, posts]);
	});
}

test('a token endpoint in trouble ends no connection', async () => {
	const SECONDS = LIGHT ? 2 : 4;
	const [living, dead] = [await crowd(6), await crowd(6)];
	const everybody = [...living, ...dead];
	for (const rule of [{ fault: 'hang', ms: SECONDS * 1000 }, { fault: '503' }, { fault: 'garbage', work: false }, { fault: '429', reset_in: 1 }]) {
		await runOut(living, 55);
		await runOut(dead);
		await fault({ path: '/2/oauth2/token', ...rule });
		const begun = Date.now();
		const { value, by } = await grown(async () => {
			const answers = [];
			do {
				answers.push(...await Promise.all(everybody.map(async (me) => [living.includes(me), await me.post(words())])));
				const done = await run(join(BUILD, 'token_refresh'), [`--user_id=${dead[0].user}`]);
				assert.ok([0, 1, 75].includes(done.status), done.stderr);
			} while (Date.now() - begun < SECONDS * 1000);
			return answers;
		});
		for (const [lives, res] of value) {
			assert.ok([201, 429, 503].includes(res.status), `${rule.fault}: ${res.text}`);
			assert.ok(!lives || res.status !== 429, `${rule.fault}: ${res.text}`);
			assert.ok(res.status === 201 || res.json.remedy, res.text);
		}
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [0, 0], rule.fault);
		assert.deepEqual(await states(everybody), [['connected', 't', 't']], rule.fault);
		await clearFaults();
		await allRenew(everybody);
	}
});

test('a database that stops for 10 s amid 100 callbacks and refreshes loses no grant', OUR_OWN, async () => {
	const [half, seconds] = LIGHT ? [20, 4] : [50, 10];
	const renewers = await crowd(half);
	const newcomers = Array.from({ length: half }, () => new Visitor());
	const arrivals = await Promise.all(newcomers.map((me) => me.arrive()));
	await runOut(renewers);
	const before = await counts();
	await fault({ path: '/2/', fault: 'slow', ms: 1000 });
	const answers = [];
	const work = inParallel(2 * half, 2 * half, async (i) => {
		await sleep(Math.floor(i / 2) * 40);
		answers.push(i % 2 ? await newcomers[i >> 1].get(arrivals[i >> 1].path) : await renewers[i >> 1].post(words()));
	});
	await sleep(1000);
	database.stop();
	await sleep(seconds * 1000);
	await clearFaults();
	await database.start();
	await work;
	for (const res of answers) {
		assert.ok(res.status < 500 || (res.status === 503 && res.json.remedy), `${res.status} ${res.text}`);
		assert.ok(res.status !== 302 || new URL(res.headers.location, 'http://x').searchParams.has('x') || /x_error=(save_deferred|database_unavailable|busy|timeout|unavailable)/.test(res.headers.location), res.headers.location);
	}
	await until('what was kept aside comes home', 20, () => kept().length === 0);
	await until('the accounts appear', 60, async () => (await sql(`SELECT 1 FROM x_pending WHERE ${users(newcomers)}`)).length === 0);
	const after = await counts();
	assert.ok(after.codes_exchanged > before.codes_exchanged && after.refreshes_granted > before.refreshes_granted, 'there was something to lose');
	assert.equal(after.refreshes_refused - before.refreshes_refused, 0);

	// X's list of living grants is the table's list of connections.
	const mine = [...renewers, ...newcomers];
	const living = (await sandbox('GET', '/sandbox/grants')).filter((g) => g.refresh_tokens > 0).map((g) => g.account);
	const stored = (await sql(`SELECT platform_username FROM platform_connections WHERE status = 'connected' AND ${users(mine)}`)).flat();
	assert.deepEqual(stored.sort(), mine.map((me) => me.account).filter((name) => living.includes(name)).sort());
	await sql(`UPDATE x_grants SET lease_until = NULL`);
	await allRenew(mine.filter((me) => stored.includes(me.account)));
});
