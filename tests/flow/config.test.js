// Every variable of the contract is told to whoever asks or reads.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, env, ROOT, run, until } from './lib/stack.js';

const VARIABLES = [...readFileSync(join(ROOT, 'include/nx/base/conf_list.h'), 'utf8').matchAll(/^X\(\w+, "(\w+)"/gm)].map((m) => m[1]);
const DEFAULTS = ['tweet.read tweet.write users.read media.write offline.access', 'https://x.com/i/oauth2/authorize', 'https://api.x.com', 'payg', '/dashboard', '32', '8', '/var/lib/nexus-x', 'info'];

test('--help names every variable and its default', async () => {
	const { stdout } = await run(join(BUILD, 'nexus-x-fcgi'), ['--help']);
	for (const text of [...VARIABLES, ...DEFAULTS])
		assert.ok(stdout.includes(text), text);
});

test('a variable that nothing reads yet is said to be one', async () => {
	const { status, stderr } = await run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: { ...env, TWITTER_MONTHLY_BUDGET_USD: '20' } });
	assert.equal(status, 0, stderr);
	assert.match(stderr, /warn.* config\.unread variable=TWITTER_MONTHLY_BUDGET_USD/);
	const quiet = await run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: { ...env, TWITTER_MONTHLY_BUDGET_USD: '' } });
	assert.equal(quiet.stderr, '');
	const row = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').find((line) => line.startsWith('| `TWITTER_MONTHLY_BUDGET_USD` |'));
	assert.match(row, /nothing reads it yet/);
});

test('a DATABASE_URL of another program is told apart, and its password never told', async () => {
	for (const [url, word] of [['postgresql://u:s3cret@h/db?pgbouncer=true', /pgbouncer.* take it out/], ['postgresql://u:s3cret@h/db?connection_limit=1', /connection_limit.*NEXUS_DB_POOL/],
		['postgresql+asyncpg://u:s3cret@h/db', /postgresql\+asyncpg:\/\/.* write postgresql:\/\//], ['postgresql://u:1/?s3cret=2@h/db', /percent-encoded/]]) {
		for (const [program, args] of [['nexus-x-fcgi', ['--check-config']], ['nexus-x-worker', []], ['twitter_flow', ['--action=status', `--user_id=${'0'.repeat(8)}-0000-4000-8000-000000000000`]]]) {
			const { status, stdout, stderr } = await run(join(BUILD, program), args, { environment: { ...env, DATABASE_URL: url } });
			assert.equal(status, 78, stderr);
			assert.match(stderr, word);
			assert.doesNotMatch(stdout + stderr, /s3cret/);
		}
	}
});

test('a secret that Supabase has published stops the start, but at one\'s own machine', async () => {
	const start = (change) => run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: {
		...env, SUPABASE_JWT_SECRET: 'super-secret-jwt-token-with-at-least-32-characters-long', ...change } });
	assert.equal((await start({})).status, 0);
	const open = await start({ NEXUS_ORIGIN: 'https://nexus.example' });
	assert.equal(open.status, 78);
	assert.match(open.stderr, /SUPABASE_JWT_SECRET is one of/);
	assert.doesNotMatch(open.stderr, /super-secret/);
});

test('README and contract have a row for every variable', () => {
	assert.ok(VARIABLES.length >= 25, `${VARIABLES.length} of them`);
	for (const path of ['README.md', 'docs/contract.md']) {
		const cells = readFileSync(join(ROOT, path), 'utf8').split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split(' | ')[0]);
		assert.deepEqual(VARIABLES.filter((name) => !cells.some((cell) => cell.includes(`\`${name}\``))), [], path);
	}
});

test('the README tells the two commands', () => {
	const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
	for (const command of ['./dev up', './dev test', './dev down', './dev bench'])
		assert.ok(text.includes(command), command);
});

test('the environment in force holds what the contract says', () => {
	for (const name of ['TWITTER_CLIENT_ID', 'TWITTER_REDIRECT_URI', 'DATABASE_URL', 'NEXUS_KEYS', 'NEXUS_URL', 'SANDBOX_URL'])
		assert.ok(env[name], name);
});

// What `program` says when its stderr is a file that JOURNAL_STREAM names; it
// is told to end when it has said `enough`.
async function inTheJournal(program, args, change, enough) {
	const dir = mkdtempSync(join(tmpdir(), 'nx-journal-')), path = join(dir, 'journal');
	const file = openSync(path, 'w'), { dev, ino } = fstatSync(file, { bigint: true });
	const child = spawn(join(BUILD, program), args, { env: { ...env, ...change, JOURNAL_STREAM: `${dev}:${ino}` }, stdio: ['ignore', 'ignore', file] });
	const gone = new Promise((done) => child.on('close', done));
	const said = () => readFileSync(path, 'utf8');
	try {
		if (enough)
			await until(`${program} says ${enough}`, 60, () => said().includes(enough));
		child.kill(enough ? 'SIGTERM' : 0);
		await gone;
		return said().trimEnd().split('\n');
	} finally {
		child.kill('SIGKILL');
		closeSync(file);
		rmSync(dir, { recursive: true });
	}
}

test('every line in the journal has its priority, also of a program that does not start', async () => {
	for (const [program, args, change] of [['nexus-x-fcgi', ['--check-config'], { NEXUS_KEYS: 'k1:short', NEXUS_THREADS: 'many' }],
		['nexus-x-worker', ['--nonsense'], {}], ['token_refresh', [], { NEXUS_KEYS: 'k1:short' }]]) {
		const lines = await inTheJournal(program, args, change);
		assert.ok(lines.every((line) => /^<3>./.test(line)), `${program}: ${lines.join('\n')}`);
	}
	const lines = await inTheJournal('nexus-x-worker', [], {}, 'work.started');
	assert.ok(lines.every((line) => /^<[3467]>\d{4}-/.test(line)) && lines.some((line) => line.startsWith('<6>')), lines.join('\n'));
});
