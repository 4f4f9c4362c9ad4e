// The migrations: again and again, beside Supabase's schema and roles, beside
// other platforms' rows; and who may see what.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { env, ROOT, run, sql, until } from './lib/stack.js';
import { schemaOf } from './lib/schema.js';
import { Visitor } from './lib/visitor.js';

const ADMIN = env.DATABASE_ADMIN_URL;
const OUR_OWN = { skip: !ADMIN && 'needs the superuser of the instance\'s own database' };
const FILES = readdirSync(join(ROOT, 'sql')).filter((name) => /^\d+_.*\.sql$/.test(name)).sort();
const ROLES = ['anon', 'authenticated', 'service_role'];
const made = [];
let ourRoles = [];

// libpq takes the URL in the place of the database's name.
const admin = (text, name) => sql(text, { environment: { ...env, PGDATABASE: name ? ADMIN.replace('/postgres?', `/${name}?`) : ADMIN, PGUSER: '', PGPASSWORD: '' }, args: ['-d', name ? ADMIN.replace('/postgres?', `/${name}?`) : ADMIN] });
const owner = (name, text) => sql(text, { environment: { ...env, PGDATABASE: name } });

async function migrate(name, files = FILES) {
	for (const file of files) {
		const done = await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(ROOT, 'sql', file)], { environment: { ...env, PGDATABASE: name } });
		assert.equal(done.status, 0, `${file}: ${done.stderr}`);
	}
}

async function fresh() {
	const name = `flow_${crypto.randomBytes(4).toString('hex')}`;
	await admin(`CREATE DATABASE ${name} OWNER nexus`);
	made.push(name);
	return name;
}

// The whole schema as text, to see whether anything changed.
const schema = (name) => schemaOf({ ...env, PGDATABASE: name });

// What Supabase brings: schema auth, its functions and three roles.
const SUPABASE = `
	CREATE SCHEMA auth;
	CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
	CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
		$$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
	GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, nexus;
	GRANT EXECUTE ON FUNCTION auth.uid() TO anon, authenticated, service_role, nexus;
	GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
	GRANT ALL ON SCHEMA public TO nexus;
	ALTER DEFAULT PRIVILEGES FOR ROLE nexus IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;`;

before(async () => {
	if (!ADMIN)
		return;
	const there = (await admin(`SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')`)).flat();
	ourRoles = ROLES.filter((role) => !there.includes(role));
	for (const role of ourRoles)
		await admin(`CREATE ROLE ${role} NOLOGIN ${role === 'service_role' ? 'BYPASSRLS' : ''}`);
});

after(async () => {
	for (const name of made)
		await admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
	for (const role of ourRoles)
		await admin(`DROP OWNED BY ${role}; DROP ROLE ${role}`, 'nexus');
});

// As PostgREST would ask for a signed-in user.
const asUser = (name, role, user, text) => admin(`BEGIN; SET LOCAL ROLE ${role};
	SELECT set_config('request.jwt.claims', '${user ? JSON.stringify({ sub: user, role }) : ''}', true) \\g /dev/null
	${text}; COMMIT`, name);

test('a plain database takes the migrations, and takes them again', OUR_OWN, async () => {
	const name = await fresh();
	await migrate(name);
	const once = await schema(name);
	for (const table of ['platform_connections', 'x_grants', 'x_logins', 'x_events', 'x_posts', 'x_parts'])
		assert.match(once, new RegExp(`^relation ${table} r `, 'm'));
	await migrate(name);
	await migrate(name, [...FILES].reverse());
	assert.equal(await schema(name), once);
});

test('two that migrate at once do not hurt each other', OUR_OWN, async () => {
	const name = await fresh();
	await migrate(name);
	for (let i = 0; i < 5; i++)
		await Promise.all([migrate(name), migrate(name), migrate(name)]);
});

// The README's limits, only shorter.
const LIMIT = 1;
const limit = (name) => admin(`ALTER ROLE nexus IN DATABASE ${name} SET statement_timeout = '${LIMIT}s'; ALTER ROLE nexus IN DATABASE ${name} SET lock_timeout = '${LIMIT}s'`);
const sessions = (name, which) => admin(`SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid() AND ${which}`);
// Others wait for this as for a large table; returns what ends it.
async function hold(name, statement) {
	const held = admin(`BEGIN ISOLATION LEVEL REPEATABLE READ; ${statement}; SELECT pg_sleep(600) AS held`, name).catch(() => {});
	await until('it is held', 60, async () => (await sessions(name, `query LIKE '%AS held' AND wait_event = 'PgSleep'`)).length === 1);
	return async () => {
		await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE '%AS held'`);
		await held;
	};
}
const longer = (name, which) => until('it takes longer than the limit', 60, async () =>
	(await sessions(name, `query_start < clock_timestamp() - interval '${LIMIT + 0.5} s' AND state = 'active' AND ${which}`)).length > 0);
const post = (user) => `INSERT INTO x_posts (id, user_id, connection_id, state, body_hash) VALUES (gen_random_uuid(), '${user}', gen_random_uuid(), 'sent', 'h')`;

test('a large table takes longer than the role may, and a second run harms nobody meanwhile', OUR_OWN, async () => {
	const name = await fresh();
	const user = crypto.randomUUID();
	const editing = FILES.filter((file) => file.startsWith('013'));
	await migrate(name);
	const once = await schema(name);
	await owner(name, `${post(user)}; DROP INDEX x_posts_upcoming, x_posts_connection, x_posts_same;
		CREATE INDEX their_own ON x_posts (price)`);
	await admin(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'their_own'::regclass`, name);
	await limit(name);
	const release = await hold(name, 'SELECT 1');
	const runs = [migrate(name, editing)];
	await longer(name, `query LIKE 'CREATE INDEX CONCURRENTLY%'`);
	runs.push(migrate(name), migrate(name, editing));
	await until('two more wait', 60, async () => (await sessions(name, `(query LIKE 'DO%' OR wait_event_type = 'Lock' AND query NOT LIKE 'CREATE INDEX CONC%')`)).length === 2);
	await longer(name, `query LIKE 'DO%'`);
	await owner(name, post(user));
	await release();
	await Promise.all(runs);
	assert.deepEqual(await owner(name, `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT indisvalid`), [['their_own']]);
	await owner(name, 'DROP INDEX their_own');
	assert.equal(await schema(name), once);
});

test('the ids of before are taken over, however long it takes and whatever is there', OUR_OWN, async () => {
	const name = await fresh();
	const user = crypto.randomUUID();
	await migrate(name);
	await owner(name, `INSERT INTO x_posts (id, user_id, connection_id, state, body_hash) VALUES ('${user}', '${user}', '${user}', 'sent', 'h');
		INSERT INTO x_parts (user_id, post_id, position, text, weighted_length, state, x_post_id, sent_at)
		SELECT '${user}', '${user}', n, 't', 1, 'sent', n, now() FROM generate_series(1, 3) n;
		INSERT INTO x_ids (user_id, x_post_id, post_id, position) VALUES ('${user}', '1', '${user}', 1)`);
	await limit(name);
	const ids = FILES.filter((file) => file.startsWith('012'));
	const release = await hold(name, `INSERT INTO x_ids (user_id, x_post_id, post_id, position) VALUES ('${user}', '2', '${user}', 2)`);
	const runs = [migrate(name, ids)];
	await longer(name, `query LIKE 'INSERT INTO x_ids%'`);
	runs.push(migrate(name, ids));
	await until('both wait', 60, async () => (await sessions(name, `wait_event_type = 'Lock'`)).length === 2);
	await owner(name, `INSERT INTO x_ids (user_id, x_post_id, post_id, position) VALUES ('${user}', '4', '${user}', 4)`);
	await release();
	await Promise.all(runs);
	assert.deepEqual((await owner(name, 'SELECT x_post_id FROM x_ids ORDER BY x_post_id')).flat(), ['1', '2', '3', '4']);
});

test('Supabase\'s schema and roles take them too', OUR_OWN, async () => {
	const name = await fresh();
	await admin(SUPABASE, name);
	await migrate(name);
	const once = await schema(name);
	await migrate(name);
	assert.equal(await schema(name), once);
});

test('an existing platform_connections keeps its rows, rules and columns', OUR_OWN, async () => {
	const name = await fresh();
	const user = crypto.randomUUID();
	await admin(SUPABASE, name);
	await owner(name, `
		CREATE TABLE platform_connections (
			id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, platform varchar(20) NOT NULL,
			platform_user_id text, access_token text NOT NULL, refresh_token text, their_column integer DEFAULT 7,
			created_at timestamptz NOT NULL DEFAULT '2020-01-01', updated_at timestamptz NOT NULL DEFAULT '2020-01-01');
		INSERT INTO platform_connections (user_id, platform, platform_user_id, access_token)
		SELECT '${user}', p, 'acc', 'plain-' || p FROM unnest(ARRAY['linkedin', 'facebook', 'facebook', 'mastodon']) AS p;
		CREATE TRIGGER no_update BEFORE UPDATE OR DELETE ON platform_connections FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
		ALTER TABLE platform_connections DISABLE TRIGGER no_update;`);
	const rows = () => owner(name, `SELECT id, xmin, platform, platform_user_id, access_token, their_column, created_at, updated_at FROM platform_connections ORDER BY id`);
	const before = await rows();
	await migrate(name);
	await migrate(name);
	assert.deepEqual(await rows(), before, 'not one row was written');
	await owner(name, `INSERT INTO platform_connections (user_id, platform, access_token) VALUES ('${user}', 'bluesky', 'x')`);
	const columns = (await owner(name, `SELECT attname FROM pg_attribute WHERE attrelid = 'platform_connections'::regclass AND attnum > 0`)).flat();
	for (const column of ['platform_username', 'token_expires_at', 'scopes', 'status', 'status_reason', 'metadata', 'their_column'])
		assert.ok(columns.includes(column), column);
	const one = `INSERT INTO platform_connections (user_id, platform, platform_user_id, access_token, status, token_expires_at) VALUES ('${user}', 'twitter', '1', 'nx1.k.x', 'connected', now())`;
	await owner(name, one);
	await assert.rejects(owner(name, one), /duplicate key/);
	await assert.rejects(owner(name, one.replace("'1'", "'2'").replace("'connected'", "'odd'")), /violates check/);
});

test('a column of another type is named, and nothing is changed', OUR_OWN, async () => {
	const name = await fresh();
	await owner(name, 'CREATE TABLE platform_connections (id uuid PRIMARY KEY, user_id integer, platform text, metadata text)');
	const before = await schema(name);
	const done = await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(ROOT, 'sql', FILES.find((file) => file.startsWith('001')))], { environment: { ...env, PGDATABASE: name } });
	assert.notEqual(done.status, 0);
	assert.match(done.stderr, /user_id should be uuid/);
	assert.match(done.stderr, /metadata should be jsonb/);
	assert.equal(await schema(name), before);
});

test('a signed-in user reads their own rows, never a token, and writes none of ours', OUR_OWN, async () => {
	const name = await fresh();
	const [me, other] = [crypto.randomUUID(), crypto.randomUUID()];
	await admin(SUPABASE, name);
	await migrate(name);
	await owner(name, [me, other].map((user) => `
		INSERT INTO platform_connections (user_id, platform, platform_user_id, access_token, refresh_token, status, token_expires_at)
		VALUES ('${user}', 'twitter', '${user}', 'nx1.k.secret', 'nx1.k.secret', 'connected', now());
		INSERT INTO x_logins (state_hash, claim, user_id) VALUES ('${user}', gen_random_uuid(), '${user}');
		INSERT INTO x_events (user_id, code) VALUES ('${user}', 'x');
		INSERT INTO x_posts (id, user_id, connection_id, state, body_hash) SELECT '${user}', '${user}', id, 'sent', 'h' FROM platform_connections WHERE user_id = '${user}';
		INSERT INTO x_parts (user_id, post_id, position, text, weighted_length, state) VALUES ('${user}', '${user}', 0, 't', 1, 'waiting');`).join(''));
	for (const table of ['platform_connections', 'x_posts', 'x_parts', 'x_events']) {
		assert.deepEqual(await asUser(name, 'authenticated', me, `SELECT user_id FROM ${table}`), [[me]], table);
		assert.deepEqual(await asUser(name, 'authenticated', null, `SELECT user_id FROM ${table}`), [], table);
	}
	for (const [role, user] of [['anon', null], ['anon', me]])
		for (const table of ['platform_connections', 'x_posts', 'x_parts', 'x_events', 'x_grants', 'x_logins'])
			assert.deepEqual(await asUser(name, role, user, `SELECT count(*) FROM ${table}`).catch((error) => {
				assert.match(error.message, /permission denied/);
				return [['0']];
			}), [['0']], `${role} ${table}`);
	for (const text of ['SELECT access_token FROM platform_connections', 'SELECT refresh_token FROM platform_connections', 'SELECT * FROM platform_connections',
		'SELECT count(*) FROM platform_connections WHERE access_token LIKE \'nx1%\'', 'SELECT id FROM platform_connections ORDER BY refresh_token', 'COPY platform_connections TO STDOUT',
		'SELECT * FROM x_grants', 'SELECT * FROM x_logins'])
		await assert.rejects(asUser(name, 'authenticated', me, text), /permission denied|row-level security/, text);
	for (const text of [`UPDATE platform_connections SET status = 'disconnected'`, 'DELETE FROM platform_connections',
		`INSERT INTO platform_connections (user_id, platform, status) VALUES ('${me}', 'twitter', 'disconnected')`,
		`UPDATE platform_connections SET platform = 'other' WHERE user_id = '${me}'`,
		'DELETE FROM x_posts', `UPDATE x_posts SET state = 'failed'`, 'DELETE FROM x_events', 'TRUNCATE x_posts', 'DELETE FROM x_grants',
		`INSERT INTO x_events (user_id, code) VALUES ('${me}', 'x')`])
		for (const role of ['authenticated', 'anon'])
			await asUser(name, role, me, text).catch((error) => assert.match(error.message, /permission denied|row-level security/, text));
	assert.deepEqual(await owner(name, `SELECT count(*), count(access_token), min(status), min(platform) FROM platform_connections`), [['2', '2', 'connected', 'twitter']]);
	assert.deepEqual(await owner(name, `SELECT (SELECT count(*) FROM x_posts), (SELECT count(*) FROM x_events), (SELECT count(*) FROM x_grants), (SELECT min(state) FROM x_posts)`), [['2', '2', '2', 'sent']]);
});

test('the instance\'s own tables hold nothing that is not promised', async () => {
	const me = new Visitor();
	await me.connect();
	const [row] = await sql(`SELECT access_token LIKE 'nx1.%', refresh_token LIKE 'nx1.%', platform, platform_username, status FROM platform_connections WHERE user_id = '${me.user}'`);
	assert.deepEqual(row, ['t', 't', 'twitter', me.account, 'connected']);
	const others = (await sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'x\\_%' AND tablename <> 'platform_connections'`)).flat();
	assert.deepEqual(others, []);
});
