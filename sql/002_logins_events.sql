-- Attempts to connect whose answer came back, and what went wrong for whom.
-- There with: relation x_events_age

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- Whoever inserts the row spends the code.  Kept for an hour.
CREATE TABLE IF NOT EXISTS x_logins (
	state_hash text PRIMARY KEY,	-- SHA-256 of the state, in hex
	claim uuid NOT NULL,		-- the call that inserted it
	user_id uuid NOT NULL,
	return_to text,
	outcome text,			-- 'connected' or an error's code
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS x_logins_age ON x_logins (created_at);

-- Never holds a secret.
CREATE TABLE IF NOT EXISTS x_events (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id uuid,
	connection_id uuid,
	request_id text,
	code text NOT NULL,
	detail text,
	x_status integer,		-- X's HTTP status, where X was asked
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS x_events_user
	ON x_events (user_id, created_at DESC);
CREATE INDEX IF NOT EXISTS x_events_age ON x_events (created_at);

COMMIT;
