#!/bin/sh
# test_store_sql.sh - the migrations, on an empty database and on one that
# looks like Supabase's with a platform_connections of somebody else's.
# Makes and drops databases of its own next to NX_TEST_DATABASE_URL's; skipped
# (77) where its role may not do that.
set -eu

: "${NX_SOURCE_DIR:=.}"
[ -n "${NX_TEST_DATABASE_URL-}" ] || exit 77
base=$NX_TEST_DATABASE_URL
name=nx_sql_$$
failed=0

on() {			# on DATABASE [psql arguments]
	db=$1
	shift
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$base" \
	    -c "\\connect $db" "$@"
}

may() { psql -X -q -A -t -d "$base" -c "$1"; }

able=$(may "SELECT rolcreatedb AND (rolsuper OR (SELECT count(*) = 3 FROM
    pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')))
    FROM pg_roles WHERE rolname = current_user")
[ "$able" = t ] || exit 77

trap 'may "DROP DATABASE IF EXISTS ${name}_a" >/dev/null 2>&1
may "DROP DATABASE IF EXISTS ${name}_b" >/dev/null 2>&1' EXIT

same() {		# same WHAT GOT WANT
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: got '$2', want '$3'"
		failed=1
	fi
}

migrate() {
	for file in "$NX_SOURCE_DIR"/sql/[0-9]*.sql; do
		on "$1" -f "$file"
	done
}

# Run as a signed-in user (or the anonymous one); an error gives its text.
as() {			# as DATABASE ROLE USER SQL
	on "$1" -c "SET request.jwt.claims = '{\"sub\":\"$3\"}'" \
	    -c "SET ROLE $2" -c "$4" 2>&1 | tail -1
}

may "DO \$\$ DECLARE r text; BEGIN
FOREACH r IN ARRAY '{anon,authenticated,service_role}'::text[] LOOP
 IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN
  EXECUTE 'CREATE ROLE ' || r; END IF;
END LOOP; END \$\$"

shape="SELECT count(*) > 60, md5(string_agg(x, ',' ORDER BY x)) FROM (
    SELECT indexdef AS x FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat(table_name, column_name, data_type, is_nullable,
    column_default) FROM information_schema.columns
    WHERE table_schema = 'public'
    UNION ALL SELECT concat(tablename, policyname, permissive, roles, cmd,
    qual, with_check) FROM pg_policies
    UNION ALL SELECT concat(relname, relacl, relrowsecurity) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace) AS s"

# What the programs ask for is what the files make.
newest=$(cd "$NX_SOURCE_DIR/sql" && printf '%s\n' [0-9]*.sql | tail -1)
needed=$(sed -n 's/.*NX_SCHEMA_NEEDED = \([0-9]*\).*/\1/p' \
    "$NX_SOURCE_DIR/include/nx/store/schema.h")
same "the newest file is the version that is needed" \
    "$(printf %03d "$needed")" "${newest%%_*}"

# An empty database, twice.
may "CREATE DATABASE ${name}_a"
migrate "${name}_a"
before=$(on "${name}_a" -c "$shape")
migrate "${name}_a"
after=$(on "${name}_a" -c "$shape")
same "a second run changes nothing" "$after" "$before"
same "there is something to compare" "${before%|*}" t
same "one row for each account" "$(on "${name}_a" -c "SELECT count(*) FROM
    pg_constraint WHERE contype = 'u'
    AND conrelid = 'platform_connections'::regclass")" 1

# What older programs left open becomes due, once and by an index.
p1=33333333-3333-4333-8333-333333333333
on "${name}_a" -f - <<SQL
DROP INDEX x_posts_open, x_posts_queue;
CREATE INDEX x_posts_open ON x_posts (lease_until)
	WHERE state IN ('sending', 'unknown');
CREATE INDEX x_posts_queue ON x_posts (publish_at) WHERE state = 'queued';
ALTER TABLE x_posts ALTER COLUMN next_try_at DROP DEFAULT;
INSERT INTO x_posts (id, user_id, connection_id, state, body_hash)
	VALUES ('$p1', '$p1', '$p1', 'sending', ''),
	(gen_random_uuid(), '$p1', '$p1', 'sent', '');
INSERT INTO x_parts (user_id, post_id, position, text, weighted_length, state)
	VALUES ('$p1', '$p1', 0, '', 0, 'sending');
SQL
migrate "${name}_a"
same "indexes of before are replaced" "$(on "${name}_a" -c "$shape")" "$before"
same "what was left open is due" "$(on "${name}_a" -c "SELECT count(*),
    bool_and(p.id = '$p1' AND q.attempts = 1 AND q.left_at = q.first_left_at)
    FROM x_posts p LEFT JOIN x_parts q ON q.post_id = p.id
    WHERE next_try_at <= now()")" "1|t"

# So does what they begin from now on, unless they end it as well.
on "${name}_a" -f - <<SQL
DELETE FROM x_posts;
INSERT INTO x_posts (id, user_id, connection_id, state, body_hash)
	SELECT gen_random_uuid(), '$p1', '$p1', 'sending', s FROM
	unnest('{sending,unknown,sent,failed,partial}'::text[]) AS s;
UPDATE x_posts SET state = body_hash;
INSERT INTO x_posts (id, user_id, connection_id, state, body_hash,
	next_try_at) VALUES ('$p1', '$p1', '$p1', 'sending', 'ours', now());
UPDATE x_posts SET state = 'partial', next_try_at = now() + interval '60 s'
	WHERE id = '$p1';
SQL
same "what older programs leave open becomes due" "$(on "${name}_a" -c "SELECT
    string_agg(body_hash, ' ' ORDER BY body_hash) FROM x_posts WHERE
    next_try_at BETWEEN now() + interval '50 s' AND now() + interval '61 s'")" \
    "ours sending unknown"

# Supabase, with a table that is older than we are.
b=${name}_b
u1=11111111-1111-4111-8111-111111111111
u2=22222222-2222-4222-8222-222222222222
may "CREATE DATABASE $b"
on "$b" -f - <<SQL
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
'SELECT (current_setting(''request.jwt.claims'', true)::jsonb
  ->> ''sub'')::uuid';
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
	GRANT ALL ON TABLES TO anon, authenticated, service_role;
INSERT INTO auth.users VALUES ('$u1'), ('$u2');
CREATE TABLE platform_connections (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id uuid NOT NULL REFERENCES auth.users (id),
	platform text NOT NULL,
	platform_user_id text,
	access_token text NOT NULL,
	label text,
	created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO platform_connections (user_id, platform, platform_user_id,
	access_token, label)
VALUES ('$u1', 'mastodon', '7', 'm-token', 'a'),
	('$u1', 'mastodon', '7', 'm-token-2', 'a duplicate'),
	('$u2', 'bluesky', '8', 'b-token', 'b');
SQL
rows="SELECT md5(string_agg(concat_ws('|', id, user_id, platform,
    platform_user_id, access_token, label, created_at), ',' ORDER BY id))
    FROM platform_connections WHERE platform <> 'twitter'"
before=$(on "$b" -c "$rows")
migrate "$b"
migrate "$b"
same "other platforms' rows are untouched" "$(on "$b" -c "$rows")" "$before"
same "and have nothing new in them" "$(on "$b" -c "SELECT count(*) FROM
    platform_connections WHERE num_nonnulls(refresh_token, scopes, status,
    token_expires_at, status_reason, metadata, updated_at) > 0")" 0
on "$b" -f - <<SQL
INSERT INTO platform_connections (user_id, platform, platform_user_id,
	platform_username, access_token, refresh_token, token_expires_at,
	status)
SELECT u, 'twitter', '9', 'ada', 'sealed-a', 'sealed-r', now(), 'connected'
FROM unnest('{$u1,$u2}'::uuid[]) AS u;
INSERT INTO x_events (user_id, code) VALUES ('$u1', 'one'), ('$u2', 'two');
DELETE FROM x_grants;
INSERT INTO x_grants (connection_id) SELECT id FROM platform_connections
	WHERE platform = 'twitter';
INSERT INTO x_logins (state_hash, claim, user_id) VALUES ('h', '$u1', '$u1');
SQL
same "a grant of an older program has its user" "$(on "$b" -c "SELECT
    count(*) FROM x_grants g JOIN platform_connections c ON c.id =
    g.connection_id AND c.user_id = g.user_id")" 2
same "one row for each account of ours" "$(on "$b" -c "INSERT INTO
    platform_connections (user_id, platform, platform_user_id, access_token,
    token_expires_at, status) VALUES ('$u1', 'twitter', '9', 'x', now(),
    'connected') ON CONFLICT (user_id, platform, platform_user_id)
    WHERE platform = 'twitter' DO NOTHING RETURNING 1")" ""
wrong() {		# wrong WHAT SQL
	if on "$b" -c "$2" >/dev/null 2>&1; then
		echo "not ok $1"
		failed=1
	else
		echo "ok $1"
	fi
}
wrong "connected without a token" "UPDATE platform_connections
    SET access_token = NULL WHERE platform = 'twitter'"
wrong "an empty refresh token" "UPDATE platform_connections
    SET refresh_token = '' WHERE platform = 'twitter'"
wrong "a status of nobody's" "UPDATE platform_connections
    SET status = 'odd' WHERE platform = 'twitter'"
same "disconnected without a token" "$(on "$b" -c "UPDATE
    platform_connections SET access_token = NULL, status = 'disconnected'
    WHERE platform = 'twitter' AND user_id = '$u2' RETURNING 1")" 1

read_own="SELECT string_agg(platform || coalesce(platform_username, ''), ','
    ORDER BY platform) FROM platform_connections"
same "a user sees their own" "$(as "$b" authenticated $u1 "$read_own")" \
    "mastodon,mastodon,twitterada"
same "another user theirs" "$(as "$b" authenticated $u2 "$read_own")" \
    "bluesky,twitterada"
same "nobody sees nothing" "$(as "$b" anon "" "SELECT count(user_id)
    FROM platform_connections")" 0
for column in access_token refresh_token '*'; do
	for role in authenticated anon; do
		case $(as "$b" $role $u1 "SELECT $column FROM
		    platform_connections") in
		*"permission denied"*) echo "ok $role cannot read $column" ;;
		*) echo "not ok $role reads $column"; failed=1 ;;
		esac
	done
done
for table in x_grants x_lines x_logins x_notices x_pending x_revocations; do
	case $(as "$b" authenticated $u1 "SELECT count(*) FROM $table") in
	*"permission denied"*) echo "ok $table is nobody's" ;;
	*) echo "not ok $table can be read"; failed=1 ;;
	esac
done
# Whoever changes a connection of ours, with or without a right to x_notices.
on "$b" -c "REVOKE ALL ON x_notices FROM service_role"
for status in needs_reauth connected; do
	as "$b" service_role $u1 "UPDATE platform_connections
	    SET status = '$status' WHERE platform = 'twitter'
	    AND user_id = '$u1'" >/dev/null
done
on "$b" -c "UPDATE platform_connections SET label = 'b' WHERE label = 'b'"
same "every change is noted, of our rows only" "$(on "$b" -c "SELECT
    string_agg(event || n, ' ' ORDER BY event) FROM (SELECT
    replace(event, 'connection.', '') AS event, count(*) AS n
    FROM x_notices GROUP BY 1) AS e")" \
    "connected3 disconnected1 needs_reauth1"
# So is what comes of a post while nobody waits.
on "$b" -c "INSERT INTO x_posts (id, user_id, connection_id, state, body_hash)
    VALUES ('$u1', '$u1', '$u1', 'unknown', '')"
on "$b" -c "UPDATE x_posts SET state = 'failed'"
same "and so is a post's outcome" "$(on "$b" -c "SELECT body ->> 'state'
    FROM x_notices WHERE event = 'post.failed'")" failed
same "own events" "$(as "$b" authenticated $u1 \
    "SELECT string_agg(code, ',') FROM x_events")" one
for verb in "UPDATE platform_connections SET status_reason = 'mine'" \
    "DELETE FROM platform_connections" \
    "DELETE FROM x_events" "INSERT INTO x_posts DEFAULT VALUES"; do
	as "$b" authenticated $u1 "$verb" >/dev/null
done
same "a user writes none of ours" "$(on "$b" -c "SELECT count(*) FROM
    platform_connections WHERE platform = 'twitter'
    AND status_reason IS NULL") $(on "$b" -c "SELECT count(*)
    FROM x_events")" "2 2"

# Where others have policies that let users write, our rows stay closed.
on "$b" -c "CREATE POLICY theirs ON platform_connections TO authenticated
    USING (user_id = auth.uid())" -c "GRANT ALL ON platform_connections
    TO authenticated"
migrate "$b"
as "$b" authenticated $u1 "UPDATE platform_connections SET label = 'mine'" \
    >/dev/null
same "their policy stays, for their rows" "$(on "$b" -c "SELECT count(*)
    FROM platform_connections WHERE label = 'mine'
    AND platform = 'mastodon'") $(on "$b" -c "SELECT count(*)
    FROM platform_connections WHERE label = 'mine'
    AND platform = 'twitter'")" "2 0"
case $(as "$b" authenticated $u1 "SELECT access_token FROM
    platform_connections") in
*"permission denied"*) echo "ok a new grant is taken back" ;;
*) echo "not ok a new grant stays"; failed=1 ;;
esac

# Of many connections, the few that are due are found through an index.
on "$b" -f - <<SQL
INSERT INTO auth.users SELECT gen_random_uuid() FROM
	generate_series(1, 20000);
INSERT INTO platform_connections (user_id, platform, platform_user_id,
	access_token, refresh_token, token_expires_at, status)
SELECT id, 'twitter', row_number() OVER (), 'a', 'r',
	now() + random() * interval '2 hours' + interval '15 min', 'connected'
FROM auth.users;
ANALYZE;
SQL
case $(on "$b" -c "EXPLAIN SELECT user_id, connection_id FROM x_grants
    WHERE lease_until IS NULL AND retry_at IS NULL
    AND due_at < now() + 900 * interval '1 s' ORDER BY due_at LIMIT 100") in
*x_grants_due*) echo "ok due connections come from an index" ;;
*) echo "not ok due connections are searched for"; failed=1 ;;
esac
exit $failed
