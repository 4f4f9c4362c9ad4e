-- Which of these files have been applied.  nexus-x-migrate writes it; what
-- was applied with psql it finds out and enters.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

CREATE TABLE IF NOT EXISTS x_schema (
	version integer PRIMARY KEY,	-- the number that the name begins with
	name text NOT NULL,
	checksum text NOT NULL,		-- SHA-256 of the file, in hex
	applied_at timestamptz NOT NULL DEFAULT now(),
	program text NOT NULL,		-- the version of nexus-x-migrate
	-- Its work was there already and was not done again.
	adopted boolean NOT NULL
);

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	IF NOT (SELECT relrowsecurity FROM pg_class
	    WHERE oid = 'x_schema'::regclass) THEN
		ALTER TABLE x_schema ENABLE ROW LEVEL SECURITY;
	END IF;
	REVOKE ALL ON x_schema FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_schema FROM %I', role);
	END LOOP;
END $$;

COMMIT;
