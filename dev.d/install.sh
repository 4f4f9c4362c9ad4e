# Debian packages and npm modules, only where they are missing.

PACKAGES_TO_RUN=(
	autoconf automake ca-certificates curl gcc libc6-dev libcjose-dev
	libcurl4-openssl-dev libfcgi-dev libicu-dev libjansson-dev libjson-c-dev
	libpq-dev libpsl-dev libssl-dev make multiwatch openssl pkg-config procps spawn-fcgi
)
PACKAGES_TO_TEST=(chromium libcmocka-dev libyaml-dev pgbouncer valgrind wrk)

have() {
	command -v "$1" >/dev/null
}

packages_missing() {
	local name

	for name; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) in
		installed) ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	else
		sudo "$@"
	fi
}

# A new nginx or PostgreSQL would be started, enabled, and given a cluster.
guard_services() {
	GUARDS=()
	if [[ ! -e /usr/sbin/policy-rc.d ]]; then
		GUARDS+=(/usr/sbin/policy-rc.d)
		printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
		as_root chmod 755 /usr/sbin/policy-rc.d
	fi
	if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
		local file=/etc/postgresql-common/createcluster.d/nexus-x-dev.conf
		GUARDS+=("$file")
		as_root mkdir -p "${file%/*}"
		echo 'create_main_cluster = false' | as_root tee "$file" >/dev/null
	fi
}

unguard_services() {
	[[ ${#GUARDS[@]} -eq 0 ]] || as_root rm -f "${GUARDS[@]}"
	as_root rmdir /etc/postgresql-common/createcluster.d 2>/dev/null || :
	GUARDS=()
}

apt_quietly() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" >>"$INSTALL_LOG" 2>&1
}

install_packages() {
	local -a missing
	local try service

	mapfile -t missing < <(packages_missing "$@")
	have nginx || missing+=(nginx-light)
	postgres_binaries >/dev/null || missing+=(postgresql)
	[[ ${#missing[@]} -gt 0 ]] || return 0
	have apt-get || die "missing: ${missing[*]}" "Install them; ./dev knows Debian's apt-get only."
	if [[ $EUID -ne 0 ]] && ! have sudo; then
		die "missing: ${missing[*]}" \
		    "Run as root: apt-get install ${missing[*]}"
	fi
	say "installing ${missing[*]}"
	INSTALL_LOG=$ROOT/var/install.log
	mkdir -p "$ROOT/var"
	: >"$INSTALL_LOG"
	for try in 1 2 3; do
		! apt_quietly update || break
		if [[ $try -eq 3 ]]; then
			show_end_of "$INSTALL_LOG"
			die "apt-get update failed"
		fi
		sleep 5
	done
	trap unguard_services EXIT
	guard_services
	apt_quietly install --no-install-recommends "${missing[@]}" || {
		show_end_of "$INSTALL_LOG"
		die "apt-get could not install ${missing[*]}"
	}
	unguard_services
	trap - EXIT
	# Nobody asked for any of them at the next boot.
	for service in nginx-light pgbouncer etcd-server haproxy patroni; do
		[[ " ${missing[*]} " != *" $service "* ]] ||
		    as_root rm -f "/etc/systemd/system/multi-user.target.wants/${service%-*}.service"
	done
}

install_for_running() {
	install_packages "${PACKAGES_TO_RUN[@]}"
}

node_is_new_enough() {
	have node && have npm &&
	    node -e 'process.exit(parseInt(process.versions.node, 10) < 18 ? 1 : 0)'
}

install_for_testing() {
	local -a packages=("${PACKAGES_TO_RUN[@]}" "${PACKAGES_TO_TEST[@]}" "${PACKAGES_TO_FUZZ[@]}"
	    "${PACKAGES_TO_LINT[@]}")

	node_is_new_enough || packages+=(nodejs npm)
	install_packages "${packages[@]}"
	node_is_new_enough || die "node $(node --version) is too old; 18 is needed"
	if [[ $ROOT/package-lock.json -nt $ROOT/node_modules/.package-lock.json ]]; then
		(cd "$ROOT" && npm ci --no-progress >/dev/null) || die "npm ci failed"
		touch "$ROOT/node_modules/.package-lock.json"
	fi
}

install_for_measuring() {
	local -a packages=("${PACKAGES_TO_RUN[@]}" wrk)

	node_is_new_enough || packages+=(nodejs)
	install_packages "${packages[@]}"
}
