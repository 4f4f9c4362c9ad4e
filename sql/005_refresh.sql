-- Refreshes that have to wait, and what grows old.
-- There with: relation x_posts_keys_age

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

-- Idempotency keys that can be forgotten.
CREATE INDEX IF NOT EXISTS x_posts_keys_age ON x_posts (created_at)
	WHERE idempotency_key IS NOT NULL;

COMMIT;
