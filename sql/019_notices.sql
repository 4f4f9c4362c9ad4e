-- Whether tables lie on several nodes: NOTIFY is heard on one alone.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute
	    WHERE attrelid = 'x_app'::regclass AND attname = 'spread'
	    AND NOT attisdropped) THEN
		-- sql/citus.sql says so
		ALTER TABLE x_app ADD COLUMN spread boolean NOT NULL
			DEFAULT false;
	END IF;
END $$;

COMMIT;
