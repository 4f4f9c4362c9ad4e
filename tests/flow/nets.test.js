// Where what X gives is kept: the database, and the rescue directory.  Either
// is enough; without both nothing is spent.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm, clearFaults, database, dev, env, fault, grown, problem, send, sleep, STACK, until } from './lib/stack.js';
import { atX, connected, kept, renewed, RESCUE, rescueIsAway, rescueIsBack, STATE, TOKEN, works } from './lib/renewing.js';
import { words } from './lib/visitor.js';

const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };

before(calm);
beforeEach(calm);
after(async () => {
	rescueIsBack();
	await calm();
});

const ready = async () => send('GET', '/readyz');

test('without the rescue directory the database alone is enough, and /readyz tells', async () => {
	const me = await connected();
	assert.deepEqual((await ready()).json.checks, { database: 'ok', schema: 'ok', rescue: 'ok', standby: 'none' });
	rescueIsAway();
	try {
		const { value, by } = await grown(() => me.post(words()));
		assert.equal(value.status, 201, value.text);
		assert.equal(by('refreshes_granted'), 1);
		const told = problem(await ready(), 503, 'not_ready');
		assert.deepEqual(told.checks, { database: 'ok', schema: 'ok', rescue: 'unusable', standby: 'none' });
		assert.ok(!JSON.stringify(told).includes(STATE), 'no path');
	} finally {
		rescueIsBack();
	}
	assert.equal((await ready()).status, 200);
	await works(me);
});

for (const rescue of ['there', 'away']) {
	test(`the database away, the rescue directory ${rescue}: no token is spent`, OUR_OWN, async () => {
		const me = await connected();
		if (rescue === 'away')
			rescueIsAway();
		database.stop();
		try {
			const { value, by } = await grown(() => me.post(words()));
			problem(value, 503, 'database_unavailable');
			assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [0, 0]);
			const told = problem(await ready(), 503, 'database_unavailable');
			assert.deepEqual(told.checks, { database: 'unreachable', schema: 'unknown', rescue: rescue === 'away' ? 'unusable' : 'ok', standby: 'unknown' });
		} finally {
			rescueIsBack();
			await database.start();
		}
		await works(me);
	});

	test(`the database goes away in mid refresh, the rescue directory ${rescue}: the pair comes home`, OUR_OWN, async () => {
		const me = await connected();
		await fault({ path: TOKEN, fault: 'late', held: true, count: 1 });
		const { by } = await grown(async () => {
			if (rescue === 'away')
				rescueIsAway();
			const posting = me.post(words());
			await atX(1);
			database.stop();
			try {
				await clearFaults();
				const res = await posting;
				assert.ok([202, 503].includes(res.status), res.text);
				await sleep(3000);
			} finally {
				await dev('db', 'start', STACK);
			}
			await renewed(me);
			rescueIsBack();
			await until('all is well', 20, async () => (await ready()).status === 200);
			await until('nothing is kept aside', 20, () => kept().length === 0);
		});
		assert.deepEqual([by('refreshes_granted'), by('refreshes_refused')], [1, 0]);
		await works(me);
	});
}

test('a net that nobody wrote into is removed', async () => {
	writeFileSync(join(RESCUE, `${crypto.randomUUID()}.nx1`), Buffer.alloc(22000), { mode: 0o600 });
	await until('it is gone', 20, () => kept().length === 0);
});
