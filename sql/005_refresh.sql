-- Refreshes that have to wait, and what grows old.
-- There with: relation x_posts_keys_age

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

-- No sweep tries it before this; doubles with every failure.
ALTER TABLE x_grants
	ADD COLUMN IF NOT EXISTS retry_at timestamptz,
	ADD COLUMN IF NOT EXISTS failures integer NOT NULL DEFAULT 0;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Indexes each in a transaction of its own, beside readers and writers.  One
-- that was broken off is there, of no use, and in the way of another try.
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE i.indrelid = 'x_posts'::regclass
	    AND NOT i.indisvalid AND c.relname IN ('x_posts_keys_age') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
-- Idempotency keys that can be forgotten.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_keys_age ON x_posts (created_at)
	WHERE idempotency_key IS NOT NULL;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
