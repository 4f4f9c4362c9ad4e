-- A refresh token that X refused while the access token lived on.
-- There with: column x_grants.refused_at

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

ALTER TABLE x_grants
	-- Since when; emptied by the next pair.
	ADD COLUMN IF NOT EXISTS refused_at timestamptz,
	-- No sweep tries before; posts do.
	ADD COLUMN IF NOT EXISTS retry_at timestamptz;

COMMIT;
