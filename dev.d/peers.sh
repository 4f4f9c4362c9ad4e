# What ./dev bench compares with, behind the nginx of the instance it measures: a
# program that does nothing, more of the service, and programs of others that do
# the same work (tests/load/peers).

PACKAGES_OF_PEERS=(apache2-bin gunicorn libapache2-mod-auth-openidc python3-authlib python3-flask python3-requests)
PEERS=$ROOT/tests/load/peers
PEER_NODE=$ROOT/var/peers/node	# with the modules of its package-lock.json
BESIDE=(nothing many small large node express flask openidc)	# what may run beside the instance

peers_install() {
	install_packages "${PACKAGES_OF_PEERS[@]}"
	node -e 'process.exit(parseInt(process.versions.node, 10) < 20 ? 1 : 0)' ||
	    die "the peer on Node wants Node 20 or newer; this is $(node --version)"
	peer_node_copy
	(cd "$PEER_NODE" && npm ci --no-progress --no-fund --no-audit >/dev/null) || die "npm ci failed in $PEER_NODE"
}

peers_are_installed() {
	[[ -e $PEER_NODE/node_modules/.package-lock.json && -z $(packages_missing "${PACKAGES_OF_PEERS[@]}") ]]
}

# beside_fcgi NAME PROCESSES THREADS POOL PROGRAM: on NAME.sock.
beside_fcgi() {
	spawn "$1" "$SOCKETS/$1.sock" 1024 "$(command -v env)" "NEXUS_THREADS=$3" "NEXUS_DB_POOL=$4" \
	    "$(command -v multiwatch)" -f "$2" -t 0 -- "$(realpath --relative-to="$STACK" "$5")"
}

# beside NAME PORT COMMAND...: answers on PORT soon.
beside() {
	(process_environment; process_launch "$1" "$STACK/log/$1.log" "${@:3}")
	if ! wait_until 30 beside_answers "$1" "$2" || ! process_alive "$1"; then
		show_end_of "$STACK/log/$1.log"
		die "the peer $1 did not start"
	fi
}

beside_answers() {
	! process_alive "$1" || curl -q -s -o /dev/null --noproxy '*' --max-time 2 "http://127.0.0.1:$2/"
}

beside_stop() {
	local name

	for name in "${BESIDE[@]}"; do
		process_stop "$name" TERM 10
		rm -f "$SOCKETS/$name.sock"
	done
	rm -f "$STACK"/nginx/*bench*.conf
}

peer_node_copy() {
	mkdir -p "$PEER_NODE"
	cp "$PEERS"/node/* "$PEER_NODE"
}

peer_node_start() {
	peer_node_copy
	PGPASSWORD=$PG_PASSWORD "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$SOCKETS/pg" -p "$PG_PORT" -U nexus nexus >/dev/null \
	    -c 'DROP DATABASE IF EXISTS peer' -c 'CREATE DATABASE peer' 2>&1
	PGPASSWORD=$PG_PASSWORD "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$SOCKETS/pg" -p "$PG_PORT" -U nexus peer -f "$PEERS/node/schema.sql"
	beside node "$1" env PGDATABASE=peer PEER_PORT="$1" PEER_PROCESSES="$(settings_value NEXUS_PROCESSES)" \
	    PEER_KEY="$(openssl rand -base64 32)" NODE_ENV=production NODE_EXTRA_CA_CERTS="$STACK/tls/ca.pem" \
	    "$(command -v node)" "$PEER_NODE/server.js"
}

peer_express_start() {
	beside express "$1" env PEER_PORT="$1" PEER_PROCESSES="$(settings_value NEXUS_PROCESSES)" PEER_KEY="$(openssl rand -base64 32)" \
	    NODE_ENV=production "$(command -v node)" "$PEER_NODE/express.js"
}

peer_flask_start() {
	beside flask "$1" env PYTHONDONTWRITEBYTECODE=1 PEER_FERNET_KEY="$(openssl rand -base64 32 | tr +/ -_)" \
	    /usr/bin/gunicorn --chdir "$PEERS/flask" -w "$(settings_value NEXUS_PROCESSES)" -k gthread --threads 32 --keep-alive 60 \
	    --backlog 1024 -b "127.0.0.1:$1" app:app
}

peer_openidc_start() {
	local user='' number

	number=$(settings_value NEXUS_PROCESSES)
	[[ $EUID -ne 0 ]] || user=$'User nobody\nGroup nogroup'
	mkdir -p "$STACK/openidc"
	fill_in "$PEERS/openidc/httpd.conf.in" DIR "$STACK/openidc" PORT "$1" USER "$user" MODULES /usr/lib/apache2/modules \
	    PROCESSES "$number" THREADS $((64 * number)) KEY "$(openssl rand -hex 16)" >"$STACK/openidc/httpd.conf"
	beside openidc "$1" apache2 -DFOREGROUND -f "$STACK/openidc/httpd.conf"
}

# peer_site NAME PORT FRONT: nginx's half, which listens on FRONT.
peer_site() {
	cat <<END
upstream peer_$1 {
	server 127.0.0.1:$2 max_fails=0;
	keepalive 64;
}
server {
	listen 127.0.0.1:$3 backlog=4096;
	access_log "$STACK/log/access.log" nexus_x buffer=64k flush=1s;
	location / {
		proxy_pass http://peer_$1;
		proxy_http_version 1.1;
		proxy_set_header Connection "";
		proxy_set_header Host \$http_host;
	}
}
END
}

# peers_start NAME...: each behind a port of nginx, which run/NAME.front holds, once
# nginx is started or told anew.
peers_start() {
	local name port front taken=()

	for name; do
		port=$(port_choose "${taken[@]}")
		front=$(port_choose "$port" "${taken[@]}")
		taken+=("$port" "$front")
		"peer_${name}_start" "$port"
		peer_site "$name" "$port" "$front" >"$STACK/nginx/bench-$name.conf"
		printf 'http://127.0.0.1:%s\n' "$front" >"$STACK/run/$name.front"
	done
}

# more_start NAME PROCESSES THREADS POOL: more of the service, in another shape.
more_start() {
	local front

	beside_fcgi "$@" "$BUILD/nexus-x-fcgi"
	front=$(port_choose)
	cat >"$STACK/nginx/bench-$1.conf" <<END
server {
	listen 127.0.0.1:$front backlog=4096;
	access_log "$STACK/log/access.log" nexus_x buffer=64k flush=1s;
	include snippets/nexus-x-server.conf;
	include snippets/nexus-x-fastcgi.conf;
	location / {
		fastcgi_pass "unix:$SOCKETS/$1.sock";
	}
}
END
	printf 'http://127.0.0.1:%s\n' "$front" >"$STACK/run/$1.front"
}

# nothing_start: and nginx answering by itself.
nothing_start() {
	local number

	number=$(settings_value NEXUS_PROCESSES)
	beside_fcgi nothing "$number" "${NEXUS_THREADS:-32}" 1 "$BUILD/tests/load/nothing-fcgi"
	cat >"$STACK/nginx/site-bench.conf" <<END
location = /return {
	return 302 https://x.com/i/oauth2/authorize;
}
location = /nothing {
	fastcgi_pass "unix:$SOCKETS/nothing.sock";
}
END
}
