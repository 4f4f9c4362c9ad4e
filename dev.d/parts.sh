# The parts of an instance beside PostgreSQL: TLS, sandbox, application, nginx.

# A CA of our own and a leaf for loopback, kept until it nears its end.
tls_make() {
	local dir=$STACK/tls

	if openssl x509 -checkend 2592000 -noout -in "$dir/server.pem" >/dev/null 2>&1; then
		return 0
	fi
	(
		umask 077
		mkdir -p "$dir" && cd "$dir"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -keyout ca.key -out ca.pem -days 3650 -subj '/CN=nexus-x development CA' \
		    -addext basicConstraints=critical,CA:TRUE \
		    -addext keyUsage=critical,keyCertSign,cRLSign
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -keyout server.key -out server.csr -subj /CN=localhost
		printf '%s\n' 'basicConstraints=critical,CA:FALSE' \
		    'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth' \
		    'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' >server.ext
		openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
		    -days 825 -extfile server.ext -out server.pem
		rm -f server.csr server.ext ca.srl
	) >"$STACK/log/openssl.log" 2>&1 || {
		show_end_of "$STACK/log/openssl.log"
		die "openssl could not make the certificates"
	}
	chmod 755 "$dir"
	chmod 644 "$dir"/*.pem
}

# What a program is: changes when the linker has written it anew.
program_version() {
	stat -c '%i %Y %s' "$1"
}

# ThreadSanitizer cannot map its shadow where addresses are too random.
without_randomization() {
	if [[ $BUILD == *-tsan ]]; then
		setarch "$(uname -m)" -R "$@"
	else
		"$@"
	fi
}

# spawn NAME SOCKET BACKLOG COMMAND...: under spawn-fcgi, listening on SOCKET.
# COMMAND is a path: spawn-fcgi does not search.
spawn() {
	local name=$1 socket=$2 backlog=$3 log=$STACK/log/${1/multiwatch/nexus-x}.log

	shift 3
	(
		process_environment
		[[ -z ${SUPABASE_URL-} ]] || export SANDBOX_ISSUER=${SUPABASE_URL%/}/auth/v1
		[[ $BUILD != *-tsan ]] || set -- "$(command -v setarch)" "$(uname -m)" -R "$@"
		process_launch "$name" "$log" \
		    spawn-fcgi -n -s "$socket" -b "$backlog" -M 0600 -- "$@"
	)
	if ! wait_until 60 spawn_decided "$name" "$socket" || ! process_alive "$name"; then
		show_end_of "$log"
		die "$name did not start"
	fi
}

spawn_decided() {
	[[ -S $2 ]] || ! process_alive "$1"
}

sandbox_start() {
	local program=$BUILD/tests/sandbox/nexus-x-sandbox config

	[[ -x $program ]] || die "$program was not built"
	config="$program $(program_version "$program") $(sha256sum <"$STACK/env")"
	if process_alive sandbox && process_noted sandbox config "$config"; then
		return 0
	fi
	sandbox_stop
	spawn sandbox "$SOCKETS/sandbox.sock" 4096 "$program"
	process_note sandbox config "$config"
}

sandbox_stop() {
	process_stop sandbox TERM 10
	rm -f "$SOCKETS/sandbox.sock"
}

app_program() {
	local build=${OLDER:+$STACK/run}

	printf '%s' "${build:-$BUILD}/nexus-x-fcgi"
}

# multiwatch would start a process that refuses its configuration for ever.
app_check_config() {
	if ! (process_environment; without_randomization "$(app_program)" --check-config) \
	    >"$STACK/log/check-config.log" 2>&1; then
		cat "$STACK/log/check-config.log" >&2
		die "the application refuses its configuration" \
		    "Correct the variables named above and run ./dev up again."
	fi
}

app_children() {
	process_children "$(process_pid multiwatch)"
}

app_has_children() {
	[[ $(app_children | wc -l) -ge $1 ]]
}

# fcgi.sock points at the socket of the generation that serves, so that a new
# configuration takes over without a request lost.
app_start() {
	local program config binary number socket old

	program=$(app_program)
	number=$(settings_value NEXUS_PROCESSES)
	config="$program $(sha256sum <"$STACK/env")"
	binary=$(program_version "$program")
	if process_alive multiwatch && process_noted multiwatch config "$config"; then
		process_noted multiwatch binary "$binary" || app_roll
		process_note multiwatch binary "$binary"
		return 0
	fi
	app_check_config
	old=$(readlink "$SOCKETS/fcgi.sock" || :)
	socket=fcgi.$((10#$(tr -cd 0-9 <<<"0$old") + 1)).sock
	process_rename multiwatch multiwatch-old
	# By a short way, which is ASCII: multiwatch refuses an umlaut.
	spawn multiwatch "$SOCKETS/$socket" 1024 \
	    "$(command -v multiwatch)" -f "$number" -t 0 -- \
	    "$(realpath --relative-to="$STACK" "$program")"
	process_note multiwatch config "$config"
	process_note multiwatch binary "$binary"
	if ! wait_until 60 app_has_children "$number"; then
		show_end_of "$STACK/log/nexus-x.log"
		die "the application does not start"
	fi
	ln -sfn "$socket" "$SOCKETS/fcgi.sock.new"
	mv -fT "$SOCKETS/fcgi.sock.new" "$SOCKETS/fcgi.sock"
	if [[ -e $STACK/run/multiwatch-old.pid ]]; then
		sleep 1         # what is queued on the old socket is accepted
		process_stop multiwatch-old TERM 150
	fi
	[[ -z $old ]] || rm -f "${SOCKETS:?}/$old"
}

# One process after the other; multiwatch starts the next in its place.
app_roll() {
	local pid number born

	process_alive multiwatch || die "the application is not running" "./dev up starts it."
	number=$(app_children | wc -l)
	for pid in $(app_children); do
		born=$(process_identity "$pid") || continue
		kill -s TERM "$pid" 2>/dev/null || :
		if ! wait_until 150 process_is_not "$pid" "$born"; then
			kill -s KILL "$pid" 2>/dev/null || :
		fi
		wait_until 60 app_has_children "$number" ||
		    die "multiwatch did not start a process in the place of $pid" \
		        "See $STACK/log/nexus-x.log"
	done
}

app_stop() {
	process_stop multiwatch-old TERM 150
	process_stop multiwatch TERM 150
	rm -f "$SOCKETS"/fcgi.*sock
}

worker_start() {
	local program=$BUILD/nexus-x-worker config

	config="$program $(program_version "$program") $(sha256sum <"$STACK/env")"
	if process_alive worker && process_noted worker config "$config"; then
		return 0
	fi
	worker_stop
	(
		process_environment
		set -- "$program"
		[[ $BUILD != *-tsan ]] || set -- "$(command -v setarch)" "$(uname -m)" -R "$@"
		process_launch worker "$STACK/log/worker.log" "$@"
	)
	process_note worker config "$config"
}

worker_stop() {
	process_stop worker TERM 150
}

# fill_in TEMPLATE NAME VALUE...
fill_in() {
	local text

	text=$(<"$1")
	shift
	while [[ $# -gt 0 ]]; do
		text=${text//"@$1@"/"$2"}
		shift 2
	done
	printf '%s\n' "$text"
}

nginx_configure() {
	local dir=$STACK/nginx user=''

	mkdir -p "$dir/tmp"
	ln -sfn "$ROOT/nginx/snippets" "$dir/snippets"
	[[ $EUID -ne 0 ]] || user='user root;'
	fill_in "$ROOT/nginx/nexus-x-dev.conf.in" USER "$user" FILES "$(process_files)" \
	    DIR "$STACK" ROOT "$ROOT" SOCKETS "$SOCKETS" SITE_ADDRESS "$SITE_ADDRESS" \
	    TLS_PORT "$TLS_PORT" CONSENT_PORT "$CONSENT_PORT" >"$dir/nginx.conf"
	if own_sign_in; then
		echo '# sign-in is the Supabase project'"'"'s' >"$dir/sign-in.conf"
	else
		echo 'location /auth/v1/ { fastcgi_pass nexus_x_sandbox; }' >"$dir/sign-in.conf"
	fi
}

# Tokens come from a Supabase project the sandbox cannot sign for.
own_sign_in() {
	[[ -z $(settings_value SUPABASE_JWT_SECRET) ]]
}

nginx_start() {
	local -a command=(nginx -e "$STACK/log/nginx.log" -p "$STACK/nginx/"
	    -c "$STACK/nginx/nginx.conf")
	local config

	nginx_configure
	config=$(cat "$STACK"/nginx/*.conf "$ROOT"/nginx/snippets/* "$STACK/tls/server.pem" | sha256sum)
	if process_alive nginx && process_noted nginx config "$config"; then
		return 0
	fi
	if ! "${command[@]}" -t >"$STACK/log/nginx-test.log" 2>&1; then
		show_end_of "$STACK/log/nginx-test.log"
		die "nginx refuses its configuration"
	fi
	if process_alive nginx; then
		nginx_reload
	else
		process_stop nginx QUIT 5
		process_launch nginx "$STACK/log/nginx.log" "${command[@]}" -g 'daemon off;'
	fi
	process_note nginx config "$config"
}

# Returns when the workers of the old configuration take no more connections.
nginx_reload() {
	local -a old

	mapfile -t old < <(process_children "$(process_pid nginx)")
	kill -s HUP "$(process_pid nginx)"
	wait_until 60 nginx_has_retired "${old[@]}" || say "dev: nginx is slow to reload"
}

nginx_has_retired() {
	local pid children

	children=$(process_children "$(process_pid nginx)")
	for pid; do
		grep -qx "$pid" <<<"$children" || continue
		[[ ! -e /proc/$pid/cmdline ]] ||
		    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q 'shutting down' || return 1
	done
}

nginx_stop() {
	process_stop nginx QUIT 5
}
