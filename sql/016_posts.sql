-- A post that is sent at once and has one part can hold it itself; and what
-- Nexus is told of posts is said by the statement that makes the change, from
-- the moment on that the tables are contracted.
-- There with: column x_posts.x_post_id

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

ALTER TABLE x_posts
	-- Its only part, while that is on its way for the first time or was
	-- sent that time; null: its parts are in x_parts.
	ADD COLUMN IF NOT EXISTS text text,
	ADD COLUMN IF NOT EXISTS weighted_length integer,
	ADD COLUMN IF NOT EXISTS x_post_id text,	-- null: on its way
	ADD COLUMN IF NOT EXISTS sent_at timestamptz;

-- As before, until the statements tell it themselves.
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
	IF (SELECT contracted FROM x_app) THEN
		RETURN NULL;
	END IF;
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

COMMIT;
