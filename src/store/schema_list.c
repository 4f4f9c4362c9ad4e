/* schema_list.c - what is there of ours, and something to fill it with. */

#include "schema_list.h"

/*
 * Definitions as PostgreSQL prints them, so that how a file wrote them does
 * not matter.  NOT NULL stands with its column: from 18 on it is a constraint
 * as well.
 */
const char nx_schema_list[] =
    "WITH ours AS (SELECT oid, relname AS tab, relrowsecurity,"
    " relname = 'platform_connections' AS shared FROM pg_class"
    " WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
    " AND (relname ~ '^x_' OR relname = 'platform_connections'))"
    " SELECT line FROM ("
    "SELECT concat('table ', tab, CASE WHEN relrowsecurity"
    " THEN ' row level security' END) AS line FROM ours"
    " UNION ALL SELECT concat('column ', tab, '.', attname, CASE WHEN NOT"
    " shared THEN concat(' ', format_type(atttypid, atttypmod),"
    " CASE WHEN attnotnull THEN ' not null' END, ' ' ||"
    " pg_get_expr(adbin, adrelid)) END) FROM ours JOIN pg_attribute"
    " ON attrelid = ours.oid LEFT JOIN pg_attrdef ON adrelid = attrelid"
    " AND adnum = attnum WHERE attnum > 0 AND NOT attisdropped"
    " UNION ALL SELECT concat('index ', c.relname, CASE WHEN NOT indisvalid"
    " THEN ' invalid' WHEN NOT shared THEN"
    " ' ' || pg_get_indexdef(indexrelid, 0, true) END) FROM ours"
    " JOIN pg_index ON indrelid = ours.oid"
    " JOIN pg_class c ON c.oid = indexrelid"
    " WHERE NOT shared OR c.relname ~ '^x_'"
    " UNION ALL SELECT concat('constraint ', tab, '.', conname, CASE WHEN"
    " NOT shared THEN ' ' || pg_get_constraintdef(c.oid, true) END)"
    " FROM ours JOIN pg_constraint c ON conrelid = ours.oid"
    " WHERE contype IN ('c', 'f', 'p', 'u', 'x')"
    " AND (NOT shared OR conname ~ '^x_')"
    " UNION ALL SELECT concat('trigger ', tab, '.', tgname, CASE WHEN NOT"
    " shared THEN ' ' || pg_get_triggerdef(t.oid, true) END)"
    " FROM ours JOIN pg_trigger t ON tgrelid = ours.oid"
    " WHERE NOT tgisinternal AND (NOT shared OR tgname ~ '^x_')"
    " UNION ALL SELECT concat('function ', proname, ' ', md5(prosrc))"
    " FROM pg_proc WHERE proname ~ '^x_' AND pg_function_is_visible(oid)"
    ") AS lines ORDER BY line COLLATE \"C\"";

/*
 * Only with columns that every version has.  Most posts are over, a twentieth
 * is queued; users are a thousand.
 */
const char nx_schema_fill[] =
    "CREATE OR REPLACE FUNCTION pg_temp.fill(rows integer) RETURNS void"
    " LANGUAGE plpgsql AS $$ BEGIN"
    " IF to_regclass('platform_connections') IS NULL THEN"
    "  CREATE TABLE platform_connections (id uuid PRIMARY KEY,"
    "   user_id uuid NOT NULL, platform text NOT NULL,"
    "   platform_user_id text, access_token text NOT NULL);"
    "  INSERT INTO platform_connections SELECT md5('o' || n)::uuid,"
    "   md5('u' || n % 1000)::uuid, 'mastodon', n, md5(n::text)"
    "  FROM generate_series(1, rows) AS n;"
    " END IF;"
    " IF to_regclass('x_grants') IS NULL THEN RETURN; END IF;"
    " IF NOT EXISTS (SELECT FROM x_grants) THEN"
    "  INSERT INTO platform_connections (id, user_id, platform,"
    "   platform_user_id, platform_username, access_token, refresh_token,"
    "   token_expires_at, status)"
    "  SELECT md5('c' || n)::uuid, md5('u' || n % 1000)::uuid, 'twitter', n,"
    "   'user' || n, 'nx1.k.' || md5(n::text), 'nx1.k.' || md5(n::text),"
    "   now() + n * interval '1 min', 'connected'"
    "  FROM generate_series(0, greatest(1000, rows / 10) - 1) AS n;"
    "  INSERT INTO x_grants (connection_id)"
    "   SELECT id FROM platform_connections WHERE platform = 'twitter';"
    " END IF;"
    " IF to_regclass('x_events') IS NULL THEN RETURN; END IF;"
    " IF NOT EXISTS (SELECT FROM x_events) THEN"
    "  INSERT INTO x_events (user_id, code) SELECT md5('u' || n % 1000)::uuid,"
    "   'x_refused' FROM generate_series(1, rows / 10) AS n;"
    " END IF;"
    " IF to_regclass('x_parts') IS NULL THEN RETURN; END IF;"
    " IF NOT EXISTS (SELECT FROM x_parts) THEN"
    "  INSERT INTO x_posts (id, user_id, connection_id, state, body_hash,"
    "   publish_at, created_at) SELECT md5('p' || n)::uuid,"
    "   md5('u' || n % 1000)::uuid, md5('c' || n % 1000)::uuid,"
    "   CASE n % 20 WHEN 0 THEN 'queued' ELSE 'sent' END, md5('b' || n),"
    "   CASE n % 20 WHEN 0 THEN now() + interval '1 day' END,"
    "   now() - n * interval '1 s' FROM generate_series(1, rows) AS n;"
    "  INSERT INTO x_parts (user_id, post_id, position, text,"
    "   weighted_length, state, x_post_id, sent_at)"
    "  SELECT user_id, id, 0, repeat('word ', 20), 100,"
    "   CASE state WHEN 'sent' THEN 'sent' ELSE 'waiting' END,"
    "   CASE state WHEN 'sent' THEN row_number() OVER () END, created_at"
    "  FROM x_posts;"
    " END IF; END $$";
