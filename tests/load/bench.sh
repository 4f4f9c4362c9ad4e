#!/bin/bash
# bench.sh        measure the instance whose environment is set
# bench.sh proof  put it under the load a release has to bear
#
# Beside the instance it runs an nginx with three locations that differ in
# nothing but who answers: nginx, a program that does nothing, the service; and
# processes of the service with threads enough for many who wait for X.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
DIR=$NEXUS_STACK/bench
PATH=$PATH:/usr/sbin:/sbin
NGINX='' NOTHING='' MANY=''

# Callers who wait for X at once; three quarters of the threads may.
WAITING=256

# Where the instance keeps its sockets, see dev.d/stack.sh.
SOCKETS=$(readlink "$NEXUS_STACK/run/sockets" || printf '%s' "$NEXUS_STACK/run")

die() {
	printf 'bench: %s\n' "$1" >&2
	shift
	[[ $# -eq 0 ]] || tail -n 20 "$@" >&2
	exit 1
}

stop() {
	[[ -z $NGINX ]] || kill -s QUIT "$NGINX" 2>/dev/null || :
	[[ -z $NOTHING ]] || kill -s TERM "$NOTHING" 2>/dev/null || :
	[[ -z $MANY ]] || kill -s TERM "$MANY" 2>/dev/null || :
	wait
	rm -rf "$DIR"
}

answers() {
	local try

	for try in {1..50}; do
		! curl -q -s -o /dev/null --noproxy '*' --max-time 2 "$1" || return 0
		sleep 0.1
	done
	return 1
}

nginx_conf() {
	local user=''

	[[ $EUID -ne 0 ]] || user='user root;'
	cat <<END
$user
worker_processes auto;
pid "$DIR/nginx.pid";
events {
	worker_connections 4096;
}
http {
	include snippets/nexus-x-http.conf;
	include snippets/nexus-x-problems.conf;
	keepalive_requests 10000000;
	client_body_temp_path "$DIR/body";
	fastcgi_temp_path "$DIR/fastcgi";
	proxy_temp_path "$DIR/proxy";
	scgi_temp_path "$DIR/scgi";
	uwsgi_temp_path "$DIR/uwsgi";
	upstream nothing {
		zone nothing 64k;
		server "unix:$SOCKETS/nothing.sock" max_fails=0;
	}
	upstream service {
		zone service 64k;
		server "unix:$SOCKETS/fcgi.sock" max_fails=0;
		keepalive 64;
		keepalive_requests 100000;
		keepalive_time 30s;
		keepalive_timeout 2s;
	}
	upstream many {
		zone many 64k;
		server "unix:$SOCKETS/many.sock" max_fails=0;
	}
	server {
		listen 127.0.0.1:$1 backlog=4096;
		access_log /dev/null nexus_x buffer=64k flush=1s;
		include snippets/nexus-x-server.conf;
		include snippets/nexus-x-fastcgi.conf;
		location = /return {
			return 302 https://x.com/i/oauth2/authorize;
		}
		location = /nothing {
			fastcgi_pass nothing;
		}
		location /api/auth/twitter/ {
			fastcgi_keep_conn on;
			fastcgi_pass service;
		}
		location = /api/twitter/post {
			fastcgi_pass many;
		}
	}
}
END
}

# part NAME THREADS PROGRAM: on NAME.sock.  Each part leads a session, as those
# of the instance do: the kernel shares the CPU out between sessions.
part() {
	NEXUS_THREADS=$2 setsid spawn-fcgi -n -b 1024 -M 0600 \
	    -s "$SOCKETS/$1.sock" -- "$(command -v multiwatch)" \
	    -f "$NEXUS_PROCESSES" -t 0 -- "$3" </dev/null >"$DIR/$1.log" 2>&1 &
}

nginx_start() {
	local try port

	for try in {1..5}; do
		port=$((20000 + RANDOM % 12000))
		nginx_conf "$port" >"$DIR/nginx.conf"
		# shellcheck disable=SC2094  # both of them append
		setsid nginx -e "$DIR/nginx.log" -p "$DIR/" -c "$DIR/nginx.conf" \
		    -g 'daemon off;' </dev/null >>"$DIR/nginx.log" 2>&1 &
		NGINX=$!
		LOAD_URL=http://127.0.0.1:$port
		! answers "$LOAD_URL/nothing" || return 0
		kill "$NGINX" 2>/dev/null || :
	done
	die "the nginx of the measurement does not start" "$DIR"/{nginx,nothing}.log
}

measure() {
	local status=0 threads=$((4 * WAITING / 3 / NEXUS_PROCESSES + 11))

	trap stop EXIT
	trap 'exit 130' INT TERM
	rm -rf "$DIR"
	mkdir -p "$DIR"
	ln -s "$HERE/../../nginx/snippets" "$DIR/snippets"
	part nothing "${NEXUS_THREADS:-32}" "$NEXUS_BUILD/tests/load/nothing-fcgi"
	NOTHING=$!
	nginx_start
	export LOAD_URL LOAD_NGINX_PID=$NGINX LOAD_NOTHING_PID=$NOTHING
	node "$HERE/bench.js" || status=$?
	# As many database connections a thread as the instance has.
	NEXUS_DB_POOL=$((threads / 4)) part many "$threads" "$NEXUS_BUILD/nexus-x-fcgi"
	MANY=$!
	LOAD_APP_PID=$MANY LOAD_WAITING=$WAITING LOAD_THREADS=$threads \
	    node "$HERE/waiting.js" || status=$?
	"$NEXUS_BUILD/tests/load/text-speed" || status=$?
	return $status
}

case ${1-} in
'') measure ;;
proof) exec node "$HERE/proof.js" ;;
*) die "usage: bench.sh [proof]" ;;
esac
