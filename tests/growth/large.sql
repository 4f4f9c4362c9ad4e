-- A large installation of version 13, as the next version finds it: :users
-- users with an account each, and :each (ten) posts of each over 90 days; of a
-- hundred posts one is queued, of those one in sixty due; one in 100,000 is
-- unknown.  Made without indexes, which are built behind it.  On an empty
-- database with the files up to 013: psql -v users=1000000 -f
-- tests/growth/large.sql, then nexus-x-migrate apply (and contract).
\set ON_ERROR_STOP on
\if :{?each}
\else
\set each 10
\endif
\timing on
SET synchronous_commit = off;
SET maintenance_work_mem = '1GB';
CREATE TEMP TABLE later AS
SELECT conname IS NULL AS is_index, CASE WHEN conname IS NULL
	THEN pg_get_indexdef(indexrelid)
	ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', indrelid::regclass,
	    conname, pg_get_constraintdef(k.oid)) END AS make,
    CASE WHEN conname IS NULL THEN format('DROP INDEX %s', indexrelid::regclass)
	ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', indrelid::regclass,
	    conname) END AS drop
FROM pg_index LEFT JOIN pg_constraint k ON k.conindid = indexrelid
    AND k.contype IN ('p', 'u')
WHERE indrelid IN ('x_posts'::regclass, 'x_parts'::regclass,
    'x_ids'::regclass);
ALTER TABLE x_parts DROP CONSTRAINT x_parts_user_id_post_id_fkey;
SELECT drop FROM later \gexec
ALTER TABLE x_posts DISABLE TRIGGER USER;
ALTER TABLE platform_connections DISABLE TRIGGER USER;

INSERT INTO platform_connections (id, user_id, platform, platform_user_id,
    platform_username, access_token, refresh_token, token_expires_at, scopes,
    status)
SELECT md5('connection ' || n)::uuid, md5('user ' || n)::uuid, 'twitter', n,
    'user_' || n, 'k1:' || repeat('a', 180), 'k1:' || repeat('r', 180),
    now() + n % 7200 * interval '1 s', '{tweet.read,tweet.write}', 'connected'
FROM generate_series(1, :users) AS n;
INSERT INTO x_grants (connection_id, token_version, granted_at, refreshed_at)
SELECT md5('connection ' || n)::uuid, 1, now() - interval '30 days',
    now() - interval '1 hour'
FROM generate_series(1, :users) AS n;

INSERT INTO x_posts (id, user_id, connection_id, state, body_hash,
    idempotency_key, created_at, updated_at, publish_at, next_try_at, accepted)
SELECT md5('post ' || n)::uuid, md5('user ' || user_n)::uuid,
    md5('connection ' || user_n)::uuid, state,
    encode(sha256(n::text::bytea), 'hex'),
    CASE WHEN at > now() - interval '1 day' THEN 'key ' || n END, at, at,
    CASE state WHEN 'queued' THEN due END,
    CASE WHEN state = 'queued' THEN due
	WHEN state = 'unknown' THEN now() END, true
FROM (SELECT n, n % :users + 1 AS user_n,
	now() - interval '90 days' * (1 - n / (:users * :each.0)) AS at,
	CASE WHEN n % 100 = 0 THEN 'queued' WHEN n % 100000 = 1
	    THEN 'unknown' ELSE 'sent' END AS state,
	now() + CASE WHEN n % 6000 = 0 THEN interval '-1 s'
	    ELSE n % 1000 * interval '1 h' + interval '1 h' END AS due
    FROM generate_series(1, :users * :each) AS n) AS s;
INSERT INTO x_parts (user_id, post_id, position, text, weighted_length, state,
    x_post_id, attempts, left_at, first_left_at, sent_at)
SELECT md5('user ' || n % :users + 1)::uuid, md5('post ' || n)::uuid, 0,
    'part ' || n || repeat(' of a text', 9), 100, state,
    CASE state WHEN 'sent' THEN n END, 1, at, at,
    CASE state WHEN 'sent' THEN at END
FROM (SELECT n, now() - interval '90 days' * (1 - n / (:users * :each.0)) AS at,
	CASE WHEN n % 100 = 0 THEN 'waiting' WHEN n % 100000 = 1
	    THEN 'unknown' ELSE 'sent' END AS state
    FROM generate_series(1, :users * :each) AS n) AS s;
INSERT INTO x_ids (user_id, x_post_id, post_id, position, at)
SELECT user_id, x_post_id, post_id, position, sent_at FROM x_parts
WHERE sent_at > now() - interval '30 days';

SELECT make FROM later ORDER BY is_index \gexec
ALTER TABLE x_parts ADD FOREIGN KEY (user_id, post_id)
	REFERENCES x_posts (user_id, id) ON DELETE CASCADE;
ALTER TABLE x_posts ENABLE TRIGGER USER;
ALTER TABLE platform_connections ENABLE TRIGGER USER;
VACUUM (ANALYZE) platform_connections, x_grants, x_posts, x_parts, x_ids;
