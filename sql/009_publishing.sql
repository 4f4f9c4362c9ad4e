-- Posts that are sent later, broken off, settled or taken back, and what
-- Nexus is told of them.
-- There with: trigger x_posts.x_tell_post

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

ALTER TABLE x_posts
	-- What is to become of it; `delete` is its owner's wish.
	ADD COLUMN IF NOT EXISTS goal text NOT NULL DEFAULT 'send',
	-- The key that it gave up when it failed and takes back with a resume.
	ADD COLUMN IF NOT EXISTS released_key text,
	-- Failures in a row.
	ADD COLUMN IF NOT EXISTS tries integer NOT NULL DEFAULT 0,
	-- From then on there is something to do for the worker, unless a
	-- lease lives; NULL: nothing.  A lease's own end counts as well.
	ADD COLUMN IF NOT EXISTS next_try_at timestamptz,
	-- Who took it last was the worker, so nobody waits for the outcome.
	ADD COLUMN IF NOT EXISTS by_worker boolean NOT NULL DEFAULT false,
	-- Rows of programs that do not know of it become due when nobody can
	-- still be at them.
	ALTER COLUMN next_try_at SET DEFAULT (now() + interval '61 s');

-- Rows from before have the default; they are looked at further below.
DO $$
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_constraint
	    WHERE conrelid = 'x_posts'::regclass
	    AND conname = 'x_posts_goal') THEN
		ALTER TABLE x_posts ADD CONSTRAINT x_posts_goal CHECK (goal
		    IN ('send', 'delete', 'withdraw')) NOT VALID;
	END IF;
END $$;

-- Programs of before end a post without a word about its next try.  Together
-- with the default: what they begin in between would stay due for ever.
CREATE OR REPLACE FUNCTION x_rest() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	NEW.next_try_at := NULL;
	RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS x_rest ON x_posts;
CREATE TRIGGER x_rest BEFORE UPDATE ON x_posts FOR EACH ROW
	WHEN (OLD.state = 'sending' AND NEW.next_try_at = OLD.next_try_at
	    AND NEW.state IN ('sent', 'partial', 'failed'))
	EXECUTE FUNCTION x_rest();

COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

ALTER TABLE x_parts
	-- How often it left, or may have, and when it last and first did.
	ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS left_at timestamptz,
	ADD COLUMN IF NOT EXISTS first_left_at timestamptz,
	-- Once it was `unknown`.
	ADD COLUMN IF NOT EXISTS was_lost boolean NOT NULL DEFAULT false,
	-- While it is `unknown`: X's id that nobody else may take for theirs.
	ADD COLUMN IF NOT EXISTS reserved_id text;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Indexes of before, which had these names, served nothing yet.  One that was
-- broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	other regclass;
BEGIN
	FOR other IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE i.indrelid = 'x_posts'::regclass
	    AND (c.relname = 'x_posts_open' AND (NOT i.indisvalid
	    OR pg_get_indexdef(c.oid) NOT LIKE '%(next_try_at)%')
	    OR c.relname = 'x_posts_queue' AND (NOT i.indisvalid
	    OR pg_get_indexdef(c.oid) NOT LIKE '%(connection_id,%')) LOOP
		EXECUTE format('DROP INDEX %s', other);
	END LOOP;
END $$;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_open
	ON x_posts (next_try_at) WHERE next_try_at IS NOT NULL;
-- A connection's queue and its head, and whether one of it is under way.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_queue
	ON x_posts (connection_id, state, publish_at, created_at, id)
	WHERE publish_at IS NOT NULL AND state IN ('queued', 'sending');

ALTER TABLE x_posts VALIDATE CONSTRAINT x_posts_goal;

-- What older programs left open, and leave until the last of them ends.  A
-- transaction for each post, so that nobody waits for it behind another one,
-- and not on the disk: what is lost is done again.
SET synchronous_commit = off;
DO $$
DECLARE
	post record;
BEGIN
	FOR post IN SELECT p.user_id, p.id FROM x_posts p
	    WHERE p.state IN ('queued', 'sending', 'unknown')
	    AND (p.next_try_at IS NULL OR EXISTS (SELECT 1 FROM x_parts q
	        WHERE q.user_id = p.user_id AND q.post_id = p.id
	        AND q.state IN ('sending', 'unknown') AND q.left_at IS NULL))
	LOOP
		UPDATE x_posts SET
			next_try_at = CASE WHEN state = 'queued'
			    THEN coalesce(publish_at, created_at)
			    ELSE now() END,
			publish_at = CASE WHEN state = 'queued'
			    THEN coalesce(publish_at, created_at)
			    ELSE publish_at END
			WHERE user_id = post.user_id AND id = post.id
			AND state IN ('queued', 'sending', 'unknown')
			AND next_try_at IS NULL;
		UPDATE x_parts q SET attempts = 1, left_at = p.created_at,
			first_left_at = p.created_at,
			was_lost = q.state = 'unknown'
			FROM x_posts p
			WHERE p.user_id = post.user_id AND p.id = post.id
			AND p.next_try_at IS NOT NULL
			AND p.state IN ('sending', 'unknown')
			AND q.user_id = p.user_id AND q.post_id = p.id
			AND q.state IN ('sending', 'unknown')
			AND q.left_at IS NULL;
		COMMIT;
	END LOOP;
END $$;
RESET synchronous_commit;

RESET client_min_messages;

-- Last, since it says that all of this was done.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- As x_tell() does for connections (006_notices.sql), and for its reasons.
CREATE OR REPLACE FUNCTION x_tell_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	named text := 'post.' || NEW.state;
	told jsonb := jsonb_build_object(
	    'event', named,
	    'post_id', NEW.id,
	    'connection_id', NEW.connection_id,
	    'user_id', NEW.user_id,
	    'state', NEW.state,
	    'x_post_id', (SELECT q.x_post_id FROM x_parts q
	        WHERE q.user_id = NEW.user_id AND q.post_id = NEW.id
	        AND q.position = 0),
	    'error', left(NEW.error ->> 'code', 64),
	    'at', to_char(clock_timestamp() AT TIME ZONE 'UTC',
	        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
BEGIN
	INSERT INTO x_notices (user_id, connection_id, event, body)
	VALUES (NEW.user_id, NEW.connection_id, named, told);
	PERFORM pg_notify('nexus_x', told::text);
	RETURN NULL;
END $$;

DO $$
BEGIN
	EXECUTE format('ALTER FUNCTION x_tell_post() SET search_path = '
	    'pg_catalog, %I, pg_temp', (SELECT relnamespace::regnamespace::name
	    FROM pg_class WHERE oid = 'x_notices'::regclass));
	REVOKE ALL ON FUNCTION x_tell_post() FROM PUBLIC;
END $$;

-- Not what is sent within its own request: that is never queued up.  At the
-- end of the transaction, when the parts say what the post says.
DROP TRIGGER IF EXISTS x_tell_post ON x_posts;
CREATE CONSTRAINT TRIGGER x_tell_post AFTER UPDATE ON x_posts
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN (NEW.state <> OLD.state AND NEW.state IN ('sent', 'partial',
	    'failed', 'deleted', 'cancelled') AND (NEW.by_worker
	    OR NEW.publish_at IS NOT NULL
	    OR OLD.state IN ('unknown', 'queued', 'partial')))
	EXECUTE FUNCTION x_tell_post();

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
