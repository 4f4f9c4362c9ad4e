// rows.mjs - writes class_rows.h and tld_rows.h beside itself.
//
// The classes are read off the regular expressions of npm's twitter-text
// 3.1.0 and twemoji-parser 11, by asking them about every UTF-16 unit (and
// code point where they look at pairs); so case folding is theirs too.  The
// top-level domains are twitter-text's of 2020, which its conformance files
// need (some are gone since), and those of the Public Suffix List's ICANN part,
// since X's server knows the younger ones.  A table in the tree counts the
// same on every host, which libpsl with each host's own list would not.
//
//	node src/text/rows.mjs /usr/share/publicsuffix/public_suffix_list.dat
//
// Run it where `import 'twitter-text'` resolves; the results are kept in the
// tree, since a build needs neither node nor the network.

import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const part = (name) => {
  const m = require(`twitter-text/dist/regexp/${name}`);
  return m.default ?? m;
};
const twemoji = require('twemoji-parser/dist/lib/regex').default.source;

// Bits, in the order of enum nx_class in units.h.
const one = (source, flags = '') => new RegExp(`^(?:${source})$`, flags);
const group = (name) => `[${part(name).source}]`;
const tagAlnum = one(part('hashtagAlphaNumeric').source, 'i');
const tagAlpha = one(part('hashtagAlpha').source, 'i');
const emoji = (before, after) => {
  const at = twemoji.indexOf(after);
  const from = twemoji.lastIndexOf(before, at - 1) + before.length;
  if (at < 0 || from < before.length) throw new Error(after);
  return one(twemoji.slice(from, at));
};
const mod = '(?:\\ud83c[\\udffb-\\udfff])?';
const textual = emoji('[©®\\u2122\\u265f]\\ufe0f)|',
  '(?:\\ufe0f|(?!\\ufe0e))|(?:(?:\\ud83c[\\udfcb');
const hand = emoji('(?!\\ufe0e))|(?:', '(?:\\ufe0f|(?!\\ufe0e))|(?:\\ud83c[\\udf85');
const body = emoji('(?!\\ufe0e))|', `)${mod}|(?:\\ud83c\\udff4\\udb40`);
const gender = emoji('\\ufe0f)|', `${mod}\\u200d[\\u2640\\u2642]\\ufe0f`);
const trade = emoji('\\u2708\\ufe0f|',
  ')|(?:\\ud83c[\\udfcb\\udfcc]|\\ud83d[\\udd74\\udd75]|\\u26f9)((?:');
const units = [
  one(part('validDomainChars').source, 'i'),
  one(part('validUrlPrecedingChars').source.replace('|^)', ')'), 'i'),
  one(part('validGeneralUrlPathChars').source, 'i'),
  one(part('validUrlPathEndingChars').source.split('|(?:')[0], 'i'),
  one(part('validUrlQueryChars').source, 'i'),
  one(part('validUrlQueryEndingChars').source, 'i'),
  one(`[\\-a-z0-9${part('latinAccentChars').source}]`, 'i'),
  one('[^a-zA-Z0-9_!#$%&*@＠]'),
  one(group('latinAccentChars')),
  one(part('spaces').source, 'i'),
  one(`\\s|[${part('punct').source}]`, 'i'),
];
// The last with all that was Extended_Pictographic before Unicode 17.
const points = [tagAlnum, tagAlpha, textual, hand, body, gender, trade,
  one('[\\p{Emoji}\\p{Extended_Pictographic}\u2388\u2605-\u2767\u{1f000}-\u{1faff}]', 'u')];

const flagsOf = (cp) => {
  const text = String.fromCodePoint(cp);
  let flags = 0;
  if (cp < 0x10000)
    units.forEach((re, bit) => { if (re.test(text)) flags |= 1 << bit; });
  points.forEach((re, bit) => {
    if (re.test(text)) flags |= 1 << (units.length + bit);
  });
  return flags;
};

// Three stages: a group of 64 blocks, a block of 16 code points, and the place
// of the classes among all that there are.  What is the same is kept once.
const share = (list, size) => {
  const seen = new Map(), kept = [], places = [];
  for (let from = 0; from < list.length; from += size) {
    const some = list.slice(from, from + size);
    const key = some.join();
    if (!seen.has(key)) {
      seen.set(key, seen.size);
      kept.push(...some);
    }
    places.push(seen.get(key));
  }
  return [kept, places];
};
const halves = flagsOf(0xd800);  // those of units are a pair's halves'
const values = [];
const [cells, ofBlocks] = share(Array.from({ length: 0x110000 }, (_, cp) => {
  const flags = flagsOf(cp) | (cp < 0x10000 ? 0 : halves);
  if (!values.includes(flags)) values.push(flags);
  return values.indexOf(flags);
}), 16);
const [blocks, groups] = share(ofBlocks, 64);

const lines = (items, join) => {
  const out = [];
  let line = '';
  for (const item of items) {
    if ((line + join + item).length > 78) { out.push(line); line = ''; }
    line += (line ? join : '') + item;
  }
  return out.concat(line || []).join('\n') + '\n';
};
const hex = (n) => '0x' + n.toString(16);
const here = (name) => new URL(name, import.meta.url);
const banner = (name, what) => `/*
 * ${name} - ${what}
 * Written by rows.mjs from twitter-text 3.1.0 (Copyright Twitter, Inc.,
 * Apache License 2.0) and the Public Suffix List (MPL 2.0).  Do not edit.
 */
`;
const macro = (name, items, what) => `\n/* ${what} */\n#define ${name} \\\n` +
  lines(items.map((n) => `${n},`), ' ').trimEnd().replaceAll('\n', ' \\\n') +
  '\n';
writeFileSync(here('class_rows.h'),
  banner('class_rows.h', 'the classes of all code points.') +
  macro('NX_CLASS_VALUES', values.map(hex), 'All combinations that there are.') +
  macro('NX_CLASS_CELLS', cells, 'Blocks of 16 places in the values.') +
  macro('NX_CLASS_BLOCKS', blocks, 'Groups of 64 blocks.') +
  macro('NX_CLASS_GROUPS', groups, 'The group of each 1,024 code points.'));

const listed = (name) => part(name).source.split('(?=')[0]
  .replaceAll(/[(?:)]/g, '').split('|').filter(Boolean);
const ours = [...listed('validGTLD'), ...listed('validCCTLD')];
const psl = readFileSync(process.argv[2], 'utf8')
  .split('===END ICANN DOMAINS===')[0].split('\n')
  .map((l) => l.trim().replace(/^\*\./, ''))
  .filter((l) => l && !/^\/\/|^!|\./.test(l));
const newer = psl.filter((t) => !ours.includes(t));
console.log(`${values.length} classes, ${cells.length} cells; newer than twitter-text: ${newer}`);
const all = [...new Set([...ours, ...psl])];
const ascii = all.filter((t) => /^[a-z0-9-]+$/.test(t)).sort();
const upper = (t) => [...t].map((c) => {
  const u = c.toUpperCase();
  return c < '\x80' || u.length !== 1 || u < '\x80' ? c : u;
}).join('');
const idn = all.filter((t) => !/^[a-z0-9-]+$/.test(t)).map(upper)
  .sort((a, b) => (a < b ? -1 : 1));
for (const a of idn)
  for (const b of idn)
    if (a !== b && b.startsWith(a)) console.log(`${a} begins ${b}`);
writeFileSync(here('tld_rows.h'),
  banner('tld_rows.h', 'known top-level domains, sorted.') +
  '#define NX_TLD_ASCII \\\n' +
  lines(ascii.map((t) => `"${t}",`), ' ').trimEnd()
    .replaceAll('\n', ' \\\n') +
  '\n\n/* Upper case where JavaScript has one of a single unit. */\n' +
  '#define NX_TLD_IDN \\\n' +
  lines(idn.map((t) => `{${t.length},u"${t}"},`), ' ').trimEnd()
    .replaceAll('\n', ' \\\n') + '\n');
