// What was posted, looked up page by page, and taken back.
import { test, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, clearFaults, fault, inParallel, problem, sandbox, send, until } from './lib/stack.js';
import { bearer, serviceToken, sessionCookies, Visitor, words } from './lib/visitor.js';
import { calmQueue, CREATE, creates, crowd, deletedAtX, live, look, page, POSTS, remove, resume, threadText, timePasses, underWay } from './lib/posting.js';
import { withWorkers } from './lib/worker.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const DELETES = { path: '/2/tweets/', method: 'DELETE' };
const MEMBERS = ['id', 'state', 'reason', 'can', 'post_id', 'url', 'status_url', 'profile_url', 'created_at', 'publish_at', 'next_try_at',
	'parts', 'metrics', 'limits', 'cost_usd', 'warnings', 'etag'];
const later = () => new Date(Date.now() + 3600e3).toISOString();
const sorted = (list) => [...list].sort();

beforeEach(calmQueue);
after(calm);

// All pages of `limit`, as long as there is one more; `between` runs after each.
async function readAll(me, limit, between = () => undefined) {
	const pages = [];
	for (let before = ''; before !== null && pages.length < 200;) {
		const res = await page(me, `?limit=${limit}${before}`);
		assert.equal(res.status, 200, res.text);
		pages.push(res.json.posts);
		before = res.json.next === null ? null : `&before=${res.json.next}`;
		await between();
	}
	return pages;
}

test('pages show every post once, newest first, while new ones arrive', async () => {
	const [me, other] = await crowd(2);
	const posts = [];
	await inParallel(97, 8, async () => posts.push((await me.post(words())).json));
	for (let i = 0; i < 3; i++)
		posts.push((await me.post(words())).json);
	await other.post(words());
	const news = [];
	const pages = await readAll(me, 7, async () => news.push((await me.post(words())).json));
	const all = pages.flat();
	assert.deepEqual(sorted(all.map((p) => p.id)), sorted(posts.map((p) => p.id)), 'no gap, no repeat');
	assert.ok(pages.slice(0, -1).every((one) => one.length === 7));
	assert.ok(all.every((p, i) => i === 0 || all[i - 1].created_at >= p.created_at));
	assert.deepEqual(all.slice(0, 3).map((p) => p.id), posts.slice(-3).map((p) => p.id).reverse());
	assert.equal((await page(me)).json.posts.length, 20);
	assert.deepEqual((await page(me, '?limit=2')).json.posts.map((p) => p.id), news.slice(-2).map((p) => p.id).reverse());
	const most = (await page(me, '?limit=100')).json;
	assert.deepEqual([most.posts.length, most.next], [100, most.posts[99].id]);
	assert.equal((await page(other)).json.next, null);
	assert.deepEqual((await page(new Visitor())).json, { posts: [], next: null });
});

test('a post is shown in the same shape wherever it is shown', async () => {
	const [me] = await crowd(1);
	const res = await me.post({ text: threadText(3), on_long: 'thread' });
	const p = await look(me, res.json.id);
	for (const name of MEMBERS)
		assert.ok(name in p && name in res.json, name);
	for (const name of ['id', 'state', 'post_id', 'url', 'status_url', 'profile_url', 'cost_usd', 'warnings', 'reason', 'can'])
		assert.deepEqual(p[name], res.json[name], name);
	assert.deepEqual(p.parts.map(({ position, text, state, post_id, url, error }) => [position, text, state, post_id, url, error]),
		res.json.parts.map((part, i) => [i, part.text, 'sent', part.post_id, `https://x.com/${me.account}/status/${part.post_id}`, null]));
	assert.ok(p.parts.every((part) => Math.abs(Date.parse(part.sent_at) - Date.now()) < 60000));
	assert.ok(Math.abs(Date.parse(p.created_at) - Date.now()) < 60000);
	assert.deepEqual([p.reason, p.publish_at, p.next_try_at], [null, null, null]);
	assert.deepEqual(p.can, ['delete']);
	const { request, ...listed } = p;
	assert.deepEqual((await page(me)).json.posts, [listed]);
	assert.equal(request.on_long, 'thread');
	const head = await me.send('HEAD', `${POSTS}/${p.id}`);
	assert.deepEqual([head.status, head.text], [200, '']);
});

test('what cannot be shown is said', async () => {
	const [me, other] = await crowd(2);
	const mine = (await me.post(words())).json;
	for (const [method, path] of [['GET', ''], ['DELETE', ''], ['POST', '/resume']]) {
		for (const id of [NOBODY, '1', 'x', mine.id.slice(1), `${mine.id}0`, mine.id.replace(/-/g, ''), '%00', "'--", `${mine.id}%20`]) {
			const res = await me.send(method, `${POSTS}/${id}${path}`);
			assert.ok([400, 404].includes(res.status), `${method} ${id}: ${res.text}`);
		}
		for (const id of [NOBODY, '1', mine.id.slice(1)])
			problem(await me.send(method, `${POSTS}/${id}${path}`), 404, 'post_unknown');
		problem(await other.send(method, `${POSTS}/${mine.id}${path}`), 404, 'post_unknown');
		problem(await send(method, `${POSTS}/${mine.id}${path}`), 401, 'unauthenticated');
	}
	assert.equal((await me.get(`${POSTS}/${mine.id.toUpperCase()}`)).json.id, mine.id);
	for (const query of ['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'limit=', 'limit=1e1', 'limit=99999999999999999999'])
		assert.match(problem(await page(me, `?${query}`), 422, 'invalid').detail, /limit/, query);
	for (const query of ['before=x', 'before=1', 'before=%00'])
		assert.ok([400, 404, 422].includes((await page(me, `?${query}`)).status), query);
	problem(await page(me, `?before=${NOBODY}`), 404, 'post_unknown');
	problem(await page(other, `?before=${mine.id}`), 404, 'post_unknown');
	assert.equal((await look(me, mine.id)).state, 'sent');
});

test('methods that a path has not, and those it has', async () => {
	const [me] = await crowd(1);
	const { id } = (await me.post(words())).json;
	for (const [method, path, allow] of [['POST', POSTS, ['GET', 'HEAD']], ['DELETE', POSTS, ['GET', 'HEAD']], ['PUT', `${POSTS}/${id}`, ['DELETE', 'GET', 'HEAD', 'PATCH']],
		['POST', `${POSTS}/${id}`, ['DELETE', 'GET', 'HEAD', 'PATCH']], ['GET', `${POSTS}/${id}/resume`, ['POST']], ['DELETE', `${POSTS}/${id}/resume`, ['POST']]]) {
		const res = await me.send(method, path);
		problem(res, 405, 'method_not_allowed');
		const all = new Set(res.headers.allow.split(/,\s*/));
		for (const one of allow)
			assert.ok(all.has(one) || (one === 'HEAD' && all.has('GET')), `${method} ${path}: ${res.headers.allow}`);
		assert.ok([...all].every((one) => allow.includes(one)), res.headers.allow);
	}
	for (const path of [`${POSTS}/`, `${POSTS}/${id}/`, `${POSTS}/${id}/nothing`, `${POSTS}//resume`])
		assert.ok([400, 404].includes((await me.get(path)).status), path);
});

test('the service role acts for the user it names', async () => {
	const [me] = await crowd(1);
	const post = (await me.post(words())).json;
	const headers = bearer(serviceToken());
	const as = (method, path, options) => send(method, path, { headers, ...options });
	assert.deepEqual((await as('GET', `${POSTS}?user_id=${me.user}&limit=1`)).json.posts.map((p) => p.id), [post.id]);
	assert.equal((await as('GET', `${POSTS}/${post.id}?user_id=${me.user}`)).json.id, post.id);
	assert.ok((await as('GET', `${POSTS}/${post.id}`)).status >= 400, 'it is nobody itself');
	problem(await as('GET', `${POSTS}/${post.id}?user_id=${NOBODY}`), 404, 'post_unknown');
	problem(await me.get(`${POSTS}?user_id=${crypto.randomUUID()}`), 403, 'forbidden');
	problem(await me.send('DELETE', `${POSTS}/${post.id}?user_id=${crypto.randomUUID()}`), 403, 'forbidden');
	const body = JSON.stringify({ user_id: crypto.randomUUID() });
	const another = { body, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length } };
	problem(await me.send('DELETE', `${POSTS}/${post.id}`, another), 403, 'forbidden');
	problem(await me.send('POST', `${POSTS}/${post.id}/resume`, another), 403, 'forbidden');
	assert.equal((await as('POST', `${POSTS}/${post.id}/resume?user_id=${me.user}`)).json.state, 'sent');
	const gone = await as('DELETE', `${POSTS}/${post.id}?user_id=${me.user}`);
	assert.deepEqual([gone.status, gone.json.state], [200, 'deleted']);
});

test('a page of another site deletes nothing', async () => {
	const [me] = await crowd(1);
	const { id } = (await me.post(words())).json;
	const Cookie = sessionCookies(me.token).join('; ');
	for (const headers of [{ Cookie }, { Cookie, Origin: 'https://evil.example' }, { Cookie, 'Sec-Fetch-Site': 'cross-site' }]) {
		problem(await send('DELETE', `${POSTS}/${id}`, { headers }), 403, 'cross_site');
		problem(await send('POST', `${POSTS}/${id}/resume`, { headers }), 403, 'cross_site');
	}
	assert.equal((await look(me, id)).state, 'sent');
});

test('a post is deleted, once', async () => {
	const [me] = await crowd(1);
	const post = (await me.post(words())).json;
	const res = await remove(me, post.id);
	assert.equal(res.status, 200, res.text);
	const p = res.json;
	assert.deepEqual([p.state, p.parts[0].state, p.parts[0].post_id, p.can], ['deleted', 'deleted', post.post_id, []]);
	assert.deepEqual(await live(me.account), []);
	const again = await remove(me, post.id);
	assert.deepEqual([again.status, again.json.state], [200, 'deleted']);
	assert.deepEqual(await deletedAtX([post.post_id]), [post.post_id], 'X is asked once');
});

test('a thread is deleted newest first, each part told', async () => {
	const [me] = await crowd(1);
	const p = (await me.post({ text: threadText(6), on_long: 'thread' })).json;
	const ids = p.parts.map((part) => part.post_id);
	const res = await remove(me, p.id);
	assert.equal(res.status, 200, res.text);
	assert.equal(res.json.state, 'deleted');
	assert.deepEqual(res.json.parts.map((part) => part.state), ids.map(() => 'deleted'));
	assert.deepEqual(await deletedAtX(ids), [...ids].reverse());
	assert.deepEqual(await live(me.account), []);
});

test('what somebody deleted at X already is deleted here too', async () => {
	const [me] = await crowd(1);
	const p = (await me.post(words())).json;
	await fault({ ...DELETES, fault: '404' });
	const res = await remove(me, p.id);
	assert.deepEqual([res.status, res.json.state], [200, 'deleted'], res.text);
});

test('a thread that X stops deleting is finished by the worker', async () => {
	const [me] = await crowd(1);
	const p = (await me.post({ text: threadText(5), on_long: 'thread' })).json;
	await fault({ ...DELETES, fault: '503', skip: 2 });
	const res = await remove(me, p.id);
	assert.equal(res.status, 202, res.text);
	assert.deepEqual(res.json.parts.map((part) => part.state), ['sent', 'sent', 'sent', 'deleted', 'deleted']);
	assert.equal(res.json.state, 'partial');
	assert.match(res.json.reason, /3 of 5/);
	assert.ok(Date.parse(res.json.next_try_at) > 0);
	problem(await resume(me, p.id), 409, 'not_resumable');
	await clearFaults();
	await timePasses([me]);
	await withWorkers(1, () => until('the rest is deleted', 20, async () => (await look(me, p.id)).state === 'deleted'));
	assert.deepEqual(await live(me.account), []);
	const ids = p.parts.map((part) => part.post_id);
	const asked = [...new Set(await deletedAtX(ids))];
	assert.deepEqual(asked, [...ids].reverse());
});

test('a deletion that X refuses is told, and may be tried again', async () => {
	const [me] = await crowd(1);
	const p = (await me.post(words())).json;
	await fault({ ...DELETES, fault: '403' });
	const res = await remove(me, p.id);
	problem(res, 409, 'not_deleted');
	assert.equal(res.json.x.status, 403);
	const now = await look(me, p.id);
	assert.equal(now.state, 'sent');
	assert.equal(now.parts[0].error.code, 'not_deleted');
	assert.match(now.reason, /^It could not be deleted; it is still on X\. X answered 403: /);
	assert.deepEqual((await page(me, '?limit=1')).json.posts.map((one) => [one.id, one.reason]), [[p.id, now.reason]]);
	assert.equal(now.next_try_at, null);
	assert.deepEqual(now.can, ['delete']);
	assert.ok(now.error.code, 'it is said why');
	await clearFaults();
	assert.equal((await remove(me, p.id)).json.state, 'deleted');
	assert.deepEqual(await live(me.account), []);
});

test('what X deleted and then refuses to delete is deleted', async () => {
	const [me] = await crowd(1);
	for (const refusal of [{ fault: '403' }, { fault: 'garbage', work: false, body: '{"data":{"deleted":false}}' }]) {
		const p = (await me.post(words())).json;
		await fault({ ...DELETES, fault: 'drop_after' });
		const first = await remove(me, p.id);
		assert.equal(first.status, 202, first.text);
		await clearFaults();
		assert.deepEqual(await live(me.account), []);
		await fault({ ...DELETES, ...refusal });
		const res = await remove(me, p.id);
		assert.deepEqual([res.status, res.json.state, res.json.reason], [200, 'deleted', null], res.text);
		await clearFaults();
	}
	// What X only cannot show just now is not gone.
	const p = (await me.post(words())).json;
	for (const look of [{ fault: '403' }, { fault: '503' }, { fault: 'garbage', body: '{}' }]) {
		await fault({ ...DELETES, fault: '403' });
		await fault({ path: '/2/tweets/', method: 'GET', ...look });
		problem(await remove(me, p.id), 409, 'not_deleted');
		await clearFaults();
	}
	assert.equal((await live(me.account)).length, 1);
});

test('what failed, broke or waits is taken back', async () => {
	const [me] = await crowd(1);
	const queued = (await me.post({ text: words(), publish_at: later() })).json;
	assert.equal((await remove(me, queued.id)).json.state, 'cancelled');
	await fault({ ...CREATE, fault: '400', count: 1 });
	problem(await me.post(words()), 422, 'x_refused');
	const [failed] = (await page(me, '?limit=1')).json.posts;
	assert.deepEqual([failed.state, failed.can], ['failed', ['resume']]);
	assert.match(failed.reason, /^Nothing of it is on X\. /);
	assert.equal((await remove(me, failed.id)).json.state, 'cancelled');
	await fault({ ...CREATE, fault: '400', skip: 2, count: 1 });
	const broken = (await me.post({ text: threadText(4), on_long: 'thread' })).json;
	assert.equal(broken.state, 'partial');
	const res = await remove(me, broken.id);
	assert.deepEqual([res.status, res.json.state], [200, 'deleted'], res.text);
	assert.deepEqual(res.json.parts.map((part) => part.state), ['deleted', 'deleted', 'failed', 'waiting']);
	assert.deepEqual(await live(me.account), []);
});

test('nothing is offered that would be refused', async () => {
	const [me, gone] = await crowd(2);
	const text = words();
	await fault({ ...CREATE, fault: '429', reset_in: 60, count: 1 });
	problem(await me.post(text), 429, 'rate_limited');
	const [failed] = (await page(me, '?limit=1')).json.posts;
	assert.deepEqual(failed.can, ['resume']);
	assert.equal((await me.post(text)).status, 201);
	assert.deepEqual((await look(me, failed.id)).can, [], 'it is there as another post');
	assert.deepEqual((await page(me, '?limit=2')).json.posts.map((p) => p.can), [['delete'], []]);
	problem(await resume(me, failed.id), 409, 'not_resumable');

	await fault({ ...CREATE, fault: '400', skip: 1, count: 1 });
	const half = (await gone.post({ text: threadText(2), on_long: 'thread' })).json;
	assert.deepEqual([half.state, half.can], ['partial', ['resume', 'delete']]);
	await clearFaults();
	await fault({ ...CREATE, fault: 'drop', count: 1 });
	const lost = (await gone.post(words())).json;
	assert.deepEqual(lost.can, ['resume', 'delete']);
	assert.equal((await gone.json('/api/auth/twitter/disconnect', {})).status, 200);
	for (const p of [half, lost]) {
		assert.ok(!(await look(gone, p.id)).can.includes('resume'), p.state);
		const res = await resume(gone, p.id);
		assert.equal(res.json.code ?? res.json.error.code, 'needs_reauth', res.text);
	}
	await gone.connect();
	for (const p of [half, lost])
		assert.ok((await look(gone, p.id)).can.includes('resume'), p.state);
});

test('a reason goes with what it was for', async () => {
	const [me] = await crowd(1);
	await fault({ ...CREATE, fault: '400', skip: 2, count: 1 });
	const broken = (await me.post({ text: threadText(3), on_long: 'thread' })).json;
	await clearFaults();
	await fault({ ...DELETES, fault: '403' });
	problem(await remove(me, broken.id), 409, 'not_deleted');
	assert.match((await look(me, broken.id)).reason, /could not be deleted/);
	await clearFaults();
	const whole = (await resume(me, broken.id)).json;
	assert.deepEqual([whole.state, whole.reason, whole.error], ['sent', null, null], 'it stays, as its owner wants now');
	const now = await look(me, broken.id);
	assert.deepEqual([now.reason, now.error, ...now.parts.map((part) => part.error)], [null, null, null, null, null]);

	// What stood in the way of taking a thread back is not why it broke.
	await fault({ ...CREATE, fault: '400', skip: 2, count: 1 });
	await fault({ ...DELETES, fault: '503' });
	const body = { text: threadText(3), on_long: 'thread', on_partial: 'delete' }, key = { 'Idempotency-Key': 'withdrawn' };
	const back = (await me.post(body, key)).json;
	assert.deepEqual([back.state, back.error.code], ['partial', 'x_unavailable']);
	await clearFaults();
	await timePasses([me]);
	await withWorkers(1, () => until('it is taken back', 20, async () => (await look(me, back.id)).state === 'failed'));
	const failed = await look(me, back.id);
	assert.equal(failed.error.code, 'x_refused');
	assert.match(failed.reason, /^Part 3 could not be sent, so what was on X was deleted again\. X answered 400/);
	assert.equal((await me.post(body, key)).json.id, back.id, 'X decided about it, so its key stays');

	await fault({ ...CREATE, fault: '429', reset_in: 600, count: 1 });
	const waits = (await me.post({ text: words(), queue: true })).json;
	assert.equal(waits.error.code, 'rate_limited');
	const cancelled = (await remove(me, waits.id)).json;
	assert.deepEqual([cancelled.state, cancelled.reason, cancelled.error], ['cancelled', null, null]);
});

test('an unknown post is looked up, then deleted', async () => {
	const [there, not] = await crowd(2);
	const posts = [];
	for (const [me, kind] of [[there, 'drop_after'], [not, 'drop']]) {
		await fault({ ...CREATE, fault: kind, count: 1 });
		posts.push((await me.post(words())).json);
		const res = await remove(me, posts.at(-1).id);
		assert.deepEqual([res.status, res.json.state], [202, 'unknown'], res.text);
	}
	await clearFaults();
	await timePasses([there, not]);
	const { sent } = await creates(() => withWorkers(1, () => until('both are gone', 20, async () =>
		(await look(there, posts[0].id)).state === 'deleted' && (await look(not, posts[1].id)).state === 'cancelled')));
	assert.equal(sent, 0);
	assert.deepEqual([...await live(there.account), ...await live(not.account)], []);
});

test('a post that is being sent is left alone', async () => {
	const [me] = await crowd(1);
	await fault({ ...CREATE, fault: 'slow', held: true, count: 1 });
	const sending = me.post(words());
	await underWay();
	const [p] = (await page(me, '?limit=1')).json.posts;
	assert.deepEqual([p.state, p.can], ['sending', []]);
	for (const res of [await remove(me, p.id), await resume(me, p.id)]) {
		problem(res, 409, 'post_busy');
		assert.ok(Number(res.headers['retry-after']) > 0);
	}
	await clearFaults();
	assert.equal((await sending).status, 201);
	assert.equal((await remove(me, p.id)).json.state, 'deleted');
});

test('many who delete one thread at once delete it once', async () => {
	const [me] = await crowd(1);
	const p = (await me.post({ text: threadText(5), on_long: 'thread' })).json;
	const ids = p.parts.map((part) => part.post_id);
	for (const res of await Promise.all(Array.from({ length: 10 }, () => remove(me, p.id))))
		assert.ok([200, 202].includes(res.status) || problem(res, 409, 'post_busy'), res.text);
	const asked = await deletedAtX(ids);
	assert.deepEqual(asked, [...ids].reverse());
	assert.equal((await look(me, p.id)).state, 'deleted');
});

test('history asks X for nothing', async () => {
	const [me] = await crowd(1);
	const { id } = (await me.post(words())).json;
	await fault({ path: '/2/', fault: '500' });
	await page(me);
	await look(me, id);
	assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, 0);
});
