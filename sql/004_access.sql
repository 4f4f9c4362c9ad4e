-- Who may see what through Supabase.  The service itself owns the tables.
--
-- A signed-in user reads their own rows, never a token; x_grants and x_logins
-- are nobody's business.  Without Supabase's roles there is nobody to admit:
-- run this again once they exist, and after columns were added to
-- platform_connections (its columns are granted one by one).
-- There with: rls x_events

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

-- The caller as Supabase's PostgREST tells it.
CREATE OR REPLACE FUNCTION pg_temp.x_caller() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF to_regnamespace('auth') IS NOT NULL
	    AND to_regprocedure('auth.uid()') IS NOT NULL THEN
		RETURN '(SELECT auth.uid())';
	END IF;
	RETURN '(SELECT (nullif(current_setting(''request.jwt.claims'', true),'
	    ' '''')::jsonb ->> ''sub'')::uuid)';
END $$;

-- The shared table's rows.
DO $$
DECLARE
	tab constant regclass := 'platform_connections'::regclass;
	roles text := (SELECT string_agg(quote_ident(rolname), ', ')
	    FROM pg_roles WHERE rolname IN ('anon', 'authenticated'));
	was_on boolean := (SELECT relrowsecurity FROM pg_class
	    WHERE oid = tab);
	ours constant text[] := ARRAY['x_own_rows', 'x_backends',
	    'x_no_insert', 'x_no_update', 'x_no_delete'];
	others boolean := EXISTS (SELECT 1 FROM pg_policy
	    WHERE polrelid = tab AND polname <> ALL (ours));
	own text := 'user_id = ' || pg_temp.x_caller();
BEGIN
	IF roles IS NULL THEN
		RETURN;
	END IF;
	IF NOT was_on THEN
		-- Back ends that worked with the table go on doing so.
		ALTER TABLE platform_connections ENABLE ROW LEVEL SECURITY;
		DROP POLICY IF EXISTS x_backends ON platform_connections;
		CREATE POLICY x_backends ON platform_connections
		    USING (current_user NOT IN ('anon', 'authenticated'));
	END IF;
	-- Where others have rules for their rows, ours is for our rows.
	IF others THEN
		own := own || ' AND platform = ''twitter''';
	END IF;
	DROP POLICY IF EXISTS x_own_rows ON platform_connections;
	IF EXISTS (SELECT 1 FROM pg_roles
	    WHERE rolname = 'authenticated') THEN
		EXECUTE format('CREATE POLICY x_own_rows ON '
		    'platform_connections FOR SELECT TO authenticated '
		    'USING (%s)', own);
	END IF;
	-- Nobody writes our rows past the service, whatever others allow.
	DROP POLICY IF EXISTS x_no_insert ON platform_connections;
	DROP POLICY IF EXISTS x_no_update ON platform_connections;
	DROP POLICY IF EXISTS x_no_delete ON platform_connections;
	EXECUTE format('CREATE POLICY x_no_insert ON platform_connections '
	    'AS RESTRICTIVE FOR INSERT TO %s '
	    'WITH CHECK (platform <> ''twitter'')', roles);
	EXECUTE format('CREATE POLICY x_no_update ON platform_connections '
	    'AS RESTRICTIVE FOR UPDATE TO %s '
	    'USING (platform <> ''twitter'') '
	    'WITH CHECK (platform <> ''twitter'')', roles);
	EXECUTE format('CREATE POLICY x_no_delete ON platform_connections '
	    'AS RESTRICTIVE FOR DELETE TO %s '
	    'USING (platform <> ''twitter'')', roles);
END $$;

-- The shared table's columns.  A right to the table covers every column, so
-- it is replaced by rights to all columns but the tokens.
DO $$
DECLARE
	tab constant regclass := 'platform_connections'::regclass;
	role text;
	columns text;
	reads boolean;
BEGIN
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
	INTO columns FROM pg_attribute
	WHERE attrelid = tab AND attnum > 0 AND NOT attisdropped
	AND attname NOT IN ('access_token', 'refresh_token');

	FOR role IN SELECT rolname FROM pg_roles
	    WHERE rolname IN ('anon', 'authenticated') LOOP
		REVOKE SELECT ON platform_connections FROM PUBLIC;
		reads := role = 'authenticated'
		    OR has_any_column_privilege(role, tab, 'SELECT');
		EXECUTE format('REVOKE SELECT ON platform_connections '
		    'FROM %I', role);
		IF reads THEN
			EXECUTE format('GRANT SELECT (%s) ON '
			    'platform_connections TO %I', columns, role);
		END IF;
		IF has_column_privilege(role, tab, 'access_token', 'SELECT')
		    OR has_column_privilege(role, tab, 'refresh_token',
		    'SELECT') THEN
			RAISE EXCEPTION 'role % can still read tokens: somebody '
			    'other than the owner of platform_connections '
			    'granted it', role;
		END IF;
	END LOOP;
END $$;

COMMIT;

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Our own tables, each in a transaction of its own.
DO $$
DECLARE
	tab text;
	role text;
	signed_in boolean := EXISTS (SELECT 1 FROM pg_roles
	    WHERE rolname = 'authenticated');
BEGIN
	FOREACH tab IN ARRAY ARRAY['x_grants', 'x_logins', 'x_posts',
	    'x_parts', 'x_events'] LOOP
		PERFORM pg_advisory_xact_lock(
		    hashtextextended('nexus-x migration', 0));
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY',
		    tab);
		EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', tab);
		FOR role IN SELECT rolname FROM pg_roles
		    WHERE rolname IN ('anon', 'authenticated') LOOP
			EXECUTE format('REVOKE ALL ON %I FROM %I', tab, role);
		END LOOP;
		IF signed_in AND tab NOT IN ('x_grants', 'x_logins') THEN
			EXECUTE format('DROP POLICY IF EXISTS x_own_rows '
			    'ON %I', tab);
			EXECUTE format('CREATE POLICY x_own_rows ON %I '
			    'FOR SELECT TO authenticated '
			    'USING (user_id = %s)', tab, pg_temp.x_caller());
			EXECUTE format('GRANT SELECT ON %I TO authenticated',
			    tab);
		END IF;
		COMMIT;
	END LOOP;
END $$;

DROP FUNCTION pg_temp.x_caller();
DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
RESET client_min_messages;
