-- Statements tell of connections themselves.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DROP TRIGGER IF EXISTS x_tell_new ON platform_connections;
DROP TRIGGER IF EXISTS x_tell_change ON platform_connections;
DROP FUNCTION IF EXISTS x_tell();

COMMIT;
