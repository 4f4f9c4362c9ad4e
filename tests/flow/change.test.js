// What waits is found by its time, and changed until it begins.
import { test, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, clearFaults, fault, problem, send, sql, stopwatch, until } from './lib/stack.js';
import { bearer, serviceToken, sessionCookies, Visitor, words } from './lib/visitor.js';
import { calmQueue, CREATE, creates, crowd, inOrder, live, look, page, POSTS, remove, threadText, timeOf } from './lib/posting.js';
import { withWorkers } from './lib/worker.js';

const inHours = (h) => new Date((Math.floor(Date.now() / 1000) + h * 3600) * 1000).toISOString().replace('.000Z', 'Z');

beforeEach(calmQueue);
after(calm);

const patch = (me, id, body, headers = {}) => {
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	return me.send('PATCH', `${POSTS}/${id}`, { body: text, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers } });
};

async function schedule(me, more = {}) {
	const res = await me.post({ text: words(), publish_at: inHours(2), ...more });
	assert.equal(res.status, 202, res.text);
	return res.json;
}

async function changed(me, id, body, headers) {
	const res = await patch(me, id, body, headers);
	assert.equal(res.status, 202, res.text);
	assert.equal(res.json.state, 'queued');
	assert.equal(res.headers.etag, res.json.etag);
	const now = await look(me, id);
	for (const name of Object.keys(now).filter((n) => n !== 'limits'))
		assert.deepEqual(res.json[name], now[name], name);
	return now;
}

const ids = (res) => (assert.equal(res.status, 200, res.text), res.json.posts.map((p) => p.id));

test('what is queued is listed by its time, page by page, of all accounts or of one', async () => {
	const me = new Visitor();
	const first = await me.connect();
	const twin = new Visitor({ user: me.user, token: me.token });
	const second = await twin.connect();
	const at = [5, 1, 4, 2, 3];
	const posts = [];
	for (const [i, hours] of at.entries())
		posts[hours] = await schedule(me, { publish_at: inHours(hours), connection_id: i % 2 ? second.id : first.id });
	await me.post({ text: words(), connection_id: first.id });
	const gone = await schedule(me, { connection_id: first.id });
	await remove(me, gone.id);
	const soonest = [1, 2, 3, 4, 5].map((h) => posts[h].id);
	assert.deepEqual(ids(await page(me, '?view=upcoming')), soonest);
	const seen = [];
	for (let before = ''; before !== null;) {
		const res = await page(me, `?view=upcoming&limit=2${before}`);
		seen.push(...ids(res));
		before = res.json.next === null ? null : `&before=${res.json.next}`;
	}
	assert.deepEqual(seen, soonest);
	const of = (connection) => soonest.filter((id) => posts.some((p) => p?.id === id && p.connection_id === connection.id));
	assert.equal(of(second).length, 2);
	for (const one of [first, second]) {
		assert.deepEqual(ids(await page(me, `?view=upcoming&connection_id=${one.id}`)), of(one));
		assert.deepEqual(ids(await page(me, `?connection_id=${one.id.toUpperCase()}`)).filter((id) => soonest.includes(id)).sort(), of(one).sort());
	}
	assert.deepEqual(ids(await page(me, `?connection_id=${crypto.randomUUID()}`)), []);
	assert.deepEqual(ids(await page(new Visitor(), `?view=upcoming&connection_id=${first.id}`)), []);
	const { connections } = (await me.get('/api/twitter/connections')).json;
	assert.deepEqual(connections.map((c) => [c.id, c.scheduled]).sort(), [[first.id, 3], [second.id, 2]].sort());
});

test('a view that is not there is refused by its name', async () => {
	const [me] = await crowd(1);
	for (const name of ['state=sent', 'q=x', 'from=2026-01-01', 'to=2026-01-01'])
		assert.match(problem(await page(me, `?${name}`), 422, 'not_offered').detail, new RegExp(`^${name.split('=')[0]} `));
	assert.match(problem(await page(me, '?view=attention'), 422, 'not_offered').detail, /view/);
	for (const name of ['view=', 'view=past', 'connection_id=1'])
		assert.match(problem(await page(me, `?${name}`), 422, 'invalid').detail, new RegExp(name.split('=')[0]));
});

test('text, options and time of what is queued are changed, one by one', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me, { on_long: 'thread', numbering: true });
	const long = threadText(3);
	let now = await changed(me, p.id, { text: long });
	assert.equal(now.parts.length, 3);
	assert.match(now.parts[2].text, /\(3\/3\)$/);
	assert.deepEqual([now.request.text, now.request.on_long, now.request.numbering], [long, 'thread', true]);
	assert.equal(now.cost_usd, '0.0450');
	assert.match(now.warnings.join(), /thread/);
	now = await changed(me, p.id, { on_long: 'truncate', numbering: null, link: 'https://example.com/whole' });
	assert.equal(now.parts.length, 1, 'what was asked for is kept, not what became of it');
	assert.match(now.parts[0].text, /\.\.\. https:\/\/example\.com\/whole$/);
	now = await changed(me, p.id, { link: null, text: words(), reply_settings: 'following', poll: { options: ['a', 'b'], duration_minutes: 5 } });
	assert.deepEqual([now.request.link, now.request.reply_settings, now.request.poll.options], [undefined, 'following', ['a', 'b']]);
	now = await changed(me, p.id, { poll: null, on_partial: 'delete', publish_at: inHours(9) });
	assert.deepEqual([now.request.poll, now.request.on_partial, now.request.reply_settings], [undefined, 'delete', 'following']);
	assert.equal(now.publish_at, now.next_try_at);
	assert.equal(Date.parse(now.publish_at), Date.parse(now.request.publish_at));
	assert.ok(Date.parse(now.publish_at) > Date.now() + 8 * 3600e3);
	const same = await changed(me, p.id, {});
	assert.deepEqual([same.parts, same.publish_at], [now.parts, now.publish_at]);
	assert.deepEqual(await live(me.account), []);
	await remove(me, p.id);
});

test('what is wrong is refused by its name and changes nothing', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me);
	const before = await look(me, p.id);
	for (const [body, status, code, name] of [
		[{ colour: 'red' }, 422, 'unknown_member', /colour/], [{ colour: null }, 422, 'unknown_member', /colour/], [{ text: 5 }, 422, 'invalid', /text/],
		[{ text: null }, 422, 'text_empty', /text/], [{ text: ' ' }, 422, 'text_empty', /./], [{ publish_at: 'soon' }, 422, 'invalid', /publish_at/],
		[{ publish_at: '2020-01-01T00:00:00Z' }, 422, 'invalid', /publish_at/], [{ media_ids: ['1'] }, 422, 'not_offered', /media_ids/],
		[{ text: 'x'.repeat(300), on_long: 'reject' }, 422, 'text_too_long', /./], [{ connection_id: crypto.randomUUID() }, 404, 'connection_unknown', /./],
		[{ user_id: 'x' }, 422, 'invalid', /user_id/], [{ user_id: crypto.randomUUID() }, 403, 'forbidden', /./], ['[]', 400, 'not_json', /object/], ['{', 400, 'not_json', /./]])
		assert.match(problem(await patch(me, p.id, body), status, code).detail, name, JSON.stringify(body));
	problem(await patch(me, p.id, {}, { 'Content-Type': 'text/plain' }), 415, 'content_type');
	problem(await patch(me, crypto.randomUUID(), {}), 404, 'post_unknown');
	problem(await patch(new Visitor(), p.id, {}), 404, 'post_unknown');
	assert.deepEqual(await look(me, p.id), before);
});

test('a dry run shows what it would be', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me);
	const before = await look(me, p.id);
	const res = await patch(me, p.id, { text: threadText(2), on_long: 'thread', dry_run: true });
	assert.equal(res.status, 200, res.text);
	assert.deepEqual([res.json.state, res.json.id, res.json.parts.length, res.json.cost_usd], ['dry_run', null, 2, '0.0300']);
	assert.deepEqual(await look(me, p.id), before);
});

test('of two who change it from the same state one is told', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me);
	const res = await me.get(`${POSTS}/${p.id}`);
	const { etag } = res.headers;
	assert.match(etag, /^"[0-9a-f]+"$/);
	assert.equal(res.json.etag, etag);
	assert.equal((await page(me, '?view=upcoming')).json.posts[0].etag, etag);
	const now = await changed(me, p.id, { text: 'first' }, { 'If-Match': etag });
	assert.notEqual(now.etag, etag);
	for (const header of [etag, '"x"', 'x', `W/${etag}`, `${etag}, "2"`])
		problem(await patch(me, p.id, { text: 'second' }, { 'If-Match': header }), 412, 'post_changed');
	assert.equal((await look(me, p.id)).parts[0].text, 'first');
	for (const header of ['*', now.etag, `"2", ${now.etag}`, `W/${now.etag}`])
		problem(await patch(me, p.id, { colour: 1 }, { 'If-Match': header }), 422, 'unknown_member');
	const both = await Promise.all(['a', 'b', 'c', 'd'].map((text) => patch(me, p.id, { text }, { 'If-Match': now.etag })));
	assert.deepEqual(both.map((one) => one.status).sort(), [202, 412, 412, 412]);
	const all = await Promise.all(['e', 'f', 'g'].map((text) => patch(me, p.id, { text })));
	assert.ok(all.every((one) => one.status === 202 || problem(one, 409, 'post_busy')), all.map((one) => one.text).join());
	assert.ok(all.some((one) => one.status === 202));
});

test('what has begun is not changed', async () => {
	const [me] = await crowd(1);
	const sent = (await me.post(words())).json;
	problem(await patch(me, sent.id, { text: 'x' }), 409, 'post_begun');
	const gone = await schedule(me);
	await remove(me, gone.id);
	problem(await patch(me, gone.id, { publish_at: null }), 409, 'post_begun');
	await fault({ ...CREATE, fault: '400', count: 1 });
	problem(await me.post(words()), 422, 'x_refused');
	const [failed] = (await page(me, '?limit=1')).json.posts;
	assert.match(problem(await patch(me, failed.id, { text: 'x' }), 409, 'post_begun').detail, /failed/);
	await fault({ ...CREATE, fault: '429', reset_in: 60, skip: 1, count: 1 });
	const half = (await me.post({ text: threadText(2), on_long: 'thread', queue: true })).json;
	problem(await patch(me, half.id, { text: 'x' }), 409, 'post_begun');
	assert.equal((await live(me.account)).filter((x) => x.text === 'x').length, 0);
});

test('null in place of a time sends it now', async () => {
	const [me, refused] = await crowd(2);
	const p = await schedule(me, { text: threadText(2), on_long: 'thread' });
	const { value: res, sent } = await creates(() => patch(me, p.id, { publish_at: null, on_long: null, text: words() }));
	assert.equal(res.status, 200, res.text);
	assert.deepEqual([res.json.state, res.json.id, sent], ['sent', p.id, 1]);
	assert.deepEqual((await live(me.account)).map((x) => [x.id, x.text]), [[res.json.post_id, res.json.parts[0].text]]);
	problem(await patch(me, p.id, { publish_at: null }), 409, 'post_begun');

	// The answer shows what was asked for, as the post does.
	for (const body of [{ text: threadText(2), on_long: 'thread' }, { text: threadText(2), link: 'https://example.com/more' }]) {
		const one = await schedule(me, body);
		const { json } = await patch(me, one.id, { publish_at: null });
		assert.deepEqual([json.state, json.request.text, json.request.on_long, json.request.link], ['sent', body.text, body.on_long, body.link]);
		assert.deepEqual(json.request, (await look(me, one.id)).request);
	}

	await clearFaults();
	const q = await schedule(refused);
	await fault({ ...CREATE, fault: '400', count: 1 });
	assert.equal(problem(await patch(refused, q.id, { publish_at: null }), 422, 'x_refused').id, q.id, 'it was changed all the same');
	assert.deepEqual([(await look(refused, q.id)).state, (await look(refused, q.id)).can], ['failed', ['resume']]);
});

test('many who send it now send it once, the worker among them', async () => {
	const people = await crowd(4);
	const { sent } = await creates(() => withWorkers(2, async () => {
		for (const me of people) {
			const p = await schedule(me);
			const all = await Promise.all(Array.from({ length: 6 }, () => patch(me, p.id, { publish_at: null })));
			for (const res of all)
				assert.ok([200, 202].includes(res.status) || problem(res, 409, res.json.code === 'post_busy' ? 'post_busy' : 'post_begun'));
			await until('it is sent', 20, async () => (await look(me, p.id)).state === 'sent');
			assert.equal((await live(me.account)).length, 1);
		}
	}));
	assert.equal(sent, people.length);
});

test('a new time is a new place in the queue', async () => {
	const [me] = await crowd(1);
	const [one, two] = [await schedule(me, { publish_at: inHours(2) }), await schedule(me, { publish_at: inHours(3) })];
	const trial = stopwatch();
	await changed(me, two.id, { publish_at: inHours(1) });
	assert.deepEqual(ids(await page(me, '?view=upcoming')), [two.id, one.id]);
	// As far ahead as this machine needs for as much again.
	const soon = new Date((Math.ceil(Date.now() / 1000) + 2 + Math.ceil(trial.ms() * 3 / 1000)) * 1000);
	await changed(me, two.id, { publish_at: soon.toISOString() });
	await changed(me, one.id, { publish_at: new Date(soon.getTime() + 1000).toISOString() });
	const done = await withWorkers(1, () => Promise.all([two, one].map((p) => until(`post ${p.id}`, 30, async () => {
		const now = await look(me, p.id);
		return now.state === 'sent' && now.post_id;
	}))));
	assert.ok(inOrder(done));
	assert.ok(timeOf(done[0]) >= soon.getTime());
});

test("what waits for X's limit keeps its place, and goes at once when it is told to", async () => {
	const [me] = await crowd(1);
	await fault({ ...CREATE, fault: '429', reset_in: 600, count: 1 });
	const p = (await me.post({ text: words(), queue: true })).json;
	assert.equal(p.state, 'queued');
	const other = await changed(me, p.id, { text: 'other words' });
	assert.deepEqual([other.next_try_at, other.error.code], [p.next_try_at, 'rate_limited']);
	const res = await patch(me, p.id, { publish_at: null });
	assert.deepEqual([res.status, res.json.state, res.json.parts[0].text], [200, 'sent', 'other words'], res.text);
	await clearFaults();
});

test('the key stays what it was for', async () => {
	const [me] = await crowd(1);
	const body = { text: words(), publish_at: inHours(2) }, key = { 'Idempotency-Key': 'one' };
	const p = (await me.post(body, key)).json;
	await changed(me, p.id, { text: 'changed' });
	const again = await me.post(body, key);
	assert.deepEqual([again.status, again.json.id, again.json.parts[0].text], [202, p.id, 'changed'], again.text);
	problem(await me.post({ ...body, text: 'changed' }, key), 409, 'idempotency_key_reused');
});

test('it may go to another account of its user, and to no one else', async () => {
	const [me, stranger] = await crowd(2);
	const twin = new Visitor({ user: me.user, token: me.token });
	const second = await twin.connect();
	const [theirs] = (await stranger.get('/api/twitter/connections')).json.connections;
	const first = (await me.get('/api/twitter/connections')).json.connections.find((c) => c.username === me.account);
	const p = await schedule(me, { connection_id: first.id });
	problem(await patch(me, p.id, { connection_id: theirs.id }), 404, 'connection_unknown');
	const now = await changed(me, p.id, { connection_id: second.id });
	assert.equal(now.profile_url, `https://x.com/${twin.account}`);
	const res = await patch(me, p.id, { publish_at: null });
	assert.equal(res.status, 200, res.text);
	assert.deepEqual([(await live(me.account)).length, (await live(twin.account)).length], [0, 1]);
});

test('of a thread that an older version has stored the parts stay', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me, { text: threadText(3), on_long: 'thread' });
	await sql(`UPDATE x_posts SET source = NULL WHERE id = '${p.id}'`);
	const before = await look(me, p.id);
	const now = await changed(me, p.id, { publish_at: inHours(5), reply_settings: 'verified' });
	assert.deepEqual([now.parts, now.cost_usd, now.warnings], [before.parts, before.cost_usd, before.warnings]);
	assert.match(problem(await patch(me, p.id, { on_long: 'truncate' }), 422, 'invalid').detail, /text/);
	assert.equal((await changed(me, p.id, { text: 'short' })).parts.length, 1);
});

test('the service role changes it for its user, another site for nobody', async () => {
	const [me] = await crowd(1);
	const p = await schedule(me);
	const as = (headers, body) => {
		const text = JSON.stringify(body);
		return send('PATCH', `${POSTS}/${p.id}`, { body: text, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers } });
	};
	const service = bearer(serviceToken());
	assert.equal((await as(service, { user_id: me.user, text: 'by name' })).status, 202);
	assert.equal((await look(me, p.id)).parts[0].text, 'by name');
	problem(await as(service, { user_id: crypto.randomUUID(), text: 'x' }), 404, 'post_unknown');
	const Cookie = sessionCookies(me.token).join('; ');
	for (const more of [{}, { Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }])
		problem(await as({ Cookie, ...more }, { text: 'x' }), 403, 'cross_site');
	assert.equal((await look(me, p.id)).parts[0].text, 'by name');
});
