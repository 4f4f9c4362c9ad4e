-- What Nexus is told of connections is said by the statement that makes the
-- change, from the moment on that the tables are contracted.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute
	    WHERE attrelid = 'x_app'::regclass AND attname = 'spread'
	    AND NOT attisdropped) THEN
		-- Tables lie on several nodes (sql/citus.sql).
		ALTER TABLE x_app ADD COLUMN spread boolean NOT NULL
			DEFAULT false;
	END IF;
END $$;

-- As before, until the statements tell it themselves.
CREATE OR REPLACE FUNCTION x_tell() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	named text := 'connection.' || CASE
	    -- It works until its access token ends, and no longer.
	    WHEN NEW.status = 'connected' AND NEW.status_reason IS NOT NULL
	    THEN 'needs_reauth' ELSE NEW.status END;
	told jsonb := jsonb_build_object(
	    'event', named,
	    'connection_id', NEW.id,
	    'user_id', NEW.user_id,
	    'platform_user_id', left(NEW.platform_user_id, 64),
	    'username', left(NEW.platform_username, 64),
	    'status', NEW.status,
	    'reason', left(NEW.status_reason, 500),
	    'at', to_char(clock_timestamp() AT TIME ZONE 'UTC',
	        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
BEGIN
	IF (SELECT contracted FROM x_app) THEN
		RETURN NULL;
	END IF;
	INSERT INTO x_notices (user_id, connection_id, event, body)
	VALUES (NEW.user_id, NEW.id, named, told);
	PERFORM pg_notify('nexus_x', told::text);
	RETURN NULL;
END $$;

DO $$
BEGIN
	EXECUTE format('ALTER FUNCTION x_tell() SET search_path = '
	    'pg_catalog, %I, pg_temp', (SELECT relnamespace::regnamespace::name
	    FROM pg_class WHERE oid = 'x_notices'::regclass));
	REVOKE ALL ON FUNCTION x_tell() FROM PUBLIC;
END $$;

COMMIT;
