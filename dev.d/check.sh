# ./dev test, on instances of its own.

BEGAN=0		# when what is told next began

count_in() {
	sed -n "s/^$2 *\([0-9][0-9]*\)\$/\1/p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# tally NAME PASSED FAILED LOG
tally() {
	printf '%d %d\n' "$2" "$3" >>"$TALLY"
	printf '%-44s %5d passed %4d failed %5d s\n' "$1" "$2" "$3" $((SECONDS - BEGAN))
	BEGAN=$SECONDS
	[[ $3 -eq 0 ]] || say "$(show_failures "$4")"
}

show_failures() {
	printf -- '--- from %s\n' "$1"
	grep -E -A30 '^ *not ok |^FAIL|^ERROR|: error' "$1" | head -n 120 ||
	    tail -n 40 "$1"
	show_warnings
}

# What the programs of the instance said last.
show_warnings() {
	local log found

	for log in "${STACK-}"/log/{nexus-x,worker*,flow-own,nginx,postgres}.log; do
		[[ -s $log ]] || continue
		found=$(grep -E ' (warn|error) |\[(error|crit|alert|emerg)\]|(ERROR|FATAL|PANIC): ' "$log" | tail -n 5) || continue
		printf -- '--- the last of %s\n%s\n' "$log" "$found"
	done
}

# check_build VARIANT [TESTS=NAMES]: unit tests and house rules, one make in a
# tree at a time.  Those of the store use the instance's database.
check_build() {
	local variant=$1 log=$STACK/log/check.log passed failed status=0 database
	local -a units=()

	[[ -n ${NEXUS_TEST_ALL-} || -z ${UNITS_OF[$variant]-} ]] || units=(TESTS="${UNITS_OF[$variant]}")
	database=$(settings_value DATABASE_ADMIN_URL)
	NX_TEST_DATABASE_URL=${database/@\/postgres\?/@/nexus?} \
	    heeding_signals without_randomization flock "$BUILD/.check" make -C "$BUILD" -j"$(nproc)" check VERBOSE=1 \
	    "${units[@]}" "${@:2}" >"$log" 2>&1 || status=$?
	# The summary comes last; a failure prints the counts once more before it.
	tail -n 20 "$log" >"$log.end"
	passed=$(count_in "$log.end" '# PASS:')
	failed=$(($(count_in "$log.end" '# FAIL:') + $(count_in "$log.end" '# ERROR:')))
	[[ $status -eq 0 || $failed -gt 0 ]] || failed=1
	tally "make check ($variant)" "$passed" "$failed" "$log"
}

# The tests of FILE see the instance as its settings tell.
run_node() {
	local variant=$1 file=$2

	set -a
	# shellcheck source=/dev/null
	. "$STACK/env"
	NEXUS_VARIANT=${variant/pg??/plain}
	NEXUS_VARIANT=${NEXUS_VARIANT/citus/plain}
	NEXUS_VARIANT=${NEXUS_VARIANT/older/plain}
	# The sanitizers look for faults, not for throughput.
	[[ $NEXUS_VARIANT == plain ]] || NEXUS_LIGHT=1
	set +a
	cd "$ROOT"
	exec timeout -k 10 "${NEXUS_TEST_SECONDS:-900}" \
	    node --test --test-reporter=tap "$file"
}

# One file of node tests against the instance that runs.
check_file() {
	local variant=$1 file=$2 name log passed failed status=0

	name=${file#"$ROOT/tests/"}
	log=$STACK/log/${name//\//-}.tap
	heeding_signals run_node "$variant" "$file" >"$log" 2>&1 || status=$?
	passed=$(count_in "$log" '# pass')
	failed=$(($(count_in "$log" '# fail') + $(count_in "$log" '# cancelled')))
	[[ $status -eq 0 || $failed -gt 0 ]] || failed=1
	tally "$name ($variant)" "$passed" "$failed" "$log"
}

# As make reads them: scripts ask nothing of how programs were built, and threads
# do not race where there is one.
declare -A UNITS_OF=(
	[asan]='$(check_PROGRAMS)'
	[tsan]='$(filter-out tests/unit/test_flow_torture tests/unit/test_publish_% tests/unit/test_text_% tests/fuzz/%,$(check_PROGRAMS))'
)

# What waits out long times, or runs programs that are not ours, tells a
# sanitizer nothing new.  NEXUS_TEST_ALL=1 runs it all the same.
declare -A LEFT_OUT=(
	[asan]=' config database dev failover hosts install measure_twitter_text outcomes queue rekey renewal sandbox sql threads '
	[tsan]=' cli config database dev ending failover fastcgi history hosts install measure_twitter_text nets notices outcomes queue rekey renewal sandbox settle sql threads x_answers '
)

# The tests of a variant in shares that take about as long, and that run beside
# each other, each on an instance of its own: what waits for most of its time,
# the rest with `make check`, and what a browser sees.  `all` is one, too.
declare -A SHARES=([plain]='waiting rest browser' [asan]='rest waiting' [tsan]='waiting rest')
WAITING=' connect_away database nets outcomes patience queue renewal stopped '
WAITING_TOO=' pending x_answers '	# beside the browser where there is one

# share_of VARIANT FILE
share_of() {
	local name

	name=$(basename "$2" .test.js)
	case $WAITING:$WAITING_TOO:$2 in
	*" $name "*:*:*) printf waiting ;;
	*:*" $name "*:*) [[ $1 == plain ]] && printf browser || printf waiting ;;
	*/browser/*) printf browser ;;
	*) printf rest ;;
	esac
}

# check_files VARIANT SHARE FILE...
check_files() {
	local variant=$1 share=$2 file name

	shift 2
	for file; do
		name=$(basename "$file" .test.js)
		[[ -e $file ]] || continue
		[[ $share == all || $name == zz_secrets || $share == "$(share_of "$variant" "$file")" ]] || continue
		[[ -z ${NEXUS_TEST_ALL-} && ${LEFT_OUT[$variant]-} == *" $name "* ]] ||
		    check_file "$variant" "$file"
	done
}

# What the sanitizers had to say about the processes of the instance.
check_reports() {
	local variant=$1 report

	for report in "$STACK"/log/{asan,ubsan,tsan}.[0-9]*; do
		[[ -s $report ]] || continue
		head -n 60 "$report" >&2
		tally "sanitizer report ${report##*/} ($variant)" 0 1 "$report"
	done
}

check_nothing_left() {
	local pid

	wait_until 10 nothing_left || :
	for pid in $(left_behind); do
		tally "process $pid was left behind ($1)" 0 1 "/proc/$pid/cmdline"
	done
}

left_behind() {
	local dir

	for dir in /proc/[0-9]*; do
		[[ $(readlink "$dir/cwd" 2>/dev/null)/ != "$STACK"/* ]] || printf '%s\n' "${dir#/proc/}"
	done
}

nothing_left() {
	[[ -z $(left_behind) ]]
}

tree_of() {
	case $1 in
	plain | pg* | citus | older) printf '%s' "$ROOT/build" ;;
	*) printf '%s' "$ROOT/build-$1" ;;
	esac
}

build_variant() {
	local tree

	tree=$(tree_of "$1")
	case $1 in
	plain | citus) build_tree "$tree" ;;
	asan | tsan) build_tree "$tree" "--enable-$1" ;;
	fault) build_tree "$tree" --enable-fault-points ;;
	older)
		older_build
		build_tree "$tree"
		;;
	fuzz) build_fuzz "$tree" ;;
	lint) ;;
	pg*)
		postgres_install "${1#pg}"
		build_tree "$tree"
		;;
	*) die "no such variant: $1" "There are plain, asan, tsan, fault, fuzz, lint, pg13 to pg18, citus and older." ;;
	esac
}

# check_what VARIANT SHARE: what the person named, or all of it.
check_what() {
	local variant=$1 share=$2 file

	if [[ ${#UNITS[@]} -gt 0 ]]; then
		check_build "$variant" TESTS="${UNITS[*]}"
	fi
	for file in "${FILES[@]}"; do
		check_file "$variant" "$file"
	done
	[[ $((${#UNITS[@]} + ${#FILES[@]})) -eq 0 ]] || return 0
	if is_version "$variant"; then
		check_version "$variant"
		return
	fi
	if [[ $variant == citus ]]; then
		check_citus
		return
	fi
	if [[ $variant == older ]]; then
		check_file older "$ROOT/tests/older/older.test.js"
		return
	fi
	if [[ $variant == fault ]]; then
		check_files "$variant" "$share" "$ROOT"/tests/fault/*.test.js "$ROOT"/tests/flow/zz_secrets.test.js
		return
	fi
	[[ $share != rest && $share != all ]] || check_build "$variant"
	check_files "$variant" "$share" "$ROOT"/tests/{sandbox,flow}/[!z]*.test.js
	[[ $variant != plain ]] ||
	    check_files "$variant" "$share" "$ROOT"/tests/browser/*.test.js
	check_files "$variant" "$share" "$ROOT"/tests/flow/zz_*.test.js
}

# check_share VARIANT SHARE
check_share() {
	local variant=$1 share=$2 status

	case $variant in
	fuzz | lint)
		"check_$variant"
		return
		;;
	esac
	BEGAN=$SECONDS
	! is_version "$variant" || POSTGRES_WANTED=${variant#pg}
	[[ $variant != citus ]] || citus_find
	stack_use "$ROOT/var/test-$variant-$share" "$(tree_of "$variant")"
	trap 'stack_stop || :' EXIT
	stack_stop
	rm -rf "${STACK:?}"/{pg,log,state,screenshots}
	mkdir -p "$STACK"/{log,state}
	[[ $variant != older ]] || older_launcher
	# Inside a condition bash would not stop at an error.  A worker would renew
	# what a test lets run out: the tests that want one start it.
	set +e
	(set -e; WORKER=no; stack_start)
	status=$?
	set -e
	if [[ $status -ne 0 ]]; then
		tally "the instance starts ($variant)" 0 1 /dev/null
	else
		check_what "$variant" "$share"
	fi
	stack_stop
	trap - EXIT
	check_nothing_left "$variant"
	check_reports "$variant"
}

# test_sort WORD...: what is asked for, as VARIANTS, FILES (node tests) and
# UNITS (as make check names them).
test_sort() {
	local word path

	VARIANTS=() FILES=() UNITS=()
	for word; do
		path=$(readlink -e -- "$word" || :)
		if is_version "$word"; then
			VARIANTS+=("$word")
			continue
		fi
		case $word:$path in
		plain:* | asan:* | tsan:* | fault:* | fuzz:* | lint:* | citus:* | older:*) VARIANTS+=("$word") ;;
		*:"$ROOT"/tests/*.test.js) FILES+=("$path") ;;
		*:"$ROOT"/tests/unit/test_*.c)
			path=${path#"$ROOT/"}
			UNITS+=("${path%.c}")
			;;
		*) die "neither a variant nor a test: $word" \
		    "Variants are plain, asan, tsan, fault, fuzz, lint, pg13 to pg18, citus, older; tests are tests/*/*.test.js" \
		    "and tests/unit/test_*.c." ;;
		esac
	done
	[[ ${#VARIANTS[@]} -eq 0 ]] || return 0
	case $# in
	0) VARIANTS=(plain asan tsan fault fuzz lint) ;;
	*) VARIANTS=(plain) ;;
	esac
	[[ " ${FILES[*]}" != *" $ROOT/tests/fault/"* ]] || VARIANTS=(fault)
}

# leave_out VARIANT: it cannot be run here, and has said why.
leave_out() {
	local variant
	local -a others=()

	for variant in "${VARIANTS[@]}"; do
		[[ $variant == "$1" ]] || others+=("$variant")
	done
	VARIANTS=("${others[@]}")
}

command_test() {
	if [[ ${1-} == fresh ]]; then
		shift
		fresh_test "$@"
	fi
	if [[ ${1-} == ha ]]; then
		shift
		ha_test "$@"
	fi
	test_sort "$@"
	[[ " ${VARIANTS[*]} " != *" citus "* ]] || citus_is_named || leave_out citus
	[[ " ${VARIANTS[*]} " != *" older "* ]] || older_is_known || leave_out older
	[[ ${#VARIANTS[@]} -gt 0 ]] || exit 0
	install_for_testing
	# Neither a shell that has read var/env nor a proxy shall bend the tests.
	settings_forget_callers "${TEST_UNSET[@]}"
	mkdir -p "$ROOT/var"
	TALLY=$ROOT/var/test-tally
	: >"$TALLY"
	lanes_run "${VARIANTS[@]}"
	# Failures have been told; only the status is left to say.
	awk '{ p += $1; f += $2 } END {
		printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' "$TALLY" || exit 1
}

TEST_UNSET=(
	NEXUS_URL SANDBOX_URL NEXUS_STACK NEXUS_BUILD DATABASE_ADMIN_URL
	PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGOPTIONS
	http_proxy HTTP_PROXY all_proxy ALL_PROXY
)
