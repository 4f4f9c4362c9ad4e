# ./dev test fresh: what README promises a newcomer, on a Debian 12 that has
# nothing yet.  It is made below var/fresh by debootstrap out of this machine's
# own package sources, lives in namespaces that end with their first process,
# and is removed.

# What a package manager needs to get out of this machine.
FRESH_KEEP=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
	npm_config_registry NODE_EXTRA_CA_CERTS NEXUS_FRESH_SECONDS)
FRESH_PID=		# what runs in the namespaces

# fresh_test [root|user] [VARIANT|FILE...]: the rest is for ./dev test there.
fresh_test() {
	local dir=$ROOT/var/fresh who bad=0
	local -a whom=(root user)

	# Root may not read another's repository, so it is packed first.
	if [[ ${FRESH_PACKED-} != "$dir" ]]; then
		mkdir -p "$dir"
		(cd "$ROOT" && git ls-files -z | tar --null -T - -cf "$dir/clone.tar") ||
		    die "a fresh machine gets what git has of $ROOT, and it has nothing"
		install_packages debootstrap
		export FRESH_PACKED=$dir
		[[ $EUID -eq 0 ]] || exec sudo \
		    --preserve-env="$(IFS=,; echo "FRESH_PACKED,${FRESH_KEEP[*]}")" \
		    "$ROOT/dev" test fresh "$@"
	fi
	case ${1-} in
	root | user) whom=("$1"); shift ;;
	esac
	exec {LOCK}>"$dir/lock"
	flock -n "$LOCK" || die "another ./dev test fresh is at work in $dir"
	# shellcheck disable=SC2064
	trap "$(printf 'fresh_remove %q; rm -f %q/clone.tar' "$dir" "$dir")" EXIT
	fresh_remove "$dir"
	fresh_base "$dir"
	for who in "${whom[@]}"; do
		fresh_machine "$dir" "$who"
		fresh_run "$dir" "$who" "$@" || bad=1
		rm -rf --one-file-system "${dir:?}/$who"
	done
	exit $bad
}

# All of it, also when somebody has lost patience.
fresh_remove() {
	[[ -z $FRESH_PID ]] || kill -s KILL "$FRESH_PID" 2>/dev/null || :
	wait
	rm -rf --one-file-system "${1:?}"/{base,root,user,archives}
}

# Only what Debian itself offers: a newcomer's machine has no other source.
fresh_sources() {
	apt-get indextargets --format \
	    '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
	    sed -n 's/^Debian \(deb [^ ]* bookworm[^ ]* .*\)/\1/p'
}

fresh_base() {
	local dir=$1 sources mirror

	sources=$(fresh_sources)
	mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$sources")
	[[ -n $mirror ]] || die "apt on this machine knows no source of Debian 12" \
	    "Add bookworm to it (or only apt-get update), or run this on a Debian 12."
	say "making a Debian 12"
	mkdir -p "$dir/archives"
	debootstrap --variant=minbase --include=ca-certificates,sudo bookworm \
	    "$dir/base" "$mirror" >"$dir/debootstrap.log" 2>&1 || {
		show_end_of "$dir/debootstrap.log"
		die "debootstrap failed"
	}
	rm -f "$dir/base"/etc/apt/sources.list{,.d/*}
	printf '%s\n' "$sources" >"$dir/base/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(https?|ftp|Retries|ForceIPv[46])\b' \
	    >"$dir/base/etc/apt/apt.conf.d/90machine" || :
	cp -L /etc/resolv.conf /etc/hosts "$dir/base/etc/"
	[[ -z ${NODE_EXTRA_CA_CERTS-} ]] ||
	    cp -L "$NODE_EXTRA_CA_CERTS" "$dir/base/etc/machine-ca.pem"
	# A machine that is thrown away needs no fsync after each file.
	echo force-unsafe-io >"$dir/base/etc/dpkg/dpkg.cfg.d/fresh"
	# Keep what was fetched for the one for the other.
	echo 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";' \
	    >"$dir/base/etc/apt/apt.conf.d/91keep"
}

# Where WHO clones to: where nobody else may enter, and the user where a path is
# not one word of ASCII.
fresh_place() {
	case $1 in
	root) printf /root/nexus-x ;;
	user) printf '/home/user/Prüf stand/nexus x' ;;
	esac
}

fresh_machine() {
	local dir=$1 who=$2 tree=$1/$2 place home=/root

	place=$(fresh_place "$who")
	cp -a "$dir/base" "$tree"
	if [[ $who == user ]]; then
		home=/home/user
		chroot "$tree" useradd -m -s /bin/bash user
		printf '%s\n' 'user ALL=(ALL) NOPASSWD: ALL' \
		    "Defaults env_keep += \"${FRESH_KEEP[*]}\"" >"$tree/etc/sudoers.d/user"
	fi
	chmod 700 "$tree$home"
	(umask 077 && mkdir -p "$tree$place" &&
	    tar --no-same-permissions -C "$tree$place" -xf "$dir/clone.tar")
	chroot "$tree" chown -R "$who:$who" "$home"
}

# fresh_run DIR WHO [ARGUMENT...]
fresh_run() {
	local dir=$1 who=$2 status=0

	unshare --mount --pid --ipc --fork --kill-child bash -c "$(declare -p FRESH_KEEP
	    declare -f fresh_enter fresh_devices fresh_place fresh_story); set -e; fresh_enter \"\$@\"" \
	    fresh "$@" </dev/null > >(tee "$dir/$who.log") 2>&1 &
	FRESH_PID=$!
	wait "$FRESH_PID" || status=$?
	FRESH_PID=
	[[ $status -eq 0 ]] || fresh_keep_logs "$dir" "$who"
	return $status
}

fresh_keep_logs() {
	local dir=$1 who=$2

	rm -rf "${dir:?}/$who-var"
	mkdir "$dir/$who-var"
	tar -C "$dir/$who$(fresh_place "$who")/var" --exclude=pg --exclude=run -cf - . |
	    tar -C "$dir/$who-var" -xf - || :
	say "fresh: the logs of $who are in $dir/$who.log and $dir/$who-var"
}

# Devices of its own: whoever is root in there could change those of the machine.
fresh_devices() {
	local name numbers

	mount -t tmpfs -o mode=755 tmpfs "$1"
	while read -r name numbers; do
		# shellcheck disable=SC2086
		mknod -m 666 "$1/$name" c $numbers
	done <<<$'null 1 3\nzero 1 5\nfull 1 7\nrandom 1 8\nurandom 1 9\ntty 5 0'
	ln -s /proc/self/fd "$1/fd"
	for name in stdin:0 stdout:1 stderr:2; do
		ln -s "/proc/self/fd/${name#*:}" "$1/${name%:*}"
	done
	mkdir "$1/shm" "$1/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$1/shm"
	mount -t devpts -o newinstance,ptmxmode=666,gid=5,mode=620 devpts "$1/pts"
	ln -s pts/ptmx "$1/ptmx"
}

# The first process of the namespaces.
fresh_enter() {
	local tree=$1/$2 who=$2 home name place
	local -a keep=()

	home=$(chroot "$tree" getent passwd "$who" | cut -d : -f 6)
	place=$(fresh_place "$who")
	mount -t proc proc "$tree/proc"
	fresh_devices "$tree/dev"
	mount --bind "$1/archives" "$tree/var/cache/apt/archives"
	shift 2
	for name in "${FRESH_KEEP[@]}"; do
		[[ -z ${!name-} ]] || keep+=("$name=${!name}")
	done
	[[ -z ${NODE_EXTRA_CA_CERTS-} ]] || keep+=(NODE_EXTRA_CA_CERTS=/etc/machine-ca.pem)
	chroot --userspec="$who" "$tree" env -i "${keep[@]}" HOME="$home" USER="$who" \
	    LOGNAME="$who" TERM=dumb LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin \
	    bash -c "$(declare -f fresh_story); fresh_story \"\$@\"" fresh "$place" "$@"
}

# fresh_story PLACE [ARGUMENT...]: what a newcomer types, and how long it takes.
fresh_story() {
	local bad=0 began status command

	cd "$1" || return
	shift
	umask 077
	for command in up status "test $*" down; do
		began=$SECONDS status=0
		# shellcheck disable=SC2086
		timeout -k 30 "${NEXUS_FRESH_SECONDS:-7200}" ./dev $command || { status=$? bad=1; }
		printf 'fresh: %-5s ./dev %-12s status %d %6d s\n' "$USER" "$command" \
		    $status $((SECONDS - began))
	done
	for command in /proc/[0-9]*; do
		[[ $command != /proc/1 && $command != /proc/$$ && -e $command ]] || continue
		printf 'fresh: %-5s left behind: %s\n' "$USER" "$(<"$command/comm")"
		bad=1
	done
	return $bad
}
