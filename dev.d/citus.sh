# ./dev test citus: the stories on a PostgreSQL whose tables are spread over two
# more nodes.  NEXUS_TEST_CITUS names the pg_config of a server that has Citus.

CITUS_NODES=(citus-1 citus-2)

citus_is_named() {
	[[ -n ${NEXUS_TEST_CITUS-} ]] || {
		say "citus: skipped; NEXUS_TEST_CITUS names the pg_config of a PostgreSQL with Citus"
		return 1
	}
}

# Sets CITUS_BIN.
citus_find() {
	local config=$NEXUS_TEST_CITUS

	[[ -e $("$config" --pkglibdir)/citus.so ]] || die "$config has no Citus"
	CITUS_BIN=$("$config" --bindir)
}

# citus_port NAME: chosen once.
citus_port() {
	local file=$STACK/run/$1.port

	[[ -s $file ]] || port_choose "$PG_PORT" "$SITE_PORT" "$TLS_PORT" "$CONSENT_PORT" >"$file"
	cat "$file"
}

citus_node_accepts() {
	"$CITUS_BIN/pg_isready" -q -h "$SOCKETS/pg" -p "$(citus_port "$1")"
}

# On loopback, and for whoever comes: it lives as long as a test.
citus_node_start() {
	local name=$1 data=$STACK/pg/$1
	local -a options

	(cd "$STACK/pg" && LC_ALL=C.UTF-8 "${PG_AS[@]}" "$CITUS_BIN/initdb" -D "$data" \
	    --username=postgres --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8) >"$STACK/log/$name-initdb.log" 2>&1
	mapfile -t options < <(citus_options)
	process_launch "$name" "$STACK/log/$name.log" env HOME="$STACK/pg" LC_ALL=C.UTF-8 "${PG_AS[@]}" \
	    "$CITUS_BIN/postgres" -D "$data" -c "port=$(citus_port "$name")" -c listen_addresses=127.0.0.1 \
	    -c "unix_socket_directories=\"$SOCKETS/pg\"" -c max_connections=300 -c fsync=off -c timezone=UTC "${options[@]}"
	wait_until 60 citus_node_accepts "$name" || die "$name did not start" "See $STACK/log/$name.log"
}

# citus_sql PORT [psql arguments]: as the superuser, in the instance's database.
citus_sql() {
	PGPASSWORD=$PG_ADMIN_PASSWORD PGOPTIONS='' "$CITUS_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
	    -h "$SOCKETS/pg" -p "$1" -U postgres nexus "${@:2}"
}

# The nodes know each other; the coordinator's password is told to them.
citus_join() {
	local name port

	for name in "${CITUS_NODES[@]}"; do
		port=$(citus_port "$name")
		"$CITUS_BIN/psql" -X -q -h "$SOCKETS/pg" -p "$port" -U postgres postgres \
		    -c 'CREATE ROLE nexus LOGIN' -c 'CREATE DATABASE nexus OWNER nexus'
		citus_sql "$port" -c 'CREATE EXTENSION citus' -c "INSERT INTO pg_dist_authinfo
		    VALUES (0, 'postgres', 'password=$PG_ADMIN_PASSWORD'), (0, 'nexus', 'password=$PG_PASSWORD')"
	done
	citus_sql "$PG_PORT" >/dev/null <<END
CREATE EXTENSION citus;
INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=$PG_ADMIN_PASSWORD'), (0, 'nexus', 'password=$PG_PASSWORD');
SELECT citus_set_coordinator_host('127.0.0.1', $PG_PORT);
SELECT citus_add_node('127.0.0.1', $(citus_port citus-1)), citus_add_node('127.0.0.1', $(citus_port citus-2));
END
}

# platform_connections is Nexus's, and has the key that docs/operating.md asks for.
citus_start() {
	local name

	for name in "${CITUS_NODES[@]}"; do
		citus_node_start "$name"
	done
	citus_join
	citus_sql "$PG_PORT" <<'END'
SET ROLE nexus;
CREATE TABLE platform_connections (id uuid NOT NULL DEFAULT gen_random_uuid(), user_id uuid NOT NULL,
    platform text NOT NULL, PRIMARY KEY (user_id, id));
END
}

# As an operator does it, by the role that owns the tables.
citus_spread() {
	PGPASSWORD=$PG_PASSWORD PGOPTIONS='' "$CITUS_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$SOCKETS/pg" \
	    -p "$PG_PORT" -U nexus nexus -f "$ROOT/sql/citus.sql" >"$STACK/log/citus.log" 2>&1 || {
		show_end_of "$STACK/log/citus.log"
		die "sql/citus.sql could not spread the tables"
	}
}

citus_stop() {
	local name

	for name in "${CITUS_NODES[@]}"; do
		process_stop "$name" INT 30
	done
}

# Each statement, and the stories of what the database keeps.
check_citus() {
	local name

	check_file citus "$ROOT/tests/house/nodes.test.js"
	for name in attempts change connect ending history notices outcomes pending post queue refresh \
	    refusals renewal settle sweep; do
		check_file citus "$ROOT/tests/flow/$name.test.js"
	done
}
