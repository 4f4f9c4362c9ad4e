-- Who is at an X account, which several users may have.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- A row while somebody is (src/store/account.h).
CREATE TABLE IF NOT EXISTS x_accounts (
	platform_user_id text PRIMARY KEY,
	owner uuid NOT NULL,
	since timestamptz NOT NULL,
	-- Then whoever was at it has died.
	until timestamptz NOT NULL
);

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	IF NOT (SELECT relrowsecurity FROM pg_class
	    WHERE oid = 'x_accounts'::regclass) THEN
		ALTER TABLE x_accounts ENABLE ROW LEVEL SECURITY;
	END IF;
	REVOKE ALL ON x_accounts FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_accounts FROM %I', role);
	END LOOP;
END $$;

COMMIT;
