# An instance: everything below one folder.
#
#   env ports secrets given    what is in force, and what it is made of
#   run/     pids and sockets  log/  tls/  nginx/  pg/  state/

# stack_use DIR BUILD: sets STACK and BUILD for all other functions.
stack_use() {
	LOCK=
	mkdir -p "$1"
	STACK=$(cd "$1" && pwd -P)
	BUILD=$2
	if [[ ! -w $STACK ]] || [[ $EUID -ne 0 && ! -O $STACK ]]; then
		die "$STACK belongs to $(stat -c %U "$STACK")" \
		    "Run ./dev as that user, or remove the folder as that user."
	fi
	mkdir -p "$STACK"/{run,log,nginx,state}
	chmod 700 "$STACK/state" "$STACK/log"
	SOCKETS=$(readlink "$STACK/run/sockets" || printf '%s' "$STACK/run")
}

# The path of a unix socket ends at 107 bytes.
stack_choose_sockets() {
	local longest=$STACK/run/pg/.s.PGSQL.65535

	SOCKETS=$STACK/run
	[[ ${#longest} -gt 107 ]] || return 0
	SOCKETS=$(readlink "$STACK/run/sockets" || :)
	if [[ -z $SOCKETS || ! -O $SOCKETS ]]; then
		SOCKETS=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/nexus-x.XXXXXX")
		chmod 711 "$SOCKETS"
		ln -sfn "$SOCKETS" "$STACK/run/sockets"
	fi
}

# One ./dev at a time for each instance.
stack_lock() {
	exec {LOCK}>"$STACK/run/lock"
	flock -w 600 "$LOCK" || die "another ./dev is at work on $STACK"
}

stack_unlock() {
	exec {LOCK}>&-
	LOCK=
}

stack_start() {
	stack_lock
	stack_choose_sockets
	settings_make
	tls_make
	if ! given DATABASE_URL; then
		postgres_start
		postgres_prepare
		! is_citus || citus_start
	fi
	database_migrate
	! is_citus || citus_spread
	sandbox_start
	app_start
	nginx_start
	[[ ${WORKER-yes} == no ]] || worker_start
	! given DATABASE_URL || postgres_stop
	: >"$STACK/run/up"
	stack_wait_ready
	stack_unlock
}

fetch() {
	curl -q -sf -o /dev/null --noproxy '*' --max-time 5 --cacert "$STACK/tls/ca.pem" "$1"
}

stack_wait_ready() {
	local url sandbox

	url=$(settings_value NEXUS_URL)
	sandbox=$(settings_value SANDBOX_URL)
	if ! wait_until 60 fetch "$sandbox/sandbox/counts"; then
		show_end_of "$STACK"/log/{sandbox,nginx}.log
		die "the X sandbox does not answer at $sandbox"
	fi
	if ! wait_until 60 fetch "http://${SITE_ADDRESS}/readyz"; then
		show_end_of "$STACK"/log/{nexus-x,nginx,postgres}.log
		curl -q -s --noproxy '*' --max-time 5 "http://$SITE_ADDRESS/readyz" >&2 || :
		die "the application is not ready at $url/readyz" \
		    "Its log is $STACK/log/nexus-x.log; ./dev down stops everything."
	fi
}

stack_stop() {
	stack_lock
	nginx_stop
	worker_stop
	app_stop
	sandbox_stop
	! is_citus || citus_stop
	postgres_stop
	rm -f "$STACK/run/up"
	if [[ $SOCKETS != "$STACK/run" ]]; then
		rm -rf "$SOCKETS" "$STACK/run/sockets"
	fi
	stack_unlock
}

# stack_part NAME WHERE: one line of the status; false when it does not run.
stack_part() {
	if process_alive "$1"; then
		printf '%-11s running  %-8s %s\n' "$1" "$(process_pid "$1")" "$2"
	else
		printf '%-11s stopped  %-8s %s\n' "$1" - "$2"
		return 1
	fi
}

stack_status() {
	local bad=0 url number

	if [[ ! -e $STACK/run/up ]]; then
		say "not up; ./dev up starts everything"
		exit 1
	fi
	url=$(settings_value NEXUS_URL)
	number=$(settings_value NEXUS_PROCESSES)
	if [[ -n $(settings_value PGHOST) ]]; then
		stack_part postgres "127.0.0.1:$(settings_value PGPORT)" || bad=1
	else
		printf '%-11s elsewhere %s\n' postgres '(DATABASE_URL was given)'
	fi
	stack_part sandbox "$(settings_value SANDBOX_URL)" || bad=1
	stack_part multiwatch "$(app_children 2>/dev/null | wc -l) of $number processes of $(settings_value NEXUS_BUILD)/nexus-x-fcgi" || bad=1
	stack_part nginx "$url/dashboard/" || bad=1
	stack_part worker "$STACK/log/worker.log" || bad=1
	app_has_children "$number" 2>/dev/null || bad=1
	if fetch "$url/readyz"; then
		printf '%-11s ready\n' service
	else
		printf '%-11s not ready: %s/readyz\n' service "$url"
		bad=1
	fi
	exit $bad
}
