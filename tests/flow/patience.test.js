// X that takes its time with a refresh, or never answers: what it gives once is
// waited for, and nothing is thrown after what is not answered.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, fault, grown, LIGHT, problem, run, sql, stopwatch, unbrake, until } from './lib/stack.js';
import { atX, crowd, connected, hits, isBusy, leasesRunOut, renewed, runOut, TOKEN, version, works } from './lib/renewing.js';
import { words } from './lib/visitor.js';

before(calm);
beforeEach(calm);
after(calm);

const DELAYS = LIGHT ? [5, 45] : [5, 12, 30, 55];

test(`an answer after ${DELAYS.join(', ')} s is waited for, by whoever is still there`, async () => {
	const people = await crowd(DELAYS.length);
	const answers = [];
	const { by } = await grown(async () => {
		for (const [i, seconds] of DELAYS.entries()) {
			await fault({ path: TOKEN, fault: 'late', ms: seconds * 1000, count: 1 });
			answers.push(people[i].post(words()));
			await atX(i + 1);
		}
		for (const [i, seconds] of DELAYS.entries()) {
			const res = await answers[i];
			if (seconds < 10)
				assert.equal(res.status, 201, `${seconds} s: ${res.text}`);
			else if (seconds > 17 || res.status !== 201)
				isBusy(res);
		}
		// Until it is there nobody sends the token again.
		isBusy(await people.at(-1).post(words()));
		for (const [i, seconds] of DELAYS.entries())
			await renewed(people[i], seconds + 30);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [DELAYS.length, 0]);
	await unbrake();
	for (const me of people)
		await works(me);
});

test('an access token that lives serves on while X takes its time', async () => {
	const me = await connected(55);
	await fault({ path: TOKEN, fault: 'late', ms: 12000, count: 1 });
	const { by } = await grown(async () => {
		const watch = stopwatch();
		const [first, second] = await Promise.all([me.post(words()), me.post(words())]);
		watch.promise(12000, 'nobody waits for X to the end');
		assert.deepEqual([first.status, second.status], [201, 201], first.text + second.text);
		assert.equal(await version(me), 1);
		await renewed(me);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
	await works(me);
});

test('an X that leaves four without an answer is sent no other, but one a minute', async () => {
	const [slow, waiting, [living]] = [await crowd(4), await crowd(3), await crowd(1, 50)];
	await fault({ path: TOKEN, fault: 'late', ms: 25000, count: 4 });
	const { by } = await grown(async () => {
		const posting = slow.map((me) => me.post(words()));
		await atX(4);
		await until('they wait for long', 15, async () => (await sql(`SELECT count(*) FROM x_refreshing WHERE since < now() - interval '10 s'`))[0][0] === '4');
		const res = await waiting[0].post(words());
		problem(res, 503, 'x_unavailable');
		assert.ok(Number(res.headers['retry-after']) > 30, res.headers['retry-after']);
		const swept = await run(join(BUILD, 'token_refresh'), [`--user_id=${waiting[1].user}`]);
		assert.equal(swept.status, 75, swept.stderr);
		assert.equal(JSON.parse(swept.stdout).outage, true);
		await runOut(living, 50);
		assert.equal((await living.post(words())).status, 201);
		assert.equal(await hits(), 4);
		for (const res of await Promise.all(posting))
			isBusy(res);
		for (const me of slow)
			await renewed(me);
	});
	assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [4, 0]);
	// Their answers release nobody: a minute later one goes, to see.
	await clearFaults();
	problem(await waiting[0].post(words()), 503, 'x_unavailable');
	await sql('UPDATE x_app SET braked_until = now()');
	await fault({ path: TOKEN, fault: 'late', ms: 3000, count: 1 });
	const probing = waiting[0].post(words());
	await atX(1);
	problem(await waiting[1].post(words()), 503, 'x_unavailable');
	assert.equal((await probing).status, 201);
	assert.equal((await waiting[1].post(words())).status, 201);
	for (const me of [...slow, ...waiting.slice(0, 2), living])
		await works(me);
});

test('three lost in a row stop the others', async () => {
	const people = await crowd(4);
	await fault({ path: TOKEN, fault: 'drop', count: 3 });
	for (const me of people.slice(0, 3))
		problem(await me.post(words()), 503, 'x_unavailable');
	const { value, by } = await grown(() => people[3].post(words()));
	problem(value, 503, 'x_unavailable');
	assert.ok(Number(value.headers['retry-after']) > 30);
	assert.equal(by('refreshes_granted'), 0);
	await leasesRunOut();
	await unbrake();
	for (const me of people)
		await works(me);
});
