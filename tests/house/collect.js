// Every SQL text of src/store as the compiler sees it: macros filled in, the
// literals of one text joined.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

// What the tool for migrations says, to one database and by hand.
const MIGRATES = new Set(['migration.c', 'schema.c', 'schema_list.c', 'script.c']);
const BEGINS = /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE)\b/;
// A character may be a quote.
const LITERALS = /'(?:[^'\\]|\\.)+'|"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*/g;

const joined = (literals) => literals.match(/"(?:[^"\\]|\\.)*"/g)
	.map((one) => JSON.parse(one.replace(/\\'/g, '\''))).join('');

// The name it is kept under: of the variable, or of the table that it is in.
function named(before) {
	const own = /(\w+)\s*(?:\[\w*\]\s*)?=\s*[\s{(]*$/.exec(before)?.[1];
	return own ?? [...before.matchAll(/(\w+)\s*\[\w*\]\s*=\s*\{/g)].at(-1)?.[1] ?? 'unnamed';
}

export function statementsIn(code) {
	const found = [];
	for (const match of code.matchAll(LITERALS)) {
		const sql = match[0][0] === '"' ? joined(match[0]) : '';
		if (BEGINS.test(sql))
			found.push({ sql, name: named(code.slice(Math.max(0, match.index - 6000), match.index)) });
	}
	return found;
}

const preprocess = (top, cc, flags, file) => execFileSync(cc[0],
	[...cc.slice(1), '-E', '-P', `-I${join(top, 'include')}`, `-I${join(top, 'src')}`, ...flags, file],
	{ encoding: 'utf8', maxBuffer: 1 << 26 });

// [{ at: 'post.c:finish', sql }]; the second of a name in a file is finish.2.
export function collect(top, compiler = process.env.NX_CC || 'cc') {
	const dir = join(top, 'src/store');
	const flags = execFileSync('pkg-config', ['--cflags', 'libpq', 'json-c'], { encoding: 'utf8' })
		.split(/\s+/).filter(Boolean);
	const seen = new Map();
	return readdirSync(dir).filter((name) => name.endsWith('.c') && !MIGRATES.has(name)).sort()
		.flatMap((file) => statementsIn(preprocess(top, compiler.split(' '), flags, join(dir, file)))
			.map(({ sql, name }) => {
				const key = `${file}:${name}`;
				seen.set(key, (seen.get(key) ?? 0) + 1);
				return { at: seen.get(key) === 1 ? key : `${key}.${seen.get(key)}`, sql };
			}));
}
