/* The page's pure modules, without a browser. */

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as cookie from '../../nginx/dashboard/cookie.js';
import { Draft } from '../../nginx/dashboard/draft.js';
import { toldLength } from '../../nginx/dashboard/parts.js';
import * as words from '../../nginx/dashboard/words.js';

/* Every page has it; node 18 keeps it in a module. */
globalThis.crypto ??= webcrypto;

/* What a browser makes of `lines` assigned to document.cookie. */
function browse(header, lines) {
	const jar = cookie.parse(header);
	for (const line of lines) {
		const [pair, ...attributes] = line.split('; ');
		const eq = pair.indexOf('=');
		if (attributes.includes('Max-Age=0'))
			jar.delete(pair.slice(0, eq));
		else
			jar.set(pair.slice(0, eq), pair.slice(eq + 1));
	}
	return [...jar].map(([n, v]) => `${n}=${v}`).join('; ');
}

function session(size) {
	return {
		access_token: `h.${cookie.toBase64Url(JSON.stringify({ sub: 'u1', exp: 99, email: 'token@example.org' }))}.${'s'.repeat(size)}`,
		refresh_token: 'r', expires_at: 2000, user: { id: 'u1', email: 'zoë@example.org' },
	};
}

test('a session goes through the cookie unchanged, in chunks when long', () => {
	for (const size of [0, 2000, 2400, 9000, 30000]) {
		const s = session(size);
		const lines = cookie.write(cookie.OWN, s, '', true);
		for (const line of lines) {
			assert.ok(line.split(';')[0].length <= cookie.CHUNK + cookie.OWN.length + 4);
			assert.match(line, /; Path=\/; SameSite=Lax; Max-Age=\d+; Secure$/);
		}
		const header = browse('theme=dark', lines);
		assert.deepEqual(cookie.read(header), { name: cookie.OWN, session: s });
	}
});

test('the chunk limit is exact', () => {
	const at = (n) => cookie.write('sb-nexus-auth-token', { access_token: 'x'.repeat(n) }, '', false);
	let n = 1;
	while (at(n).length === 1)
		n++;
	assert.ok(at(n - 1)[0].split(';')[0].length - 'sb-nexus-auth-token='.length <= cookie.CHUNK);
	assert.deepEqual(at(n).map((l) => l.split('=')[0]), ['sb-nexus-auth-token.0', 'sb-nexus-auth-token.1']);
	assert.equal(at(n)[0].split(';')[0].length, 'sb-nexus-auth-token.0='.length + cookie.CHUNK);
	assert.doesNotMatch(at(n)[0], /Secure/);
});

test('a shorter session leaves no chunk of the longer one behind', () => {
	const long = browse('', cookie.write(cookie.OWN, session(9000), '', false));
	const short = browse(long, cookie.write(cookie.OWN, session(10), long, false));
	assert.deepEqual([...cookie.parse(short).keys()], [cookie.OWN]);
	const back = browse(short, cookie.write(cookie.OWN, session(9000), short, false));
	assert.deepEqual(cookie.read(back).session, session(9000));
	assert.ok(!cookie.parse(back).has(cookie.OWN));
});

test('a session of another project is found; beside ours neither counts; rubbish is no session', () => {
	const other = cookie.write('sb-abc-auth-token', session(5000), '', false);
	const header = browse('', other);
	assert.equal(cookie.read(header).name, 'sb-abc-auth-token');
	assert.deepEqual(cookie.read(header).session, session(5000));
	const own = browse('', cookie.write(cookie.OWN, session(1), '', false));
	for (const both of [`${own}; ${header}`, `${header}; ${own}`, `${own}; sb-abc-auth-token=x`, `${header}; sb-abd-auth-token=x`])
		assert.equal(cookie.read(both).session, null, both);
	assert.deepEqual(cookie.read(`${own}; sb-abc-auth-token=; sb-abc-auth-token.0=`), { name: cookie.OWN, session: session(1) });
	assert.deepEqual(cookie.read(`${cookie.OWN}=base64-%%%`), { name: cookie.OWN, session: null });
	assert.equal(cookie.read(`${cookie.OWN}=base64-%%%; ${header}`).session, null);
	assert.equal(cookie.read('a=b; sb-abc-auth-token-code-verifier=x'), null);
	assert.equal(cookie.read(''), null);
});

test('both older forms of Supabase’s cookie are read', () => {
	const plain = encodeURIComponent(JSON.stringify({ access_token: 'a.b.c' }));
	assert.equal(cookie.read(`sb-abc-auth-token=${plain}`).session.access_token, 'a.b.c');
	const list = encodeURIComponent(JSON.stringify(['a.b.c', 'r', null]));
	assert.equal(cookie.read(`sb-abc-auth-token=${list}`).session.refresh_token, 'r');
});

test('an empty cookie is none, and one that is there twice is nobody’s', () => {
	const value = (id) => cookie.write('sb-a-auth-token', { access_token: id }, '', false)[0].split(';')[0].split('=')[1];
	const [mine, theirs] = [value('mine'), value('theirs')], [head, tail] = [mine.slice(0, 20), mine.slice(20)];
	const whole = (v) => `sb-a-auth-token=${v}`, chunk = (i, v) => `sb-a-auth-token.${i}=${v}`;
	const two = `${chunk(0, head)}; ${chunk(1, tail)}`;
	for (const header of [whole(mine), two, `${chunk(1, tail)}; ${chunk(0, head)}`, `${whole('')}; ${two}`, `${two}; ${chunk(2, '')}`, `${two}; ${chunk(2, '')}; ${chunk(3, 'old')}`,
		`${whole(mine)}; ${chunk(0, '')}`, `${whole('')}; ${whole(mine)}`, `${whole(mine)}; sb-a-auth-token.00=x; sb-a-auth-token.x=x`])
		assert.equal(cookie.read(header)?.session?.access_token, 'mine', header);
	for (const header of [`${whole(mine)}; ${whole(theirs)}`, `${two}; ${whole(theirs)}`, `${whole(theirs)}; ${two}`, `${whole(mine)}; ${chunk(7, 'x')}`,
		`${two}; ${chunk(0, head)}`, `${two}; ${chunk(2, 'old')}`, `${chunk(0, '')}; ${chunk(1, tail)}`])
		assert.deepEqual(cookie.read(header), { name: 'sb-a-auth-token', session: null }, header);
	assert.equal(cookie.read(`${whole('')}; ${chunk(0, '')}`), null);
	assert.equal(cookie.read('sb-[::1]-auth-token=%5B%22a%22%5D').session.access_token, 'a');
});

test('name and end of a session come from the session, else from its token', () => {
	const s = session(0);
	assert.equal(cookie.email(s), 'zoë@example.org');
	assert.equal(cookie.email({ access_token: s.access_token }), 'token@example.org');
	assert.equal(cookie.expiresAt(s), 2000);
	assert.equal(cookie.expiresAt({ access_token: s.access_token }), 99);
	assert.equal(cookie.userId({ access_token: s.access_token }), 'u1');
	assert.equal(cookie.email({ access_token: 'not a token' }), '');
	assert.equal(cookie.email(null), '');
});

test('signing out clears every session, on parent domains too', () => {
	const header = browse('keep=1', [...cookie.write(cookie.OWN, session(9000), '', false),
		...cookie.write('sb-abc-auth-token', session(1), '', false)]);
	const lines = cookie.clear(header, 'app.nexus.example');
	assert.equal(browse(header, lines), 'keep=1');
	assert.ok(lines.some((l) => l.includes('sb-abc-auth-token=;') && l.includes('Domain=nexus.example')));
	assert.ok(cookie.clear(header, '127.0.0.1').every((l) => !l.includes('Domain')));
});

test('every code of the callback has a title, a reason and a remedy', () => {
	for (const code of Object.keys(words.CONNECT_ERRORS)) {
		const e = words.connectError(code);
		for (const line of [e.title, e.detail, e.remedy])
			assert.ok(line.length > 5, code);
		assert.equal(e.code, code);
	}
	assert.equal(words.connectError('save_deferred').tone, 'note');
	assert.equal(words.connectError('state_whatever').title, words.connectError('state_broken').title);
	assert.equal(words.connectError('temporarily_unavailable').title, words.connectError('x_unavailable').title);
});

test('every error of the server that a callback can end in has its own text', () => {
	const list = readFileSync(new URL('../../include/nx/base/err_list.h', import.meta.url), 'utf8');
	const room = (from, to) => list.slice(list.indexOf(`/* ${from} */`), to ? list.indexOf(`/* ${to} */`) : undefined);
	const codes = [room('connecting', 'the connection'), room('X as a whole', 'this service'), room('this service')]
		.flatMap((part) => [...part.matchAll(/^X\(\w+, "(\w+)"/gm)].map((m) => m[1]));
	assert.ok(codes.length > 20);
	for (const code of codes.filter((c) => c !== 'usage'))
		assert.ok(Object.hasOwn(words.CONNECT_ERRORS, code), code);
});

test('a code nobody knows gets the general text and is not repeated', () => {
	const general = words.connectError('never_heard').title;
	for (const code of ['<b>', 'constructor', '__proto__', '', 'A'.repeat(500)])
		assert.equal(words.connectError(code).title, general);
	assert.equal(words.connectError('<b>').code, '');
	assert.equal(words.connectError('never_heard').code, 'never_heard');
});

test('states of a connection say what to do', () => {
	const state = (c) => words.stateWords({ missing_scopes: [], ...c });
	assert.deepEqual(state({ status: 'connected', can_post: true }), { label: 'Connected', tone: 'good', todo: '', again: false });
	assert.equal(state({ status: 'connected', can_post: true, status_reason: 'X no longer renews it.' }).label, 'Ends soon');
	assert.equal(state({ status: 'connected', can_post: false }).again, true);
	assert.equal(state({ status: 'connected', can_post: true, missing_scopes: ['media.write'] }).tone, 'note');
	for (const status of ['needs_reauth', 'superseded', 'disconnected', 'something_new'])
		assert.ok(state({ status }).todo && state({ status }).again, status);
	assert.equal(words.scopeList(['tweet.read', 'users.read', 'new.scope']), 'Read posts, see your profile, new.scope');
	assert.equal(words.reasonWords('refresh_refused'), 'Refresh refused.');
	assert.equal(words.reasonWords('X said no.'), 'X said no.');
	assert.equal(words.reasonWords(null), '');
});

test('the next renewal or end is told in plain words', () => {
	const at = '2026-11-22T18:00:00Z', before = Date.parse(at) - 1000, after = Date.parse(at) + 1000;
	const said = (c, now = before) => words.renewalWords({ token_expires_at: at, renews_itself: true, ...c }, '19:00', now);
	assert.deepEqual(said({}), ['Renewed', 'by itself, by 19:00']);
	assert.deepEqual(said({}, after), ['Renewed', 'by itself, with the next post']);
	assert.deepEqual(said({ renews_itself: false }), ['Works until', '19:00']);
	assert.deepEqual(said({ status_reason: 'X no longer renews it.' }), ['Works until', '19:00']);
	assert.deepEqual(words.renewalWords({ token_expires_at: null, renews_itself: true }, '', before), ['Renewed', '']);
});

test('money, waits and warnings read well', () => {
	const money = [['0.0150', '$0.015'], ['0.2000', '$0.20'], ['0', '$0.00'], ['1.2345', '$1.2345'], [null, ''], ['', ''], ['x', '']];
	for (const [given, want] of money)
		assert.equal(words.money(given), want);
	const now = Date.parse('2026-11-22T10:00:00Z');
	const waits = [['30', 30000], ['Sun, 22 Nov 2026 10:01:00 GMT', 60000], ['Sun, 22 Nov 2026 09:00:00 GMT', 0], [null, null], ['soon', null]];
	for (const [given, want] of waits)
		assert.equal(words.retryAfter(given, now), want);
	const spans = [[0, '1 second'], [30000, '30 seconds'], [720000, '12 minutes'], [7200000, '2 hours'], [3 * 86400000, '3 days']];
	for (const [given, want] of spans)
		assert.equal(words.span(given), want);
	assert.equal(words.warningWords('plain'), 'plain');
	assert.equal(words.warningWords({ code: 'url_price', detail: 'A link costs more.' }), 'A link costs more.');
});

test('Supabase’s refusals become plain words', () => {
	assert.match(words.signInError(400, { error_code: 'invalid_credentials' }).detail, /not right/);
	assert.match(words.signInError(400, { error: 'invalid_grant' }).detail, /not right/);
	assert.match(words.signInError(429, null).title, /Too many/);
	assert.match(words.signInError(404, null).remedy, /Nexus site/);
	assert.match(words.signInError(502, null).remedy, /Wait/);
	assert.equal(words.signInError(422, { error_code: 'new', msg: 'Because.' }).detail, 'Because.');
});

function memory() {
	const kept = new Map();
	return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) };
}

test('a text keeps its key until its outcome is known', () => {
	const store = memory();
	const draft = new Draft(store, 'u1');
	const key = draft.key('c1', 'hello');
	assert.match(key, /^[0-9a-f]{32}$/);
	assert.notEqual(draft.key('c1', 'hello!'), key);
	assert.notEqual(draft.key('c2', 'hello'), key);
	assert.equal(draft.key('c1', 'hello'), key);
	draft.keep({ text: 'hello' });
	draft.doubt('c1', 'hello');
	const again = new Draft(store, 'u1');
	assert.equal(again.text, 'hello');
	assert.equal(again.key('c1', 'hello'), key);
	assert.equal(again.isDoubtful('c1', 'hello'), true);
	again.settle('c1', 'hello');
	assert.notEqual(again.key('c1', 'hello'), key);
	assert.equal(again.isDoubtful('c1', 'hello'), false);
});

test('a draft is its author’s alone, and broken storage is an empty one', () => {
	const store = memory();
	new Draft(store, 'u1').keep({ text: 'private' });
	assert.equal(new Draft(store, 'u2').text, '');
	store.setItem(new Draft(store, 'u1').slot, '{"text":"u1"');
	assert.equal(new Draft(store, 'u1').text, '');
	const broken = { getItem: () => { throw new Error('no'); }, setItem: () => { throw new Error('no'); } };
	const draft = new Draft(broken, 'u1');
	draft.keep({ text: 'still works' });
	assert.equal(draft.text, 'still works');
	const kept = new Draft(store, 'u1');
	kept.keep({ text: 'x' });
	kept.forget();
	assert.equal(new Draft(store, 'u1').text, '');
});

test('length and limit are what the server says of the text, or nothing', () => {
	assert.deepEqual(toldLength({ reason_code: 'text_length', weighted_length: 26400, limit: 25000 }), { length: 26400, limit: 25000 });
	for (const other of [{ reason_code: 'text_parts', limit: 25 }, {}, undefined])
		assert.equal(toldLength(other), null);
});
