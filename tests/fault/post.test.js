// kill -9 at each step of a post: nothing is sent twice, what X has is found
// and adopted, what it has not may be sent again.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, grown, postsOf, problem, sandbox, sql } from '../flow/lib/stack.js';
import { Visitor, words } from '../flow/lib/visitor.js';
import { disarm, dyingAt } from './lib.js';

before(calm);
beforeEach(calm);
after(async () => {
	disarm();
	await calm();
});

// The lease of the dead runs out now, and the time of quiet is over.
async function timePasses(me) {
	await sandbox('POST', '/sandbox/age', { account: me.account, seconds: 120 });
	await sql(`UPDATE x_posts SET lease_until = now() - interval '1 second' WHERE user_id = '${me.user}';
		UPDATE x_posts SET created_at = created_at - interval '2 minutes' WHERE text IS NOT NULL AND x_post_id IS NULL AND user_id = '${me.user}';
		UPDATE x_parts SET left_at = left_at - interval '2 minutes' WHERE user_id = '${me.user}'`);
}

const history = async (me) => (await me.get('/api/twitter/posts')).json.posts;
const resume = async (me) => me.json(`/api/twitter/posts/${(await history(me))[0].id}/resume`, {});
const remove = async (me) => me.send('DELETE', `/api/twitter/posts/${(await history(me))[0].id}`);
const died = (res) => problem(res, 503, 'unavailable');

async function connected() {
	const me = new Visitor();
	await me.connect();
	return me;
}

// A thread of three parts.
const long = () => Array.from({ length: 3 }, (_, i) => `${words()} ${'and so on '.repeat(22)}${i}.`).join('\n\n');

test('before the call: not sent, and its key may send it', async () => {
	const me = await connected();
	const key = { 'Idempotency-Key': crypto.randomUUID() }, text = words();
	const { by } = await grown(async () => {
		died(await dyingAt('post.before_call', () => me.post(text, key)));
		problem(await me.post(text, key), 409, 'idempotency_key_busy');
		await timePasses(me);
		assert.equal((await me.post(text, key)).json.state, 'unknown');
		const settled = await resume(me);
		assert.equal(settled.json.state, 'failed', settled.text);
		assert.equal(settled.json.error.code, 'not_sent');
		assert.equal((await me.post(text, key)).status, 201);
	});
	assert.equal(by('posts_created'), 1);
	assert.equal((await postsOf(me.account)).length, 1);
});

test('after the answer: found at X and adopted', async () => {
	const me = await connected();
	const key = { 'Idempotency-Key': crypto.randomUUID() }, text = `${words()} https://example.com/a?b=1&c=<d> 👋`;
	const { by } = await grown(async () => {
		died(await dyingAt('post.after_answer', () => me.post(text, key)));
		await timePasses(me);
		assert.equal((await resume(me)).json.state, 'sent');
		assert.equal((await me.post(text, key)).json.state, 'sent');
	});
	assert.equal(by('posts_created'), 1);
	assert.equal((await history(me))[0].post_id, (await postsOf(me.account))[0].id);
});

test('in a thread: goes on behind the part that X has', async () => {
	const me = await connected();
	const { by } = await grown(async () => {
		died(await dyingAt('post.after_answer', () => me.post({ text: long(), on_long: 'thread' })));
		await timePasses(me);
		const done = await resume(me);
		assert.equal(done.json.state, 'sent', done.text);
	});
	assert.equal(by('posts_created'), 3);
	const live = await postsOf(me.account), { parts } = (await history(me))[0];
	assert.deepEqual(live.map((p) => p.id).sort(), parts.map((p) => p.post_id).sort());
	for (const [i, part] of parts.slice(1).entries())
		assert.equal(live.find((p) => p.id === part.post_id).reply_to, parts[i].post_id);
});

for (const point of ['delete.before_call', 'delete.after_answer']) {
	test(`${point}: a second DELETE ends it`, async () => {
		const me = await connected();
		assert.equal((await me.post({ text: long(), on_long: 'thread' })).json.state, 'sent');
		const { by } = await grown(async () => {
			died(await dyingAt(point, () => remove(me)));
			problem(await remove(me), 409, 'post_busy');
			await timePasses(me);
			const done = await remove(me);
			assert.equal(done.json.state, 'deleted', done.text);
			assert.deepEqual(done.json.parts.map((p) => p.state), ['deleted', 'deleted', 'deleted']);
		});
		assert.equal(by('posts_deleted'), 3);
		assert.deepEqual(await postsOf(me.account), []);
	});
}

test('deleted, and X refuses the second DELETE: it is gone all the same', async () => {
	const me = await connected();
	assert.equal((await me.post(words())).json.state, 'sent');
	died(await dyingAt('delete.after_answer', () => remove(me)));
	assert.deepEqual(await postsOf(me.account), []);
	await timePasses(me);
	await sandbox('POST', '/sandbox/faults', { path: '/2/tweets/', method: 'DELETE', fault: '403' });
	const done = await remove(me);
	assert.deepEqual([done.status, done.json.state], [200, 'deleted'], done.text);
});
