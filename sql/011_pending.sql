-- Grants whose account X has not named yet, and parked tokens that are still
-- sealed for the place they were taken from.
-- There with: relation x_logins_open

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

-- X has granted access, and nobody could say to whose account.  Refreshed
-- like a connection until X says, then the row becomes one.
CREATE TABLE IF NOT EXISTS x_pending (
	id uuid PRIMARY KEY,
	user_id uuid NOT NULL,
	state_hash text NOT NULL,	-- of the attempt, as in x_logins
	-- What the attempt was for: a connection to renew, whether another
	-- account may take its place, the scopes that were asked for.
	aim uuid,
	replaces boolean NOT NULL DEFAULT false,
	asked text NOT NULL,
	scopes text,			-- granted; NULL: X did not say
	-- Sealed for this row.
	access_token text NOT NULL,
	refresh_token text,
	token_expires_at timestamptz NOT NULL,
	-- As in x_grants; claimed_at: no later than the code was spent.
	token_version bigint NOT NULL DEFAULT 1,
	grant_hash text NOT NULL,
	granted_at timestamptz NOT NULL,
	claimed_at timestamptz NOT NULL,
	lease_owner uuid,
	lease_until timestamptz,
	attempt_started_at timestamptz,
	suspect boolean NOT NULL DEFAULT false,
	-- How often it was taken, and how often X did not know the present
	-- access token.
	tries integer NOT NULL DEFAULT 0,
	refusals integer NOT NULL DEFAULT 0,
	next_try_at timestamptz NOT NULL DEFAULT now(),
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS x_pending_due ON x_pending (next_try_at);
CREATE INDEX IF NOT EXISTS x_pending_user ON x_pending (user_id);

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	ALTER TABLE x_pending ENABLE ROW LEVEL SECURITY;
	REVOKE ALL ON x_pending FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_pending FROM %I', role);
	END LOOP;
END $$;

COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- A token that one statement moves here stays sealed for the row and column
-- it comes from.  NULL: it is sealed for the row here.
ALTER TABLE x_revocations
	ADD COLUMN IF NOT EXISTS sealed_id uuid,
	ADD COLUMN IF NOT EXISTS sealed_column text;

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
	    WHERE i.indrelid = 'x_logins'::regclass
	    AND NOT i.indisvalid AND c.relname IN ('x_logins_open') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
-- The user's attempts that are under way: one at a time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_logins_open
	ON x_logins (user_id) WHERE outcome IS NULL;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
