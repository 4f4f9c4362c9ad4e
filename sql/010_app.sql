-- What is known of X as a whole: whether it answers renewals.
-- There with: relation x_refreshing

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

-- One row.  Without it nothing is held back.
CREATE TABLE IF NOT EXISTS x_app (
	id boolean PRIMARY KEY DEFAULT true CONSTRAINT x_app_one CHECK (id),
	-- Renewals in a row, on whatever host, whose answer was lost.
	lost integer NOT NULL DEFAULT 0,
	-- No refresh token is spent before, and after it one as a probe;
	-- NULL: the brake is off.
	braked_until timestamptz,
	-- The lease whose owner may try all the same.
	probe uuid,
	-- What has been waiting since before says nothing any more.
	released_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO x_app DEFAULT VALUES ON CONFLICT (id) DO NOTHING;

-- Refresh tokens that are on their way to X, by the owner of the lease.
CREATE TABLE IF NOT EXISTS x_refreshing (
	owner uuid PRIMARY KEY,
	since timestamptz NOT NULL,
	-- Then whoever sent it has died.
	until timestamptz NOT NULL
);

-- Nobody reads them through Supabase.
DO $$
DECLARE
	tab text;
	role text;
BEGIN
	FOREACH tab IN ARRAY ARRAY['x_app', 'x_refreshing'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY',
		    tab);
		EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', tab);
		FOR role IN SELECT rolname FROM pg_roles
		    WHERE rolname IN ('anon', 'authenticated') LOOP
			EXECUTE format('REVOKE ALL ON %I FROM %I', tab, role);
		END LOOP;
	END LOOP;
END $$;

COMMIT;
