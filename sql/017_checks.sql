-- Checks of states that cost a third: a list that is one constant is not put
-- together anew whenever a row is written.

-- One run at a time, and waiting with no transaction open: what reads the
-- whole table would wait for it, and everybody behind both.
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

DO $$
DECLARE
	was record;
BEGIN
	FOR was IN SELECT v.* FROM (VALUES
	    ('state', '{queued,sending,sent,failed,partial,unknown,deleted,cancelled}'),
	    ('goal', '{send,delete,withdraw}')) AS v(col, names)
	    WHERE NOT EXISTS (SELECT FROM pg_constraint
	        WHERE conrelid = 'x_posts'::regclass
	        AND conname = 'x_posts_' || col
	        AND pg_get_constraintdef(oid) LIKE '%{%')
	    AND NOT EXISTS (SELECT FROM pg_constraint
	        WHERE conrelid = 'x_posts'::regclass
	        AND conname = 'x_posts_one_' || col) LOOP
		EXECUTE format('ALTER TABLE x_posts ADD CONSTRAINT %I '
		    'CHECK (%I = ANY (%L::text[])) NOT VALID',
		    'x_posts_one_' || was.col, was.col, was.names);
	END LOOP;
END $$;

COMMIT;

-- Beside readers and writers.
SET lock_timeout = 0;
DO $$
DECLARE
	added name;
BEGIN
	FOR added IN SELECT conname FROM pg_constraint
	    WHERE conrelid = 'x_posts'::regclass AND NOT convalidated
	    AND conname IN ('x_posts_one_state', 'x_posts_one_goal') LOOP
		EXECUTE format('ALTER TABLE x_posts VALIDATE CONSTRAINT %I',
		    added);
	END LOOP;
END $$;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;

DO $$
DECLARE
	col text;
BEGIN
	FOR col IN SELECT substr(conname, length('x_posts_one_') + 1)
	    FROM pg_constraint WHERE conrelid = 'x_posts'::regclass
	    AND conname IN ('x_posts_one_state', 'x_posts_one_goal') LOOP
		EXECUTE format('ALTER TABLE x_posts DROP CONSTRAINT IF EXISTS '
		    '%I', 'x_posts_' || col);
		EXECUTE format('ALTER TABLE x_posts RENAME CONSTRAINT %I TO '
		    '%I', 'x_posts_one_' || col, 'x_posts_' || col);
	END LOOP;
END $$;

COMMIT;

DO $$ BEGIN PERFORM pg_advisory_unlock(
	hashtextextended('nexus-x index', 0)); END $$;
RESET statement_timeout;
RESET lock_timeout;
