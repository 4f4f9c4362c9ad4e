/* What the page knows about posts, without a browser. */

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Draft } from '../../nginx/dashboard/draft.js';
import { append, isOpen, merge, nextLook, reach } from '../../nginx/dashboard/pages.js';
import { isChanged, toldLength } from '../../nginx/dashboard/parts.js';
import { fromLocal, suggestion, toLocal, zone } from '../../nginx/dashboard/schedule.js';
import * as words from '../../nginx/dashboard/words.js';

const catalogue = JSON.parse(readFileSync(new URL('../../nginx/dashboard/catalogue.json', import.meta.url), 'utf8'));

/* Every page has it; node 18 keeps it in a module. */
globalThis.crypto ??= webcrypto;

const NOW = Date.parse('2026-11-22T10:00:00Z');
const at = (seconds) => new Date(NOW + seconds * 1000).toISOString();
const list = (from, to, more = {}) => Array.from({ length: from - to + 1 }, (_, i) => ({ id: `p${from - i}`, state: 'sent', ...more }));
const ids = (page) => page.posts.map((p) => p.id).join(' ');

test('the newest page replaces itself and keeps the older ones that were shown', () => {
	const shown = append({ posts: list(40, 21), next: 'p21' }, { posts: list(20, 11), next: 'p11' });
	assert.equal(shown.posts.length, 30);
	const fresh = merge(shown, { posts: list(42, 23, { state: 'deleted' }), next: 'p23' });
	assert.equal(ids(fresh), list(42, 11).map((p) => p.id).join(' '));
	assert.equal(fresh.next, 'p11');
	assert.equal(fresh.posts[19].state, 'deleted');
	assert.equal(fresh.posts[20].state, 'sent');
});

test('a page that does not reach what was shown begins anew; a last page ends the list', () => {
	const shown = { posts: list(40, 21), next: 'p21' };
	const far = { posts: list(90, 71), next: 'p71' };
	assert.deepEqual(merge(shown, far), far);
	const last = { posts: list(2, 1), next: null };
	assert.deepEqual(merge(shown, last), last);
	assert.deepEqual(merge(shown, { posts: [], next: null }), { posts: [], next: null });
	assert.equal(ids(append(shown, { posts: list(22, 20), next: null })), list(40, 20).map((p) => p.id).join(' '));
});

test('the list is read again as soon as something is due, and never for nothing', () => {
	const cases = [
		[[], null], [[{ state: 'sent' }, { state: 'failed' }, { state: 'partial', next_try_at: null }], null],
		[[{ state: 'unknown' }], 3000], [[{ state: 'sending' }], 3000], [[{ state: 'queued', publish_at: null }], 3000],
		[[{ state: 'queued', publish_at: at(20) }], 20500], [[{ state: 'queued', publish_at: at(9999) }], 60000],
		[[{ state: 'queued', publish_at: at(-5) }], 3000], [[{ state: 'partial', next_try_at: at(10) }], 10500],
		[[{ state: 'queued', publish_at: at(-5), next_try_at: at(30) }], 30500],
		[[{ state: 'queued', publish_at: at(40) }, { state: 'partial', next_try_at: at(8) }], 8500],
	];
	for (const [posts, want] of cases)
		assert.equal(nextLook(posts, NOW), want, JSON.stringify(posts));
	assert.equal(isOpen({ state: 'sent', next_try_at: at(1) }), true);
	assert.equal(reach(list(90, 1)), 20);
	assert.equal(reach([...list(90, 41), { state: 'queued' }, { state: 'sending' }, ...list(3, 1)]), 52);
	assert.equal(reach([...list(40, 1), { state: 'queued' }]), 20, 'what waits has a list of its own');
	assert.equal(reach([...list(150, 1), { state: 'unknown' }]), 100);
});

test('a time that is chosen goes out as the moment it names, and comes back', () => {
	const chosen = new Date(2026, 2, 9, 7, 5);
	assert.equal(toLocal(chosen), '2026-03-09T07:05');
	assert.equal(Date.parse(fromLocal('2026-03-09T07:05')), chosen.getTime());
	assert.match(fromLocal('2026-03-09T07:05'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
	assert.equal(fromLocal(''), '');
	assert.equal(fromLocal('soon'), '');
	const next = suggestion(NOW + 1);
	assert.equal(next.getTime() - NOW, 75 * 60000);
	assert.ok(zone(chosen).startsWith(Intl.DateTimeFormat().resolvedOptions().timeZone));
	for (const [iso, want] of [['', /day and a time/], [at(-1), /passed/], [at(60), /^$/], [at(367 * 86400), /year/]])
		assert.match(words.scheduleWords(iso, NOW, 366), want);
});

test('a change of the text is noticed, and the length that the server tells', () => {
	assert.equal(isChanged('a', [{ text: 'a' }]), false);
	assert.equal(isChanged('a b', [{ text: 'a...' }]), true);
	assert.equal(isChanged('a b', [{ text: 'a' }, { text: 'b' }]), true);
	assert.equal(isChanged('', []), false);
	assert.deepEqual(toldLength({ reason_code: 'text_length', weighted_length: 26400, limit: 25000 }), { length: 26400, limit: 25000 });
	assert.equal(toldLength({ reason_code: 'text_parts', limit: 250 }), null);
});

test('the price of a link, and the sum of a thread, are said in dollars', () => {
	const said = 'It holds a link, so X charges 0.2000 instead of 0.0150 US dollars for it.';
	const coded = { code: 'link_price', args: { price_usd: '0.2000', usual_usd: '0.0150' } };
	assert.equal(words.warningWords(said, coded), 'It holds a link, so X charges $0.20 instead of $0.015 for it.');
	assert.equal(words.warningWords('Version 1.2345 was cut.'), 'Version 1.2345 was cut.');
	assert.equal(words.say(catalogue.warnings.link_price.sentence, coded.args), said, 'the server says it in these words');
	assert.deepEqual(words.warnings({ warnings: [said, 'Old.'], warning_codes: [coded, { code: null, args: {} }] }),
		['It holds a link, so X charges $0.20 instead of $0.015 for it.', 'Old.']);
	assert.equal(words.costWords('0.2300', 3), 'costs $0.23 together');
	assert.equal(words.costWords('0.0150', 1), 'costs $0.015');
	assert.equal(words.costWords(undefined, 0), '');
});

test('every state has its words, and the server’s times become local ones', () => {
	const header = readFileSync(new URL('../../include/nx/store/post_state.h', import.meta.url), 'utf8');
	const states = (table) => [...header.split(`#define ${table}(X)`)[1].split('\n\n')[0].matchAll(/X\(\w+,\s*"(\w+)"[,)]/g)].map((m) => m[1]);
	assert.ok(states('NX_POST_STATES').length > 5 && states('NX_PART_STATES').length > 4);
	for (const state of states('NX_POST_STATES'))
		assert.notEqual(words.postState({ state }, NOW).label, state);
	for (const state of states('NX_PART_STATES'))
		assert.notEqual(words.partState({ state }), state);
	assert.equal(words.postState({ state: 'queued', publish_at: at(5) }, NOW).label, 'Scheduled');
	assert.equal(words.postState({ state: 'queued', publish_at: at(-5) }, NOW).label, 'Waiting');
	assert.equal(words.postState({ state: 'partial', next_try_at: at(5) }, NOW).tone, 'note');
	assert.equal(words.postState({ state: 'constructor' }, NOW).label, 'constructor');
	const goesOn = { state: 'partial', reason_code: 'partial', reason_args: { live: 1, parts: 2, next: '2026-11-22T10:00:00Z' } };
	assert.equal(words.postReason(goesOn, (t) => `<${Date.parse(t) - NOW}>`), '1 of 2 parts is on X. It goes on by itself at <0>.');
	assert.equal(words.postReason({ state: 'sending', reason_code: 'sending_parts', reason_args: { live: 0, parts: 2 } }), 'It is being sent. 0 of 2 parts are on X.');
	assert.equal(words.postReason({ state: 'sent', reason: null, reason_code: null }, String), '');
});

test('what can be done is named after what it does there', () => {
	const label = (action, state) => words.actionWords(action, { state })?.[0];
	assert.deepEqual(['partial', 'failed', 'unknown'].map((s) => label('resume', s)), ['Resume', 'Send again', 'Look now']);
	assert.deepEqual([label('delete', 'sent'), label('cancel', 'queued'), label('explode', 'sent')], ['Delete', 'Cancel', undefined]);
	const parts = (...states) => states.map((state) => ({ state }));
	assert.equal(words.threadWords(parts('sent', 'failed', 'waiting')), 'Thread of 3: 1 on X');
	assert.equal(words.threadWords(parts('sent', 'sent')), 'Thread of 2: all on X');
	assert.match(words.removalWords({ state: 'sent', parts: parts('sent', 'sent') })[0], /these 2 posts/);
	assert.match(words.removalWords({ state: 'sent', parts: parts('sent') })[1], /removed from X/);
	assert.match(words.removalWords({ state: 'unknown', parts: parts('unknown') })[1], /do not know yet/);
	assert.equal(words.excerpt('  one\n two '), 'one two');
	assert.equal([...new Intl.Segmenter().segment(words.excerpt('👩‍👩‍👧 '.repeat(60)))].length, 40);
});

test('how a text is to go out is kept with it, for its author alone', () => {
	const kept = new Map();
	const store = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) };
	const draft = new Draft(store, 'u1');
	assert.deepEqual(draft.how, {});
	draft.keep({ how: { long: { on_long: 'thread' }, at: at(60) } });
	assert.deepEqual(new Draft(store, 'u1').how, draft.how);
	assert.deepEqual(new Draft(store, 'u2').how, {});
	draft.forget();
	assert.deepEqual(new Draft(store, 'u1').how, {});
});

/* What no answer to this page can hold, and what the callback says in words of its own. */
const NEVER = ['ok', 'not_ahead', 'not_ready', 'content_type', 'body_length', 'unknown_member', 'not_found', 'method_not_allowed',
	'return_to', 'forbidden', 'connection_choice', 'quote_not_allowed', 'not_offered', 'usage',
	'authorize_error', 'other_account', 'length_required', 'not_implemented', 'uri_too_long'];
const PROGRAMS = /\b(member|detail|request_id|log|Retry-After|Idempotency-Key|headers?|JSON|Content-\w+|Bearer|operator|on_long|route|GET|U\+\w+|request line|[a-z]+_[a-z]+)\b/i;

function told() {
	const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
	const text = (source) => [...source.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]).join('');
	const list = read('include/nx/base/err_list.h').replaceAll(/\\\n/g, '\n');
	const ours = [...list.matchAll(/^X\(\w+, "(\w+)", (\d+), \d+,\s*((?:"[^"]*"\s*)+),\s*((?:"[^"]*"\s*)+)\)/gm)]
		.map(([, code, status, title, remedy]) => ({ code, status: Number(status), title: text(title), remedy: text(remedy), detail: '' }));
	const front = [...read('nginx/snippets/nexus-x-problems.conf').matchAll(/^\t\d+ '(.*)';$/gm)]
		.map(([, members]) => JSON.parse(`{${members.replace(/\\'/g, '’')}}`));
	assert.equal(ours.length, list.match(/^X\(/gm).length);
	assert.ok(front.length > 5);
	return [...ours, ...front].filter((p) => !NEVER.includes(p.code));
}

test('what the server says to programs is said in plain words', () => {
	for (const problem of told()) {
		const said = words.plain(problem);
		assert.notEqual(said.remedy, '', problem.code);
		for (const line of [said.title, said.detail, said.remedy])
			assert.doesNotMatch(line, PROGRAMS, problem.code);
	}
});

/* As the server sends it: the detail is the reason's sentence. */
const failure = (code, reason, args, more) => words.plain({
	status: 422, code, title: 'T', remedy: 'R', detail: reason && words.say(catalogue.reasons[reason].sentence, args),
	reason_code: reason || undefined, reason_args: args, ...more,
});

test('a detail that is for programs is left out or said anew', () => {
	const id = '0b0c7e0a-1111-4222-8333-123456789abc';
	const busy = failure('idempotency_key_busy', 'post_sending', { id });
	assert.deepEqual([busy.title, busy.detail, busy.remedy, busy.tone],
		['This post is just being sent', '', 'It shows below as soon as X has answered.', 'note']);
	assert.deepEqual(['not_json', 'internal', 'idempotency_key_reused'].map((code) => failure(code, '').detail), ['', '', '']);
	assert.equal(failure('database_unavailable', 'logged').detail, '');
	assert.equal(failure('not_resumable', 'post_is', { id, state: 'sent' }).detail, 'This post is sent.');
	assert.equal(failure('post_busy', 'post_held', { id }).detail, 'Somebody else is at this post.');
	assert.equal(failure('invalid', 'time_past', { member: 'publish_at', now: '2026-11-22T10:00:00Z' }).detail, 'The time that you chose has passed.');
	assert.equal(failure('x_refused', '', {}, { detail: 'X answered 403: No.' }).detail, 'X answered 403: No.');
});

test('a remedy fits what happened, and keeps what was added to it', () => {
	const remedy = (code, reason) => failure(code, reason).remedy;
	assert.match(remedy('text_too_long', 'text_alike'), /“Number them”/);
	assert.match(remedy('text_too_long', 'text_no_place'), /at that place/);
	assert.match(remedy('text_too_long', 'text_length'), /^Make it shorter/);
	assert.match(remedy('invalid', 'text_cashtags'), /“\$”/);
	assert.equal(remedy('never_heard', ''), 'R');
	const added = (problem) => words.plain({ ...problem, remedy: `${problem.remedy} It is safe.` }).remedy;
	assert.equal(added(failure('text_too_long', 'text_length')), `${remedy('text_too_long', 'text_length')} It is safe.`);
	assert.match(added(failure('text_too_long', 'text_no_place')), /^Change.*[^.]\. It is safe\.$/);
	for (const [code, reason] of [['invalid', 'link_not_one'], ['invalid', 'time_past'], ['text_too_long', 'text_no_place']])
		assert.deepEqual(words.plain(failure(code, reason)), failure(code, reason), 'once more changes nothing');
	/* What the page itself says has no status. */
	const ours = { code: 'busy', title: 'T', detail: 'D', remedy: 'R' };
	assert.equal(words.plain(ours), ours);
});

test('a sentence is said with its arguments, as the server says it', () => {
	const args = { who: 'Ann', one: 1, many: 12, none: 0 };
	const cases = [['Plain: one.', 'Plain: one.'], ['{who} has {many}.', 'Ann has 12.'], ['{one} {one|is|are}, {many} {many|is|are}', '1 is, 12 are'],
		['a[who: {who}][nobody: {nobody}][none: none]b', 'a Annb'], ['[who:: {who}]', ': Ann'], ['{none|one|many}', 'many'], ['{other}', '?']];
	for (const [sentence, want] of cases)
		assert.equal(words.say(sentence, args), want);
});

test('X’s words are said once', () => {
	const x = (title, detail) => ({ status: 403, title, detail });
	const cases = [
		[null, '', ''], [x('', ''), '', ''],
		[x('Forbidden', 'You may not.'), 'X answered 403: You may not.', ''],
		[x('Forbidden', ''), 'X answered 403: Forbidden', ''],
		[x('Forbidden', 'You may not.'), 'It was not sent.', 'X said (403): Forbidden: You may not.'],
		[x('Forbidden', 'Forbidden'), '', 'X said (403): Forbidden'],
	];
	for (const [said, known, want] of cases)
		assert.equal(words.xWords(said, known), want);
});

test('a reason quotes no words for programs, and says what X has already', () => {
	const taken = { code: 'duplicate_text', status: 409, detail: 'X answered 403: No duplicates.', remedy: 'Change the text.' };
	const post = {
		state: 'failed', reason: 'Nothing of it is on X. X answered 403: No duplicates.', reason_code: 'taken',
		reason_args: { cause: 'duplicate_text' }, parts: [{ state: 'failed', error: taken }],
	};
	assert.ok(words.isTaken(post));
	assert.match(words.postReason(post), /^X has this text from this account already/);
	assert.equal(words.isTaken({ ...post, state: 'unknown' }), false);
	assert.equal(words.isTaken({ ...post, parts: [{ state: 'failed', error: { ...taken, code: 'x_refused' } }] }), false);
	const away = { code: 'database_unavailable', status: 503, reason_code: 'logged', detail: 'The operator finds the cause in the log, under the request_id.', remedy: 'Wait.' };
	const row = (error, reason_code, more) => words.postReason({ state: 'queued', error, reason: 'S.', reason_code, reason_args: { cause: error?.code, ...more }, parts: [{ error: null }] });
	assert.equal(row(away, 'put_off', { at: '10:00' }), 'It could not be sent yet. The next try is at 10:00.');
	assert.equal(row({ ...away, code: 'timeout', reason_code: null, detail: 'while reading' }, 'put_off'), 'It could not be sent yet.');
	assert.match(row({ code: 'rate_limited', status: 429, detail: 'D', remedy: 'Wait as long as Retry-After says.' }, 'unknown',
		{ unseen: 1, remedy: 'rate_limited' }), /looked up yet\. D\. Nothing was lost/);
	assert.equal(words.postReason({ state: 'queued', reason: null, reason_code: null }), '');
	assert.equal(row(null, 'never_heard'), 'S.', 'what a newer server says');
});
