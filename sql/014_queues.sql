-- One row for each account's queue, and indexes of what is to be done besides:
-- what a claim reads does not grow with what waits.
-- There with: relation x_posts_unsettled

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

-- Follows from x_posts: whoever changes what waits writes it anew, under the
-- row's lock (src/store/line.h).  Refers to nothing, so that locking it locks
-- nothing else.  An update moves next_at, so pages have room for a second
-- version of most rows.
CREATE TABLE IF NOT EXISTS x_lines (
	user_id uuid NOT NULL,
	connection_id uuid NOT NULL,
	post_id uuid,			-- the first that waits; NULL: none
	head_at timestamptz,		-- its next try: what is behind waits too
	-- Not before then is there something to send: head_at, or the end of
	-- the lease of one that is under way.  NULL: not at all.  May be too
	-- early, never too late.
	next_at timestamptz,
	PRIMARY KEY (user_id, connection_id)
) WITH (fillfactor = 60);
CREATE INDEX IF NOT EXISTS x_lines_due
	ON x_lines (next_at) WHERE next_at IS NOT NULL;

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	IF NOT (SELECT relrowsecurity FROM pg_class
	    WHERE oid = 'x_lines'::regclass) THEN
		ALTER TABLE x_lines ENABLE ROW LEVEL SECURITY;
	END IF;
	REVOKE ALL ON x_lines FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_lines FROM %I', role);
	END LOOP;
END $$;

COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF (SELECT count(*) FROM pg_attribute
	    WHERE attrelid = 'x_app'::regclass AND NOT attisdropped
	    AND attname IN ('contracted', 'mended_at', 'mended_to')) = 3 THEN
		RETURN;
	END IF;
	ALTER TABLE x_app
		-- No program of version 13 or before runs any more, nor may
		-- (nexus-x-migrate contract).  Read by the statement itself.
		ADD COLUMN IF NOT EXISTS contracted boolean NOT NULL
		    DEFAULT false,
		-- When lines were last compared with their posts, and up to
		-- which connection.
		ADD COLUMN IF NOT EXISTS mended_at timestamptz NOT NULL
		    DEFAULT '-infinity',
		ADD COLUMN IF NOT EXISTS mended_to uuid NOT NULL
		    DEFAULT '00000000-0000-0000-0000-000000000000';
END $$;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Each in a transaction of its own, beside readers and writers.  One that was
-- broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE i.indrelid = 'x_posts'::regclass AND NOT i.indisvalid
	    AND c.relname IN ('x_posts_due', 'x_posts_unsettled') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
-- A plan that serves all users is made for one with many posts, or it takes an
-- index that begins with the user in the primary key's place and reads all of
-- his.  Waits for no reader or writer; counts from the next ANALYZE on.
ALTER TABLE x_posts ALTER COLUMN user_id SET (n_distinct = -0.01);
-- What goes on, or is to be removed: in no line.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_due
	ON x_posts (next_try_at) WHERE next_try_at IS NOT NULL
	AND state IN ('queued', 'partial', 'sent', 'failed')
	AND (state <> 'queued' OR goal <> 'send');
-- Whose outcome nobody knows, once its lease has run out.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_unsettled
	ON x_posts (next_try_at) WHERE next_try_at IS NOT NULL
	AND (state IN ('sending', 'unknown')
	OR state = 'queued' AND NOT accepted);

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
