-- Keys begin with the user.  Older programs name the old ones and fail.

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Programs of before were the last to leave it out.  As a check first, so that
-- no lock is held while the rows are looked at.
DO $$
BEGIN
	IF EXISTS (SELECT 1 FROM pg_attribute
	    WHERE attrelid = 'x_grants'::regclass AND attname = 'user_id'
	    AND NOT attnotnull) AND NOT EXISTS (SELECT 1 FROM pg_constraint
	    WHERE conrelid = 'x_grants'::regclass
	    AND conname = 'x_grants_owned') THEN
		ALTER TABLE x_grants ADD CONSTRAINT x_grants_owned
			CHECK (user_id IS NOT NULL) NOT VALID;
	END IF;
END $$;
DO $$
BEGIN
	IF EXISTS (SELECT 1 FROM pg_constraint
	    WHERE conrelid = 'x_grants'::regclass
	    AND conname = 'x_grants_owned' AND NOT convalidated) THEN
		ALTER TABLE x_grants VALIDATE CONSTRAINT x_grants_owned;
	END IF;
END $$;
-- Not dropped in the same command: that would come first, and prove nothing.
ALTER TABLE x_grants ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE x_grants DROP CONSTRAINT IF EXISTS x_grants_owned;
DROP TRIGGER IF EXISTS x_own_grant ON x_grants;
DROP FUNCTION IF EXISTS x_own_grant();

-- What still goes by one column: a connection that is deleted takes its grant
-- with it, and a browser that comes back without its cookie names the attempt.
DO $$
DECLARE
	broken regclass;
BEGIN
	FOR broken IN SELECT i.indexrelid FROM pg_index i
	    JOIN pg_class c ON c.oid = i.indexrelid
	    WHERE NOT i.indisvalid AND pg_table_is_visible(i.indrelid)
	    AND c.relname IN ('x_grants_connection', 'x_logins_state') LOOP
		EXECUTE format('DROP INDEX %s', broken);
	END LOOP;
END $$;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_grants_connection
	ON x_grants (connection_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS x_logins_state
	ON x_logins (state_hash);
SET lock_timeout = '10s';

-- The new key is there as an index (015_keys.sql) and becomes the primary
-- key in the old one's place.
DO $$
DECLARE
	tab text;
	fresh text;
BEGIN
	FOREACH tab IN ARRAY ARRAY['x_grants', 'x_logins', 'x_notices',
	    'x_revocations', 'x_pending'] LOOP
		fresh := tab || '_own';
		IF EXISTS (SELECT 1 FROM pg_constraint
		    WHERE conrelid = tab::regclass AND contype = 'p'
		    AND array_length(conkey, 1) = 1) THEN
			EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I, '
			    'ADD CONSTRAINT %I PRIMARY KEY USING INDEX %I',
			    tab, (SELECT conname FROM pg_constraint
			    WHERE conrelid = tab::regclass
			    AND contype = 'p'), fresh, fresh);
		END IF;
		COMMIT;
	END LOOP;
END $$;

-- What only they used.
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS x_posts_keys_age;
DROP INDEX CONCURRENTLY IF EXISTS x_connections_due;
RESET lock_timeout;
RESET client_min_messages;
