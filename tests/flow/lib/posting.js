// What becomes of posts, seen from all three sides: our answers, X, the table.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, earlier, fault, inParallel, sandbox, sleep, sql, until } from './stack.js';
import { Visitor } from './visitor.js';

// All parts: those of x_parts, and those that are in their post's own row.
export const PARTS = `(SELECT user_id, post_id, position, text, state, x_post_id, attempts FROM x_parts
	UNION ALL SELECT user_id, id, 0, text, CASE WHEN x_post_id IS NULL THEN 'sending' ELSE 'sent' END, x_post_id, 1 FROM x_posts WHERE text IS NOT NULL)`;

export const POSTS = '/api/twitter/posts';
export const CREATE = { path: '/2/tweets', method: 'POST' };
export const hex = (bytes = 3) => crypto.randomBytes(bytes).toString('hex');

// What other tests left open is no longer due.
export async function calmQueue() {
	await calm();
	await sql(`UPDATE x_posts SET state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END, next_try_at = NULL
		WHERE next_try_at IS NOT NULL`);
}

export async function crowd(n) {
	const people = Array.from({ length: n }, () => new Visitor());
	await inParallel(n, 16, (i) => people[i].connect());
	return people;
}

// A text that is divided into `n` parts, every word of it told apart.
export const threadText = (n, tag = hex()) =>
	Array.from({ length: n * 25 }, (_, i) => `${tag}${String(i).padStart(4, '0')}`).join(' ');

export async function look(me, id) {
	const res = await me.get(`${POSTS}/${id}`);
	assert.equal(res.status, 200, res.text);
	assert.equal(res.json.id, id);
	return res.json;
}

export const page = (me, query = '') => me.get(POSTS + query);
export const resume = (me, id) => me.send('POST', `${POSTS}/${id}/resume`);
export const remove = (me, id) => me.send('DELETE', `${POSTS}/${id}`);

export async function newest(me) {
	const res = await page(me, '?limit=1');
	assert.equal(res.status, 200, res.text);
	return res.json.posts[0];
}

// Comes again as long as it is told to.
export async function resumeToEnd(me, id, seconds = 30) {
	return until(`the end of post ${id}`, seconds, async () => {
		const res = await resume(me, id);
		if ([202, 409, 429, 503].includes(res.status)) {
			assert.ok(res.status !== 409 || res.json.code === 'post_busy', res.text);
			return false;
		}
		assert.equal(res.status, 200, res.text);
		return res.json.state === 'sent' && res.json;
	});
}

export const states = (people) => sql(`SELECT DISTINCT state FROM x_posts
	WHERE user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[]) ORDER BY 1`).then((rows) => rows.flat());

// As if the quiet time had passed and whoever died had died long ago.
export async function timePasses(people) {
	const mine = `user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[])`;
	for (const account of new Set(people.map((me) => me.account)))
		await sandbox('POST', '/sandbox/age', { account, seconds: 600 });
	await sql(`UPDATE x_parts SET left_at = ${earlier('left_at', '10 minutes')}, first_left_at = ${earlier('first_left_at', '10 minutes')} WHERE state IN ('sending', 'unknown') AND ${mine};
		UPDATE x_posts SET created_at = ${earlier('created_at', '10 minutes')} WHERE text IS NOT NULL AND x_post_id IS NULL AND ${mine};
		UPDATE x_posts SET lease_until = now() - interval '1 second' WHERE state = 'sending' AND lease_until IS NOT NULL AND ${mine};
		UPDATE x_posts SET next_try_at = now() WHERE next_try_at IS NOT NULL AND state <> 'queued' AND ${mine}`);
}

// Changes posts that wait; their lines have to be told.
const inLine = (ids, change) => sql(`WITH p AS (UPDATE x_posts SET ${change} WHERE id = ANY ('{${ids}}'::uuid[]) RETURNING *)
	UPDATE x_lines l SET next_at = now(), head_at = NULL FROM p WHERE l.user_id = p.user_id AND l.connection_id = p.connection_id`);

// A post that waits is tried now.
export const dueNow = (id) => inLine([id], 'next_try_at = now()');
// The time of posts that were scheduled for an hour later has come, in the same order.
export const timeHasCome = (...ids) => inLine(ids, `publish_at = ${earlier('publish_at', '1 hour')}, next_try_at = now()`);
// What waits until it is tried again is tried now.
export const hasten = (people) => sql(`UPDATE x_posts SET next_try_at = now() WHERE state IN ('partial', 'unknown')
	AND next_try_at > now() AND (lease_until IS NULL OR lease_until < now()) AND user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[])`);

// How many creates reach X while `act` runs.  `rules` come first.
export async function creates(act, rules = []) {
	const hits = async () => (await sandbox('GET', '/sandbox/faults'))
		.filter((rule) => rule.path === CREATE.path && rule.method === CREATE.method)
		.reduce((n, rule) => n + rule.hits, 0);
	for (const rule of rules)
		await fault({ ...CREATE, ...rule });
	await fault({ ...CREATE, fault: 'slow', ms: 0 });
	const before = await hits();
	const value = await act();
	return { value, sent: await hits() - before };
}

// X's ids hold the moment they were given.
export const timeOf = (id) => Number(BigInt(id) >> 22n) + 1288834974657;
export const inOrder = (ids) => ids.every((id, i) => i === 0 || BigInt(ids[i - 1]) < BigInt(id));

// An author's posts as X has them now, in its order.
export const live = async (account) =>
	(await sandbox('GET', `/sandbox/posts?author=${account}`)).filter((p) => p.author === account);

// All parts are live, once, each below its own parent, as our row says.
export function assertChain(post, all) {
	const ids = post.parts.map((part) => part.post_id);
	for (const [i, part] of post.parts.entries()) {
		assert.deepEqual([part.position, part.state], [i, 'sent'], JSON.stringify(post));
		const there = all.filter((p) => p.text === part.text);
		assert.deepEqual(there.map((p) => [p.id, p.reply_to]), [[ids[i], i === 0 ? null : ids[i - 1]]], `part ${i}`);
	}
	assert.equal(post.state, 'sent');
	assert.equal(post.post_id, ids[0]);
	assert.ok(inOrder(ids));
}

export const deletedAtX = async (ids) =>
	(await sandbox('GET', '/sandbox/requests?path=/2/tweets/'))
		.filter((r) => r.method === 'DELETE').map((r) => r.path.split('/').pop()).filter((id) => ids.includes(id));

// Waits until X holds up a create by the first rule.
export const underWay = () => until('a create under way', 10, async () =>
	(await sandbox('GET', '/sandbox/faults'))[0].hits > 0 && (await sleep(50), true));
