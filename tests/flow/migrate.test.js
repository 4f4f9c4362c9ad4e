// nexus-x-migrate: once, in order, by one at a time, in nobody's way; and what
// programs do with a schema that is older or newer than theirs.
import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, env, LIGHT, problem, ROOT, run, sleep, sql, stopwatch, until } from './lib/stack.js';
import { bearer, Visitor } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';
import { bouncer } from './lib/bouncer.js';

const ADMIN = env.DATABASE_ADMIN_URL;
const OUR_OWN = { skip: !ADMIN && 'needs the superuser of the instance\'s own database' };
const FILES = readdirSync(join(ROOT, 'sql')).filter((name) => /^\d.*\.sql$/.test(name)).sort();
// Those that say how it is seen that they were carried out.
const MARKED = FILES.filter((name) => readFileSync(join(ROOT, 'sql', name), 'utf8').includes('\n-- There with: '));
const NEWEST = FILES.length - 1;
const ROWS = LIGHT ? 5000 : 100000;	// of the tables whose locks are timed
const made = [], dirs = [];

const admin = (text) => sql(text, { environment: { ...env, PGDATABASE: ADMIN, PGUSER: '', PGPASSWORD: '' }, args: ['-d', ADMIN] });
const on = (name, text) => sql(text, { environment: { ...env, PGDATABASE: name } });
const url = (name) => env.DATABASE_URL.replace('/nexus?', `/${name}?`);

async function fresh() {
	const name = `flow_${crypto.randomBytes(4).toString('hex')}`;
	await admin(`CREATE DATABASE ${name} OWNER nexus`);
	made.push(name);
	return name;
}

// The files, and one more.
function withOneMore(text) {
	const dir = mkdtempSync(join(tmpdir(), 'nx-sql-'));
	dirs.push(dir);
	cpSync(join(ROOT, 'sql'), dir, { recursive: true });
	if (text !== undefined)
		writeFileSync(join(dir, `${String(NEWEST + 1).padStart(3, '0')}_more.sql`), text);
	return dir;
}

after(async () => {
	for (const dir of dirs)
		rmSync(dir, { recursive: true, force: true });
	for (const name of made)
		await admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
});

function command(action, { dir = join(ROOT, 'sql'), args = [] } = {}) {
	const all = [join(BUILD, 'nexus-x-migrate'), action, `--dir=${dir}`, ...args];
	return env.NEXUS_VARIANT === 'tsan' ? ['/usr/bin/setarch', [machine(), '-R', ...all]] : [all[0], all.slice(1)];
}

async function migrate(name, action, how = {}) {
	const [program, args] = command(action, how);
	const done = await run(program, args, { environment: { ...env, DATABASE_URL: how.url ?? url(name) }, timeout: 180000 });
	const told = done.stderr.trim().split('\n').at(-1);
	return { ...done, answer: done.stdout === '' ? null : JSON.parse(done.stdout), problem: told.startsWith('{') ? JSON.parse(told) : null };
}

async function done(name, action, how) {
	const res = await migrate(name, action, how);
	assert.equal(res.status, 0, res.stdout + res.stderr);
	return res.answer;
}

async function refused(name, action, status, code, how) {
	const res = await migrate(name, action, how);
	assert.equal(res.status, status, res.stdout + res.stderr);
	assert.equal(res.problem.code, code);
	return res.problem.detail;
}

async function byHand(name) {
	for (const file of FILES) {
		const res = await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(ROOT, 'sql', file)], { environment: { ...env, PGDATABASE: name } });
		assert.equal(res.status, 0, `${file}: ${res.stderr}`);
	}
}

// Somebody's transaction that stays open; returns what ends it.
async function hold(name, statement) {
	const held = on(name, `BEGIN; ${statement}; SELECT pg_sleep(600) AS held`).catch(() => {});
	await until('it is held', 30, async () => (await admin(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE '%AS held' AND wait_event = 'PgSleep'`)).length === 1);
	return async () => {
		await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE '%AS held'`);
		await held;
	};
}

// `nexus-x-migrate check --list >sql/schema.list` writes it anew.
async function list(name) {
	const [program, args] = command('check', { args: ['--list'] });
	return (await run(program, args, { environment: { ...env, DATABASE_URL: url(name) } })).stdout.trimEnd();
}

const listed = (file) => readFileSync(join(ROOT, 'sql', file), 'utf8').trimEnd();
const CONTRACT = readdirSync(join(ROOT, 'sql/contract')).filter((file) => file.endsWith('.sql')).sort().map((file) => `contract/${file}`);
const versions = async (name) => (await on(name, `SELECT (coalesce(to_jsonb(s) ->> 'number', to_jsonb(s) ->> 'version'))::int FROM x_schema s ORDER BY 1`)).flat().map(Number);

test('an empty database is brought to the newest version, once', OUR_OWN, async () => {
	const name = await fresh();
	const before = await done(name, 'status');
	assert.deepEqual([before.version, before.needed, before.pending], [null, NEWEST, FILES.length]);
	assert.deepEqual(await done(name, 'apply'), { version: NEWEST, needed: NEWEST, contracted: true, applied: FILES.length, adopted: 0, retries: 0 });
	assert.deepEqual(await done(name, 'apply'), { version: NEWEST, needed: NEWEST, contracted: true, applied: 0, adopted: 0, retries: 0 });
	const after = await done(name, 'status');
	assert.deepEqual(after.files.map((f) => [f.name, f.state]), FILES.map((file) => [file, 'applied']));
	assert.ok(after.files.every((f) => Date.parse(f.applied_at) > 0 && f.program !== ''));
	assert.deepEqual(await done(name, 'check'), { version: NEWEST, needed: NEWEST, contracted: true, ok: true, problems: [] });
	assert.equal(await list(name), listed('contract/schema.list'));
	await refused(name, 'aply', 64, 'usage');
});

test('for programs of before a database is only expanded, until it is contracted', OUR_OWN, async () => {
	const name = await fresh();
	const dir = withOneMore('SELECT 1;');
	assert.match(await refused(name, 'contract', 75, 'schema_old'), /apply comes first/);
	assert.equal((await done(name, 'apply', { args: ['--expand'] })).contracted, false);
	assert.equal((await done(name, 'apply')).contracted, false);
	assert.equal(await list(name), listed('schema.list'));
	assert.match(await refused(name, 'contract', 75, 'schema_old', { dir }), /^1 of the files/);
	// Nobody writes while the form changes, and it is begun anew until nobody does.
	const release = await hold(name, 'UPDATE x_posts SET price = 0');
	await refused(name, 'contract', 75, 'schema_busy', { args: ['--wait=1'] });
	assert.equal((await done(name, 'status')).contracted, false);
	await release();
	assert.equal((await done(name, 'contract')).contracted, true);
	assert.equal(await list(name), listed('contract/schema.list'));
	assert.equal((await done(name, 'contract')).contracted, true);
	assert.deepEqual((await done(name, 'check')).problems, []);
	assert.deepEqual((await done(name, 'status')).files.map((f) => f.state), FILES.map(() => 'applied'));
});

// Verbatim what version 13 says first when it stores, takes and reads a post.
const OF_BEFORE = [
	(user, id) => `INSERT INTO x_posts (id, user_id, connection_id, state, body_hash, warnings) VALUES ('${id}', '${user}', '${id}', 'sending', '', '["cut"]')`,
	(user, id) => `UPDATE x_posts SET by_worker = true WHERE user_id = '${user}' AND id = '${id}'`,
	(user, id) => `SELECT warnings FROM x_posts WHERE user_id = '${user}' AND id = '${id}'`,
];

test('both programs read what either writes, and one of before fails once contracted', OUR_OWN, async () => {
	const name = await fresh(), user = crypto.randomUUID(), ids = [0, 1, 2].map(() => crypto.randomUUID());
	const both = () => on(name, 'SELECT warnings, notes, by_worker, unattended FROM x_posts ORDER BY created_at, id');
	const of = (id, assignments) => on(name, `UPDATE x_posts SET ${assignments} WHERE id = '${id}'`);
	const before = mkdtempSync(join(tmpdir(), 'nx-sql-'));
	dirs.push(before);
	for (const file of FILES.filter((one) => Number(one.slice(0, 3)) < 16))
		cpSync(join(ROOT, 'sql', file), join(before, file));
	cpSync(join(ROOT, 'sql/schema.list'), join(before, 'schema.list'));
	for (const file of readdirSync(before).filter((one) => one.endsWith('.sql')).sort())
		assert.equal((await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(before, file)], { environment: { ...env, PGDATABASE: name } })).status, 0);
	for (const statement of OF_BEFORE)
		await on(name, statement(user, ids[0]));
	assert.equal((await done(name, 'apply', { args: ['--expand'] })).contracted, false);
	assert.deepEqual(await both(), [['["cut"]', '["cut"]', 't', 't']], 'what was there');
	await on(name, `DELETE FROM x_posts; ${OF_BEFORE[0](user, ids[1])}`);
	await on(name, `INSERT INTO x_posts (id, user_id, connection_id, state, body_hash, notes) VALUES ('${ids[2]}', '${user}', '${ids[2]}', 'sending', '', '["new"]')`);
	assert.deepEqual(await both(), [['["cut"]', '["cut"]', 'f', 'f'], ['["new"]', '["new"]', 'f', 'f']]);
	await of(ids[1], 'unattended = true, notes = \'["a"]\'');
	await of(ids[2], 'by_worker = true, warnings = \'["b"]\'');
	assert.deepEqual(await both(), [['["a"]', '["a"]', 't', 't'], ['["b"]', '["b"]', 't', 't']]);
	await of(ids[1], 'by_worker = false, warnings = \'[]\'');
	await of(ids[2], 'unattended = false, notes = null');
	assert.deepEqual(await both(), [['[]', '[]', 'f', 'f'], ['[]', '', 'f', 'f']]);
	assert.equal((await done(name, 'contract')).contracted, true);
	for (const statement of OF_BEFORE)
		await assert.rejects(on(name, statement(user, ids[1])), /column .* does not exist/);
});

test('contracting that is killed in the middle is gone on with', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply', { args: ['--expand'] });
	for (let i = 0; i < 6; i++) {
		const [program, args] = command('contract');
		const child = spawn(program, args, { env: { ...env, DATABASE_URL: url(name) }, stdio: 'ignore' });
		await sleep(15 + i * 10);
		child.kill('SIGKILL');
	}
	assert.equal((await done(name, 'contract')).contracted, true);
	assert.equal(await list(name), listed('contract/schema.list'));
});

test('what was set up by hand is adopted, while it is read and written', OUR_OWN, async () => {
	const name = await fresh();
	await byHand(name);
	await on(name, 'DROP TABLE x_schema');
	const release = await hold(name, 'SELECT FROM x_posts, x_parts, platform_connections, x_grants, x_events');
	const told = await done(name, 'apply', { args: ['--wait=2'] });
	await release();
	assert.equal(told.applied + told.adopted, FILES.length);
	assert.equal(told.adopted, MARKED.length);
	assert.deepEqual((await done(name, 'check')).problems, []);
	assert.deepEqual((await done(name, 'status')).files.filter((f) => f.state === 'adopted').length, MARKED.length);
});

test('several at once do each file once', OUR_OWN, async () => {
	const name = await fresh();
	const all = await Promise.all([1, 2, 3, 4].map(() => done(name, 'apply')));
	assert.equal(all.reduce((n, told) => n + told.applied, 0), FILES.length);
	assert.ok(all.every((told) => told.version === NEWEST));
});

test('what is killed in the middle is gone on with', OUR_OWN, async () => {
	const name = await fresh();
	for (let i = 0; i < 6; i++) {
		const [program, args] = command('apply');
		const child = spawn(program, args, { env: { ...env, DATABASE_URL: url(name) }, stdio: 'ignore' });
		await sleep(15 + i * 25);
		child.kill('SIGKILL');
	}
	await done(name, 'apply');
	assert.deepEqual((await done(name, 'check')).problems, []);
	const dir = withOneMore(`BEGIN; SET LOCAL lock_timeout = 0; CREATE TABLE IF NOT EXISTS x_more (id int);
		SELECT pg_advisory_xact_lock(4711); COMMIT;`);
	const release = await hold(name, 'SELECT pg_advisory_lock(4711)');
	const [program, args] = command('apply', { dir });
	const child = spawn(program, args, { env: { ...env, DATABASE_URL: url(name) }, stdio: 'ignore' });
	await until('it waits', 30, async () => (await admin(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE 'SELECT pg_advisory_xact_lock(4711)%' AND wait_event_type = 'Lock'`)).length === 1);
	child.kill('SIGKILL');
	// Before PostgreSQL 14 its session outlives it until the lock is there.
	const noticed = (await admin(`SELECT 1 FROM pg_settings WHERE name = 'client_connection_check_interval'`)).length === 1;
	if (!noticed)
		await release();
	await until('its session ends', 30, async () => (await admin(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND application_name = 'nexus-x-migrate'`)).length === 0);
	if (noticed)
		await release();
	assert.deepEqual(await on(name, `SELECT to_regclass('x_more') IS NULL`), [['t']]);
	assert.equal((await done(name, 'apply', { dir })).applied, 1);
	assert.deepEqual(await versions(name), [...FILES.keys(), NEWEST + 1]);
	assert.deepEqual((await done(name, 'check')).problems, []);
});

// What programs of before write: posts that stay open, and some that end.
const older = (user) => `INSERT INTO x_posts (id, user_id, connection_id, state, body_hash)
		SELECT gen_random_uuid(), '${user}', '${user}', 'sending', w FROM unnest('{sending,unknown,sending,unknown,sent,failed}'::text[]) w;
	INSERT INTO x_parts (user_id, post_id, position, text, weighted_length, state)
		SELECT user_id, id, 0, 't', 1, 'sending' FROM x_posts p WHERE NOT EXISTS (SELECT FROM x_parts WHERE post_id = p.id);
	UPDATE x_parts q SET state = body_hash, x_post_id = '1' FROM x_posts p WHERE q.post_id = p.id AND q.state = 'sending';
	UPDATE x_posts SET state = body_hash WHERE state = 'sending'`;

test('wherever publishing was broken off, what older programs wrote in between is seen to', OUR_OWN, async () => {
	const user = crypto.randomUUID();
	const text = readFileSync(join(ROOT, 'sql', FILES[9]), 'utf8');
	const cuts = [...text.matchAll(/^(COMMIT|ALTER TABLE x_posts VALIDATE|RESET synchronous_commit)/mg)].map((m) => m.index).slice(0, -1);
	assert.equal(cuts.length, 4);
	for (const cut of cuts) {
		const name = await fresh();
		const dir = withOneMore();
		for (const file of FILES.slice(9))
			rmSync(join(dir, file));
		await done(name, 'apply', { dir });
		await on(name, older(user));
		writeFileSync(join(dir, FILES[9]), `${text.slice(0, cut)}${text.startsWith('COMMIT', cut) ? 'COMMIT;' : ''}\nSELECT 1 / 0;`);
		await refused(name, 'apply', 1, 'schema_wrong', { dir });
		await on(name, older(user));
		assert.equal((await done(name, 'apply')).adopted, 0);
		assert.deepEqual((await done(name, 'check')).problems, []);
		assert.deepEqual(await on(name, `SELECT p.state, count(*), count(next_try_at), sum(attempts), bool_and(was_lost = (q.state = 'unknown'))
			FROM x_posts p JOIN x_parts q ON post_id = id GROUP BY 1 ORDER BY 1`),
		[['failed', '2', '0', '0', 't'], ['sending', '4', '4', '4', 't'], ['sent', '2', '0', '0', 't'], ['unknown', '4', '4', '4', 't']]);
	}
});

// What programs of before write, and what others do, who make no grant.
const account = (status, grant) => `WITH c AS (INSERT INTO platform_connections (user_id, platform, platform_user_id, access_token, refresh_token, token_expires_at, status)
	VALUES (gen_random_uuid(), 'twitter', '${crypto.randomInt(1e9)}', 'a', 'r', now() + interval '1 hour', '${status}') RETURNING id) ${grant ? 'INSERT INTO x_grants (connection_id)' : ''} SELECT id FROM c`;
const accounts = () => [account('connected', true), account('connected', false), account('disconnected', true)].join(';');
const KEYS = FILES.findIndex((file) => file.endsWith('_keys.sql'));
const DUE = `count(*) FILTER (WHERE g.due_at IS NOT DISTINCT FROM CASE WHEN status = 'connected' THEN token_expires_at + (hashtext(id::text) & 255) * interval '1 s' END)
	FROM platform_connections c LEFT JOIN x_grants g ON g.user_id = c.user_id AND g.connection_id = c.id`;

async function beforeKeys() {
	const name = await fresh();
	const dir = withOneMore();
	for (const file of FILES.slice(KEYS))
		rmSync(join(dir, file));
	await done(name, 'apply', { dir, args: ['--expand'] });
	await on(name, accounts());
	return { name, dir };
}

test('wherever the keys were broken off, every grant has its user and is due', OUR_OWN, async () => {
	const text = readFileSync(join(ROOT, 'sql', FILES[KEYS]), 'utf8');
	const cuts = [...text.matchAll(/^(COMMIT|RESET synchronous_commit)/mg)].map((m) => m.index);
	assert.equal(cuts.length, 3);
	for (const cut of cuts) {
		const { name, dir } = await beforeKeys();
		writeFileSync(join(dir, FILES[KEYS]), `${text.slice(0, cut)}${text.startsWith('COMMIT', cut) ? 'COMMIT;' : ''}\nSELECT 1 / 0;`);
		await refused(name, 'apply', 1, 'schema_wrong', { dir });
		await on(name, accounts());
		await done(name, 'apply');
		assert.deepEqual(await on(name, `SELECT count(*), count(g.user_id), ${DUE}`), [['6', '6', '6']]);
	}
});

test('who connects while rows of before are gone through has the last word', OUR_OWN, async () => {
	const text = readFileSync(join(ROOT, 'sql', FILES[KEYS]), 'utf8');
	const rows = text.indexOf('SET lock_timeout = 0;'), end = text.indexOf('RESET synchronous_commit');
	const { name, dir } = await beforeKeys();
	const file = join(dir, FILES[KEYS]);
	writeFileSync(file, `${text.slice(0, rows)}SELECT 1 / 0;`);
	await refused(name, 'apply', 1, 'schema_wrong', { dir });
	const release = await hold(name, 'SELECT pg_advisory_lock(4712)');
	const waits = (query) => until(query, 30, async () => (await admin(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE '%${query}%' AND wait_event_type = 'Lock'`)).length === 1);
	const connects = on(name, `BEGIN; UPDATE platform_connections SET status = 'connected'; SELECT pg_advisory_xact_lock(4712) AS connects; COMMIT`);
	await waits('AS connects');
	writeFileSync(file, text.slice(rows, end));
	const goes = run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file], { environment: { ...env, PGDATABASE: name } });
	await waits('owned record');
	await release();
	await connects;
	const res = await goes;
	assert.equal(res.status, 0, res.stderr);
	assert.deepEqual(await on(name, `SELECT count(*), count(g.user_id), ${DUE}`), [['3', '3', '3']]);
});

test('a file that is not what was applied is named', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	const dir = withOneMore('CREATE TABLE x_more (id int);');
	appendFileSync(join(dir, FILES[3]), '-- and more\n');
	assert.match(await refused(name, 'apply', 1, 'schema_wrong', { dir }), new RegExp(`${FILES[3]}.*--again=3`));
	assert.deepEqual(await versions(name), [...FILES.keys()]);
	const told = await migrate(name, 'check', { dir });
	assert.equal(told.status, 1);
	assert.match(told.answer.problems.join('\n'), new RegExp(`${FILES[3]} is not the file`));
	assert.equal((await done(name, 'apply', { dir, args: ['--again=3'] })).applied, 2);
	assert.equal((await done(name, 'status', { dir })).changed, 0);
});

// Triggers, columns and functions, as they are there.
const shapes = (name) => on(name, `SELECT 't', tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal
	UNION ALL SELECT 'c', attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class r ON r.oid = attrelid
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'f', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2, 3`);

test('a file that is run once more brings nothing back that was taken away', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	const before = await shapes(name);
	assert.ok(!before.some(([kind, , called]) => kind === 't' && called.startsWith('x_tell')));
	for (const version of FILES.keys()) {
		await done(name, 'apply', { args: [`--again=${version}`] });
		assert.deepEqual(await shapes(name), before, FILES[version]);
	}
	assert.deepEqual((await done(name, 'check')).problems, []);
});

test('check names what is missing, broken or another', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	await on(name, `DROP INDEX x_posts_same; ALTER TABLE x_parts DROP CONSTRAINT x_parts_sent; ALTER TABLE x_posts ALTER COLUMN price TYPE integer;
		CREATE INDEX their_own ON x_posts (price)`);
	await sql(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'x_posts_upcoming'::regclass`,
		{ environment: { ...env, PGUSER: '', PGPASSWORD: '' }, args: ['-d', ADMIN.replace('/postgres?', `/${name}?`)] });
	const told = await migrate(name, 'check');
	assert.equal(told.status, 1);
	assert.deepEqual(told.answer.problems.map((line) => line.split(' ').slice(0, 2).join(' ')),
		['column x_posts.price', 'constraint x_parts.x_parts_sent', 'index x_posts_same', 'index x_posts_upcoming']);
	assert.match(told.answer.problems[3], /invalid/);
});

test('a failing statement is named by its file and line, and nothing of it stays', OUR_OWN, async () => {
	const name = await fresh();
	const dir = withOneMore('BEGIN;\nCREATE TABLE x_more (id int);\nSELECT \'a;b\', $$ ; $$ /* ; */ -- ;\n\tFROM x_nothing;\nCOMMIT;\n');
	assert.match(await refused(name, 'apply', 1, 'schema_wrong', { dir }), /_more\.sql:3: 42P01/);
	assert.deepEqual(await on(name, `SELECT to_regclass('x_more') IS NULL`), [['t']]);
	assert.deepEqual(await versions(name), [...FILES.keys()]);
});

test('behind somebody\'s long transaction it gives up, and readers wait no longer than is promised', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	const dir = withOneMore(`BEGIN; SET LOCAL lock_timeout = '10s'; ALTER TABLE x_posts ADD COLUMN more integer; COMMIT;`);
	const release = await hold(name, 'SELECT count(*) FROM x_posts');
	const watch = stopwatch();
	const applying = refused(name, 'apply', 75, 'schema_busy', { dir, args: ['--wait=3'] });
	const [[worst]] = await on(name, `CREATE TEMP TABLE worst (ms float);
		DO $$ DECLARE t timestamptz; BEGIN FOR i IN 1..150 LOOP
			t := clock_timestamp();
			PERFORM FROM x_posts LIMIT 1;
			INSERT INTO worst VALUES (extract(epoch FROM clock_timestamp() - t) * 1000);
			COMMIT;
			PERFORM pg_sleep(0.02);
		END LOOP; END $$;
		SELECT ceil(max(ms)) FROM worst`);
	assert.match(await applying, /process \d+ \(.*has had a transaction open/);
	watch.promise(200, 'a reader waits', Number(worst));
	await release();
	assert.equal((await done(name, 'apply', { dir })).applied, 1);
});

test('over a pooler in transaction mode it says what to do', OUR_OWN, async () => {
	const pool = await bouncer();
	try {
		assert.match(await refused(null, 'apply', 78, 'configuration', { url: pool.url() }), /session/);
	} finally {
		await pool.stop();
	}
});

test('the longest that anybody waited is measured', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	// One that was killed, and one that is at work.
	const [dead, alive] = ['nx_lock_times_1', 'nx_lock_times_2'];
	for (const left of [dead, alive])
		await admin(`CREATE DATABASE ${left} OWNER nexus`);
	made.push(dead, alive);
	const release = await hold(name, `SET LOCAL application_name = '${alive}'`);
	const good = await migrate(name, 'lock-times', { args: [`--rows=${ROWS}`, '--from=9'] });
	assert.deepEqual(await admin(`SELECT datname FROM pg_database WHERE datname LIKE 'nx_lock_times%'`), [[alive]]);
	await release();
	assert.deepEqual(good.answer.files.map((file) => file.name), [...FILES.slice(9), ...CONTRACT]);
	// Again where one was over: the machine may have been away, but not at one file each time.
	const runs = [good];
	const least = (i) => Math.min(...runs.map((one) => one.answer.files[i].longest_block_ms));
	while (runs.length < 4 && good.answer.files.some((_, i) => least(i) > 200))
		runs.push(await migrate(name, 'lock-times', { args: [`--rows=${ROWS}`, '--from=9'] }));
	for (const [i, file] of good.answer.files.entries()) {
		assert.ok(file.statements > 0);
		assert.ok(least(i) <= 200, `${file.name}: a lock is held for ${least(i)} ms`);
	}
	const dir = withOneMore('BEGIN; ALTER TABLE x_posts ADD COLUMN more integer; SELECT pg_sleep(1.5); COMMIT;');
	const bad = await migrate(name, 'lock-times', { dir, args: ['--rows=1000'] });
	assert.equal(bad.status, 1);
	assert.equal(bad.answer.files.length, 1 + CONTRACT.length);
	assert.ok(bad.answer.files[0].longest_block_ms > 1000, bad.stdout);
	assert.match(bad.answer.files[0].blocked, /x_posts/);
	assert.deepEqual(await admin(`SELECT datname FROM pg_database WHERE datname LIKE 'nx_lock_times%'`), []);
	assert.deepEqual(await versions(name), [...FILES.keys()]);
});

const status = (name) => run(join(BUILD, 'twitter_flow'), ['--action=status', `--user_id=${crypto.randomUUID()}`], { environment: { ...env, DATABASE_URL: url(name) } });

test('no program works with an older schema, and all with a newer one', OUR_OWN, async () => {
	const name = await fresh();
	for (const start of ['DROP TABLE IF EXISTS x_schema', null, `DELETE FROM x_schema WHERE number > ${NEWEST - 2}`]) {
		if (start === null)
			await done(name, 'apply');
		else
			await on(name, start);
		if (start !== null) {
			const told = await status(name);
			assert.equal(told.status, 75, told.stderr);
			assert.equal(JSON.parse(told.stderr.trim().split('\n').at(-1)).code, 'schema_old');
			for (const program of ['nexus-x-worker', 'token_refresh']) {
				const ended = await run(join(BUILD, program), [], { environment: { ...env, DATABASE_URL: url(name) } });
				assert.equal(ended.status, 75, ended.stderr);
				assert.match(ended.stderr, /nexus-x-migrate apply/);
			}
		} else {
			assert.equal((await status(name)).status, 0);
		}
	}
	await done(name, 'apply');
	await on(name, `INSERT INTO x_schema (number, name, checksum, program, adopted) VALUES (${NEWEST + 1}, 'newer', '', '9', false)`);
	assert.equal((await status(name)).status, 0);
	assert.deepEqual((await done(name, 'apply')).version, NEWEST + 1);
	assert.deepEqual((await done(name, 'check')).problems, []);
});

test('a process that finds an older schema says so until it is brought up to date', OUR_OWN, async () => {
	const name = await fresh();
	await done(name, 'apply');
	await on(name, `DELETE FROM x_schema WHERE number = ${NEWEST}`);
	await admin(`ALTER DATABASE ${name} RENAME TO ${name}_away`);
	const own = await ownProcess({ DATABASE_URL: url(name) });
	try {
		const me = Object.entries(bearer(new Visitor().token));
		problem(await own.ask('GET', '/readyz'), 503, 'database_unavailable');
		await admin(`ALTER DATABASE ${name}_away RENAME TO ${name}`);
		await sleep(300);
		const told = problem(await until('it finds the database', 10, async () => {
			const res = await own.ask('GET', '/readyz');
			return res.json.code !== 'database_unavailable' && res;
		}), 503, 'schema_old');
		assert.equal(told.checks.database, 'ok');
		assert.equal(told.checks.schema, 'old');
		assert.match(told.remedy, /nexus-x-migrate apply/);
		problem(await own.ask('GET', '/api/twitter/connections', me), 503, 'schema_old');
		assert.equal((await own.ask('GET', '/api/auth/twitter/initiate', me)).status, 302);
		await done(name, 'apply');
		await until('it goes on', 10, async () => (await own.ask('GET', '/readyz')).status === 200);
		assert.equal((await own.ask('GET', '/api/twitter/connections', me)).status, 200);
	} finally {
		assert.equal((await own.stop()).status, 0);
	}
});
