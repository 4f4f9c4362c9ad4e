# ./dev bench: measurements, each on an instance of its own below var/.

# bench_start DIR: starts an instance there, of the newest build.
bench_start() {
	build_tree "$ROOT/build"
	stack_use "$1" "$ROOT/build"
	stack_stop
	stack_start
}

# in_checkout DIR COMMAND...: with DIR's own ./dev, as DIR would do it.  Belongs
# in a subshell, as it loads that over this one.
in_checkout() {
	local ROOT=$1 file

	shift
	for file in "$ROOT"/dev.d/*.sh; do
		# shellcheck source=/dev/null
		. "$file"
	done
	"$@"
}

# bench_sizes: as many processes as cores, unless the caller says otherwise.
bench_sizes() {
	local name
	local -A size=([NEXUS_PROCESSES]=$(nproc))

	for name in "${SIZES[@]}"; do
		size[$name]=${!name:-${size[$name]-}}
	done
	settings_forget_callers "${TEST_UNSET[@]}"
	for name in "${SIZES[@]}"; do
		[[ -z ${size[$name]} ]] || export "$name=${size[$name]}"
	done
}

# bench_stop DIR: the instance there, which another checkout may have started.
bench_stop() {
	stack_use "$1" ''
	stack_stop
}

# bench_fresh DIR: an instance with an empty database and no worker, whose polls
# would count.
bench_fresh() {
	[[ ! -e $1/run/up ]] || bench_stop "$1"
	rm -rf "${1:?}"/{pg,state}
	WORKER=no
	bench_start "$1"
}

bench_stop_both() {
	bench_stop "$ROOT/var/bench-there"
	bench_stop "$ROOT/var/bench-here"
}

# bench_against DIR [STORY...]: this checkout's build and that of DIR, in turn.
bench_against() {
	local there status=0

	there=$(readlink -e -- "${1-}" || :)
	[[ -e $there/dev.d/stack.sh ]] || die "no checkout of nexus-x: ${1-}"
	mkdir -p "$ROOT"/var/bench-{here,there}
	trap bench_stop_both EXIT
	(in_checkout "$there" bench_fresh "$ROOT/var/bench-there")
	(in_checkout "$ROOT" bench_fresh "$ROOT/var/bench-here")
	node "$ROOT/tests/load/against.js" "$ROOT"/var/bench-{here,there} "${@:2}" || status=$?
	bench_stop_both
	trap - EXIT
	exit $status
}

# bench_here [proof]: everything there is to tell of this build.
bench_here() {
	local status=0

	trap 'stack_stop || :' EXIT
	bench_start "$ROOT/var/bench"
	(
		set -a
		# shellcheck source=/dev/null
		. "$STACK/env"
		set +a
		cd "$ROOT"
		exec bash tests/load/bench.sh "$@"
	) || status=$?
	stack_stop
	trap - EXIT
	exit $status
}

command_bench() {
	install_for_measuring
	bench_sizes
	case ${1-} in
	against) shift; bench_against "$@" ;;
	*) bench_here "$@" ;;
	esac
}
