# Ports, keys and the environment of an instance.  $STACK/env is what is in
# force; a variable in the caller's environment wins over the embedded value.

# Those of the service, as its own table has them, and one of ./dev.
mapfile -t CONTRACT_VARIABLES < <(
	sed -n 's/^X([a-z_]*, "\([A-Z_]*\)".*/\1/p' "$ROOT/include/nx/base/conf_list.h"
	echo NEXUS_PROCESSES
)
SIZES=(NEXUS_PROCESSES NEXUS_THREADS NEXUS_DB_POOL)

# A variable of $STACK/env, as a shell that reads the file would see it.
settings_value() {
	[[ -e $STACK/env ]] || return 0
	(
		unset "$1"
		# shellcheck source=/dev/null
		. "$STACK/env"
		printf '%s' "${!1-}"
	)
}

# Which variables the caller gives.  After ". var/env" all of them are set, and
# those that only repeat what this instance embedded are not a wish.
settings_read_given() {
	local name

	declare -gA GIVEN=()
	for name in "${CONTRACT_VARIABLES[@]}"; do
		[[ -n ${!name-} ]] || continue
		if [[ ${!name} == "$(settings_value "$name")" ]] &&
		    ! grep -qx "$name" "$STACK/given" 2>/dev/null; then
			continue
		fi
		GIVEN[$name]=${!name}
	done
}

given() {
	[[ -n ${GIVEN[$1]-} ]]
}

settings_forget_callers() {
	local name

	for name in "${CONTRACT_VARIABLES[@]}" "$@"; do
		unset "$name"
	done
}

port_is_free() {
	local hex

	printf -v hex '%04X' "$1"
	! grep -Eq "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:[0-9A-F]+ 0A" \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Below the range the kernel takes for outgoing connections, and none that
# another instance of this checkout has chosen and not opened yet.
port_choose() {
	local port

	while :; do
		port=$((20000 + RANDOM % 12000))
		[[ " $* " != *" $port "* ]] && port_is_free "$port" &&
		    ! grep -qsx ".*_PORT=$port" "$ROOT"/var/ports "$ROOT"/var/*/ports && break
	done
	printf '%s' "$port"
}

# settings_port NAME PART: keeps the port of last time unless another program
# has taken it while PART was not running.
settings_port() {
	local name=$1 old=${!1-}

	if [[ -n $old ]] && ! process_alive "$2" && ! port_is_free "$old"; then
		say "dev: port $old is taken by another program; choosing another"
		old=
	fi
	[[ -n $old ]] || old=$(port_choose "${SITE_PORT-}" "${TLS_PORT-}" \
	    "${CONSENT_PORT-}" "${PG_PORT-}")
	printf -v "$name" '%s' "$old"
}

# What earlier runs made.
settings_load() {
	local file

	SITE_PORT='' TLS_PORT='' CONSENT_PORT='' PG_PORT=''
	for file in ports secrets; do
		[[ -e $STACK/$file ]] || continue
		# shellcheck source=/dev/null
		. "$STACK/$file"
	done
}

settings_ports() {
	local lock

	mkdir -p "$ROOT/var"
	exec {lock}>"$ROOT/var/ports.lock"
	flock "$lock"
	settings_port SITE_PORT nginx
	settings_port TLS_PORT nginx
	settings_port CONSENT_PORT nginx
	settings_port PG_PORT postgres
	printf '%s=%s\n' SITE_PORT "$SITE_PORT" TLS_PORT "$TLS_PORT" \
	    CONSENT_PORT "$CONSENT_PORT" PG_PORT "$PG_PORT" >"$STACK/ports"
	exec {lock}>&-
}

# Made once, kept: sealed tokens in the database depend on them.
settings_secrets() {
	if [[ ! -e $STACK/secrets ]]; then
		(
			umask 077
			{
				echo "PG_PASSWORD=$(openssl rand -hex 16)"
				echo "PG_ADMIN_PASSWORD=$(openssl rand -hex 16)"
				echo "JWT_SECRET=$(openssl rand -hex 32)"
				echo "KEYS='k1:$(openssl rand -base64 32)'"
			} >"$STACK/secrets.new"
		)
		mv "$STACK/secrets.new" "$STACK/secrets"
		settings_load
	fi
}

# Where the site listens, and the URL a browser sees: a redirect URI that was
# given for this machine decides both.
settings_site() {
	local redirect=${GIVEN[TWITTER_REDIRECT_URI]-} host port url

	SITE_ADDRESS=127.0.0.1:$SITE_PORT
	SITE_URL=http://127.0.0.1:$SITE_PORT
	[[ -n $redirect ]] || return 0
	if [[ ! $redirect =~ ^http://(127\.0\.0\.1|localhost|\[::1\])(:([0-9]+))?/ ]]; then
		say "dev: $redirect is not on this machine: whatever serves it must pass requests on to $SITE_URL"
		return 0
	fi
	host=${BASH_REMATCH[1]} port=${BASH_REMATCH[3]:-80}
	url=http://$host${BASH_REMATCH[2]}
	if ! port_is_free "$port" && ! { process_alive nginx &&
	    [[ $(settings_value NEXUS_URL) == "$url" ]]; }; then
		say "dev: port $port of TWITTER_REDIRECT_URI is in use: whatever has it must pass requests on to $SITE_URL"
		return 0
	fi
	SITE_ADDRESS=${host/localhost/127.0.0.1}:$port SITE_URL=$url
}

# Client id and redirect URI of one's own and no other X named: the real one.
talks_to_real_x() {
	local name

	given TWITTER_CLIENT_ID && given TWITTER_REDIRECT_URI || return 1
	for name in AUTHORIZE API TOKEN REVOKE; do
		! given "TWITTER_${name}_URL" || return 1
	done
}

url_encode() {
	local LC_ALL=C	# byte by byte
	local text=$1 out='' char i

	for ((i = 0; i < ${#text}; i++)); do
		char=${text:i:1}
		case $char in
		[A-Za-z0-9._~-]) out+=$char ;;
		*) printf -v char '%%%02X' "$(($(printf '%d' "'$char") & 255))"; out+=$char ;;
		esac
	done
	printf '%s' "$out"
}

# put NAME VALUE: the caller's value, else VALUE; nothing where both are empty.
put() {
	local value=${GIVEN[$1]:-$2}

	PUT[$1]=yes
	[[ -z $value ]] || printf "%s='%s'\n" "$1" "${value//\'/\'\\\'\'}"
}

settings_lines_for_x() {
	local sandbox=https://127.0.0.1:$TLS_PORT authorize='' api='' ca=''

	if ! talks_to_real_x; then
		authorize=http://127.0.0.1:$CONSENT_PORT/i/oauth2/authorize
		api=$sandbox
	fi
	if [[ -n $api ]] && ! given TWITTER_API_URL; then
		ca=$STACK/tls/ca.pem
	fi
	put TWITTER_CLIENT_ID nexus-x-demo
	put TWITTER_REDIRECT_URI "$SITE_URL/api/auth/twitter/callback"
	put TWITTER_AUTHORIZE_URL "$authorize"
	put TWITTER_API_URL "$api"
	put TWITTER_CA_FILE "$ca"
}

settings_lines_for_database() {
	local host

	if given DATABASE_URL; then
		put DATABASE_URL ''
		return
	fi
	host=$(url_encode "$SOCKETS/pg")
	put DATABASE_URL "postgresql://nexus:$PG_PASSWORD@/nexus?host=$host&port=$PG_PORT"
	put PGHOST "$SOCKETS/pg"
	put PGPORT "$PG_PORT"
	put PGUSER nexus
	put PGPASSWORD "$PG_PASSWORD"
	put PGDATABASE nexus
	put DATABASE_ADMIN_URL "postgresql://postgres:$PG_ADMIN_PASSWORD@/postgres?host=$host&port=$PG_PORT"
}

settings_lines() {
	local name jwt_secret=$JWT_SECRET
	local -A PUT=()

	settings_lines_for_x
	settings_lines_for_database
	# A project of one's own signs its users in itself.
	! given SUPABASE_URL || jwt_secret=
	put SUPABASE_JWT_SECRET "$jwt_secret"
	put NEXUS_KEYS "$KEYS"
	given TWITTER_REDIRECT_URI || put NEXUS_ORIGIN "$SITE_URL"
	put NEXUS_STATE_DIR "$STACK/state"
	put NEXUS_PROCESSES 4
	for name in "${CONTRACT_VARIABLES[@]}"; do
		[[ -n ${PUT[$name]-} ]] || put "$name" ''	# the caller's alone
	done
	put NEXUS_URL "$SITE_URL"
	put SANDBOX_URL "https://127.0.0.1:$TLS_PORT"
	put NEXUS_STACK "$STACK"
	put NEXUS_BUILD "$BUILD"
}

# Reads the wishes, writes $STACK/env.
settings_make() {
	local name

	settings_read_given
	settings_load
	settings_secrets
	settings_ports
	settings_site
	(umask 077 && settings_lines >"$STACK/env.new")
	printf '%s\n' "${!GIVEN[@]}" >"$STACK/given"
	mv "$STACK/env.new" "$STACK/env"
}
