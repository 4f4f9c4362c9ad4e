-- Triggers that served programs of before: each statement says itself when a
-- post is to be looked at, and what Nexus is told.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DROP TRIGGER IF EXISTS x_rest ON x_posts;
DROP TRIGGER IF EXISTS x_tell_post ON x_posts;
DROP FUNCTION IF EXISTS x_rest();
DROP FUNCTION IF EXISTS x_tell_post();
ALTER TABLE x_posts ALTER COLUMN next_try_at DROP DEFAULT;

COMMIT;
