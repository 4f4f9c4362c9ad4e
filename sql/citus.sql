-- Spreads the tables over the nodes of a Citus, by user: run once with psql by
-- their owner, at the coordinator, after nexus-x-migrate contract, while no
-- program runs.  Safe to run again.  docs/operating.md says what comes before.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

DO $$
DECLARE
	key text;
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
		RAISE EXCEPTION 'this database has no Citus'
		    USING HINT = 'CREATE EXTENSION citus, and add its nodes.';
	END IF;
	IF NOT (SELECT contracted FROM x_app) THEN
		RAISE EXCEPTION 'the tables have their old form'
		    USING HINT = 'nexus-x-migrate contract comes first.';
	END IF;
	SELECT string_agg(a.attname, ', ' ORDER BY array_position(
	    i.indkey::int2[], a.attnum)) INTO key
	FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
	    AND a.attnum = ANY (i.indkey)
	WHERE i.indrelid = 'platform_connections'::regclass
	AND i.indisprimary;
	IF key IS DISTINCT FROM 'user_id, id' THEN
		RAISE EXCEPTION 'the primary key of platform_connections is '
		    '(%), and must be (user_id, id)', key
		    USING HINT = 'docs/operating.md says how.';
	END IF;
END $$;

-- Statements keep it; Nexus's own may not change when a token ends.
DROP TRIGGER IF EXISTS x_keep_due ON platform_connections;
DROP TRIGGER IF EXISTS x_keep_due_new ON platform_connections;
DROP TRIGGER IF EXISTS x_own_grant ON x_grants;

-- A notification would be heard on the node alone that the user is on, and no
-- transaction of several nodes may make one: webhooks tell what happens.
UPDATE x_app SET spread = true;

-- Each node has a copy of these.
SELECT create_reference_table(name::regclass)
	FROM unnest(ARRAY['x_app', 'x_refreshing', 'x_schema']) AS name
	WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition
	    WHERE logicalrelid = name::regclass);

-- Nothing is unique but beside its user, here and in what refers to it.
DO $$
DECLARE
	bad record;
BEGIN
	FOR bad IN SELECT con.conrelid::regclass AS tab, con.conname,
	        'x_' || split_part(con.conrelid::regclass::text, '_', 2)
	        || '_own' AS own, con.contype
	    FROM pg_constraint con
	    WHERE con.contype IN ('f', 'u', 'p') AND con.conrelid IN (
	        SELECT to_regclass(name) FROM unnest(ARRAY[
	        'platform_connections', 'x_events', 'x_grants', 'x_logins',
	        'x_notices', 'x_pending', 'x_revocations']) AS name)
	    AND NOT EXISTS (SELECT 1 FROM pg_attribute a
	        WHERE a.attrelid = con.conrelid
	        AND a.attnum = ANY (con.conkey) AND a.attname = 'user_id')
	    ORDER BY con.contype
	LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', bad.tab,
		    bad.conname);
		CONTINUE WHEN bad.contype <> 'p';
		EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY '
		    'USING INDEX %I', bad.tab, bad.conname, bad.own);
	END LOOP;
	FOR bad IN SELECT i.indexrelid::regclass AS name FROM pg_index i
	    WHERE i.indisunique
	    AND i.indrelid = 'platform_connections'::regclass
	    AND NOT EXISTS (SELECT 1 FROM pg_attribute a
	        WHERE a.attrelid = i.indrelid
	        AND a.attnum = ANY (i.indkey) AND a.attname = 'user_id')
	LOOP
		EXECUTE format('DROP INDEX %s', bad.name);
	END LOOP;
END $$;

SELECT create_distributed_table('platform_connections', 'user_id')
	WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition
	    WHERE logicalrelid = 'platform_connections'::regclass);

-- In the order in which they refer to each other.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['x_grants', 'x_pending', 'x_logins',
	    'x_revocations', 'x_events', 'x_notices', 'x_lines', 'x_posts',
	    'x_parts', 'x_ids'] LOOP
		CONTINUE WHEN EXISTS (SELECT 1 FROM pg_dist_partition
		    WHERE logicalrelid = name::regclass);
		PERFORM create_distributed_table(name::regclass, 'user_id',
		    colocate_with => 'platform_connections');
	END LOOP;
END $$;

SELECT create_distributed_table('x_accounts', 'platform_user_id')
	WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition
	    WHERE logicalrelid = 'x_accounts'::regclass);

-- What was copied to the nodes is not kept twice.
SELECT truncate_local_data_after_distributing_table(logicalrelid)
	FROM pg_dist_partition WHERE logicalrelid::text ~ '^(x_|platform_)'
	AND pg_relation_size(logicalrelid) > 0;
