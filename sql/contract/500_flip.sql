-- From here on the tables have their new form.  Statements read `contracted`
-- as they begin; none that writes straddles the change, since all of them are
-- waited for, and kept waiting, here.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- Each table whose form changes.
LOCK TABLE x_posts, x_parts IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO x_app (contracted) VALUES (true)
	ON CONFLICT (id) DO UPDATE SET contracted = true;

COMMIT;
