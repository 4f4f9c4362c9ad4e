// What the X sandbox enforces and what it can be told to do.  It needs the
// sandbox to itself: it clears the state and sets faults.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {
	ALL, CALLBACK, CLIENT, FORM, api, attempt, clear, consent, counts, env, exchange, fault, forbidden, form, invalid, login, post, refresh,
	sandbox, send, settings,
} from './client.js';

const oauthError = (res, status, error, description) => {
	assert.equal(res.status, status, res.text);
	assert.deepEqual(res.json, { error, error_description: description });
};
const invalidToken = (res) => oauthError(res, 400, 'invalid_request', 'Value passed for the token was invalid.');
const invalidCode = (res) => oauthError(res, 400, 'invalid_request', 'Value passed for the authorization code was invalid.');
const unauthorized = (res) => oauthError(res, 401, 'unauthorized_client', 'Missing valid authorization header');

before(clear);
beforeEach(clear);
after(() => sandbox('DELETE', '/sandbox/state'));

test('a wrong authorize request gets a page and never a redirect', async () => {
	const wrong = {
		response_type: 'token', client_id: 'other', redirect_uri: `${CALLBACK}/`, scope: 'tweet.read tweet.fly',
		state: 's'.repeat(501), code_challenge: 'short', code_challenge_method: 's256',
	};
	for (const [name, value] of Object.entries(wrong)) {
		for (const change of [{ [name]: value }, { [name]: undefined }, { [name]: '' }]) {
			const { url } = attempt(change);
			for (const res of [await send('GET', url), await send('POST', url, { body: 'decision=allow', headers: FORM })]) {
				assert.equal(res.status, 400, `${name} ${value}`);
				assert.equal(res.headers.location, undefined);
				assert.match(res.text, /Something went wrong/);
				assert.match(res.text, new RegExp(name));
			}
		}
	}
	const { url } = attempt();
	assert.equal((await send('GET', `${url}&state=again`)).status, 400);
	assert.equal((await send('GET', `${url}%zz`)).status, 400);
	assert.equal((await send('GET', attempt({ state: 's'.repeat(500) }).url)).status, 200);
});

test('the consent page is a form on itself that its own policy permits', async () => {
	const { url } = attempt({ state: 'a"<b>&c' });
	const res = await send('GET', url);
	assert.equal(res.status, 200);
	assert.match(res.text, /<form method="post" action="([^"]+)">/);
	const action = /<form method="post" action="([^"]+)">/.exec(res.text)[1].replaceAll('&amp;', '&');
	assert.equal(new URL(action, url).href, new URL(url).href);
	for (const decision of ['allow', 'deny'])
		assert.match(res.text, new RegExp(`name="decision" value="${decision}"`));
	const style = /<style>(.*?)<\/style>/s.exec(res.text)[1];
	const hash = crypto.createHash('sha256').update(style).digest('base64');
	assert.ok(res.headers['content-security-policy'].includes(`style-src 'sha256-${hash}'`));
	assert.ok(!res.headers['content-security-policy'].includes('form-action'));
	assert.match(res.text, /Post and delete posts for you/);
	assert.doesNotMatch(res.text, /direct messages/);
});

test('one browser keeps its account, a client without cookies gets new ones', async () => {
	const page = await send('GET', attempt().url);
	const cookie = page.headers['set-cookie'][0];
	assert.match(cookie, /^sandbox_account=[A-Za-z0-9_]{1,15}; Path=\/i\/oauth2; HttpOnly; SameSite=Lax$/);
	const Cookie = cookie.split(';')[0];
	const seen = [];
	for (const headers of [{ Cookie }, { Cookie: `x=1; ${Cookie}` }, {}, {}]) {
		const made = attempt();
		const res = await send('POST', made.url, { body: 'decision=allow', headers: { ...FORM, ...headers } });
		const code = new URL(res.headers.location).searchParams.get('code');
		const { json } = await exchange({ ...made, code });
		seen.push((await api('GET', '/2/users/me', json.access_token)).json.data.username);
	}
	assert.equal(`sandbox_account=${seen[0]}`, Cookie);
	assert.equal(seen[1], seen[0]);
	assert.equal(new Set(seen).size, 3);
});

test('a handle is always the same account', async () => {
	const ids = [];
	for (const handle of ['alice', 'alice', 'bob']) {
		const { json } = await api('GET', '/2/users/me', (await login(handle)).access_token);
		assert.equal(json.data.username, handle);
		assert.match(json.data.id, /^[0-9]{19}$/);
		ids.push(json.data.id);
	}
	assert.equal(ids[0], ids[1]);
	assert.notEqual(ids[0], ids[2]);
});

test('denial is told to the application', async () => {
	const made = attempt();
	const res = await send('POST', made.url, { body: 'decision=deny', headers: FORM });
	assert.equal(res.status, 302);
	const to = new URL(res.headers.location);
	assert.equal(to.searchParams.get('error'), 'access_denied');
	assert.equal(to.searchParams.get('state'), made.query.state);
	assert.equal(to.searchParams.get('code'), null);
	assert.equal((await send('POST', made.url, { body: 'decision=maybe', headers: FORM })).status, 400);
});

test('a code is exchanged once, and only with its verifier', async () => {
	const c = await consent('alice');
	const res = await exchange(c);
	assert.equal(res.status, 200, res.text);
	assert.equal(res.headers['cache-control'], 'no-store');
	assert.equal(res.json.token_type, 'bearer');
	assert.equal(res.json.expires_in, 7200);
	assert.deepEqual(new Set(res.json.scope.split(' ')), new Set(ALL.split(' ')));
	for (const name of ['access_token', 'refresh_token'])
		assert.match(res.json[name], /^[A-Za-z0-9_-]{80,100}$/);
	invalidCode(await exchange(c));
	const other = await consent('alice');
	oauthError(await exchange(other, { code_verifier: c.verifier }), 400, 'invalid_request',
		'Value passed for the code verifier did not match the code challenge.');
	invalidCode(await exchange(other));
	const verifier = 'p'.repeat(43);
	const plain = await consent('alice', { code_challenge: verifier, code_challenge_method: 'plain' });
	assert.equal((await exchange({ ...plain, verifier })).status, 200);
	const short = 'short';
	const weak = await consent('alice', { code_challenge: crypto.createHash('sha256').update(short).digest('base64url') });
	assert.equal((await exchange({ ...weak, verifier: short })).status, 400);
	assert.equal((await counts()).codes_exchanged, 2);
});

test('one code asked for by twenty at once is exchanged once', async () => {
	const c = await consent('alice');
	const all = await Promise.all(Array.from({ length: 20 }, () => exchange(c)));
	assert.equal(all.filter((res) => res.status === 200).length, 1);
	assert.equal((await counts()).codes_exchanged, 1);
});

test('a code ends by itself', async () => {
	await settings({ code_ttl: 0 });
	invalidCode(await exchange(await consent('alice')));
});

test('the token endpoint is exact about what it is sent', async () => {
	const c = await consent('alice');
	for (const name of ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'client_id'])
		oauthError(await exchange(c, { [name]: '' }), 400, 'invalid_request', `Missing required parameter [${name}].`);
	oauthError(await exchange(c, { redirect_uri: `${CALLBACK}/` }), 400, 'invalid_request',
		'Value passed for the redirect uri did not match the uri of the authorization code.');
	unauthorized(await exchange(c, { client_id: 'other' }));
	oauthError(await exchange(c, {}, { 'Content-Type': 'application/json' }), 400, 'invalid_request',
		'Missing required parameter [grant_type].');
	oauthError(await form('/2/oauth2/token', 'grant_type=refresh_token&refresh_token=a&refresh_token=b'), 400,
		'invalid_request', 'Parameters must not be repeated.');
	assert.equal((await exchange(c, { grant_type: 'password' })).status, 400);
	assert.equal((await exchange(c)).status, 200);
});

test('a refresh token works once', async () => {
	const first = await login('alice');
	const second = await refresh(first.refresh_token);
	assert.equal(second.status, 200, second.text);
	assert.notEqual(second.json.refresh_token, first.refresh_token);
	invalidToken(await refresh(first.refresh_token));
	for (const token of [first.access_token, second.json.access_token])
		assert.equal((await api('GET', '/2/users/me', token)).status, 200);
	invalidToken(await refresh(second.json.access_token));
	const all = await Promise.all(Array.from({ length: 20 }, () => refresh(second.json.refresh_token)));
	assert.equal(all.filter((res) => res.status === 200).length, 1);
	const now = await counts();
	assert.equal(now.refreshes_granted, 2);
	assert.equal(now.refreshes_refused, 21);
});

test('a new login ends the older refresh token of the account', async () => {
	const first = await login('alice');
	const other = await login('bob');
	const second = await login('ALICE');
	invalidToken(await refresh(first.refresh_token));
	assert.equal((await refresh(other.refresh_token)).status, 200);
	assert.equal((await refresh(second.refresh_token)).status, 200);
	assert.equal((await api('GET', '/2/users/me', first.access_token)).status, 200);
});

test('tokens follow scopes and settings', async () => {
	const online = await login('alice', { scope: 'tweet.read users.read' });
	assert.equal(online.refresh_token, undefined);
	assert.equal(online.scope, 'tweet.read users.read');
	await settings({ omit_refresh_token: true, granted_scopes: 'tweet.read offline.access', access_token_ttl: 60 });
	const less = await login('alice');
	assert.equal(less.refresh_token, undefined);
	assert.equal(less.scope, 'tweet.read offline.access');
	assert.equal(less.expires_in, 60);
	forbidden(await api('GET', '/2/users/me', less.access_token), /not permitted/);
	await settings({ omit_refresh_token: false, granted_scopes: null, access_token_ttl: 0 });
	const dead = await login('alice');
	assert.equal((await api('GET', '/2/users/me', dead.access_token)).status, 401);
	await settings({ omit_refresh_token: true });
	assert.equal((await refresh(dead.refresh_token)).json.refresh_token, undefined);
	assert.equal((await refresh(dead.refresh_token)).status, 200);
	for (const bad of [{ latency_ms: -1 }, { latency_ms: '1' }, { granted_scopes: 'fly' }, { unknown: 1 }])
		assert.equal((await settings(bad)).status, 400);
});

test('a confidential client proves itself with Basic', async () => {
	await settings({ confidential: true });
	const secret = env.TWITTER_CLIENT_SECRET || 'nexus-demo-secret';
	const basic = (text) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
	const c = await consent('alice');
	unauthorized(await exchange(c));
	unauthorized(await exchange(c, {}, basic(`${CLIENT}:wrong`)));
	unauthorized(await exchange(c, {}, basic(`other:${secret}`)));
	const good = await exchange(c, {}, basic(`${CLIENT}:${secret}`));
	assert.equal(good.status, 200, good.text);
	unauthorized(await refresh(good.json.refresh_token));
	unauthorized(await form('/2/oauth2/revoke', { token: good.json.access_token, client_id: CLIENT }));
	assert.equal((await refresh(good.json.refresh_token, basic(`${CLIENT}:${secret}`))).status, 200);
});

test('a revoked token is dead, an unknown one is no error', async () => {
	const t = await login('alice');
	for (const token of [t.access_token, t.refresh_token, t.refresh_token, 'unknown']) {
		const res = await form('/2/oauth2/revoke', { token, client_id: CLIENT });
		assert.equal(res.status, 200);
		assert.deepEqual(res.json, { revoked: true });
	}
	assert.equal((await counts()).revoked, 2);
	assert.equal((await api('GET', '/2/users/me', t.access_token)).status, 401);
	invalidToken(await refresh(t.refresh_token));
	oauthError(await form('/2/oauth2/revoke', { client_id: CLIENT }), 400, 'invalid_request', 'Missing required parameter [token].');
	unauthorized(await form('/2/oauth2/revoke', { token: 'x', client_id: 'other' }));
});

test('the API wants a living token with the right scopes', async () => {
	const t = await login('alice');
	const other = await login('bob');
	assert.deepEqual((await api('GET', '/2/users/me')).json,
		{ title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' });
	for (const foreign of ['never-issued', t.refresh_token]) {
		const res = await api('GET', '/2/users/me', foreign);
		assert.equal(res.status, 403);
		assert.match(res.json.type, /unsupported-authentication$/);
	}
	await sandbox('POST', '/sandbox/expire', { account: 'alice' });
	assert.equal((await api('GET', '/2/users/me', t.access_token)).status, 401);
	assert.equal((await api('GET', '/2/users/me', other.access_token)).status, 200);
	await sandbox('POST', '/sandbox/expire');
	assert.equal((await api('GET', '/2/users/me', other.access_token)).status, 401);
	const reader = await login('carol', { scope: 'tweet.read users.read' });
	forbidden(await post(reader.access_token, 'hello'), /not permitted/);
	const missing = await api('GET', '/2/nothing', t.access_token);
	assert.equal(missing.status, 404);
	assert.equal(missing.json.title, 'Not Found');
});

test('user fields come when they are asked for', async () => {
	const me = async (handle, query) => (await api('GET', `/2/users/me${query}`, (await login(handle)).access_token)).json.data;
	assert.deepEqual(Object.keys(await me('alice', '')), ['id', 'name', 'username']);
	assert.equal((await me('alice', '?user.fields=subscription_type')).subscription_type, 'None');
	const premium = await me('premium_p', '?user.fields=subscription_type,verified,public_metrics,unknown');
	assert.equal(premium.subscription_type, 'Premium');
	assert.equal(premium.verified, true);
	assert.equal(premium.public_metrics.followers_count, 0);
	assert.equal(premium.unknown, undefined);
});

test('a post is created, shown as X shows it, and deleted by its author', async () => {
	const t = (await login('alice')).access_token;
	const res = await post(t, 'a < b & "c" https://example.com/x?y=1 end');
	assert.equal(res.status, 201, res.text);
	assert.match(res.json.data.id, /^[0-9]{19}$/);
	assert.match(res.json.data.text, /^a &lt; b &amp; "c" https:\/\/t\.co\/[A-Za-z0-9]{10} end$/);
	assert.deepEqual(res.json.data.edit_history_tweet_ids, [res.json.data.id]);
	const later = await post(t, 'later');
	assert.ok(BigInt(later.json.data.id) > BigInt(res.json.data.id));
	const listed = (await sandbox('GET', '/sandbox/posts')).json;
	assert.deepEqual(listed.map((p) => [p.id, p.author, p.text, p.reply_to]), [
		[res.json.data.id, 'alice', 'a < b & "c" https://example.com/x?y=1 end', null],
		[later.json.data.id, 'alice', 'later', null]]);
	const stranger = (await login('bob')).access_token;
	assert.equal((await api('DELETE', `/2/tweets/${later.json.data.id}`, stranger)).status, 403);
	assert.deepEqual((await api('DELETE', `/2/tweets/${later.json.data.id}`, t)).json, { data: { deleted: true } });
	assert.equal((await api('DELETE', `/2/tweets/${later.json.data.id}`, t)).status, 404);
	const now = await counts();
	assert.deepEqual([now.posts_created, now.posts_deleted, now.posts_live], [2, 1, 1]);
});

test('the same text twice is refused in X\'s own words', async () => {
	const t = (await login('alice')).access_token;
	const first = await post(t, 'same caf\u00e9');
	for (const text of ['same caf\u00e9', 'same cafe\u0301']) {
		const res = await post(t, text);
		assert.equal(res.status, 403);
		assert.deepEqual(res.json, { detail: 'You are not allowed to create a Tweet with duplicate content.',
			type: 'about:blank', title: 'Forbidden', status: 403 });
	}
	assert.equal((await post((await login('bob')).access_token, 'same caf\u00e9')).status, 201);
	await api('DELETE', `/2/tweets/${first.json.data.id}`, t);
	const all = await Promise.all(Array.from({ length: 20 }, () => post(t, 'same caf\u00e9')));
	assert.equal(all.filter((res) => res.status === 201).length, 1);
	assert.equal((await counts()).posts_live, 2);
});

test('a post\'s body is read strictly', async () => {
	const t = (await login('alice')).access_token;
	const poll = { options: ['a', 'b'], duration_minutes: 5 };
	const id = '1'.repeat(19);
	for (const body of ['{"text":"a"', '{"text":"a"}x', '', Buffer.from('{"text":"\xff"}', 'latin1'), '['.repeat(100)])
		invalid(await api('POST', '/2/tweets', t, body), /not valid JSON/);
	invalid(await api('POST', '/2/tweets', t, '["a"]'), /must be a JSON object/);
	for (const [body, message] of [
		[{ text: 'a', colour: 'red' }, /^\$\.colour: is not defined/],
		[{ text: 5 }, /^\$\.text/],
		[{}, /either text or media/], [{ text: '' }, /either text or media/], [{ text: ' \n\u3000' }, /either text or media/],
		[{ text: 'a', reply_settings: 'nobody' }, /reply_settings/],
		[{ text: 'a', poll, quote_tweet_id: id }, /You can only provide one of/],
		[{ text: 'a', poll, media: { media_ids: [id] } }, /You can only provide one of/],
		[{ text: 'a', poll: { ...poll, options: ['a'] } }, /options/],
		[{ text: 'a', poll: { ...poll, options: ['a', 'b'.repeat(26)] } }, /options/],
		[{ text: 'a', poll: { ...poll, duration_minutes: 4 } }, /duration_minutes/],
		[{ text: 'a', poll: { ...poll, duration_minutes: 10081 } }, /duration_minutes/],
		[{ text: 'a', media: { media_ids: [] } }, /media_ids/],
		[{ text: 'a', media: { media_ids: [id] } }, /Your media IDs are invalid/],
		[{ text: 'a', reply: { in_reply_to_tweet_id: 'x' } }, /in_reply_to_tweet_id/],
		[{ text: 'a', reply: {} }, /in_reply_to_tweet_id/],
		[{ text: 'a', geo: { place: 1 } }, /^\$\.geo\.place/],
		[{ text: 'a\ufeff' }, /invalid characters/],
	])
		invalid(await post(t, body), message);
	forbidden(await post(t, { text: 'a', community_id: id }), /not permitted/);
	forbidden(await post(t, 'buy $ABC and $DEF'), /one cashtag/);
	assert.equal((await post(t, 'buy $ABC for $5')).status, 201);
	assert.equal((await post(t, { text: 'vote', poll })).status, 201);
	assert.equal((await counts()).posts_created, 2);
});

test('length is weighed as twitter-text weighs it', async () => {
	const family = '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}';
	for (const [text, weight] of [
		['Hi http://test.co', 26], ['Hello, world! \u{1F44B}', 16], [`H\u{1F431}\u263a${family}`, 7],
		['\u{1F64B}\u{1F3FD}\u{1F468}\u200d\u{1F3A4}', 4], ['1\u20e3', 2], [family.repeat(140), 280],
		['A\u0301B', 2], ['A\ufb2c', 4], ['\u4e2d'.repeat(160), 320], [`${'a'.repeat(64)}.com`, 68],
		['see example.com/a/b/c?d=e.', 28], ['me@example.com', 14], ['file tar.bz2', 12],
		['http://\u3042\u3042.com', 23], ['\u00a9\ufe0f', 2], ['\u{1F1E9}\u{1F1EA}', 2],
	]) {
		const res = await sandbox('POST', '/sandbox/weigh', { text });
		assert.equal(res.json.weighted_length, weight, text);
	}
	const t = (await login('alice')).access_token;
	assert.equal((await post(t, 'a'.repeat(280))).status, 201);
	forbidden(await post(t, 'a'.repeat(281)), /too long/);
	assert.equal((await post(t, '\u4e2d'.repeat(140))).status, 201);
	forbidden(await post(t, `${'\u4e2d'.repeat(140)}.`), /too long/);
	const premium = (await login('premium_p')).access_token;
	assert.equal((await post(premium, 'a'.repeat(25000))).status, 201);
	forbidden(await post(premium, 'a'.repeat(25001)), /too long/);
});

test('one answers oneself and who mentions one', async () => {
	const alice = (await login('alice')).access_token;
	const bob = (await login('bob')).access_token;
	const reply = (token, text, to) => post(token, { text, reply: { in_reply_to_tweet_id: to } });
	const own = (await post(alice, 'one')).json.data.id;
	const two = await reply(alice, 'two', own);
	assert.equal(two.status, 201, two.text);
	const res = await reply(bob, 'hi', own);
	forbidden(res, /only reply to or quote posts where you are mentioned/);
	assert.match(res.json.type, /not-authorized-for-resource$/);
	const calling = (await post(alice, 'hey @Bob!')).json.data.id;
	assert.equal((await reply(bob, 'hi', calling)).status, 201);
	const near = (await post(alice, 'hey @bobby')).json.data.id;
	assert.equal((await reply(bob, 'hi you', near)).status, 403);
	await api('DELETE', `/2/tweets/${own}`, alice);
	forbidden(await reply(alice, 'three', own), /deleted or not visible/);
	const replies = (await sandbox('GET', '/sandbox/posts')).json.filter((p) => p.reply_to);
	assert.deepEqual(replies.map((p) => [p.text, p.reply_to]), [['two', own], ['hi', calling]]);
});

test('posts are read one by one, many at once and page by page', async () => {
	const t = (await login('alice')).access_token;
	const me = (await api('GET', '/2/users/me', t)).json.data.id;
	const ids = [];
	for (let i = 0; i < 12; i++)
		ids.push((await post(t, `post ${i}`)).json.data.id);
	const thread = await post(t, { text: 'answer', reply: { in_reply_to_tweet_id: ids[0] } });
	await api('DELETE', `/2/tweets/${ids[1]}`, t);
	const one = await api('GET', `/2/tweets/${thread.json.data.id}?tweet.fields=author_id,public_metrics,referenced_tweets,conversation_id`, t);
	assert.equal(one.json.data.author_id, me);
	assert.equal(one.json.data.conversation_id, ids[0]);
	assert.equal(one.json.data.public_metrics.retweet_count, 0);
	assert.deepEqual(one.json.data.referenced_tweets, [{ type: 'replied_to', id: ids[0] }]);
	const renamed = await api('GET', `/2/tweets/${ids[0]}?post.fields=public_metrics`, t);
	assert.equal(renamed.json.data.public_metrics.repost_count, 0);
	assert.equal(renamed.json.data.public_metrics.retweet_count, undefined);
	const gone = await api('GET', `/2/tweets/${ids[1]}`, t);
	assert.deepEqual(gone.json, { errors: [{ value: ids[1], detail: `Could not find tweet with id: [${ids[1]}].`,
		title: 'Not Found Error', resource_type: 'tweet', parameter: 'id', resource_id: ids[1],
		type: 'https://api.twitter.com/2/problems/resource-not-found' }] });
	const many = await api('GET', `/2/tweets?ids=${ids[0]},${ids[1]},${ids[2]}`, t);
	assert.deepEqual(many.json.data.map((p) => p.id), [ids[0], ids[2]]);
	assert.deepEqual(many.json.errors.map((e) => e.value), [ids[1]]);
	invalid(await api('GET', '/2/tweets?ids=1,x', t), /ids/);
	invalid(await api('GET', `/2/tweets?ids=${Array(101).fill('1').join()}`, t), /ids/);
	invalid(await api('GET', '/2/tweets/abc', t), /id/);

	const timeline = async (query) => (await api('GET', `/2/users/${me}/tweets?${query}`, t)).json;
	const want = [thread.json.data.id, ...ids.slice(2).reverse(), ids[0]];
	const got = [];
	let page;
	do {
		page = await timeline(`max_results=5${page ? `&pagination_token=${page.meta.next_token}` : ''}`);
		got.push(...page.data.map((p) => p.id));
	} while (page.meta.next_token);
	assert.deepEqual(got, want);
	assert.equal((await timeline('max_results=100')).meta.result_count, 12);
	assert.deepEqual((await timeline(`since_id=${ids[9]}&exclude=replies`)).data.map((p) => p.id), [ids[11], ids[10]]);
	assert.deepEqual((await timeline(`until_id=${ids[2]}`)).data.map((p) => p.id), [ids[0]]);
	assert.deepEqual(await timeline(`since_id=${thread.json.data.id}`), { meta: { result_count: 0 } });
	for (const bad of ['max_results=4', 'max_results=101', 'since_id=x', 'pagination_token=x', 'start_time=today', 'fields=id'])
		assert.equal((await timeline(bad)).title, 'Invalid Request', bad);
	assert.match((await api('GET', '/2/users/1/tweets', t)).json.errors[0].detail, /Could not find user/);
});

test('limits are always told and enforced when asked', async () => {
	const t = (await login('alice')).access_token;
	const limit = (res, name = 'x-rate-limit') => ['limit', 'remaining', 'reset'].map((k) => Number(res.headers[`${name}-${k}`]));
	const [max, left, reset] = limit(await api('GET', '/2/users/me', t));
	assert.equal(left, max - 1);
	assert.ok(Math.abs(reset - Date.now() / 1000 - 900) < 60);
	assert.equal(limit(await api('GET', '/2/users/me', t))[1], max - 2);
	const made = await post(t, 'hello');
	for (const name of ['x-rate-limit', 'x-user-limit-24hour', 'x-app-limit-24hour'])
		assert.ok(limit(made, name).every((n) => n > 0), name);
	await sandbox('DELETE', '/sandbox/state');
	await settings({ enforce_limits: true, confidential: false });
	const again = (await login('alice')).access_token;
	for (let i = 75; i > 0; i--) {
		const res = await api('GET', '/2/users/me', again);
		assert.equal(res.status, 200);
		assert.deepEqual(limit(res).slice(0, 2), [75, i - 1]);
	}
	const over = await api('GET', '/2/users/me', again);
	assert.equal(over.status, 429);
	assert.deepEqual(over.json, { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 });
	assert.equal(limit(over)[1], 0);
	assert.equal((await api('GET', '/2/users/me', (await login('bob')).access_token)).status, 200);
});

test('faults answer in place of the work', async () => {
	const t = (await login('alice')).access_token;
	for (const [rule, check] of [
		[{ fault: '500' }, (res) => assert.match(res.text, /^<html>/)],
		[{ fault: '503' }, (res) => assert.equal(res.json.title, 'Service Unavailable')],
		[{ fault: '402' }, (res) => assert.match(res.json.type, /credits-depleted$/)],
		[{ fault: '429', reset_in: 60 }, (res) => {
			assert.equal(res.headers['x-rate-limit-remaining'], '0');
			assert.ok(Math.abs(Number(res.headers['x-rate-limit-reset']) - Date.now() / 1000 - 60) < 30);
		}],
		[{ fault: '403', body: '{"title":"SpendCapReached"}' }, (res) => assert.equal(res.json.title, 'SpendCapReached')],
	]) {
		await fault({ path: '/2/tweets', method: 'POST', count: 1, ...rule });
		const res = await post(t, 'hello');
		assert.equal(res.status, Number(rule.fault));
		check(res);
	}
	await fault({ path: '/2/tweets', fault: 'garbage', count: 1 });
	const garbage = await post(t, 'hello');
	assert.equal(garbage.status, 201);
	assert.equal(garbage.json, undefined);
	assert.equal((await counts()).posts_created, 0);
	await fault({ path: '/2/tweets', fault: '503', work: true, count: 1 });
	assert.equal((await post(t, 'hello')).status, 503);
	assert.equal((await counts()).posts_created, 1);
	await fault({ path: '/2/oauth2/token', fault: '401', count: 1 });
	unauthorized(await refresh('x'));
});

test('a fault hits what it names, as often as it says', async () => {
	const t = (await login('alice')).access_token;
	await fault({ path: '/2/users', method: 'GET', fault: '503', skip: 1, count: 2 });
	const seen = [];
	for (let i = 0; i < 4; i++)
		seen.push((await api('GET', '/2/users/me', t)).status);
	assert.deepEqual(seen, [200, 503, 503, 200]);
	const [rule] = (await sandbox('GET', '/sandbox/faults')).json;
	assert.deepEqual([rule.hits, rule.left], [2, 0]);
	await fault({ path: '/2/users', fault: '503', rate: 0 });
	await fault({ path: '/2/tweets', fault: '503' });
	assert.equal((await api('GET', '/2/users/me', t)).status, 200);
	assert.equal((await post(t, 'hello')).status, 503);
	await sandbox('DELETE', '/sandbox/faults');
	assert.equal((await post(t, 'hello')).status, 201);
	for (const bad of [{ fault: '503' }, { path: '/2', fault: 'fire' }, { path: '/2', fault: '503', count: 0 },
		{ path: '/2', fault: '503', rate: 2 }, { path: '/2', fault: '503', colour: 'red' }])
		assert.equal((await sandbox('POST', '/sandbox/faults', bad)).status, 400);
});

test('drop loses the request, drop_after loses the answer', async () => {
	const t = (await login('alice')).access_token;
	await fault({ path: '/2/tweets', fault: 'drop', count: 1 });
	await assert.rejects(post(t, 'hello'), { code: 'ECONNRESET' });
	assert.equal((await counts()).posts_created, 0);
	await fault({ path: '/2/tweets', fault: 'drop_after', count: 1 });
	await assert.rejects(post(t, 'hello'), { code: 'ECONNRESET' });
	assert.equal((await counts()).posts_created, 1);
	forbidden(await post(t, 'hello'), /duplicate/);
	const c = await consent('bob');
	await fault({ path: '/2/oauth2/token', fault: 'drop_after', count: 1 });
	await assert.rejects(exchange(c), { code: 'ECONNRESET' });
	invalidCode(await exchange(c));
});

test('256 callers may hang without holding up the others', async () => {
	const t = (await login('alice')).access_token;
	const gone = new AbortController();
	await fault({ path: '/2/users/me', fault: 'hang' });
	const url = `${env.SANDBOX_URL}/2/users/me`;
	const hanging = Array.from({ length: 256 }, () =>
		assert.rejects(send('GET', url, { headers: { Authorization: `Bearer ${t}` }, signal: gone.signal })));
	const hits = async () => (await sandbox('GET', '/sandbox/faults')).json[0].hits;
	while (await hits() < 256)
		await new Promise((next) => setTimeout(next, 50));
	// All 256 still hang when the answer is there.
	assert.equal((await post(t, 'hello')).status, 201);
	assert.equal(await hits(), 256);
	gone.abort();
	await Promise.all(hanging);
	await sandbox('DELETE', '/sandbox/faults');
	await fault({ path: '/2/users/me', fault: 'hang', ms: 300, count: 1 });
	await assert.rejects(api('GET', '/2/users/me', t), { code: 'ECONNRESET' });
	await fault({ path: '/2/users/me', fault: 'slow', ms: 300, count: 1 });
	const slow = Date.now();
	assert.equal((await api('GET', '/2/users/me', t)).status, 200);
	assert.ok(Date.now() - slow >= 300);
	await fault({ path: '/2/users/me', fault: 'late', ms: 300, count: 1 });
	const after = Date.now();
	assert.equal((await api('GET', '/2/users/me', t)).status, 200);
	assert.ok(Date.now() - after >= 300);
	// What it does is done long before it says so.
	await fault({ path: '/2/tweets', fault: 'late', held: true, count: 1 });
	const text = `late ${Date.now()}`;
	let heard = false;
	const posting = post(t, text).finally(() => { heard = true; });
	while (!(await listed()).some((p) => p.text === text))
		await sleep(20);
	assert.ok(!heard);
	await sandbox('DELETE', '/sandbox/faults');
	assert.equal((await posting).status, 201);
	// Held before it does anything, until the faults are cleared.
	await fault({ path: '/2/tweets', fault: 'slow', held: true });
	const held = post(t, `held ${Date.now()}`), before = (await listed()).length;
	while (await hits() < 1)
		await sleep(20);
	assert.equal((await listed()).length, before);
	await sandbox('DELETE', '/sandbox/faults');
	assert.equal((await held).status, 201);
	await settings({ latency_ms: 200 });
	const late = Date.now();
	assert.equal((await api('GET', '/2/users/me', t)).status, 200);
	assert.ok(Date.now() - late >= 200);
});

const reads = (t, id) => async (fields) => (await api('GET', `/2/tweets/${id}?${fields}`, t)).json.data;
const chars = (text, e) => [...text].slice(e.start, e.end).join('');
const listed = async (query = '') => (await sandbox('GET', `/sandbox/posts${query}`)).json;
const sleep = (ms) => new Promise((next) => setTimeout(next, ms));

test('a text is shown as X shows it, and entities say what was meant', async () => {
	const t = (await login('alice')).access_token;
	const me = (await api('GET', '/2/users/me', t)).json.data.id;
	const text = ' \u{1F44B}\u{1F3FD} cafe\u0301 & <b> @Bob #\u65e5\u672c1 \uff03two $ABC Example.com https://www.example.com/a/long/path/to/somewhere?q=1&r=2 Example.com. #1 a@b.c\n';
	const made = await post(t, text);
	assert.equal(made.status, 201, made.text);
	const shown = made.json.data.text;
	const link = 'https://t\\.co/([A-Za-z0-9]{10})';
	const found = new RegExp(`^\u{1F44B}\u{1F3FD} caf\u00e9 &amp; &lt;b&gt; @Bob #\u65e5\u672c1 \uff03two \\$ABC ${link} ${link} ${link}\\. #1 a@b\\.c$`, 'u').exec(shown);
	assert.ok(found, shown);
	assert.equal(found[1], found[3], 'the same URL has the same link');
	assert.notEqual(found[1], found[2]);
	const read = reads(t, made.json.data.id);
	assert.deepEqual(await read('tweet.fields=entities,no_such_field'), { ...made.json.data, entities: {
		urls: [1, 2, 3].map((i) => ({
			start: [...shown.slice(0, i < 3 ? shown.indexOf(found[i]) : shown.lastIndexOf(found[i]))].length - 13,
			end: [...shown.slice(0, i < 3 ? shown.indexOf(found[i]) : shown.lastIndexOf(found[i]))].length + 10,
			url: `https://t.co/${found[i]}`,
			expanded_url: i === 2 ? 'https://www.example.com/a/long/path/to/somewhere?q=1&r=2' : 'http://Example.com',
			display_url: i === 2 ? 'example.com/a/long/path/to\u2026' : 'Example.com' })),
		mentions: [{ start: 24, end: 28, username: 'Bob' }],
		hashtags: [{ start: 29, end: 33, tag: '\u65e5\u672c1' }, { start: 34, end: 38, tag: 'two' }],
		cashtags: [{ start: 39, end: 43, tag: 'ABC' }] } });
	const { data: [top] } = (await api('GET', `/2/users/${me}/tweets?post.fields=created_at,entities`, t)).json;
	assert.equal(top.text, shown);
	assert.ok(Math.abs(Date.parse(top.created_at) - Date.now()) < 60000);
	for (const e of Object.values(top.entities).flat())
		assert.equal(chars(shown, e).replace(/^[@#\uff03$]/, ''), e.url ?? e.username ?? e.tag);
	const [many] = (await api('GET', `/2/tweets?ids=${top.id}&post.fields=entities`, t)).json.data;
	assert.deepEqual(many.entities, top.entities);
	assert.equal((await read('')).entities, undefined);
	assert.equal((await listed())[0].text, text);
	const other = await post((await login('bob')).access_token, 'see Example.com');
	assert.ok(!other.json.data.text.includes(found[1]), 'another post has another link');
	assert.equal((await post(t, text.trim())).status, 403, 'white space at the ends is no other text');
	await settings({ tco: false });
	const raw = await post(t, 'a & b example.com');
	assert.equal(raw.json.data.text, 'a & b example.com');
	assert.deepEqual((await reads(t, raw.json.data.id)('post.fields=entities')).entities.urls,
		[{ start: 6, end: 17, url: 'example.com', expanded_url: 'http://example.com', display_url: 'example.com' }]);
});

test('mentions, hashtags and cashtags are what twitter-text takes for them', async () => {
	const t = (await login('alice')).access_token;
	for (const [text, want] of [
		['a@b @_x1 !@no @yes. RT@rt @too@close @\u00e9 @a\u00e9', { mentions: ['_x1', 'yes', 'rt'] }],
		['#\ufe0f\u20e3 1\u20e3 #\u20e3a &#x #a#b #12 #12a (#ok) #a_\u00e9\u0301', { hashtags: ['12a', 'ok', 'a_\u00e9\u0301'] }],
		['$toolong1 $5 a$B $BRK.A', { cashtags: ['BRK.A'] }],
		['example.com/#frag @list/of', { urls: [undefined], mentions: ['list'] }],
		['plain', undefined],
	]) {
		const { id } = (await post(t, text)).json.data;
		const { entities } = await reads(t, id)('tweet.fields=entities');
		const got = entities && Object.fromEntries(Object.entries(entities).map(([k, v]) => [k, v.map((e) => e.username ?? e.tag)]));
		assert.deepEqual(got, want, text);
	}
});

test('a long post is cut, the whole is in its note', async () => {
	const t = (await login('premium_p')).access_token;
	const text = `${'word '.repeat(50)}example.com/first ${'x'.repeat(300)} example.com/second`;
	const { id, text: cut } = (await post(t, text)).json.data;
	assert.match(cut, /^(word ){50}https:\/\/t\.co\/\w{10} x{6}$/);
	const read = reads(t, id);
	const old = await read('tweet.fields=entities,note_tweet,note_post');
	assert.equal(old.text, cut);
	assert.equal(old.note_post, undefined);
	assert.match(old.note_tweet.text, /^(word ){50}https:\/\/t\.co\/\w{10} x{300} https:\/\/t\.co\/\w{10}$/);
	assert.ok(old.note_tweet.text.startsWith(cut));
	assert.deepEqual(old.entities.urls.map((u) => u.expanded_url), ['http://example.com/first']);
	assert.deepEqual(old.note_tweet.entities.urls.map((u) => u.expanded_url), ['http://example.com/first', 'http://example.com/second']);
	const renamed = await read('post.fields=note_post,note_tweet');
	assert.equal(renamed.note_post.text, old.note_tweet.text);
	assert.equal(renamed.note_tweet, undefined);
	const link = (await post(t, `${'y'.repeat(270)} example.com/${'z'.repeat(40)}`)).json.data;
	assert.equal(link.text, `${'y'.repeat(270)} `, 'a link is never cut');
	assert.equal((await post(t, `${' '.repeat(300)}${'v'.repeat(281)}`)).json.data.text, 'v'.repeat(280));
	const padded = (await post(t, `${' '.repeat(300)}padded${' '.repeat(300)}`)).json.data;
	assert.deepEqual(await reads(t, padded.id)('tweet.fields=note_tweet'), { ...padded, text: 'padded' });
	const short = (await post(t, 'short')).json.data;
	assert.equal((await reads(t, short.id)('post.fields=note_post')).note_post, undefined);
});

test('an older X knows the old names only', async () => {
	const t = (await login('alice')).access_token;
	const { id } = (await post(t, 'hello')).json.data;
	await settings({ old_names: true });
	invalid(await api('GET', `/2/tweets/${id}?post.fields=entities`, t), /\[post\.fields\] is not one of/);
	assert.ok((await reads(t, id)('tweet.fields=created_at')).created_at);
});

test('everything about a post is listed', async () => {
	const alice = (await login('alice')).access_token;
	const bob = (await login('bob')).access_token;
	const poll = { options: ['a', 'b "c"'], duration_minutes: 60 };
	const plain = (await post(alice, 'plain')).json.data.id;
	const vote = (await post(alice, { text: 'vote', poll, reply_settings: 'following', made_with_ai: true, paid_partnership: true })).json.data.id;
	const other = (await post(bob, 'other')).json.data.id;
	const some = (p) => [p.id, p.author, p.text, p.reply_to, p.quoted, p.poll, p.reply_settings, p.made_with_ai, p.paid_partnership, p.deleted];
	const all = await listed();
	assert.deepEqual(all.map(some), [
		[plain, 'alice', 'plain', null, null, null, 'everyone', false, false, undefined],
		[vote, 'alice', 'vote', null, null, poll, 'following', true, true, undefined],
		[other, 'bob', 'other', null, null, null, 'everyone', false, false, undefined]]);
	assert.ok(all.every((p) => Math.abs(Date.parse(p.created_at) - Date.now()) < 60000));
	assert.equal((await reads(alice, vote)('post.fields=paid_partnership')).paid_partnership, true);
	await api('DELETE', `/2/tweets/${plain}`, alice);
	assert.deepEqual((await listed('?author=Alice')).map((p) => p.id), [vote]);
	assert.deepEqual((await listed('?author=alice&deleted=1')).map((p) => [p.id, p.deleted]), [[plain, true], [vote, undefined]]);
	assert.deepEqual((await listed('?deleted=1')).length, 3);
	assert.deepEqual(await listed('?author=carol'), []);
	assert.equal((await counts()).posts_deleted, 1);
});

test('the list stays quick', async () => {
	const authors = await Promise.all(['alice', 'bob'].map(async (a) => (await login(a)).access_token));
	for (let i = 0; i < 500; i += 50)
		await Promise.all(Array.from({ length: 50 }, (_, k) => post(authors[k % 2], `post ${i + k} example.com`)));
	// On any machine: a few times what a list of nothing costs, not its square.
	const time = async (query) => {
		let best = Infinity;
		for (let i = 0; i < 5; i++) {
			const start = performance.now();
			await listed(query);
			best = Math.min(best, performance.now() - start);
		}
		return best;
	};
	assert.equal((await listed()).length, 500);
	assert.equal((await listed('?author=bob')).length, 250);
	const one = await time('?author=nobody'), all = await time('');
	assert.ok(all < 50 * Math.max(one, 2), `${all} ms, where nothing takes ${one}`);
});

test('an enterprise app may quote, answer strangers and name two stocks', async () => {
	const alice = (await login('alice')).access_token;
	const bob = (await login('bob')).access_token;
	const own = (await post(alice, 'quote me, @alice')).json.data.id;
	const quote = (token, text, id) => post(token, { text, quote_tweet_id: id });
	const refused = await quote(alice, 'so', own);
	forbidden(refused, /^Quoting this post is not allowed because you have not been mentioned or are not part of the conversation thread/);
	assert.match(refused.json.type, /not-authorized-for-resource$/);
	await settings({ enterprise: true });
	const quoted = await quote(bob, 'so', own);
	assert.equal(quoted.status, 201, quoted.text);
	assert.equal((await listed('?author=bob'))[0].quoted, own);
	assert.deepEqual((await reads(bob, quoted.json.data.id)('tweet.fields=referenced_tweets')).referenced_tweets, [{ type: 'quoted', id: own }]);
	forbidden(await quote(bob, 'gone', '1'.repeat(19)), /deleted or not visible/);
	assert.equal((await post(bob, { text: 'hi', reply: { in_reply_to_tweet_id: own } })).status, 201);
	assert.equal((await post(bob, '$ABC $DEF')).status, 201);
});

test('a post is there for replies and readers only after a while, if so told', async () => {
	const t = (await login('alice')).access_token;
	const me = (await api('GET', '/2/users/me', t)).json.data.id;
	const reply = (text, id) => post(t, { text, reply: { in_reply_to_tweet_id: id } });
	forbidden(await reply('nobody', '1'.repeat(19)), /^You attempted to reply to a Tweet that is deleted or not visible to you\.$/);
	await settings({ reply_lag_ms: 60000, read_lag_ms: 120000 });
	const age = (seconds) => sandbox('POST', '/sandbox/age', { account: 'alice', seconds });
	const ids = async () => ((await api('GET', `/2/users/${me}/tweets`, t)).json.data ?? []).map((p) => p.id);
	const first = (await post(t, 'one')).json.data.id;
	forbidden(await reply('two', first), /^You attempted to reply to a Tweet that is deleted or not visible to you\.$/);
	assert.deepEqual(await ids(), []);
	await age(60);
	assert.equal((await reply('two', first)).status, 201);
	assert.deepEqual(await ids(), []);
	await age(60);
	assert.deepEqual(await ids(), [first]);
	assert.equal((await listed()).length, 2);
});

test('a small window is met and opens again', async () => {
	const t = (await login('alice')).access_token;
	assert.equal((await post(t, 'before')).status, 201);
	// Three must fit into one window: a slow machine gets a longer one.
	let codes, res, window_s = 1;
	do {
		window_s *= 2;
		await settings({ enforce_limits: true, create_limit: 2, window_s });
		await sleep(window_s * 1000);
		codes = [];
		for (let i = 0; i < 3; i++) {
			res = await post(t, `post ${window_s} ${i}`);
			codes.push(res.status);
		}
	} while (codes[2] !== 429 && window_s < 60);
	assert.deepEqual(codes, [201, 201, 429]);
	assert.deepEqual([res.headers['x-rate-limit-limit'], res.headers['x-rate-limit-remaining']], ['2', '0']);
	const reset = Number(res.headers['x-rate-limit-reset']) * 1000;
	assert.ok(reset - Date.now() <= window_s * 1000);
	assert.equal((await post((await login('bob')).access_token, 'hello')).status, 201);
	while (Date.now() < reset)
		await sleep(reset - Date.now());
	assert.equal((await post(t, 'post 2')).status, 201);
	for (const bad of [{ window_s: 0 }, { create_limit: -1 }, { tco: 1 }, { reply_lag_ms: true }])
		assert.equal((await settings(bad)).status, 400);
});

test('X\'s refusals are said by name', async () => {
	const numbers = ['64', '185', '226', '261', '326', '344', '385', '433', '453'];
	const t = (await login('alice')).access_token;
	for (const [kind, status, sign] of [
		...numbers.map((n) => [`number-${n}`, 403, (body) => body.errors[0].code === Number(n)]),
		['automated', 403, (body) => /not permitted/.test(body.detail)], ['reply-rule', 403, (body) => /not-authorized-for-resource$/.test(body.type)],
		['not-visible', 403, (body) => /not visible/.test(body.detail)], ['suspended', 403, (body) => /suspended/.test(body.detail)],
		['client-not-enrolled', 403, (body) => body.reason === 'client-not-enrolled'], ['user-not-enrolled', 403, (body) => body.reason === 'user-not-enrolled'],
		['oauth1-permissions', 403, (body) => /oauth1-permissions$/.test(body.type)],
		['spend-cap', 403, (body) => body.title === 'SpendCapReached'], ['usage-cap', 429, (body) => body.title === 'UsageCapExceeded'],
	]) {
		await fault({ path: '/2/tweets', fault: kind, count: 1, retry_after: 7 });
		const res = await post(t, `Refused ${kind}`);
		assert.deepEqual([res.status, sign(res.json), res.headers['retry-after']], [status, true, '7'], `${kind}: ${res.text}`);
	}
	await fault({ path: '/2/tweets', fault: 'automated', body: '{"detail":"own"}', count: 1 });
	assert.equal((await post(t, 'Refused in other words')).json.detail, 'own');
});

test('any goes through every fault there is', async () => {
	const t = (await login('alice')).access_token;
	await fault({ path: '/2/tweets', method: 'POST', fault: 'any', ms: 1000, reset_in: 3 });
	const seen = [];
	for (let i = 0; i < 24; i++) {
		const text = `post ${i}`, start = Date.now();
		const res = await post(t, text).catch((e) => ({ status: e.code }));
		const late = Date.now() - start >= 1000 ? ' late' : '';
		const live = (await listed()).some((p) => p.text === text) ? ' done' : '';
		if (res.status === 429)
			assert.ok(Math.abs(Number(res.headers['x-rate-limit-reset']) - Date.now() / 1000 - 3) < 2);
		assert.ok(res.status !== 201 || late || res.json === undefined);
		seen.push(`${res.status}${res.json === undefined && res.status === 201 ? ' garbage' : ''}${late}${live}`);
	}
	const once = ['201 garbage done', '201 late done', '429', '500', '500 done', '503', '503 done', '504 done',
		'ECONNRESET', 'ECONNRESET done', 'ECONNRESET late', 'ECONNRESET late done'];
	assert.deepEqual(seen.slice(0, 12).sort(), once);
	assert.deepEqual(seen.slice(12).sort(), once);
	await sandbox('DELETE', '/sandbox/faults');
	await fault({ path: '/2/tweets', method: 'POST', fault: 'any', rate: 0.2, ms: 50 });
	for (let i = 0; i < 200; i += 20)
		await Promise.all(Array.from({ length: 20 }, (_, k) => post(t, `more ${i + k}`).catch(() => 0)));
	const [{ hits, rate }] = (await sandbox('GET', '/sandbox/faults')).json;
	assert.equal(rate, 0.2);
	assert.ok(hits > 12 && hits < 80, String(hits));
	assert.equal((await sandbox('POST', '/sandbox/faults', { path: '/2', fault: 'any', work: true })).status, 400);
});

test('anyone signs in with the password of the demo', async () => {
	const auth = (method, path, body, token) => send(method, `${env.SANDBOX_URL}/auth/v1${path}`, {
		headers: token ? { Authorization: `Bearer ${token}` } : {}, body: body && JSON.stringify(body) });
	const signIn = (email, password, query = '') => auth('POST', `/token?grant_type=password${query}`, { email, password });
	assert.deepEqual((await auth('GET', '/settings')).json, { sandbox: true, external: { email: true } });
	const bad = await signIn('ann@example.com', 'wrong');
	assert.equal(bad.status, 400);
	assert.deepEqual(bad.json, { code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' });
	for (const email of ['ann', 'ann@', '@example.com', 'a b@example.com', 'ann@example'])
		assert.equal((await signIn(email, 'nexus-demo')).status, 400, email);
	const { json } = await signIn('Ann@example.com', 'nexus-demo');
	assert.equal(json.token_type, 'bearer');
	assert.equal(json.user.email, 'ann@example.com');
	assert.match(json.user.id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	assert.equal((await signIn('ann@example.com', 'nexus-demo')).json.user.id, json.user.id);
	assert.notEqual((await signIn('bob@example.com', 'nexus-demo')).json.user.id, json.user.id);
	const claims = JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url'));
	assert.equal(claims.sub, json.user.id);
	assert.equal(claims.aud, 'authenticated');
	assert.equal(claims.exp - claims.iat, 3600);
	if (env.SUPABASE_JWT_SECRET) {
		const [head, body, signature] = json.access_token.split('.');
		assert.equal(crypto.createHmac('sha256', env.SUPABASE_JWT_SECRET).update(`${head}.${body}`).digest('base64url'), signature);
	}
	assert.equal((await auth('GET', '/user', undefined, json.access_token)).json.id, json.user.id);
	assert.equal((await auth('GET', '/user', undefined, `${json.access_token.slice(0, -4)}AAAA`)).status, 401);
	const next = await auth('POST', '/token?grant_type=refresh_token', { refresh_token: json.refresh_token });
	assert.equal(next.json.user.id, json.user.id);
	assert.notEqual(next.json.refresh_token, json.refresh_token);
	assert.equal((await auth('POST', '/logout', undefined, json.access_token)).status, 204);
	assert.equal((await auth('GET', '/user', undefined, json.access_token)).status, 403);
	assert.equal((await auth('POST', '/token?grant_type=refresh_token', { refresh_token: next.json.refresh_token })).status, 400);
});

test('sign-in tokens can be signed with the keys of the JWKS', async () => {
	const { keys } = (await sandbox('GET', '/auth/v1/.well-known/jwks.json')).json;
	for (const alg of ['ES256', 'RS256']) {
		const { json } = await sandbox('POST', `/auth/v1/token?grant_type=password&alg=${alg}`,
			{ email: 'ann@example.com', password: 'nexus-demo' });
		const [head, body, signature] = json.access_token.split('.');
		const header = JSON.parse(Buffer.from(head, 'base64url'));
		assert.equal(header.alg, alg);
		const jwk = keys.find((k) => k.kid === header.kid);
		assert.equal(jwk.alg, alg);
		const key = { key: crypto.createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
		assert.ok(crypto.verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
		const user = await send('GET', `${env.SANDBOX_URL}/auth/v1/user`, { headers: { Authorization: `Bearer ${json.access_token}` } });
		assert.equal(user.status, 200);
	}
});

test('secrets are listed as canaries and nowhere else', async () => {
	const c = await consent('alice');
	const t = (await exchange(c)).json;
	const canaries = (await sandbox('GET', '/sandbox/canaries')).json;
	for (const secret of [c.code, c.verifier, t.access_token, t.refresh_token])
		assert.ok(canaries.includes(secret));
	await api('GET', '/2/users/me?user.fields=name', t.access_token);
	const [grant] = (await sandbox('GET', '/sandbox/grants')).json;
	assert.deepEqual([grant.account, grant.refresh_tokens, grant.access_tokens], ['alice', 1, 1]);
	const requests = await sandbox('GET', '/sandbox/requests?path=/2/');
	assert.deepEqual(requests.json.map((r) => [r.method, r.path, r.query_keys, r.authorization]),
		[['POST', '/2/oauth2/token', '', ''], ['GET', '/2/users/me', 'user.fields', 'Bearer']]);
	for (const path of ['requests', 'grants', 'counts', 'faults', 'posts', 'settings']) {
		const { text } = await sandbox('GET', `/sandbox/${path}`);
		for (const secret of canaries)
			assert.ok(!text.includes(secret), path);
	}
});
