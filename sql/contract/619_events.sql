-- The key of x_events begins with the user.

SET client_min_messages = warning;
SET lock_timeout = '10s';
-- Nobody writes one without.  As a check first, so that no lock is held while
-- the rows are looked at.
UPDATE x_events SET user_id = '00000000-0000-0000-0000-000000000000'
	WHERE user_id IS NULL;
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute
	    WHERE attrelid = 'x_events'::regclass AND attname = 'user_id'
	    AND NOT attnotnull) AND NOT EXISTS (SELECT FROM pg_constraint
	    WHERE conrelid = 'x_events'::regclass
	    AND conname = 'x_events_owned') THEN
		ALTER TABLE x_events ADD CONSTRAINT x_events_owned
			CHECK (user_id IS NOT NULL) NOT VALID;
	END IF;
END $$;
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_constraint
	    WHERE conrelid = 'x_events'::regclass
	    AND conname = 'x_events_owned' AND NOT convalidated) THEN
		ALTER TABLE x_events VALIDATE CONSTRAINT x_events_owned;
	END IF;
END $$;
-- Not dropped in the same command: that would come first, and prove nothing.
ALTER TABLE x_events ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE x_events DROP CONSTRAINT IF EXISTS x_events_owned;

-- The new key is there as an index (015_keys.sql) and becomes the primary
-- key in the old one's place.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_constraint
	    WHERE conrelid = 'x_events'::regclass AND contype = 'p'
	    AND array_length(conkey, 1) = 1) THEN
		EXECUTE format('ALTER TABLE x_events DROP CONSTRAINT %I, '
		    'ADD CONSTRAINT x_events_own PRIMARY KEY USING INDEX '
		    'x_events_own', (SELECT conname FROM pg_constraint
		    WHERE conrelid = 'x_events'::regclass
		    AND contype = 'p'));
	END IF;
END $$;
RESET lock_timeout;
RESET client_min_messages;
