-- Posts that are changed while they wait, and pages of one connection's.

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
SET lock_timeout = '10s';

DO $$
BEGIN
	IF (SELECT count(*) FROM pg_attribute
	    WHERE attrelid = 'x_posts'::regclass AND NOT attisdropped
	    AND attname IN ('source', 'first_hash', 'accepted')) = 3 THEN
		RETURN;
	END IF;
	ALTER TABLE x_posts
		-- What was asked for, where the parts do not show it; null:
		-- the only part's text, with nothing else said.
		ADD COLUMN IF NOT EXISTS source jsonb,
		-- The hash of the body that its idempotency key came with,
		-- once it has been changed.
		ADD COLUMN IF NOT EXISTS first_hash text,
		-- False from the moment one for later is stored until it is
		-- known that this was heard of; one that stays so is never
		-- sent.
		ADD COLUMN IF NOT EXISTS accepted boolean NOT NULL
		    DEFAULT true;
END $$;

-- Each in a transaction of its own, beside readers and writers.  One that was
-- broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE i.indrelid = 'x_posts'::regclass AND NOT i.indisvalid
	    AND c.relname IN ('x_posts_upcoming', 'x_posts_connection',
	    'x_posts_same') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_upcoming
	ON x_posts (user_id, publish_at, created_at, id)
	WHERE state = 'queued';
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_connection
	ON x_posts (user_id, connection_id, created_at DESC, id DESC);
-- Whether what failed was asked for again.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_same
	ON x_posts (user_id, body_hash);

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
