// Publishing: what goes out, what is refused, and that nothing goes out twice.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { calm, clearFaults, fault, grown, LIGHT, postsOf, problem, sandbox, send, sql } from './lib/stack.js';
import { bearer, token, Visitor, words } from './lib/visitor.js';
import { rawHttp } from './lib/raw.js';
import { PARTS } from './lib/posting.js';

const me = new Visitor();
const POST = '/api/twitter/post';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const dry = async (value) => {
	const res = await me.post({ dry_run: true, ...(typeof value === 'string' ? { text: value } : value) });
	assert.equal(res.status, 200, res.text);
	return res.json;
};

before(async () => {
	await calm();
	await me.connect();
});
after(calm);

test('a post is published and answered to the letter', async () => {
	const text = words();
	const { value: res, by } = await grown(() => me.post(text));
	assert.equal(res.status, 201, res.text);
	assert.match(res.headers['content-type'], /^application\/json/);
	const p = res.json;
	assert.match(p.id, UUID);
	assert.match(p.post_id, /^\d{19}$/);
	const url = `https://x.com/${me.account}/status/${p.post_id}`;
	assert.equal(p.state, 'sent');
	assert.equal(p.url, url);
	const [{ sent_at, ...part }] = p.parts;
	assert.deepEqual(part, { position: 0, text, weighted_length: text.length, media_ids: [], state: 'sent', post_id: p.post_id, url, error: null });
	assert.ok(Math.abs(Date.parse(sent_at) - Date.now()) < 60000);
	assert.equal(p.parts.length, 1);
	assert.equal(p.status_url, `/api/twitter/posts/${p.id}`);
	assert.equal(p.profile_url, `https://x.com/${me.account}`);
	assert.deepEqual([p.reason, p.error, p.publish_at, p.next_try_at, p.can], [null, null, null, null, ['delete']]);
	assert.equal(p.metrics, null);
	assert.equal(typeof p.limits, 'object');
	assert.equal(p.cost_usd, '0.0150');
	assert.deepEqual(p.warnings, []);
	assert.equal(by('posts_created'), 1);
	assert.deepEqual((await postsOf(me.account)).filter((x) => x.id === p.post_id).map((x) => x.text), [text]);
	const rows = await sql(`SELECT p.state, q.state, q.x_post_id FROM x_posts p JOIN ${PARTS} q ON q.post_id = p.id WHERE p.id = '${p.id}'`);
	assert.deepEqual(rows, [['sent', 'sent', p.post_id]]);
});

test('a connection tells when it last worked, to the minute', async () => {
	const noted = async () => (await sql(`SELECT extract(epoch FROM now() - last_success_at)::int FROM x_grants g
		JOIN platform_connections c ON c.user_id = g.user_id AND c.id = g.connection_id WHERE g.user_id = '${me.user}'`)).flat().map(Number);
	for (const [age, least, most] of [[600, 0, 10], [30, 30, 45]]) {
		await sql(`UPDATE x_grants g SET last_success_at = now() - interval '${age} s' FROM platform_connections c
			WHERE c.user_id = g.user_id AND c.id = g.connection_id AND g.user_id = '${me.user}'`);
		assert.equal((await me.post(words())).status, 201);
		const [now] = await noted();
		assert.ok(now >= least && now <= most, `${now} s`);
	}
});

test('a key that a failure released belongs to the post that is resumed', async () => {
	for (const lose of [false, true]) {
		const text = words(), key = { 'Idempotency-Key': crypto.randomUUID() };
		const create = { path: '/2/tweets', method: 'POST' };
		await fault({ ...create, fault: '402', count: 1 });
		problem(await me.post(text, key), 402, 'x_credits');
		const [{ id }] = (await me.get('/api/twitter/posts?limit=1')).json.posts;
		if (lose)
			await fault({ ...create, fault: '503', count: 1 });
		const resumed = await me.send('POST', `/api/twitter/posts/${id}/resume`);
		assert.equal(resumed.status, lose ? 202 : 200, resumed.text);
		const { value: again, by } = await grown(() => me.post(text, key));
		assert.equal(again.status, lose ? 202 : 200, again.text);
		assert.equal(again.json.id, id);
		assert.equal(by('posts_created'), 0);
		await clearFaults();
	}
});

test('a dry run calls nothing and stores nothing', async () => {
	const text = words();
	const stored = () => sql(`SELECT count(*) FROM x_posts WHERE user_id = '${me.user}'`);
	const before = await stored();
	await fault({ path: '/2/', fault: '500' });
	const p = await dry(text);
	assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, 0);
	await clearFaults();
	assert.equal(p.state, 'dry_run');
	assert.deepEqual([p.id, p.post_id, p.url, p.metrics], [null, null, null, null]);
	assert.equal(p.cost_usd, '0.0150');
	assert.deepEqual(p.parts, [{ position: 0, text, weighted_length: text.length, media_ids: [], state: 'dry_run', post_id: null, url: null, sent_at: null, error: null }]);
	assert.deepEqual(await stored(), before);
	const stranger = new Visitor();
	assert.equal((await stranger.post({ text, dry_run: true })).status, 200);
});

test('length is weighed as X weighs it', async () => {
	const family = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}';
	for (const text of ['a', 'Hi http://test.co', 'Hello, world! \u{1F44B}', family.repeat(140), 'A\u0301B', '\u4e2d'.repeat(140), 'me@example.com',
		'see example.com/a/b/c?d=e.', '\u{1F1E9}\u{1F1EA}', '1\u20e3', `https://example.com/${'a'.repeat(200)}`, '#tag @user $CASH', 'a\nb\tc', '\u00a9\ufe0f']) {
		const weigh = await sandbox('POST', '/sandbox/weigh', { text });
		const p = await dry(text);
		assert.equal(p.parts.length, 1);
		assert.equal(p.parts[0].text, text);
		assert.equal(p.parts[0].weighted_length, weigh.weighted_length, text);
	}
});

test('280 go out as they are, 281 are cut, refused or divided as asked', async () => {
	const tag = crypto.randomBytes(8).toString('hex');
	const exact = `${tag} ${'word '.repeat(60)}`.slice(0, 279) + 'x';
	const whole = await me.post(exact);
	assert.equal(whole.status, 201);
	assert.equal(whole.json.parts[0].text, exact);
	assert.deepEqual(whole.json.warnings, []);

	const long = `${tag}2 ${'word '.repeat(60)}`.trim();
	const cut = await me.post(long);
	assert.equal(cut.status, 201, cut.text);
	assert.equal(cut.json.parts.length, 1);
	const [part] = cut.json.parts;
	assert.match(part.text, /word\.\.\.$/);
	assert.ok(part.weighted_length <= 280);
	assert.ok(long.startsWith(part.text.slice(0, -3)));
	assert.ok(cut.json.warnings.length > 0);
	assert.deepEqual((await postsOf(me.account)).filter((x) => x.id === cut.json.post_id).map((x) => x.text), [part.text]);

	const link = 'https://example.com/full/post';
	const linked = await dry({ text: long, link });
	assert.ok(linked.parts[0].text.endsWith(`... ${link}`));
	assert.ok(linked.parts[0].weighted_length <= 280);
	assert.equal(linked.cost_usd, '0.2000');

	const { value: refused, by } = await grown(() => me.post({ text: long, on_long: 'reject' }));
	problem(refused, 422, 'text_too_long');
	assert.equal(by('posts_created'), 0);
});

test('a cut never divides a link, a mention or a character', async () => {
	const family = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}';
	for (const [text, never] of [
		[`${'a'.repeat(150)} ${'b'.repeat(115)} https://example.com/a/long/path/to/it and more`, /https:\/\/e?x?a?m?p?l?e?\.\.\.$|exam\.\.\.$/],
		[`${'word '.repeat(54)}@somebody_else and more words`, /@\w*\.\.\.$/],
		[family.repeat(200), /\u200d(\.\.\.)?$/u],
		['\u4e2d'.repeat(300), /\ufffd/],
	]) {
		const p = await dry(text);
		assert.doesNotMatch(p.parts[0].text, never);
		assert.ok(p.parts[0].weighted_length <= 280);
		const weigh = await sandbox('POST', '/sandbox/weigh', { text: p.parts[0].text });
		assert.equal(weigh.weighted_length, p.parts[0].weighted_length);
	}
});

test('a thread is posted in order, each part answering the one before', async () => {
	const tag = crypto.randomBytes(8).toString('hex');
	const text = Array.from({ length: 160 }, (_, i) => `${tag}${i}`).join(' ').slice(0, 900);
	const plan = await dry({ text, on_long: 'thread', numbering: true });
	const { value: res, by } = await grown(() => me.post({ text, on_long: 'thread', numbering: true }));
	assert.equal(res.status, 201, res.text);
	const { parts } = res.json;
	assert.ok(parts.length >= 4);
	assert.equal(by('posts_created'), parts.length);
	assert.deepEqual(parts.map((p) => p.text), plan.parts.map((p) => p.text));
	assert.equal(res.json.cost_usd, plan.cost_usd);
	const live = new Map((await postsOf(me.account)).map((x) => [x.id, x]));
	parts.forEach((p, i) => {
		assert.equal(p.position, i);
		assert.equal(p.state, 'sent');
		assert.ok(p.weighted_length <= 280);
		assert.match(p.text, new RegExp(`\\(${i + 1}/${parts.length}\\)$`));
		assert.equal(live.get(p.post_id).text, p.text);
		assert.equal(live.get(p.post_id).reply_to, i === 0 ? null : parts[i - 1].post_id);
	});
	assert.equal(res.json.post_id, parts[0].post_id);
	const again = parts.map((p) => p.text.replace(/ \(\d+\/\d+\)$/, '')).join(' ');
	assert.equal(again.replace(/\s+/g, ' '), text.trim(), 'no word is lost');
});

test('a thread that breaks keeps what is live and says where it broke', async () => {
	const tag = crypto.randomBytes(8).toString('hex');
	const text = Array.from({ length: 60 }, (_, i) => `${tag}${i}`).join(' ');
	await fault({ path: '/2/tweets', method: 'POST', fault: '403', skip: 1 });
	const { value: res, by } = await grown(() => me.post({ text, on_long: 'thread' }, { 'Idempotency-Key': tag }));
	await clearFaults();
	assert.equal(by('posts_created'), 1);
	assert.ok(res.status >= 400 || res.json.state === 'partial', res.text);
	const rows = await sql(`SELECT q.state, q.x_post_id IS NOT NULL FROM x_posts p JOIN ${PARTS} q ON q.post_id = p.id
		WHERE p.user_id = '${me.user}' AND p.idempotency_key = '${tag}' ORDER BY position`);
	assert.deepEqual(rows[0], ['sent', 't']);
	assert.equal(rows[1][0], 'failed');
	assert.deepEqual(await sql(`SELECT state FROM x_posts WHERE user_id = '${me.user}' AND idempotency_key = '${tag}'`), [['partial']]);
	const { value: again, by: then } = await grown(() => me.post({ text, on_long: 'thread' }, { 'Idempotency-Key': tag }));
	assert.equal(then('posts_created'), 0);
	assert.equal(again.json.state, 'partial');
});

test('a link costs more, and the answer says so', async () => {
	const p = await dry('read https://example.com/x');
	assert.equal(p.cost_usd, '0.2000');
	assert.ok(p.warnings.some((w) => /link|url/i.test(w)));
});

test('an answer goes below the post it names', async () => {
	const first = await me.post(words());
	const res = await me.post({ text: words(), reply_to: first.json.post_id });
	assert.equal(res.status, 201, res.text);
	const live = (await postsOf(me.account)).find((x) => x.id === res.json.post_id);
	assert.equal(live.reply_to, first.json.post_id);
});

test('the same text twice is X\'s refusal, not a second post', async () => {
	const text = words();
	const { value, by } = await grown(async () => [await me.post(text), await me.post(text)]);
	assert.equal(value[0].status, 201);
	problem(value[1], 409, 'duplicate_text');
	assert.equal(value[1].json.x.status, 403);
	assert.equal(by('posts_created'), 1);
});

test('values that are not acceptable are named', async () => {
	for (const [body, code, named] of [
		[{ text: 'a', colour: 'red' }, 'unknown_member', /colour/],
		[{ text: 'a', 'on-long': 'reject' }, 'unknown_member', /on-long/],
		[{ text: 'a', Text: 'b' }, 'unknown_member', /Text/],
		[{ text: 'a', '': 1 }, 'unknown_member', /""/],
		[{ text: '' }, 'text_empty'], [{ text: ' \n\t\u3000 ' }, 'text_empty'], [{}, 'text_empty'], [{ text: null }, 'text_empty'],
		[{ text: 5 }, 'invalid', /text/], [{ text: ['a'] }, 'invalid', /text/], [{ text: { a: 1 } }, 'invalid', /text/],
		[{ text: 'a\ufffeb' }, 'text_invalid'], [{ text: '\ufeffab' }, 'text_invalid'],
		[{ text: 'a', on_long: 'shorten' }, 'invalid', /on_long/], [{ text: 'a', on_long: 1 }, 'invalid', /on_long/],
		[{ text: 'a', dry_run: 'yes' }, 'invalid', /dry_run/], [{ text: 'a', dry_run: 1 }, 'invalid', /dry_run/],
		[{ text: 'a', connection_id: 'x' }, 'invalid', /connection_id/], [{ text: 'a', user_id: 5 }, 'invalid', /user_id/],
		[{ text: 'a', reply_to: 'x' }, 'invalid', /reply_to/], [{ text: 'a', reply_to: 5 }, 'invalid', /reply_to/], [{ text: 'a', reply_to: '1'.repeat(20) }, 'invalid', /reply_to/],
		[{ text: 'a', reply_settings: 'nobody' }, 'invalid', /reply_settings/],
		[{ text: 'a', link: 5 }, 'invalid', /link/], [{ text: 'a', numbering: 'yes' }, 'invalid', /numbering/],
		[{ text: 'a', made_with_ai: 'no' }, 'invalid', /made_with_ai/],
	]) {
		const res = await me.post(body);
		problem(res, 422, code);
		if (named)
			assert.match(res.json.detail, named);
	}
});

test('a link that is none is refused', async () => {
	for (const link of ['javascript:alert(1)', 'not a link', 'ftp://x.example/a', 'https://a b.example'])
		problem(await me.post({ text: 'word '.repeat(80), link, dry_run: true }), 422, 'invalid');
});

test('bodies that are no JSON object in UTF-8', async () => {
	const broken = {
		'cut': '{"text":"a"', 'more behind': '{"text":"a"} x', 'two objects': '{"text":"a"}{"text":"b"}', 'empty': '', 'blank': '  ',
		'array': '["a"]', 'string': '"a"', 'number': '5', 'null': 'null', 'single quotes': "{'text':'a'}", 'comma': '{"text":"a",}', 'comment': '{"text":"a"/**/}',
		'NaN': '{"text":NaN}', 'duplicate member': '{"text":"a","text":"b"}', 'duplicate by escape': '{"text":"a","te\\u0078t":"b"}',
		'control character': '{"text":"a\u0001"}', 'NUL': '{"text":"a\u0000b"}', 'escaped NUL': '{"text":"a\\u0000b"}', 'NUL behind': '{"text":"a"}\u0000',
		'lone surrogate': '{"text":"\\ud800"}', 'byte order mark': '\ufeff{"text":"a"}', 'nested 10,000 deep': `${'{"a":'.repeat(10000)}1${'}'.repeat(10000)}`,
		'arrays 10,000 deep': `{"text":${'['.repeat(10000)}${']'.repeat(10000)}}`, 'open 100,000 deep': '['.repeat(100000),
	};
	for (const [name, body] of Object.entries(broken)) {
		const res = await me.json(POST, body);
		assert.equal(res.status, 400, `${name}: ${res.status} ${res.text}`);
		problem(res, 400, 'not_json');
	}
	for (const bytes of ['7b2274657874223a22ff227d', '7b2274657874223a22c080227d', '7b2274657874223a22eda080227d', '7b2274657874223a22f5808080227d', '7b2274657874223a22c3227d'])
		problem(await me.json(POST, Buffer.from(bytes, 'hex')), 400, 'not_json');
});

test('a body over its limit is 413', async () => {
	for (const size of [300 * 1024, 2 * 1024 * 1024]) {
		const res = await rawHttp('POST', POST, [...Object.entries(bearer(me.token)), ['Content-Type', 'application/json'], ['Content-Length', String(size)]], '{"text":"');
		problem(res, 413, /./);
	}
	const most = await me.json(POST, JSON.stringify({ text: 'a '.repeat(100000), dry_run: true }));
	assert.ok([200, 413, 422].includes(most.status), most.text.slice(0, 200));
});

test('the type of the body is asked for', async () => {
	const as = (type) => send('POST', POST, { headers: { ...bearer(me.token), ...(type && { 'Content-Type': type }) }, body: '{"text":"a","dry_run":true}' });
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'json', undefined])
		problem(await as(type), 415, 'content_type');
	for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON'])
		assert.equal((await as(type)).status, 200, type);
});

test('a body that is not as long as it says', async () => {
	const body = JSON.stringify({ text: 'hello', dry_run: true });
	const headers = (length) => [...Object.entries(bearer(me.token)), ['Content-Type', 'application/json'], ['Content-Length', String(length)]];
	const longer = await rawHttp('POST', POST, headers(body.length - 5), body);
	problem(longer, 400, 'not_json');
	const { value: shorter, by } = await grown(() => rawHttp('POST', POST, headers(body.length + 50), JSON.stringify({ text: words() }), { end: true, ms: 3000 }));
	assert.ok([0, 400, 408].includes(shorter.status), String(shorter.status));
	assert.equal(by('posts_created'), 0);
	const wrong = await rawHttp('POST', POST, headers('12x'), body);
	assert.equal(wrong.status, 400);
	const twice = await rawHttp('POST', POST, [...headers(body.length), ['Content-Length', '5']], body);
	assert.equal(twice.status, 400);
	const chunked = await rawHttp('POST', POST, [...Object.entries(bearer(me.token)), ['Content-Type', 'application/json'], ['Transfer-Encoding', 'chunked']],
		`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
	assert.equal(chunked.status, 200, chunked.text);
	assert.equal((await me.post({ text: 'still there', dry_run: true })).status, 200);
});

test('methods and addresses that are not there', async () => {
	for (const [method, path, allow] of [['GET', POST, /POST/], ['PUT', POST, /POST/], ['DELETE', POST, /POST/], ['POST', '/api/twitter/posts', /GET/], ['POST', '/api/twitter/connections', /GET/],
		['POST', '/api/auth/twitter/initiate', /GET/], ['GET', '/api/auth/twitter/disconnect', /POST/], ['POST', '/healthz', /GET/]]) {
		const res = await send(method, path, { headers: bearer(me.token) });
		problem(res, 405, 'method_not_allowed');
		assert.match(res.headers.allow, allow);
	}
	for (const path of ['/api/twitter/nothing', '/api/twitter/', '/api/twitter/post/', '/api/twitter/POST', '/api/auth/twitter/', '/nothing', '/api', '/api/twitter/post%00'])
		assert.ok([400, 404].includes((await send('GET', path, { headers: bearer(me.token) })).status), path);
	problem(await send('GET', '/api/twitter/nothing', { headers: bearer(me.token) }), 404, 'not_found');
	problem(await send('GET', '/nothing'), 404, 'not_found');
	const head = await send('HEAD', '/api/twitter/connections', { headers: bearer(me.token) });
	assert.equal(head.status, 200);
	assert.equal(head.text, '');
});

test('who is not connected cannot post', async () => {
	const stranger = new Visitor();
	problem(await stranger.post(words()), 409, 'not_connected');
	problem(await me.post({ text: words(), connection_id: crypto.randomUUID() }), 404, 'connection_unknown');
	const [mine] = await me.connections();
	assert.equal((await me.post({ text: words(), connection_id: mine.id })).status, 201);
	assert.deepEqual(await sql(`SELECT id FROM x_posts WHERE user_id = '${stranger.user}'`), []);
});

test('one key, one post', async () => {
	const key = { 'Idempotency-Key': `key-${words()}` };
	const body = { text: words() };
	const { value, by } = await grown(async () => [await me.post(body, key), await me.post(body, key), await me.post(body, key)]);
	assert.deepEqual(value.map((r) => r.status), [201, 200, 200]);
	assert.equal(by('posts_created'), 1);
	for (const name of ['id', 'state', 'post_id', 'url', 'parts', 'cost_usd', 'warnings'])
		assert.deepEqual(value[1].json[name], value[0].json[name], name);
	problem(await me.post({ text: words() }, key), 409, 'idempotency_key_reused');
	problem(await me.post({ ...body, on_long: 'reject' }, key), 409, 'idempotency_key_reused');
	const other = new Visitor();
	await other.connect();
	assert.equal((await other.post({ text: words() }, key)).status, 201, 'keys belong to their user');
});

test('one key, many at once: one post', async () => {
	for (const many of LIGHT ? [20] : [20, 100, 20, 100]) {
		const key = { 'Idempotency-Key': crypto.randomUUID() };
		const body = { text: words() };
		const { value, by } = await grown(() => Promise.all(Array.from({ length: many }, () => me.post(body, key))));
		assert.equal(by('posts_created'), 1);
		assert.equal(value.filter((r) => r.status === 201).length, 1);
		const id = value.find((r) => r.status === 201).json.id;
		for (const res of value.filter((r) => r.status !== 201)) {
			if (res.status === 200) {
				assert.equal(res.json.id, id);
				continue;
			}
			problem(res, 409, 'idempotency_key_busy');
			assert.equal(res.json.id, id);
			assert.ok(Number(res.headers['retry-after']) > 0);
		}
	}
});

test('keys that are none', async () => {
	for (const key of ['k'.repeat(201), 'a\tb', 'caf\u00e9'])
		problem(await me.post({ text: words() }, { 'Idempotency-Key': key }), 400, /./);
	assert.equal((await me.post({ text: words() }, { 'Idempotency-Key': 'k'.repeat(200) })).status, 201);
});

test('what this version does not offer is said, not ignored', async () => {
	for (const [name, value] of Object.entries({ media_ids: ['1'], metrics: true })) {
		const { value: res, by } = await grown(() => me.post({ text: words(), [name]: value }));
		problem(res, 422, 'not_offered');
		assert.match(res.json.detail, new RegExp(name));
		assert.equal(by('posts_created'), 0);
	}
	for (const [name, value] of Object.entries({ media_ids: [], metrics: false, queue: true, on_partial: 'delete' }))
		assert.equal((await me.post({ text: words(), [name]: value })).status, 201, name);
});

test('a poll and the other marks reach X as they were asked for', async () => {
	const poll = { options: ['one', 'two \u{1F44D}', 'three'], duration_minutes: 60 };
	const res = await me.post({ text: words(), poll, reply_settings: 'following', made_with_ai: true, paid_partnership: true });
	assert.equal(res.status, 201, res.text);
	const there = (await postsOf(me.account)).find((x) => x.id === res.json.post_id);
	assert.deepEqual(there.poll, poll);
	assert.deepEqual([there.reply_settings, there.made_with_ai, there.paid_partnership], ['following', true, true]);
	const long = Array.from({ length: 40 }, () => words()).join(' ');
	const thread = await me.post({ text: long, on_long: 'thread', poll, made_with_ai: true });
	assert.equal(thread.status, 201, thread.text);
	const parts = thread.json.parts.map((part) => part.post_id);
	const live = (await postsOf(me.account)).filter((x) => parts.includes(x.id));
	assert.deepEqual(live.filter((x) => x.poll).map((x) => x.id), [parts[0]], 'one poll, on the first');
	assert.ok(live.every((x) => x.made_with_ai));
});

test("X's exclusions are told before anything is sent", async () => {
	const poll = (change) => ({ options: ['a', 'b'], duration_minutes: 5, ...change });
	await fault({ path: '/2/', fault: '500' });
	for (const [more, code, named] of [
		[{ poll: poll({ options: ['a'] }) }, 'invalid', /poll\.options/], [{ poll: poll({ options: ['a', 'b', 'c', 'd', 'e'] }) }, 'invalid', /poll\.options/],
		[{ poll: poll({ options: ['a', ''] }) }, 'invalid', /poll\.options/], [{ poll: poll({ options: ['a', 'x'.repeat(26)] }) }, 'invalid', /poll\.options/],
		[{ poll: poll({ options: 'ab' }) }, 'invalid', /poll\.options/], [{ poll: poll({ options: [1, 2] }) }, 'invalid', /poll\.options/],
		[{ poll: poll({ duration_minutes: 4 }) }, 'invalid', /poll\.duration_minutes/], [{ poll: poll({ duration_minutes: 10081 }) }, 'invalid', /poll\.duration_minutes/],
		[{ poll: poll({ duration_minutes: '5' }) }, 'invalid', /poll\.duration_minutes/], [{ poll: poll({ colour: 1 }) }, 'unknown_member', /poll\.colour/],
		[{ poll: {} }, 'invalid', /poll/], [{ poll: 'a' }, 'invalid', /poll/],
		[{ quote_tweet_id: '1' }, 'quote_not_allowed', /./], [{ quote_tweet_id: 'x' }, 'invalid', /quote_tweet_id/],
		[{ quote_tweet_id: '1', poll: poll() }, /^(invalid|quote_not_allowed)$/, /./], [{ on_partial: 'drop' }, 'invalid', /on_partial/],
	]) {
		const res = await me.post({ text: words(), ...more });
		problem(res, 422, code);
		assert.match(res.json.detail, named);
	}
	assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, 0);
	await clearFaults();
});

test('a Premium account posts at length, the others do not', async () => {
	const premium = new Visitor({ account: `premium${crypto.randomBytes(4).toString('hex')}` });
	await premium.connect();
	const long = Array.from({ length: 400 }, () => words()).join(' ');
	const res = await premium.post(long);
	assert.equal(res.status, 201, res.text);
	assert.deepEqual(res.json.parts.map((part) => part.text), [long]);
	assert.deepEqual((await postsOf(premium.account)).map((x) => x.text), [long]);
	const longer = Array.from({ length: 1200 }, () => words()).join(' ');
	problem(await premium.post({ text: longer, on_long: 'reject' }), 422, 'text_too_long');
	const thread = await premium.post({ text: longer, on_long: 'thread' });
	assert.equal(thread.status, 201, thread.text);
	assert.equal(thread.json.parts.length, 2);
	problem(await me.post({ text: long, on_long: 'reject' }), 422, 'text_too_long');
});

test('many users post at once', async () => {
	const people = Array.from({ length: LIGHT ? 8 : 32 }, () => new Visitor());
	await Promise.all(people.map((one) => one.connect()));
	const { value, by } = await grown(() => Promise.all(people.flatMap((one) => [one.post(words()), one.post(words())])));
	assert.deepEqual([...new Set(value.map((r) => r.status))], [201]);
	assert.equal(by('posts_created'), people.length * 2);
	assert.equal(new Set(value.map((r) => r.json.post_id)).size, people.length * 2);
});

test('health is told without a token', async () => {
	const alive = await send('GET', '/healthz', { headers: bearer(token({ exp: 1 })) });
	assert.equal(alive.status, 200);
	assert.equal((await send('GET', '/readyz')).status, 200);
});
