-- Connected accounts.
--
-- platform_connections is shared with the product's other platforms: it is
-- made only where absent; otherwise what is missing is added, nullable and
-- without a default, so that no row of another platform is written.
-- There with: relation x_grants

-- One run at a time, and waiting with no transaction open: an index that is
-- being built would wait for it, and everybody behind both.
SET statement_timeout = 0;
DO $$
BEGIN
	WHILE NOT pg_try_advisory_lock(
	    hashtextextended('nexus-x index', 0)) LOOP
		COMMIT;
		PERFORM pg_sleep(0.2);
	END LOOP;
END $$;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF to_regclass('platform_connections') IS NULL THEN
		CREATE TABLE platform_connections (
			id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
			user_id uuid NOT NULL,
			platform text NOT NULL,
			platform_user_id text,
			platform_username text,
			access_token text,
			refresh_token text,
			token_expires_at timestamptz,
			scopes text[],
			status text,
			status_reason text,
			metadata jsonb,
			created_at timestamptz NOT NULL DEFAULT now(),
			updated_at timestamptz NOT NULL DEFAULT now(),
			UNIQUE (user_id, platform, platform_user_id)
		);
		ALTER TABLE platform_connections ENABLE ROW LEVEL SECURITY;
	END IF;
END $$;

ALTER TABLE platform_connections
	ADD COLUMN IF NOT EXISTS platform_user_id text,
	ADD COLUMN IF NOT EXISTS platform_username text,
	ADD COLUMN IF NOT EXISTS access_token text,
	ADD COLUMN IF NOT EXISTS refresh_token text,
	ADD COLUMN IF NOT EXISTS token_expires_at timestamptz,
	ADD COLUMN IF NOT EXISTS scopes text[],
	ADD COLUMN IF NOT EXISTS status text,
	ADD COLUMN IF NOT EXISTS status_reason text,
	ADD COLUMN IF NOT EXISTS metadata jsonb,
	ADD COLUMN IF NOT EXISTS created_at timestamptz,
	ADD COLUMN IF NOT EXISTS updated_at timestamptz;

-- A column of another type cannot be mended here: say which.
DO $$
DECLARE
	wrong text;
BEGIN
	SELECT string_agg(format('%s should be %s, not %s', w.name,
	    w.types[1], coalesce(format_type(a.atttypid, a.atttypmod),
	    'absent')), '; ')
	INTO wrong
	FROM (VALUES
		('id', '{uuid}'::text[]),
		('user_id', '{uuid}'),
		('platform', '{text,character varying}'),
		('platform_user_id', '{text,character varying}'),
		('platform_username', '{text,character varying}'),
		('access_token', '{text,character varying}'),
		('refresh_token', '{text,character varying}'),
		('token_expires_at', '{timestamp with time zone}'),
		('scopes', '{text[],character varying[]}'),
		('status', '{text,character varying}'),
		('status_reason', '{text,character varying}'),
		('metadata', '{jsonb}'),
		('created_at', '{timestamp with time zone}'),
		('updated_at', '{timestamp with time zone}')) AS w(name, types)
	LEFT JOIN pg_attribute a
	    ON a.attrelid = 'platform_connections'::regclass
	    AND a.attname = w.name AND NOT a.attisdropped
	-- Only the tokens' length matters: a limit would lose them.
	WHERE NOT coalesce(format_type(a.atttypid, CASE
	    WHEN w.name LIKE '%\_token' THEN a.atttypmod END) =
	    ANY (w.types), false);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'platform_connections does not fit: %', wrong;
	END IF;
END $$;

-- A disconnected account keeps its row and loses its tokens.
DO $$
DECLARE
	col text;
BEGIN
	FOR col IN
		SELECT attname FROM pg_attribute
		WHERE attrelid = 'platform_connections'::regclass
		AND attname IN ('access_token', 'refresh_token',
		    'token_expires_at') AND attnotnull
	LOOP
		EXECUTE format('ALTER TABLE platform_connections '
		    'ALTER COLUMN %I DROP NOT NULL', col);
	END LOOP;
END $$;

-- Our rows only.  NOT VALID: rows from before are not judged.
DO $$
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_constraint
	    WHERE conrelid = 'platform_connections'::regclass
	    AND conname = 'x_connections_status') THEN
		ALTER TABLE platform_connections
		ADD CONSTRAINT x_connections_status CHECK (
			platform <> 'twitter' OR (status IS NOT NULL AND
			status IN ('connected', 'needs_reauth', 'superseded',
			    'disconnected'))) NOT VALID;
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_constraint
	    WHERE conrelid = 'platform_connections'::regclass
	    AND conname = 'x_connections_tokens') THEN
		ALTER TABLE platform_connections
		ADD CONSTRAINT x_connections_tokens CHECK (
			platform <> 'twitter' OR (
			access_token IS DISTINCT FROM '' AND
			refresh_token IS DISTINCT FROM '' AND
			(status <> 'connected' OR (access_token IS NOT NULL
			    AND token_expires_at IS NOT NULL
			    AND platform_user_id IS NOT NULL)))) NOT VALID;
	END IF;
END $$;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Indexes each in a transaction of its own, beside readers and writers.  One
-- that was broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE i.indrelid = 'platform_connections'::regclass
	    AND NOT i.indisvalid AND c.relname IN ('x_connections_own',
	    'x_connections_id', 'x_connections_due',
	    'x_connections_account') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;

-- One row for each user and account.  Where the table was there without such
-- a rule, it is made for our rows only: others may hold duplicates.  x_grants
-- refers to the id.  What is built beside readers and writers cannot stand in
-- an IF, but is passed over where its name is taken: by a view, where there
-- is such a rule already.
DO $$
DECLARE
	stand_in regclass;
BEGIN
	FOR stand_in IN SELECT oid FROM pg_class WHERE relkind = 'v'
	    AND relname IN ('x_connections_own', 'x_connections_id')
	    AND pg_table_is_visible(oid) LOOP
		EXECUTE format('DROP VIEW %s', stand_in);
	END LOOP;
END $$;
DO $$
DECLARE
	tab constant regclass := 'platform_connections'::regclass;
	place text := (SELECT relnamespace::regnamespace::text
	    FROM pg_class WHERE oid = tab);
	cols int2[];
BEGIN
	SELECT array_agg(attnum ORDER BY attnum) INTO cols FROM pg_attribute
	WHERE attrelid = tab
	AND attname IN ('user_id', 'platform', 'platform_user_id');

	IF EXISTS (
		SELECT 1 FROM pg_index i
		WHERE i.indrelid = tab
		AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
		AND i.indexprs IS NULL AND i.indnkeyatts = 3
		AND (SELECT array_agg(k ORDER BY k)
		    FROM unnest((i.indkey::int2[])[0:2]) AS k) = cols
	) AND to_regclass(place || '.x_connections_own') IS NULL THEN
		EXECUTE format('CREATE VIEW %s.x_connections_own AS SELECT',
		    place);
	END IF;

	IF EXISTS (
		SELECT 1 FROM pg_index i JOIN pg_attribute a
		    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = tab
		AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
		AND i.indnkeyatts = 1 AND a.attname = 'id'
	) AND to_regclass(place || '.x_connections_id') IS NULL THEN
		EXECUTE format('CREATE VIEW %s.x_connections_id AS SELECT',
		    place);
	END IF;
END $$;
SET lock_timeout = 0;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_connections_own
	ON platform_connections (user_id, platform, platform_user_id)
	WHERE platform = 'twitter';
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_connections_id
	ON platform_connections (id);

-- Whose access token ends soon: a range of this, never the whole table.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_connections_due
	ON platform_connections (token_expires_at)
	WHERE platform = 'twitter' AND status = 'connected';

-- Everybody who connected one X account.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_connections_account
	ON platform_connections (platform_user_id)
	WHERE platform = 'twitter';
SET lock_timeout = '10s';
DO $$
DECLARE
	stand_in regclass;
BEGIN
	FOR stand_in IN SELECT oid FROM pg_class WHERE relkind = 'v'
	    AND relname IN ('x_connections_own', 'x_connections_id')
	    AND pg_table_is_visible(oid) LOOP
		EXECUTE format('DROP VIEW %s', stand_in);
	END LOOP;
END $$;
RESET client_min_messages;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- What only the service needs to know about a connection's tokens.
CREATE TABLE IF NOT EXISTS x_grants (
	connection_id uuid PRIMARY KEY
	    REFERENCES platform_connections (id) ON DELETE CASCADE,
	-- Counts changes of the pair; whoever saves names the one it read.
	token_version bigint NOT NULL DEFAULT 0,
	-- The login that the pair descends from, and SHA-256 of the access
	-- token it brought: a login that is replayed is recognised.
	granted_at timestamptz,
	grant_hash text,
	-- The last refresh, and the lease under which it was made.
	refreshed_at timestamptz,
	refreshed_by uuid,
	-- Who may spend the refresh token, and until when.
	lease_owner uuid,
	lease_until timestamptz,
	-- Set before X is called, emptied when the outcome is known.
	attempt_started_at timestamptz,
	-- An attempt before the present one ended without an outcome.
	suspect boolean NOT NULL DEFAULT false,
	last_success_at timestamptz
);

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
