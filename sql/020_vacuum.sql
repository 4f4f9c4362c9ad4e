-- When dead rows are cleared away.  By default that is once a fifth of a table
-- is dead, 2,000,000 rows of 10,000,000; a queue kills two rows of x_posts and
-- three of x_lines for each post that it sends (docs/performance.md, 8).
--
-- Waits for nobody but another vacuum, which gives way after a second; readers
-- and writers do not notice, so it may wait.

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = 0;
-- Two that migrate at once take turns.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;
ALTER TABLE x_posts SET (autovacuum_vacuum_scale_factor = 0.01,
	autovacuum_vacuum_insert_scale_factor = 0.02,
	autovacuum_analyze_scale_factor = 0.02);
COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = 0;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;
ALTER TABLE x_lines SET (autovacuum_vacuum_scale_factor = 0.01,
	autovacuum_analyze_scale_factor = 0.05);
COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = 0;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(
	hashtextextended('nexus-x migration', 0)); END $$;
ALTER TABLE x_grants SET (autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_analyze_scale_factor = 0.05);
COMMIT;
