-- From here on the tables have their new form.  Statements read `contracted`
-- as they begin; none that writes straddles the change, since all of them are
-- waited for, and kept waiting, here.  A program of before that still runs
-- fails when it stores, reads or takes a post; what it has begun it can end.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- Whoever changes a connection.  No transaction does that and works on posts,
-- so nobody waits for us while we wait for him.
LOCK TABLE platform_connections IN SHARE ROW EXCLUSIVE MODE;
-- Each table whose form changes.
LOCK TABLE x_posts, x_parts IN ACCESS EXCLUSIVE MODE;
INSERT INTO x_app (contracted) VALUES (true)
	ON CONFLICT (id) DO UPDATE SET contracted = true;

-- Each statement says itself when a post is to be looked at, and what Nexus is
-- told.
DROP TRIGGER IF EXISTS x_rest ON x_posts;
DROP TRIGGER IF EXISTS x_tell_post ON x_posts;
DROP TRIGGER IF EXISTS x_both_forms ON x_posts;
-- Its triggers go by themselves: readers of connections need not wait.
CREATE OR REPLACE FUNCTION x_tell() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN RETURN NULL; END $$;
ALTER TABLE x_posts
	ALTER COLUMN next_try_at DROP DEFAULT,
	-- Programs of before name them.
	DROP COLUMN IF EXISTS by_worker,
	DROP COLUMN IF EXISTS warnings;

-- Nor does one start: it asks for x_schema.version.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute
	    WHERE attrelid = 'x_schema'::regclass AND attname = 'version'
	    AND NOT attisdropped) THEN
		ALTER TABLE x_schema RENAME COLUMN version TO number;
	END IF;
END $$;

COMMIT;
