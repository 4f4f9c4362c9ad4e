# The tests of all variants, on lanes: most of them wait more than they work.

LANES=${NEXUS_LANES:-4}
AHEAD=			# the process group that builds ahead
declare -A LANE=()	# pid: what runs on it

# The later variants are built, and linted, by what time the tests of the first
# leave over.  A failure is told when their turn comes.
build_ahead() {
	[[ $# -gt 0 ]] || return 0
	rm -f "$ROOT"/var/ahead-*
	set -m
	(
		renice -n 19 "$BASHPID"
		for variant; do
			(
				build_variant "$variant"
				[[ $variant != lint ]] || TALLY=/dev/null check_lint
				[[ $variant =~ ^(fault|fuzz|lint)$ ]] ||
				    make -C "$(tree_of "$variant")" check TESTS=
			) || :
			: >"$ROOT/var/ahead-$variant"
		done
	) </dev/null >/dev/null 2>&1 &
	set +m
	AHEAD=$!
}

# Two makes in one tree would disturb each other.
built_ahead() {
	[[ -z $AHEAD ]] || wait_until 3600 test -e "$ROOT/var/ahead-$1"
}

# A command that takes long, in a lane that can still be told to end.
heeding_signals() {
	local child status=0

	set -m
	"$@" </dev/null &
	set +m
	child=$!
	# shellcheck disable=SC2064
	trap "kill -- -$child; wait $child; exit 143" TERM
	wait "$child" || status=$?
	trap - TERM
	return $status
}

lane_start() {
	while [[ ${#LANE[@]} -ge $LANES ]]; do
		lane_ends
	done
	check_share "$@" &
	LANE[$!]="$*"
}

lane_ends() {
	local pid=

	if ! wait -n -p pid "${!LANE[@]}"; then
		say "dev: the tests of ${LANE[$pid]} stopped"
		printf '0 1\n' >>"$TALLY"
	fi
	unset "LANE[$pid]"
}

lanes_stop() {
	[[ -z $AHEAD ]] || kill -- "-$AHEAD" 2>/dev/null || :
	[[ ${#LANE[@]} -eq 0 ]] || kill "${!LANE[@]}" 2>/dev/null || :
	wait
}

# lanes_run VARIANT...
lanes_run() {
	local variant share shares

	trap lanes_stop EXIT
	build_variant "$1"
	build_ahead "${@:2}"
	for variant; do
		if [[ $variant != "$1" ]]; then
			built_ahead "$variant"
			build_variant "$variant"
		fi
		shares=all
		[[ $((${#UNITS[@]} + ${#FILES[@]})) -gt 0 ]] || shares=${SHARES[$variant]-all}
		for share in $shares; do
			lane_start "$variant" "$share"
		done
	done
	while [[ ${#LANE[@]} -gt 0 ]]; do
		lane_ends
	done
	trap - EXIT
}
