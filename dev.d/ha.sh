# ./dev test ha: a database that fails over, of real parts, in namespaces that
# end with their first process: nothing of it outlives the command.

PACKAGES_TO_FAIL_OVER=(etcd-server haproxy iproute2 patroni pgbouncer)

# ha_test [FILE...]
ha_test() {
	local file

	[[ $# -gt 0 ]] || set -- "$ROOT"/tests/ha/*.test.js
	for file; do
		[[ -e $file ]] || die "no such file of tests: $file"
	done
	if [[ $$ -eq 1 ]]; then
		ha_inside "$@"
	fi
	if [[ $EUID -ne 0 ]]; then
		say "skipped: ./dev test ha makes network namespaces, which only root may"
		exit 0
	fi
	node_is_new_enough || PACKAGES_TO_FAIL_OVER+=(nodejs)
	install_packages "${PACKAGES_TO_RUN[@]}" "${PACKAGES_TO_FAIL_OVER[@]}"
	settings_forget_callers "${TEST_UNSET[@]}"
	build_tree "$ROOT/build"
	exec unshare --net --mount --pid --ipc --fork --kill-child --mount-proc "$ROOT/dev" test ha "$@"
}

# The first process there.  /run is in memory, and so are the databases.
ha_inside() {
	local file

	trap 'exit 130' INT TERM HUP
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir /run/netns
	unset XDG_RUNTIME_DIR
	ip link set lo up
	mkdir -p "$ROOT/var"
	TALLY=$ROOT/var/test-tally
	: >"$TALLY"
	stack_use "$ROOT/var/test-ha" "$ROOT/build"
	rm -rf "${STACK:?}"/{pg,log,state,run}
	mkdir -p "$STACK"/{log,state,run}
	WORKER=no stack_start
	BEGAN=$SECONDS
	for file; do
		NEXUS_TEST_SECONDS=1800 check_file plain "$(readlink -e "$file")"
	done
	stack_stop
	awk '{ p += $1; f += $2 } END {
		printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' "$TALLY" || exit 1
	exit 0
}
