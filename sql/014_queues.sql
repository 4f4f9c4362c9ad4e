-- Which form the tables have.
-- There with: column x_app.contracted

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- False: also programs of the version before work with them.
ALTER TABLE x_app
	ADD COLUMN IF NOT EXISTS contracted boolean NOT NULL DEFAULT false;

COMMIT;
