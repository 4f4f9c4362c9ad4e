-- Posts that are changed while they wait, and pages of one connection's.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';

ALTER TABLE x_posts
	-- What was asked for, where the parts do not show it; null: the only
	-- part's text, with nothing else said.
	ADD COLUMN IF NOT EXISTS source jsonb,
	-- The hash of the body that its idempotency key came with, once it has
	-- been changed.
	ADD COLUMN IF NOT EXISTS first_hash text;

COMMIT;

-- Each in a transaction of its own, beside readers and writers.  One that was
-- broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	broken regclass;
BEGIN
	PERFORM set_config('lock_timeout', '10s', true);
	FOR broken IN SELECT indexrelid FROM pg_index
	    WHERE indrelid = 'x_posts'::regclass AND NOT indisvalid LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_upcoming
	ON x_posts (user_id, publish_at, created_at, id)
	WHERE state = 'queued';
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_connection
	ON x_posts (user_id, connection_id, created_at DESC, id DESC);
