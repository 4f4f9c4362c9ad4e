# ./dev bench: measurements, each on an instance of its own below var/.

# bench_start DIR: an instance there, of the newest build.
bench_start() {
	# A worker that polls would count.
	WORKER=no
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

# bench_fresh DIR: with an empty database: the sandbox knows no account of before.
bench_fresh() {
	[[ ! -e $1/run/up ]] || bench_stop "$1"
	rm -rf "${1:?}"/{pg,state}
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

# Callers who wait for X at once; three quarters of the threads may.
export LOAD_WAITING=256

# bench_measure SUBJECT...: files of tests/load, one after the other.
bench_measure() (
	local subject status=0

	set -a
	# shellcheck source=/dev/null
	. "$STACK/env"
	set +a
	cd "$ROOT" || exit
	for subject; do
		case $subject in
		text) "$BUILD/tests/load/text-speed" || status=$? ;;
		*) node "tests/load/$subject.js" || status=$? ;;
		esac
	done
	exit $status
)

# bench_beside SUBJECT...: what these compare with, as far as it is there.
bench_beside() {
	local number threads peers=()

	number=$(settings_value NEXUS_PROCESSES)
	threads=$((4 * LOAD_WAITING / 3 / number + 11))
	for subject; do
		case $subject in
		redirects) nothing_start; peers=(node express flask openidc) ;;
		posts) [[ ${#peers[@]} -gt 0 ]] || peers=(node) ;;
		# As many database connections a thread as the instance has.
		waiting) more_start many "$number" "$threads" $((threads / 4)) ;;
		memory) more_start small 1 32 8; more_start large 1 1024 16 ;;
		esac
	done
	if [[ ${#peers[@]} -gt 0 ]] && peers_are_installed; then
		peers_start "${peers[@]}"
	elif [[ ${#peers[@]} -gt 0 ]]; then
		say "bench: without the programs of others; ./dev bench peers installs them"
	fi
	nginx_start
}

bench_stop_all() {
	beside_stop
	stack_stop
}

# bench_here [SUBJECT...]: everything there is to tell of this build.
bench_here() {
	local status=0 subject

	for subject; do
		[[ " ${BENCH_SUBJECTS[*]} " == *" $subject "* ]] || die "./dev bench knows no $subject" "There are ${BENCH_SUBJECTS[*]}."
	done
	stack_use "$ROOT/var/bench" "$ROOT/build"
	beside_stop
	trap 'bench_stop_all || :' EXIT
	bench_fresh "$ROOT/var/bench"
	bench_beside "$@"
	bench_measure "$@" || status=$?
	bench_stop_all
	trap - EXIT
	exit $status
}

BENCH_SUBJECTS=(redirects posts costs waiting memory lifetimes workers text proof)

command_bench() {
	install_for_measuring
	bench_sizes
	case ${1-} in
	against) bench_against "${@:2}" ;;
	peers) peers_install ;;
	'') bench_here redirects posts costs waiting memory lifetimes workers text ;;
	*) bench_here "$@" ;;
	esac
}
