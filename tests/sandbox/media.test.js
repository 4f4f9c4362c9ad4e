// How the sandbox plays X's media endpoints, and Supabase Storage.  It needs the sandbox to itself.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { ALL, api, clear, counts, env, fault, forbidden, invalid, login, post, sandbox, send, settings } from './client.js';

before(clear);
beforeEach(clear);
after(() => sandbox('DELETE', '/sandbox/state'));

const UPLOAD = '/2/media/upload';
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.from([0, 0, 0, 64, 0, 0, 0, 48]), Buffer.alloc(100, 7)]);
const GIF = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([32, 0, 24, 0]), Buffer.alloc(100, 1)]);
const MP4 = Buffer.concat([Buffer.from('0000001866747970', 'hex'), Buffer.from('isom'), crypto.randomBytes(5000)]);

// Part order as given; `framing` may spoil it.
function multipart(fields, { boundary = 'B7f3', before: first = '', behind = '', end = '\r\n' } = {}) {
	const parts = Object.entries(fields).flatMap(([name, value]) => [
		Buffer.from(`--${boundary}${end}Content-Disposition: form-data; name="${name}"${Buffer.isBuffer(value) ? '; filename="x"' : ''}${end}${end}`),
		Buffer.from(value), Buffer.from('\r\n'),
	]);
	return Buffer.concat([Buffer.from(first), ...parts, Buffer.from(`--${boundary}--\r\n${behind}`)]);
}

const sendParts = (token, path, fields, framing = {}) => send('POST', env.SANDBOX_URL + path, {
	headers: { Authorization: `Bearer ${token}`, 'Content-Type': framing.type || 'multipart/form-data; boundary=B7f3' },
	body: multipart(fields, framing) });
const whole = (token, bytes, category = 'tweet_image', framing) => sendParts(token, UPLOAD, { media_category: category, media: bytes }, framing);
const initialize = (token, bytes, type, category) => api('POST', `${UPLOAD}/initialize`, token,
	{ media_type: type, total_bytes: bytes.length ?? bytes, media_category: category });
const append = (token, id, index, bytes) => sendParts(token, `${UPLOAD}/${id}/append`, { segment_index: String(index), media: bytes });
const finalize = (token, id, body = {}) => api('POST', `${UPLOAD}/${id}/finalize`, token, body);
const status = (token, id) => api('GET', `${UPLOAD}?command=STATUS&media_id=${id}`, token);
const media = async () => (await sandbox('GET', '/sandbox/media')).json;

async function upload(token, bytes = MP4, type = 'video/mp4', category = 'tweet_video', segment = bytes.length) {
	const begun = await initialize(token, bytes, type, category);
	assert.equal(begun.status, 200, begun.text);
	const { id } = begun.json.data;
	for (let i = 0; i * segment < bytes.length; i++) {
		const res = await append(token, id, i, bytes.subarray(i * segment, (i + 1) * segment));
		assert.equal(res.status, 200, res.text);
	}
	return { id, done: await finalize(token, id) };
}
const showing = (token, ids, text = 'with media') => post(token, { text, media: { media_ids: ids } });
const badIds = (res) => invalid(res, /^Your media IDs are invalid\.$/);

test('a picture goes up in one request, and a post shows it', async () => {
	const { access_token: token } = await login('painter');
	const res = await whole(token, PNG);
	assert.equal(res.status, 200, res.text);
	const { id, media_key: key, size, image, expires_after_secs: left } = res.json.data;
	assert.match(id, /^[0-9]{1,19}$/);
	assert.equal(key, `3_${id}`);
	assert.equal(size, PNG.length);
	assert.deepEqual(image, { image_type: 'image/png', w: 64, h: 48 });
	assert.equal(left, 86400);
	assert.equal(res.json.data.processing_info, undefined);
	invalid(await status(token, id), /Not found/);
	const [kept] = await media();
	assert.deepEqual([kept.sha256, kept.bytes, kept.category], [sha256(PNG), PNG.length, 'tweet_image']);
	assert.deepEqual([(await counts()).uploads, (await counts()).media_bytes], [1, PNG.length]);

	const posted = await showing(token, [id], 'look');
	assert.equal(posted.status, 201, posted.text);
	assert.match(posted.json.data.text, /^look https:\/\/t\.co\/\w{10}$/);
	assert.match((await showing(token, [id], '')).json.data.text, /^https:\/\/t\.co\/\w{10}$/);
	const read = await api('GET', `/2/tweets/${posted.json.data.id}?post.fields=entities`, token);
	const [url] = read.json.data.entities.urls;
	assert.equal(read.json.data.text.slice(url.start, url.end), url.url);
	assert.match(url.expanded_url, /\/status\/\d+\/photo\/1$/);
	assert.deepEqual((await sandbox('GET', '/sandbox/posts')).json[0].media_ids, [id]);
});

test('every byte arrives, whatever the segments', async () => {
	const { access_token: token } = await login('film');
	for (const segment of [1, 999, 5000, 5020, 6000].filter((n) => MP4.length / n <= 1000)) {
		const { id, done } = await upload(token, MP4, 'video/mp4', 'tweet_video', segment);
		assert.equal(done.status, 200, done.text);
		assert.deepEqual(done.json.data.video, { video_type: 'video/mp4' });
		const kept = (await media()).find((m) => m.id === id);
		assert.equal(kept.sha256, sha256(MP4));
		assert.equal(kept.segments, Math.ceil(MP4.length / segment));
	}
});

test('multipart is read to the letter', async () => {
	const { access_token: token } = await login('strict');
	const wrong = [
		[{ media_category: 'tweet_image', media: PNG, more: '1' }, {}, /additional properties/],
		[{ media_category: 'tweet_image' }, {}, /media: is missing/],
		[{ media: PNG }, {}, /media_category/],
		[{ media_category: 'tweet_image', media: PNG }, { before: ' ' }, /begin with the boundary/],
		[{ media_category: 'tweet_image', media: PNG }, { behind: 'x' }, /follows the last boundary/],
		[{ media_category: 'tweet_image', media: PNG }, { end: '\n' }, /end of its line/],
		[{ media_category: 'tweet_image', media: PNG }, { type: 'multipart/form-data; boundary=other' }, /begin with the boundary/],
		[{ media_category: 'tweet_image', media: PNG }, { type: 'multipart/form-data' }, /no boundary/],
		[{ media_category: 'tweet_image', media: Buffer.alloc(0) }, {}, /media: is missing/],
	];
	for (const [fields, framing, message] of wrong)
		invalid(await sendParts(token, UPLOAD, fields, framing), message);
	const twice = Buffer.concat([multipart({ media: PNG }).subarray(0, -10), Buffer.from('\r\n'), multipart({ media: PNG })]);
	invalid(await send('POST', env.SANDBOX_URL + UPLOAD, { body: twice,
		headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'multipart/form-data; boundary=B7f3' } }), /twice/);
	const query = await sendParts(token, `${UPLOAD}?media_category=tweet_image`, { media: PNG });
	invalid(query, /media_category/);
	assert.equal((await counts()).uploads, 0);
});

test('JSON with base64 does as well, and may be all that is taken', async () => {
	const { access_token: token } = await login('json');
	const body = { media: PNG.toString('base64'), media_category: 'tweet_image' };
	assert.equal((await api('POST', UPLOAD, token, body)).status, 200);
	invalid(await api('POST', UPLOAD, token, { ...body, media_type: 'image/png' }), /additional properties/);
	await settings({ media_json_only: true });
	invalid(await whole(token, PNG), /^Requests with bodies must have content-type of application\/json\.$/);
	const { json: { data: { id } } } = await initialize(token, MP4, 'video/mp4', 'tweet_video');
	const half = MP4.length >> 1;
	for (const [i, part] of [MP4.subarray(0, half), MP4.subarray(half)].entries())
		assert.equal((await api('POST', `${UPLOAD}/${id}/append`, token, { media: part.toString('base64'), segment_index: i })).status, 200);
	assert.equal((await finalize(token, id)).status, 200);
	assert.equal((await media())[1].sha256, sha256(MP4));
});

test('segments come in order, and one may come again', async () => {
	const { access_token: token } = await login('order');
	const bytes = MP4.subarray(0, 3000), part = (i) => bytes.subarray(i * 1000, (i + 1) * 1000);
	const { json: { data: { id } } } = await initialize(token, bytes, 'video/mp4', 'tweet_video');
	invalid(await append(token, id, 1, part(1)), /order/);
	assert.equal((await append(token, id, 0, part(0))).status, 200);
	assert.equal((await append(token, id, 0, part(0))).status, 200);
	invalid(await append(token, id, 0, part(1)), /order/);
	for (const index of ['', 'x', '-1', '12345', '9'.repeat(40)])
		invalid(await append(token, id, index, part(1)), /segment_index/);
	assert.equal((await append(token, id, 1, part(1))).status, 200);
	invalid(await finalize(token, id), /^Segments do not add up to provided total file size\.$/);
	invalid(await append(token, id, 2, Buffer.alloc(1001)), /exceed/);
	assert.equal((await append(token, id, 2, part(2))).status, 200);
	assert.equal((await counts()).media_bytes, 3000);
	assert.equal((await counts()).uploads, 0);
	for (let i = 0; i < 2; i++)
		assert.equal((await finalize(token, id)).status, 200);
	assert.equal((await counts()).uploads, 1);
	invalid(await append(token, id, 3, part(0)), /finalized/);
	assert.equal((await media())[0].sha256, sha256(bytes));
	invalid(await append(token, '12345', 0, part(0)), /Not found/);
});

test('initialize and finalize take JSON objects alone', async () => {
	const { access_token: token } = await login('objects');
	const good = { media_type: 'video/mp4', total_bytes: MP4.length, media_category: 'tweet_video' };
	for (const body of [{ ...good, total_bytes: '1' }, { ...good, total_bytes: -1 }, { ...good, total_bytes: 17179869185 },
		{ ...good, media_category: 'film' }, { ...good, name: 'x' }])
		assert.equal((await api('POST', `${UPLOAD}/initialize`, token, body)).status, 400, JSON.stringify(body));
	invalid(await sendParts(token, `${UPLOAD}/initialize`, { media_type: 'video/mp4' }), /not valid JSON/);
	const { json: { data: { id } } } = await api('POST', `${UPLOAD}/initialize`, token, good);
	await append(token, id, 0, MP4);
	invalid(await send('POST', `${env.SANDBOX_URL}${UPLOAD}/${id}/finalize`, {
		headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } }), /^Request body must be a JSON object\.$/);
	invalid(await finalize(token, id, []), /must be a JSON object/);
	assert.equal((await finalize(token, id)).status, 200);
});

test('type and category are those of the bytes', async () => {
	const { access_token: token } = await login('types');
	const cases = [[PNG, 'image/jpeg', 'tweet_image'], [PNG, 'video/mp4', 'tweet_video'], [GIF, 'image/gif', 'tweet_image'], [MP4, 'image/gif', 'tweet_gif'],
		[Buffer.alloc(100), 'video/mp4', 'tweet_video']];
	for (const [bytes, type, category] of cases)
		invalid((await upload(token, bytes, type, category)).done, /media type unrecognized/);
	invalid(await whole(token, GIF), /media type unrecognized/);
	invalid(await whole(token, GIF, 'tweet_gif'), /only images/);
	invalid(await whole(token, MP4, 'tweet_video'), /only images/);
	assert.equal((await upload(token, GIF, 'image/gif', 'tweet_gif')).done.status, 200);
});

test('sizes: of a picture, of a GIF, of a request', async () => {
	const { access_token: token } = await login('sizes');
	const { access_token: premium } = await login('premium_sizes');
	const five = Buffer.concat([PNG, Buffer.alloc(5242880 - PNG.length)]);
	assert.equal((await whole(token, five)).status, 200);
	invalid(await whole(token, Buffer.concat([five, Buffer.alloc(1)])), /^Image file size must be <= 5242880 bytes$/);
	invalid(await initialize(token, 15728641, 'image/gif', 'tweet_gif'), /15728640/);
	invalid(await initialize(token, 8 * 2 ** 30 + 1, 'video/mp4', 'tweet_video'), /over the limit/);
	assert.equal((await initialize(premium, 8 * 2 ** 30 + 1, 'video/mp4', 'tweet_video')).status, 200);
	await settings({ media_body_max: 2000 });
	const big = await whole(token, Buffer.concat([PNG, Buffer.alloc(2000)]));
	assert.deepEqual([big.status, big.text], [413, '']);
	assert.equal((await whole(token, PNG)).status, 200);
});

test('processing takes its time, and then an id lags', async () => {
	const { access_token: token } = await login('slow');
	await settings({ media_processing_ms: 3600000 });
	const { id, done } = await upload(token);
	const info = done.json.data.processing_info;
	assert.match(info.state, /^(pending|in_progress)$/);
	assert.equal(info.check_after_secs, 1);
	assert.equal((await status(token, id)).json.data.processing_info.state, 'in_progress');
	badIds(await showing(token, [id]));
	await settings({ media_processing_ms: 1, media_lag_ms: 3600000 });
	const lagging = (await upload(token)).id;
	assert.equal((await status(token, lagging)).json.data.processing_info.state, 'succeeded');
	badIds(await showing(token, [lagging]));
	await settings({ media_lag_ms: 0 });
	const ready = (await upload(token)).id;
	assert.equal((await status(token, ready)).json.data.processing_info.progress_percent, 100);
	assert.equal((await showing(token, [ready])).status, 201);
});

test('processing fails in each way that was seen', async () => {
	const { access_token: token } = await login('fails');
	for (const [fate, state, error] of [[1, 'failed', 'UnsupportedMedia'], [2, 'failed', undefined], [3, 'in_progress', 'InvalidMedia']]) {
		await settings({ media_fate: fate, media_processing_ms: 1 });
		const { id } = await upload(token);
		const info = (await status(token, id)).json.data.processing_info;
		assert.deepEqual([info.state, info.error?.name], [state, error]);
		badIds(await showing(token, [id]));
	}
});

test('a post shows what is its author\'s own, alive, and goes together', async () => {
	const { access_token: token } = await login('own');
	const { access_token: other } = await login('other');
	const picture = async () => (await whole(token, PNG)).json.data.id;
	const four = [await picture(), await picture(), await picture(), await picture()];
	const film = (await upload(token)).id, gif = (await upload(token, GIF, 'image/gif', 'tweet_gif')).id;
	assert.equal((await showing(token, four)).status, 201);
	badIds(await showing(token, [four[0], film]));
	badIds(await showing(token, [gif, film]));
	badIds(await showing(token, [four[0], four[0]]));
	badIds(await showing(token, ['999']));
	badIds(await showing(other, [four[0]]));
	const { json: { data: { id: begun } } } = await initialize(token, MP4, 'video/mp4', 'tweet_video');
	badIds(await showing(token, [begun]));
	await settings({ media_ttl: -1 });
	badIds(await showing(token, [await picture()]));
	assert.equal((await showing(token, [gif], 'a')).status, 201);
	forbidden(await showing(token, [gif], 'a'), /duplicate/);
	assert.equal((await showing(token, [film], 'a')).status, 201);
	assert.equal((await counts()).posts_created, 3);
});

test('an alt text is set once it is there, and costs', async () => {
	const { access_token: token } = await login('words');
	const { access_token: other } = await login('others');
	const { id } = (await whole(token, PNG)).json.data;
	const describe = (who, text, more = {}) => api('POST', '/2/media/metadata', who, { id, metadata: { alt_text: { text } }, ...more });
	const res = await describe(token, 'a tree');
	assert.equal(res.status, 200, res.text);
	assert.deepEqual(res.json.data, { id, associated_metadata: { alt_text: { text: 'a tree' } } });
	assert.equal((await describe(token, '\u{1f333}'.repeat(1000))).status, 200);
	for (const text of ['', 'x'.repeat(1001), 'a\0b', 7])
		invalid(await describe(token, text), /1 to 1000/);
	invalid(await describe(token, 'x', { more: 1 }), /additional/);
	invalid(await describe(other, 'x'), /Not found/);
	assert.equal((await media())[0].alt_text, '\u{1f333}'.repeat(1000));
	assert.equal((await counts()).media_price, 100);
});

test('without media.write nothing is taken, and X may fail as elsewhere', async () => {
	const { access_token: token } = await login('bare', { scope: ALL.replace('media.write ', '') });
	forbidden(await initialize(token, MP4, 'video/mp4', 'tweet_video'), /^Forbidden$/);
	forbidden(await whole(token, PNG), /^Forbidden$/);
	const { access_token: good } = await login('good');
	await fault({ path: UPLOAD, fault: '413', body: ' ', count: 1 });
	assert.equal((await whole(good, PNG)).status, 413);
	await fault({ path: UPLOAD, fault: 'drop_after', count: 1 });
	await assert.rejects(whole(good, PNG));
	assert.equal((await counts()).uploads, 1);
});

const object = async (o) => (await sandbox('POST', '/sandbox/objects', { type: 'image/png', ...o })).json;
const get = (path, headers) => send('GET', env.SANDBOX_URL + path, { headers });
const DATA = crypto.randomBytes(1000);

test('Storage answers ranges of what a link names', async () => {
	const { signedURL, publicURL } = await object({ name: 'b/a/x.png', data: DATA.toString('base64') });
	for (const link of [signedURL, publicURL]) {
		const all = await get(link);
		assert.equal(all.status, 200);
		assert.deepEqual(all.bytes, DATA);
		assert.equal(all.headers['content-type'], 'image/png');
		const part = await get(link, { Range: 'bytes=10-19', 'If-Match': all.headers.etag });
		assert.equal(part.status, 206);
		assert.equal(part.headers['content-range'], 'bytes 10-19/1000');
		assert.deepEqual(part.bytes, DATA.subarray(10, 20));
		assert.equal((await get(link, { Range: 'bytes=990-5000' })).bytes.length, 10);
		assert.equal((await get(link, { Range: 'bytes=1000-' })).status, 416);
		assert.equal((await get(link, { 'If-Match': '"other"' })).status, 412);
		assert.notEqual((await send('HEAD', env.SANDBOX_URL + link)).status, 200);
	}
	const { publicURL: long } = await object({ name: 'b/long', size: 3000000, data: DATA.toString('base64') });
	const [one, two] = [await get(long), await get(long, { Range: 'bytes=999-2000' })];
	assert.equal(one.bytes.length, 3000000);
	assert.deepEqual(two.bytes, one.bytes.subarray(999, 2001));
});

test('a link of Storage ends, and says so with 400', async () => {
	const { signedURL } = await object({ name: 'b/x', data: 'AAAA', expires_in: -1 });
	const ended = await get(signedURL);
	assert.deepEqual([ended.status, ended.json.error], [400, 'InvalidJWT']);
	const good = (await object({ name: 'b/x', data: 'AAAA' })).signedURL;
	assert.equal((await get(`${good}x`)).status, 400);
	assert.equal((await get(good.replace('b/x', 'b/y'))).status, 400);
	assert.equal((await get('/storage/v1/object/public/b/none')).status, 400);
	assert.ok(JSON.parse(Buffer.from(good.split('token=')[1].split('.')[1], 'base64url')).exp > Date.now() / 1000);
});

test('Storage misbehaves as it is told', async () => {
	const link = async (o) => (await object({ name: 'b/x', data: DATA.toString('base64'), ...o })).publicURL;
	const plain = await get(await link({ no_ranges: true }), { Range: 'bytes=0-9' });
	assert.deepEqual([plain.status, plain.bytes.length, plain.headers['accept-ranges']], [200, 1000, undefined]);
	const changing = await link({ changes: true });
	const { etag } = (await get(changing)).headers;
	assert.equal((await get(changing, { 'If-Match': etag })).status, 412);
	const away = await get(await link({ redirect: 'http://127.0.0.1:1/x' }));
	assert.deepEqual([away.status, away.headers.location], [302, 'http://127.0.0.1:1/x']);
	assert.equal((await get(await link({ status: 403 }))).status, 403);
	await assert.rejects(async () => assert.equal((await get(await link({ lie: 10 }))).bytes.length, 1010));
	assert.equal((await get(await link({ lie: -10 }))).headers['content-length'], '990');
});
