// `twitter_flow --action=measure` beside npm's twitter-text over random texts.
//
// Left out of the texts: emoji younger than that library's data (Emoji 11),
// which count two a sequence here as they do at X, and NUL, which no JSON
// request may hold.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import path from 'node:path';
import twitter from 'twitter-text';

const BUILD = process.env.NEXUS_BUILD ?? path.resolve(import.meta.dirname ?? '.', '../../build');
const TEXTS = 20000;

const random = (seed) => (n) => {
	seed = (seed ^ (seed << 13)) >>> 0;
	seed = (seed ^ (seed >>> 17)) >>> 0;
	seed = (seed ^ (seed << 5)) >>> 0;
	return seed % n;
};

const mixed = [
	'http://', 'https://', 'HTTP://', 't.co/', 'http://t.co/', 'T.CO', 'example.com', 'it.so', 'foo.jp', 'MLB.tv',
	'xn--80ak6aa92e.com', 'xn--', '.com', '.co.jp', '.', '..', '-', '_', '/', '/path', '(a)', '(', ')', '((b))', '?q=1',
	'?', '&x=', '#', '#tag', '#1', '#日本', '＃', '@', '@user', '＠user', '@user/list-a', 'RT@x', '$', '$AAPL', ' ', '  ',
	'\n', '\t', 'a', 'Z', '0', 'word', '世界', 'こんにちは', '.中国', '한국', 'みんな', '.рф', '.РФ', 'ευ', 'тест', 'é', 'ß',
	'e\u0301', 'A\u0301', '\ufb2c', '\u0958', 'ﾊﾟ', '\u200d', '\ufe0f', '\ufe0e', '\u20e3', '1\ufe0f\u20e3', '1\u20e3',
	'👨‍👩‍👧‍👦', '👩‍❤️‍💋‍👩', '🏽', '👍🏽', '🙋🏽', '👨‍🎤', '😀', '☺', '☺️', '🇯🇵', '🇺', '🇸', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏳️‍🌈',
	'🏌🏽‍♀️', '🏌️‍♂️', '🏃‍♀️', '©', '©️', '™️', '☝🏿', '❤️', '💩', '𝓐', '𠮷', '\u202a', '\u200e', '\u061c', '\u2066',
	'\u200b', '\u00a0', '\u3000', '\u2028', '\u180e', '\ufffe', '\ufeff', '\uffff', '!', '"', '%', '*', '+', ',', ':', ';',
	'=', '[', ']', '`', '{', '|', '~', '\u2013', '·', '。', 'مرحبا', '.ไทย', 'हिन्दी', 'भारत', '嘉里大酒店',
	'vermögensberatung', '.onion', 'www.', 'com', 'co', 'net/', ':8080', 'a_b.c.com', 'a.b_c.com', '-a.com', 'a-.com',
	'👁️‍🗨️', '👁‍🗨', '♾️', '👩‍❤‍💋‍👩', '🏳‍🌈', '🇽🇽', '󠁧', 'か\u3099', '\u1100\u1161\u11a8', '\u0344', '<\u0338', '\u{1d15e}',
	'x'.repeat(63), 'é'.repeat(30), 'z'.repeat(64), `/${'y'.repeat(41)}`, '\u017f', '\u212a', '\u0345', 'ι', 'Ⱥ', '\u1c80',
];
// Few pieces, so that they meet in every order.
const narrow = [
	['a', '.', 'com', 'co', '/', '(', ')', '?', '=', '!', 'http://', ' ', '-', '_', '中', 'é', ':', '8', '@', '#', 't.co/'],
	['a.com', '中a.com', '1', '.', 'com', 'xn--a', '.xn--b', 'é', 'рф', 'भारत', 'म्', '嘉里', '大酒店', '-', '_', 'http://',
		'COM', '\u3002', '\uff0e', '💩'],
	['👨', '👩', '👦', '👧', '❤', '\ufe0f', '\u200d', '💋', '♀', '♂', '🏃', '🏌', '🕵', '🎤', '⚕', '🏳', '🌈', '🏴', '☠',
		'1', '#', '\u20e3', '\ufe0e', '©', '☝', '✌', '👍', '👯', '🤼', '🧞'],
	['👍', '🏽', '🏻', '🙋', '🏃', '☝', '✌', '\ufe0f', '\u200d', '♀', '👨', '👩', '🎤', '🏌', '🕵'],
];

// What a URL is put together from, right and wrong.
const url = {
	scheme: ['', '', '', 'http://', 'https://', 'HTTP://', 'http:/', 'ftp://', '//'],
	label: ['a', 'www', 'example', 'xn--80ak6aa92e', 'xn--', '例え', 'bücher', 'пример', '-a', 'a-', 'a_b', '_a', 'a\u0301', 'İ', 'ﬁ', '☃',
		'a\u200db', 'a\u3002b', '中'.repeat(19), '中'.repeat(20), 'x'.repeat(63), 'x'.repeat(64), 'é'.repeat(57), 't'],
	tld: ['com', 'co', 'jp', 'tv', 'co.uk', 'COM', 'рф', '中国', 'みんな', 'भारत', 'भारतम्', 'xn--p1ai', 'museum', 'onion', '嘉里', '嘉里大酒店',
		'vermögensberatung', 'السعودية', 'baz', 'x', 'co-m', 'com.', 'coma', 'com@', 'com中', 'comé', 'com_'],
	port: ['', '', '', '', ':80', ':', ':99999999', ':8a'],
	path: ['/', 'a', 'foo', '(a)', '(a(b)c)', '(', ')', '((', '()', '.', ',', "'", '!', '*', '#', '@', '$', '~', '|', '%', 'é', 'ш', '中', '–',
		'[', ']', '=', '&', '😀', '×', 'ſ', 'K', 'aB3'.repeat(13), 'y'.repeat(40), 'y'.repeat(41)],
	query: ['a', '=', '&', '(', ')', '!', '?', '@', ';', '+', '/', '#', '_', '.', '~', 'é', '中'],
};

const texts = (seed) => {
	const rnd = random(seed);
	const some = (list, most) => Array.from({ length: rnd(most + 1) }, () => list[rnd(list.length)]).join('');
	const one = (list) => list[rnd(list.length)];
	const link = () => {
		const host = rnd(6) === 0 ? 't.co' :
			`${one(url.label)}.${rnd(3) === 0 ? `${one(url.label)}.` : ''}${one(url.tld)}`;
		return one(url.scheme) + host + one(url.port) + (rnd(2) === 0 ? `/${some(url.path, 5)}` : '') +
			(rnd(3) === 0 ? `?${some(url.query, 5)}` : '');
	};
	const piece = () => {
		const kind = rnd(12);
		if (kind > 9) return link();
		if (kind === 0) return String.fromCodePoint(1 + rnd(0x4ff));
		if (kind === 1) return String.fromCodePoint(32 + rnd(95));
		if (kind === 2) {
			const c = 1 + rnd(0xfffe);
			return c >= 0xd800 && c < 0xe000 ? '中' : String.fromCodePoint(c);
		}
		return mixed[rnd(mixed.length)];
	};
	return Array.from({ length: TEXTS }, () => {
		const from = rnd(3) === 0 ? narrow[rnd(narrow.length)] : null;
		let left = 1 + rnd(rnd(20) === 0 ? 300 : 30);
		let text = '';
		while (left-- > 0) text += from ? from[rnd(from.length)] : piece();
		return text;
	});
};

test('measure agrees with twitter-text', { timeout: 120000 }, async () => {
	const seed = Number(process.env.NEXUS_SEED ?? 20261122);
	const flow = spawn(path.join(BUILD, 'twitter_flow'), ['--action=measure'], { stdio: ['pipe', 'pipe', 'inherit'] });
	const all = texts(seed);
	const lines = createInterface({ input: flow.stdout })[Symbol.asyncIterator]();
	const ended = once(flow, 'exit');

	flow.stdin.end(all.map((text) => `${JSON.stringify({ text })}\n`).join(''));
	for (const text of all) {
		const { value, done } = await lines.next();
		assert.ok(!done, 'a line is missing');
		const want = twitter.parseTweet(text);
		assert.deepEqual(JSON.parse(value), {
			weighted_length: want.weightedLength,
			valid: want.valid,
			permillage: want.permillage,
			valid_range: [want.validRangeStart, want.validRangeEnd],
			display_range: [want.displayRangeStart, want.displayRangeEnd],
		}, `seed ${seed}: ${JSON.stringify(text)}`);
	}
	assert.ok((await lines.next()).done, 'a line too many');
	assert.deepEqual(await ended, [0, null]);
});
