-- What X is still to be told of ended connections, and which keys sealed
-- what is stored.
-- There with: relation x_connections_refresh_key

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

-- Refers to nothing: it outlives the connection, and its user.
CREATE TABLE IF NOT EXISTS x_revocations (
	id uuid PRIMARY KEY,
	user_id uuid NOT NULL,
	connection_id uuid,		-- NULL: it never came to be one
	platform_user_id text,
	hint text NOT NULL CONSTRAINT x_revocations_hint CHECK (hint IN (
	    'access_token', 'refresh_token')),
	-- Sealed for this row and no other.
	token text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	-- Who takes it moves this ahead, which is the lease as well: nobody
	-- else tries before.
	next_try_at timestamptz NOT NULL DEFAULT now(),
	tries integer NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS x_revocations_due ON x_revocations (next_try_at);
CREATE INDEX IF NOT EXISTS x_revocations_connection
	ON x_revocations (connection_id);
CREATE INDEX IF NOT EXISTS x_revocations_account
	ON x_revocations (platform_user_id);

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	ALTER TABLE x_revocations ENABLE ROW LEVEL SECURITY;
	REVOKE ALL ON x_revocations FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_revocations FROM %I', role);
	END LOOP;
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
	    AND NOT i.indisvalid AND c.relname IN ('x_connections_access_key',
	    'x_connections_refresh_key') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
-- By the id of the key, so that a start that asks for the few ids in use
-- reads a handful of entries and not every row.  What is not sealed has no id.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_connections_access_key
	ON platform_connections ((split_part(access_token, '.', 2)))
	WHERE platform = 'twitter' AND left(access_token, 4) = 'nx1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_connections_refresh_key
	ON platform_connections ((split_part(refresh_token, '.', 2)))
	WHERE platform = 'twitter' AND left(refresh_token, 4) = 'nx1.';

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
