// The bench's parts, on this instance: each story can be told, and what is counted
// of it happened.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Instance } from '../load/instance.js';
import { measured } from '../load/report.js';
import { Crowd, POSTING, STORIES } from '../load/stories.js';
import { env, STACK } from './lib/stack.js';

const TIMES = 3;

test('each story of the bench is told as often as asked', async () => {
	const instance = new Instance(STACK);
	const crowd = new Crowd(2, instance);
	try {
		for (const story of STORIES) {
			if (POSTING.includes(story)) await crowd.ready();
			const r = await measured(() => crowd.run(story, { count: TIMES }), instance);
			assert.deepEqual([r.done, r.errors], [TIMES, []], story);
			assert.ok(r.p50 > 0 && r.p99 >= r.p50 && r.used.machine >= 0, story);
		}
	} finally {
		crowd.close();
	}
});

test('the bench counts what a post writes', { skip: !env.DATABASE_ADMIN_URL && 'the database is not our own' }, async () => {
	const instance = new Instance(STACK);
	const crowd = new Crowd(1, instance);
	try {
		await crowd.ready();
		const from = await instance.place();
		assert.equal((await crowd.run('keyed', { count: TIMES })).done, TIMES);
		const { records, bytes, commits } = await instance.written(from, await instance.place());
		assert.ok(commits >= 2 * TIMES, `${commits} commits`);
		assert.ok(records > commits && bytes > records, `${records} records, ${bytes} bytes`);
		assert.deepEqual(await instance.written(from, from), { records: 0, bytes: 0, commits: 0 });
	} finally {
		crowd.close();
	}
});
