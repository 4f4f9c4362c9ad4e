-- A post that is sent at once and has one part can hold it itself, once the
-- tables are contracted.  Programs of the version before must not meet one:
-- they name `warnings` when they store or read a post and `by_worker` when
-- they take one, and both go then.  Ours have other names.
-- There with: column x_posts.x_post_id

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

-- Both programs' columns say the same.
CREATE OR REPLACE FUNCTION x_both_forms() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		NEW.notes := coalesce(NEW.notes, NEW.warnings);
		NEW.warnings := NEW.notes;
		RETURN NEW;
	END IF;
	IF NEW.unattended <> OLD.unattended THEN
		NEW.by_worker := NEW.unattended;
	ELSE
		NEW.unattended := NEW.by_worker;
	END IF;
	IF NEW.notes IS DISTINCT FROM OLD.notes THEN
		NEW.warnings := coalesce(NEW.notes, '[]');
	ELSIF NEW.warnings <> '[]' OR NEW.notes IS NOT NULL THEN
		NEW.notes := NEW.warnings;
	END IF;
	RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION x_both_forms() FROM PUBLIC;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF (SELECT count(*) FROM pg_attribute
	    WHERE attrelid = 'x_posts'::regclass AND NOT attisdropped
	    AND attname IN ('unattended', 'notes')) = 2 THEN
		RETURN;
	END IF;
	ALTER TABLE x_posts
		-- Who took it last was the worker, so nobody waits for the
		-- outcome.
		ADD COLUMN IF NOT EXISTS unattended boolean NOT NULL
		    DEFAULT false,
		-- What was done to the text, and what it costs; null: nothing.
		ADD COLUMN IF NOT EXISTS notes jsonb;
	CREATE TRIGGER x_both_forms BEFORE INSERT OR UPDATE ON x_posts
		FOR EACH ROW EXECUTE FUNCTION x_both_forms();
END $$;

COMMIT;

-- Rows of before.  A transaction each, so that nobody waits for it behind
-- another one, and not on the disk: what is lost is done again.
SET lock_timeout = 0;
SET synchronous_commit = off;
DO $$
DECLARE
	post record;
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_attribute
	    WHERE attrelid = 'x_posts'::regclass AND NOT attisdropped
	    AND attname = 'warnings') THEN
		RETURN;		-- contracted
	END IF;
	FOR post IN SELECT user_id, id FROM x_posts
	    WHERE (notes IS NULL AND warnings <> '[]')
	    OR (by_worker AND NOT unattended AND next_try_at IS NOT NULL) LOOP
		-- The first one keeps what is left of the query, which takes
		-- its time: not with a row locked.
		COMMIT;
		UPDATE x_posts SET unattended = by_worker, notes = warnings
			WHERE user_id = post.user_id AND id = post.id;
		COMMIT;
	END LOOP;
END $$;
RESET synchronous_commit;

-- Last, since it says that all of this was done.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF (SELECT count(*) FROM pg_attribute
	    WHERE attrelid = 'x_posts'::regclass AND NOT attisdropped
	    AND attname IN ('text', 'weighted_length', 'x_post_id',
	    'sent_at')) = 4 THEN
		RETURN;
	END IF;
	ALTER TABLE x_posts
		-- Its only part, while that is on its way for the first time
		-- or was sent that time; null: its parts are in x_parts.
		ADD COLUMN IF NOT EXISTS text text,
		ADD COLUMN IF NOT EXISTS weighted_length integer,
		-- null: on its way
		ADD COLUMN IF NOT EXISTS x_post_id text,
		ADD COLUMN IF NOT EXISTS sent_at timestamptz;
END $$;

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
