/* What the page reckons by itself about posts, without a browser. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { Draft } from '../../nginx/dashboard/draft.js';
import { asEdit, asQueued, limitEnds, obstacle } from '../../nginx/dashboard/outlook.js';
import { divide, nextLook, strays } from '../../nginx/dashboard/pages.js';
import { weigh } from '../../nginx/dashboard/weigh.js';
import * as words from '../../nginx/dashboard/words.js';

/* Every page has it; node 18 keeps it in a module. */
globalThis.crypto ??= webcrypto;

const NOW = Date.parse('2026-11-22T10:00:00Z');
const at = (minutes) => new Date(NOW + minutes * 60000).toISOString().replace('.000Z', 'Z');
const ids = (posts) => posts.map((p) => p.id).join(' ');

const TEXTS = ['', 'Hello ', 'Grüße', '日本語', 'x'.repeat(281), '👩‍👩‍👧 and 🇩🇪 and 1️⃣', '❤ ❤️ ☎️', '“quoted” – dash…', 'e\u0301',
	'see https://example.org/a?b=c#d.', '(https://example.org/x)', 'example.com and foo.de', 'http://x.y', 'مرحبا بالعالم',
	'a.b.c', '1.5', 'two\nlines', 'Привет', '👍🏽👍', 'https://bücher.de/ä', 'u.s.a', '‼ ⁉', '𝒳𝒴', '#tag @name', 'a@b.com'];

test('our own count is the server’s for what people write', () => {
	const { stdout } = spawnSync(`${process.env.NEXUS_BUILD ?? 'build'}/twitter_flow`, ['--action=measure'],
		{ input: TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(''), encoding: 'utf8' });
	const server = stdout.trim().split('\n').map((line) => JSON.parse(line).weighted_length);
	assert.deepEqual(TEXTS.map(weigh), server);
});

test('our own count does not hold up the keys, however long the text is', () => {
	const began = performance.now();
	for (const text of ['x'.repeat(300000), 'http://'.repeat(4000), '日'.repeat(29000), 'a.'.repeat(15000), 'https://a.bc/ '.repeat(2000)])
		weigh(text);
	assert.ok(performance.now() - began < 5000);
});

test('a post waits in one list or stands in the other, never in both or neither', () => {
	const post = (id, state, publish_at = null) => ({ id, state, publish_at, created_at: at(0) });
	const coming = { posts: [post('a', 'queued', at(10)), post('b', 'queued', at(20))], next: null };
	const past = { posts: [post('now', 'queued'), post('s', 'sent'), post('a', 'sent'), post('b', 'queued', at(20))], next: null };
	const now = divide(coming, past);
	assert.equal(ids(now.coming), 'now b', 'what goes as soon as it can comes first; `a` has left meanwhile');
	assert.equal(ids(now.past), 's a');
	const paged = divide({ ...coming, next: 'b' }, { posts: [post('late', 'queued', at(900)), post('now', 'queued')], next: null });
	assert.equal(ids(paged.coming), 'now a b', 'one beyond the page comes with its page');
	assert.equal(ids(paged.past), '');
});

test('what was to come and is in no list is looked up; what is on a later page is not', () => {
	const post = (id, minutes) => ({ id, state: 'queued', publish_at: at(minutes) });
	const before = [post('a', 1), post('b', 2), post('c', 3), post('d', 4)];
	assert.deepEqual(strays(before, { posts: [post('b', 2)], next: null }, { posts: [{ id: 'c' }] }), ['a', 'd']);
	assert.deepEqual(strays(before, { posts: [post('b', 2), post('c', 3)], next: 'c' }, { posts: [] }), ['a']);
	assert.deepEqual(strays(before, { posts: [], next: null }, { posts: before }), []);
});

test('what stands in the way of a post is known from its account', () => {
	const post = { state: 'queued', publish_at: at(60) };
	const alive = { username: 'ada', can_post: true, renews_itself: true, token_expires_at: at(30) };
	assert.equal(obstacle(post, alive), null);
	assert.equal(obstacle(post, undefined), null, 'nothing is said of what is not known');
	assert.match(obstacle(post, { ...alive, can_post: false }).text, /^@ada needs to be connected again/);
	assert.match(obstacle(post, { ...alive, renews_itself: false }).text, /ends before that/);
	assert.equal(obstacle(post, { ...alive, renews_itself: false, token_expires_at: at(90) }), null);
});

test('the end of X’s limit is known while it is ahead', () => {
	const failed = { state: 'failed', created_at: at(0), error: { code: 'rate_limited', retry_after: 900 } };
	assert.equal(limitEnds(failed, NOW), NOW + 900000);
	assert.equal(limitEnds(failed, NOW + 900000), null);
	assert.equal(nextLook([failed], NOW), 900500, 'the list is drawn anew then');
	assert.equal(limitEnds({ ...failed, error: { code: 'rate_limited', retry_at: at(5), retry_after: 900 } }, NOW), NOW + 300000);
	for (const other of [{ ...failed, state: 'sent' }, { ...failed, error: { code: 'x_refused' } }, { ...failed, error: null },
		{ ...failed, error: { code: 'rate_limited' } }])
		assert.equal(limitEnds(other, NOW), null);
	const whole = { ...failed, request: { text: 'T', on_long: 'thread', reply_to: '1', connection_id: 'c' } };
	assert.deepEqual(asQueued(whole, NOW), { ...whole.request, queue: true, publish_at: at(15) });
});

test('a post that is edited keeps all that was said of it', () => {
	const request = { text: 'T', on_long: 'thread', numbering: true, connection_id: 'c', reply_to: '1', publish_at: at(60) };
	const post = { id: 'p', state: 'queued', connection_id: 'c', parts: [], request };
	assert.deepEqual(asEdit(post, '"1"', NOW), { id: 'p', state: 'queued', etag: '"1"', account: 'c', text: 'T', rest: {},
		how: { long: { on_long: 'thread', numbering: true }, at: at(60), was: at(60) } });
	assert.deepEqual(asEdit({ ...post, state: 'failed' }, null, NOW).rest, { reply_to: '1' }, 'posted anew it is asked for again');
	assert.equal(asEdit(post, null, NOW + 7200000).how.at, '', 'a time that has passed is no time');
	assert.equal(asEdit({ ...post, request: {}, parts: [{ text: 'a' }, { text: 'b' }] }, null, NOW).text, 'a b');
});

function memory() {
	const kept = new Map();
	return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) };
}

test('the draft waits while a post is edited, and both survive', () => {
	const store = memory();
	const draft = new Draft(store, 'u1');
	draft.keep({ text: 'mine', account: 'c1' });
	draft.edit = { id: 'p', state: 'failed', account: 'c2', text: 'theirs', how: {} };
	draft.keep({ text: 'theirs, better' });
	const again = new Draft(store, 'u1');
	assert.deepEqual([again.text, again.account, again.isTaken('p'), again.isEmpty], ['theirs, better', 'c2', true, false]);
	again.take('p');
	again.edit = null;
	assert.deepEqual([again.text, again.account, again.isTaken('p'), again.isTaken('q')], ['mine', 'c1', true, false]);
	again.forget();
	assert.deepEqual([again.text, again.account, again.isTaken('p'), again.isEmpty], ['', 'c1', true, true]);
});

test('two tabs write one draft, and one key for one text', () => {
	const store = memory();
	const [one, two] = [new Draft(store, 'u1'), new Draft(store, 'u1')];
	const key = one.key('c1', 'same');
	assert.equal(two.key('c1', 'same'), key);
	one.doubt('c1', 'same', 'p1');
	two.keep({ text: 'from two' });
	assert.ok(one.follow());
	assert.equal(one.follow(), false);
	assert.equal(one.text, 'from two');
	assert.ok(two.isDoubtful('c1', 'same'));
	two.settlePost('p1');
	assert.notEqual(one.key('c1', 'same'), key);
});

test('where nothing more can be kept, nothing that is written is lost', () => {
	const store = memory();
	const draft = new Draft(store, 'u1');
	draft.keep({ text: 'old' });
	store.setItem = () => { throw new Error('full'); };
	draft.edit = { id: 'p', state: 'queued', account: 'c', text: 'new', how: {} };
	draft.keep({ text: 'newer' });
	assert.deepEqual([draft.text, draft.edit.id], ['newer', 'p']);
});

test('the button says what it does, and as whom', () => {
	const label = (more) => words.postLabel({ handle: 'ada', posts: 1, ...more });
	const cases = [[{}, 'Post as @ada'], [{ posts: 3 }, 'Post thread as @ada'], [{ at: true }, 'Schedule as @ada'], [{ handle: '' }, 'Post'],
		[{ edit: true, at: true, wasAt: 'x' }, 'Save for @ada'], [{ edit: true, wasAt: 'x' }, 'Post now as @ada'], [{ edit: true }, 'Save for @ada'],
		[{ sending: true }, 'Posting…'], [{ sending: true, at: true }, 'Scheduling…'], [{ sending: true, edit: true }, 'Saving…']];
	for (const [more, want] of cases)
		assert.equal(label(more), want);
});

test('what becomes of scheduled posts is said in numbers', () => {
	assert.equal(words.strandedWords(0, false), '');
	assert.equal(words.strandedWords(1, false), '1 scheduled post of this account will not go out.');
	assert.equal(words.strandedWords(100, true), '100 and more scheduled posts of this account will not go out.');
	const left = (more) => words.leftWords({ wanted: false, cancelled: 0, left: 0, more: false, ...more });
	assert.equal(left({}), '');
	assert.match(left({ left: 2 }), /^2 scheduled posts will not go out, unless/);
	assert.equal(left({ wanted: true, cancelled: 1 }), '1 scheduled post was cancelled.');
	assert.match(left({ wanted: true, cancelled: 2, left: 1 }), /2 scheduled posts were cancelled\. 1 scheduled post could not/);
	assert.equal(words.countdownWords(4500), 'Trying again in 5 seconds.');
	assert.equal(words.countdownWords(0), 'Trying again…');
});
