-- What Nexus is told about connections: NOTIFY on the channel nexus_x, and a
-- row for the webhook, in the transaction that made the change.
--
-- A trigger does it, not the statements that change a connection: there are
-- several of them, more to come, and an operator's own with psql; none can
-- forget it, and none can commit the one without the other.  Rows of other
-- platforms do not even call it.
-- There with: trigger platform_connections.x_tell_change

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

-- Does not refer to the connection: the notice outlives it.
CREATE TABLE IF NOT EXISTS x_notices (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id uuid NOT NULL,
	connection_id uuid NOT NULL,
	event text NOT NULL,
	body jsonb NOT NULL,		-- never holds a secret
	created_at timestamptz NOT NULL DEFAULT now(),
	-- Who takes it moves this ahead, which is the lease as well: nobody
	-- else tries before.  NULL: delivered, or given up.
	next_try_at timestamptz DEFAULT now(),
	-- Counts who took it; whoever writes an outcome names its number.
	tries integer NOT NULL DEFAULT 0,
	delivered_at timestamptz,
	last_error text
);
CREATE INDEX IF NOT EXISTS x_notices_due
	ON x_notices (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS x_notices_age ON x_notices (created_at);

-- Nobody reads it through Supabase.
DO $$
DECLARE
	role text;
BEGIN
	ALTER TABLE x_notices ENABLE ROW LEVEL SECURITY;
	REVOKE ALL ON x_notices FROM PUBLIC;
	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		EXECUTE format('REVOKE ALL ON x_notices FROM %I', role);
	END LOOP;
END $$;

COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- Runs as its owner, so that whoever may change a connection need not be able
-- to write notices; its search_path is fixed for the same reason.  `at` is
-- read while the row is locked, so it orders one connection's notices.  The
-- cuts keep the payload below NOTIFY's 8000 bytes.
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

-- A reason beside `connected` is news too: the end is in sight.
DROP TRIGGER IF EXISTS x_tell_new ON platform_connections;
CREATE TRIGGER x_tell_new AFTER INSERT ON platform_connections
	FOR EACH ROW WHEN (NEW.platform = 'twitter' AND NEW.status IS NOT NULL)
	EXECUTE FUNCTION x_tell();
DROP TRIGGER IF EXISTS x_tell_change ON platform_connections;
CREATE TRIGGER x_tell_change AFTER UPDATE ON platform_connections
	FOR EACH ROW WHEN (NEW.platform = 'twitter' AND NEW.status IS NOT NULL
	    AND (NEW.status IS DISTINCT FROM OLD.status
	    OR (NEW.status = 'connected'
	    AND NEW.status_reason IS DISTINCT FROM OLD.status_reason)))
	EXECUTE FUNCTION x_tell();

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
