-- Posts that are sent later, broken off, settled or taken back, and what
-- Nexus is told of them.
-- There with: trigger x_posts.x_tell_post

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

ALTER TABLE x_posts
	-- What is to become of it; `delete` is its owner's wish.
	ADD COLUMN IF NOT EXISTS goal text NOT NULL DEFAULT 'send'
	    CONSTRAINT x_posts_goal CHECK (goal IN ('send', 'delete',
	    'withdraw')),
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

ALTER TABLE x_parts
	-- How often it left, or may have, and when it last and first did.
	ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS left_at timestamptz,
	ADD COLUMN IF NOT EXISTS first_left_at timestamptz,
	-- Once it was `unknown`.
	ADD COLUMN IF NOT EXISTS was_lost boolean NOT NULL DEFAULT false,
	-- While it is `unknown`: X's id that nobody else may take for theirs.
	ADD COLUMN IF NOT EXISTS reserved_id text;

-- Indexes of before, which had these names, served nothing yet.
DO $$
BEGIN
	IF pg_get_indexdef(to_regclass('x_posts_open'))
	    NOT LIKE '%(next_try_at)%' THEN
		DROP INDEX x_posts_open;
	END IF;
	IF pg_get_indexdef(to_regclass('x_posts_queue'))
	    NOT LIKE '%(connection_id,%' THEN
		DROP INDEX x_posts_queue;
	END IF;
END $$;
CREATE INDEX IF NOT EXISTS x_posts_open
	ON x_posts (next_try_at) WHERE next_try_at IS NOT NULL;
-- A connection's queue and its head, and whether one of it is under way.
CREATE INDEX IF NOT EXISTS x_posts_queue
	ON x_posts (connection_id, state, publish_at, created_at, id)
	WHERE publish_at IS NOT NULL AND state IN ('queued', 'sending');

-- What older programs left open, and leave until the last of them ends.
UPDATE x_posts SET
	next_try_at = CASE WHEN state = 'queued'
	    THEN coalesce(publish_at, created_at) ELSE now() END,
	publish_at = CASE WHEN state = 'queued'
	    THEN coalesce(publish_at, created_at) ELSE publish_at END
	WHERE state IN ('queued', 'sending', 'unknown')
	AND next_try_at IS NULL;
UPDATE x_parts q SET attempts = 1, left_at = p.created_at,
	first_left_at = p.created_at, was_lost = q.state = 'unknown'
	FROM x_posts p
	WHERE p.next_try_at IS NOT NULL AND p.state IN ('sending', 'unknown')
	AND q.user_id = p.user_id AND q.post_id = p.id
	AND q.state IN ('sending', 'unknown') AND q.left_at IS NULL;

-- Programs of before end a post without a word about its next try.
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
