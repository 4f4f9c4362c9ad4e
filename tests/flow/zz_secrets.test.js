// Runs last: whatever the tests before it did, no token, code, verifier,
// cookie value or key is in a log, in a process title or in the database.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, env, fault, run, sandbox, sleep, sql, STACK, SECRETS } from './lib/stack.js';
import { landed, Visitor, words } from './lib/visitor.js';

const PREFIX = 20;		// so much of a secret is enough to find it by
const known = new Set();

function learn(value) {
	if (value && value.length >= PREFIX)
		known.add(value.slice(0, PREFIX));
}

// Where in `text` a secret begins, as a note that does not repeat it.
function find(text) {
	for (let at = 0; at + PREFIX <= text.length; at++)
		if (known.has(text.substr(at, PREFIX)))
			return `${JSON.stringify(text.slice(Math.max(0, at - 60), at))} + secret`;
	return null;
}

function keysOfRing(ring) {
	return ring.split(',').map((one) => one.slice(one.indexOf(':') + 1));
}

// A story with every kind of trouble, for when this file runs alone.
before(async () => {
	await calm();
	const me = new Visitor();
	await me.connect();
	await me.post(words());
	for (const [path, kind] of [['/2/oauth2/token', '400'], ['/2/oauth2/token', 'garbage'], ['/2/oauth2/token', 'drop_after'], ['/2/users/me', '403'], ['/2/users/me', 'garbage']]) {
		const { path: back } = await me.arrive();
		await fault({ path, fault: kind });
		await me.get(back);
		await me.get(back.replace('state=', 'state=x'));
		await clearFaults();
	}
	await fault({ path: '/2/tweets', fault: '403' });
	await me.post(words());
	await clearFaults();
	const { path } = await me.arrive();
	const [flow] = [...me.jar.values()];
	const url = new URL(path, 'http://x').searchParams;
	await run(join(BUILD, 'twitter_flow'), ['--action=callback', `--code=${url.get('code')}x`, `--state=${url.get('state')}`, `--flow=${flow}`]);
	landed(await me.get(path), { error: 'code_refused' });
	await me.json('/api/auth/twitter/disconnect', {});
	await sleep(1500);		// the access log is written once a second

	for (const value of await sandbox('GET', '/sandbox/canaries'))
		learn(value);
	for (const value of me.jar.values())
		learn(value);
	learn(me.token);
	if (existsSync(SECRETS))
		readFileSync(SECRETS, 'utf8').split('\n').forEach(learn);
	keysOfRing(env.NEXUS_KEYS).forEach(learn);
	learn(env.SUPABASE_JWT_SECRET);
	learn(env.PGPASSWORD);
	learn(env.TWITTER_CLIENT_SECRET);
	// All tokens of one algorithm begin alike; their end is what is secret.
	known.delete(me.token.slice(0, PREFIX));
	for (const token of [me.token])
		learn(token.split('.')[2]);
});

test('the search finds what is there', () => {
	assert.ok(known.size > 20, `${known.size} secrets`);
	const [one] = known;
	assert.ok(find(`a log line with code=${one} in it`));
	assert.equal(find('a log line with nothing in it, however long it may be'), null);
});

test('no log holds a secret', () => {
	const dir = join(STACK, 'log');
	const found = [];
	let bytes = 0;
	for (const name of readdirSync(dir).filter((n) => !n.endsWith('.tap'))) {
		const text = readFileSync(join(dir, name), 'latin1');
		bytes += text.length;
		const where = find(text);
		if (where)
			found.push(`${name}: ${where}`);
	}
	assert.ok(bytes > 1000, 'there are logs');
	assert.deepEqual(found, []);
});

test('no log holds a query string or an authorization header', () => {
	const dir = join(STACK, 'log');
	for (const name of readdirSync(dir).filter((n) => !n.endsWith('.tap')))
		assert.doesNotMatch(readFileSync(join(dir, name), 'latin1'), /[?&](code|state)=[A-Za-z0-9]|Bearer [A-Za-z0-9]|Set-Cookie:/i, name);
});

test('the application writes one line for each event, with its request id', () => {
	const dir = join(STACK, 'log');
	const text = readFileSync(join(dir, 'nexus-x.log'), 'utf8');
	const lines = text.split('\n').filter((line) => /connect\.done|post\.done/.test(line));
	assert.ok(lines.length > 0);
	for (const line of lines.slice(-50))
		assert.match(line, /^\S+Z (info|warn|error) [0-9a-f-]{32,36} [a-z._]+( [a-z_]+=("[^"]*"|\S*))*$/);
});

test('no process title holds a secret', () => {
	for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		let title;
		try { title = readFileSync(`/proc/${pid}/cmdline`, 'latin1'); } catch { continue; }
		if (title.includes(STACK) || title.includes(BUILD))
			assert.equal(find(title), null, pid);
	}
});

test('the database holds no secret in clear', { skip: !env.PGDATABASE && 'the database is not the instance\'s own' }, async () => {
	const rows = await sql(`SELECT format('SELECT %L, t FROM %s.%I AS t', relname, relnamespace::regnamespace, relname) FROM pg_class
		WHERE relkind = 'r' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) \\gexec`);
	assert.ok(rows.some(([table]) => table === 'platform_connections'));
	assert.equal(find(rows.flat().join('\n')), null);
});

test('the rescue directory holds no secret in clear', () => {
	const dir = join(env.NEXUS_STATE_DIR || join(STACK, 'state'), 'rescue');
	for (const name of existsSync(dir) ? readdirSync(dir) : [])
		assert.equal(find(readFileSync(join(dir, name), 'latin1')), null, name);
});
