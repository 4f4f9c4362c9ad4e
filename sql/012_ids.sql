-- Which part has which of X's ids: two of a user's cannot have the same.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- Refers to nothing, so that recording a post locks nothing else.
CREATE TABLE IF NOT EXISTS x_ids (
	user_id uuid NOT NULL,
	x_post_id text NOT NULL,
	post_id uuid NOT NULL,
	position smallint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	-- Whoever finds the id to be another part's sets it, and fails.
	taken boolean NOT NULL DEFAULT false
	    CONSTRAINT x_ids_once CHECK (NOT taken),
	PRIMARY KEY (user_id, x_post_id)
);
-- Only what is missing, since both wait for whoever is at the table, and
-- everybody for them.
DO $$
DECLARE
	role text;
BEGIN
	IF to_regclass('x_ids_age') IS NULL THEN
		CREATE INDEX x_ids_age ON x_ids (at);
	END IF;
	-- Nobody reads it through Supabase.
	IF NOT (SELECT relrowsecurity FROM pg_class
	    WHERE oid = 'x_ids'::regclass) THEN
		ALTER TABLE x_ids ENABLE ROW LEVEL SECURITY;
	END IF;
	REVOKE ALL ON x_ids FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_ids FROM %I', role);
	END LOOP;
END $$;

COMMIT;

-- Those of before; a transaction of its own, which nobody waits for, and
-- which may take longer than the service's role may be given.
BEGIN;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
INSERT INTO x_ids (user_id, x_post_id, post_id, position, at)
	SELECT user_id, x_post_id, post_id, position, sent_at FROM x_parts
	WHERE x_post_id IS NOT NULL AND sent_at > now() - interval '30 days'
	ON CONFLICT DO NOTHING;
COMMIT;
