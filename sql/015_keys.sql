-- Keys that begin with the user, when a grant is due, and indexes of what
-- may be purged.
-- There with: relation x_posts_keys_settled

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

-- Programs of before name no user; they find one in the connection's row.
CREATE OR REPLACE FUNCTION x_own_grant() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	NEW.user_id := (SELECT user_id FROM platform_connections
	    WHERE id = NEW.connection_id);
	RETURN NEW;
END $$;

-- When a connection is due is kept in its grant, so that one index can pass
-- over all that nobody may take now.  platform_connections is Nexus's too:
-- whoever writes an access token's end there, by hand or in a program of
-- before, need not know of it.  Not all that end together are due together:
-- by its id each is so some seconds later (src/store/row.h, NX_DUE_AT).
CREATE OR REPLACE FUNCTION x_keep_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	due timestamptz := CASE WHEN NEW.status = 'connected'
	    THEN NEW.token_expires_at + (hashtext(NEW.id::text) & 255)
	    * interval '1 s' END;
BEGIN
	UPDATE x_grants SET due_at = due WHERE connection_id = NEW.id
	    AND (user_id = NEW.user_id OR user_id IS NULL)
	    AND due_at IS DISTINCT FROM due;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO x_grants (user_id, connection_id, due_at)
		    VALUES (NEW.user_id, NEW.id, due)
		    ON CONFLICT DO NOTHING;
	END IF;
	RETURN NULL;
END $$;

DO $$
DECLARE
	place text := (SELECT relnamespace::regnamespace::text
	    FROM pg_class WHERE oid = 'x_grants'::regclass);
BEGIN
	EXECUTE format('ALTER FUNCTION x_own_grant() SET search_path = '
	    'pg_catalog, %s, pg_temp', place);
	EXECUTE format('ALTER FUNCTION x_keep_due() SET search_path = '
	    'pg_catalog, %s, pg_temp', place);
	REVOKE ALL ON FUNCTION x_own_grant(), x_keep_due() FROM PUBLIC;
END $$;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

ALTER TABLE x_grants
	ADD COLUMN IF NOT EXISTS user_id uuid,
	-- When its access token ends, and a little later; NULL: it is not
	-- connected.
	ADD COLUMN IF NOT EXISTS due_at timestamptz;
DO $$
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_trigger
	    WHERE tgrelid = 'x_grants'::regclass
	    AND tgname = 'x_own_grant') THEN
		CREATE TRIGGER x_own_grant BEFORE INSERT ON x_grants
			FOR EACH ROW WHEN (NEW.user_id IS NULL)
			EXECUTE FUNCTION x_own_grant();
	END IF;
END $$;

COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
BEGIN
	IF (SELECT count(*) FROM pg_trigger
	    WHERE tgrelid = 'platform_connections'::regclass
	    AND tgname IN ('x_keep_due_new', 'x_keep_due')) = 2 THEN
		RETURN;
	END IF;
	DROP TRIGGER IF EXISTS x_keep_due_new ON platform_connections;
	CREATE TRIGGER x_keep_due_new AFTER INSERT ON platform_connections
		FOR EACH ROW WHEN (NEW.platform = 'twitter')
		EXECUTE FUNCTION x_keep_due();
	DROP TRIGGER IF EXISTS x_keep_due ON platform_connections;
	CREATE TRIGGER x_keep_due AFTER UPDATE ON platform_connections
		FOR EACH ROW WHEN (NEW.platform = 'twitter'
		    AND (NEW.token_expires_at
		    IS DISTINCT FROM OLD.token_expires_at
		    OR NEW.status IS DISTINCT FROM OLD.status))
		EXECUTE FUNCTION x_keep_due();
END $$;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = 0;
SET synchronous_commit = off;
-- Those that others made, which have no grant yet; when they are due follows.
INSERT INTO x_grants (user_id, connection_id)
	SELECT c.user_id, c.id FROM platform_connections c
	WHERE c.platform = 'twitter'
	AND NOT EXISTS (SELECT 1 FROM x_grants g
	    WHERE g.connection_id = c.id)
	ON CONFLICT DO NOTHING;
-- Rows of before, and of while x_keep_due was not there yet: a transaction
-- each, so that nobody waits for it behind another one, and not on the disk:
-- what is lost is done again.  The connection is locked first and read then:
-- whoever is just connecting it has the last word.
DO $$
DECLARE
	owned record;
BEGIN
	FOR owned IN SELECT g.connection_id AS id FROM x_grants g
	    JOIN platform_connections c ON c.id = g.connection_id
	    WHERE g.user_id IS NULL OR (g.due_at IS NULL
	    AND c.status = 'connected' AND c.token_expires_at IS NOT NULL)
	    LOOP
		-- The first one carries out the rest of the query: with
		-- nothing locked.
		COMMIT;
		PERFORM 1 FROM platform_connections
			WHERE id = owned.id FOR NO KEY UPDATE;
		UPDATE x_grants g SET user_id = c.user_id,
			due_at = CASE WHEN c.status = 'connected'
			    THEN c.token_expires_at
			    + (hashtext(c.id::text) & 255) * interval '1 s'
			    END
			FROM platform_connections c
			WHERE g.connection_id = owned.id AND c.id = owned.id;
		COMMIT;
	END LOOP;
END $$;
RESET synchronous_commit;

-- Each in a transaction of its own, beside readers and writers.  One that was
-- broken off is there, of no use, and in the way of another try.
SET lock_timeout = '10s';
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE NOT i.indisvalid AND pg_table_is_visible(i.indrelid)
	    AND c.relname IN ('x_grants_own', 'x_grants_due',
	    'x_grants_wait', 'x_logins_own', 'x_events_own',
	    'x_notices_own', 'x_notices_done', 'x_revocations_own',
	    'x_pending_own', 'x_posts_keys_settled') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_grants_own
	ON x_grants (user_id, connection_id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_logins_own
	ON x_logins (user_id, state_hash);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_events_own
	ON x_events (user_id, id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_notices_own
	ON x_notices (user_id, id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_revocations_own
	ON x_revocations (user_id, id);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x_pending_own
	ON x_pending (user_id, id);

-- Who is due and free; and who has a lease or is put off, by its end.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_grants_due ON x_grants (due_at)
	WHERE lease_until IS NULL AND retry_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_grants_wait
	ON x_grants ((greatest(lease_until, retry_at)))
	WHERE (lease_until IS NOT NULL OR retry_at IS NOT NULL)
	AND due_at IS NOT NULL;

-- What may go by its age alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_notices_done
	ON x_notices ((coalesce(delivered_at, created_at)))
	WHERE next_try_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_posts_keys_settled
	ON x_posts (updated_at) WHERE idempotency_key IS NOT NULL
	AND state NOT IN ('queued', 'sending', 'unknown')
	AND (state <> 'partial' OR next_try_at IS NULL);

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
