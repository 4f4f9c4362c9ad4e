# ./dev mutate [N...]: break the lines of tests/mutations, each in turn, in a copy
# of the tree, and see that a test fails.  A line that nothing notices is one that
# nothing keeps.

# What changed is newer in the copy than what was built of it, whenever it
# changed; what is gone is gone.
mutate_copy() {
	local tree=$1 file

	mkdir -p "$tree"
	cd "$ROOT" || return
	find Makefile.am configure.ac m4 include src sql nginx systemd tests dev dev.d package.json \
	    package-lock.json .npmrc .ci docs -type f -printf '%p\n' | while read -r file; do
		cmp -s "$file" "$tree/$file" || {
			mkdir -p "$(dirname "$tree/$file")"
			cp "$file" "$tree/$file"
		}
	done
	(cd "$tree" && find include src -type f) | while read -r file; do
		[[ -e $file ]] || rm "$tree/$file"
	done
	ln -sfn "$ROOT/node_modules" "$tree/node_modules"
	: >"$tree/.copy-to-break"	# tests/mutate breaks nothing else
}

# mutate_tests LOG FILE...: true when all pass.
mutate_tests() {
	local log=$1 file name

	for file in "${@:2}"; do
		name=${file%.c}
		if [[ $file == *.js ]]; then
			app_start
			(run_node plain "$ROOT/$file") || return
		else
			NX_SOURCE_DIR=$ROOT NX_TEST_DATABASE_URL=$MUTATE_DATABASE \
			    timeout -k 10 300 "$BUILD/$name" || return
		fi
	done </dev/null >"$log" 2>&1
}

# mutate_build FILE...: the programs, and those of the tests.
mutate_build() {
	local -a programs=()
	local file

	for file; do
		[[ $file == *.js ]] || programs+=("${file%.c}")
	done
	make -C "$BUILD" -j"$(nproc)" all "${programs[@]}" >"$BUILD/make.log" 2>&1
}

# mutate_one N: break it, and see that it is noticed.
mutate_one() {
	local nth=$1 told title file tests log=$STACK/log/mutation-$1

	BEGAN=$SECONDS
	told=$("$ROOT/tests/mutate" break "$nth" "$ROOT")
	{ read -r title; read -r file; read -r -a tests; } <<<"$told"
	if ! mutate_build "${tests[@]}"; then
		tally "$nth. $title It does not build." 0 1 "$BUILD/make.log"
	elif mutate_tests "$log" "${tests[@]}"; then
		tally "$nth. $title NOT NOTICED" 0 1 "$log"
	else
		tally "$nth. $title" 1 0 "$log"
	fi
	cp "$ROOT/$file.whole" "$ROOT/$file"
}

mutate_all() {
	local nth all

	mapfile -t all < <(sed -n 's/^test //p' "$ROOT/tests/mutations" | tr ' ' '\n' | sort -u)
	BEGAN=$SECONDS
	mutate_build "${all[@]}" || die "the tests do not build" "Their log is $BUILD/make.log"
	mutate_tests "$STACK/log/unbroken" "${all[@]}" || {
		tally 'the tests, with nothing broken' 0 1 "$STACK/log/unbroken"
		return
	}
	tally 'the tests, with nothing broken' 1 0 "$STACK/log/unbroken"
	for nth; do
		mutate_one "$nth"
	done
}

# mutate_check_numbers N...
mutate_check_numbers() {
	local nth count

	count=$(NX_SOURCE_DIR=$ROOT "$ROOT/tests/mutate" count)
	for nth; do
		[[ $nth =~ ^[1-9][0-9]{0,3}$ && $nth -le $count ]] ||
			die "$nth is none of the mutations" "They are numbered from 1 to $count"
	done
}

command_mutate() {
	local nths=("$@") status=0

	mutate_check_numbers "$@"
	install_for_testing
	settings_forget_callers "${TEST_UNSET[@]}"
	mutate_copy "$ROOT/var/mutate"
	ROOT=$ROOT/var/mutate
	TALLY=$ROOT/tally
	: >"$TALLY"
	[[ ${#nths[@]} -gt 0 ]] || mapfile -t nths < <(seq "$(NX_SOURCE_DIR=$ROOT "$ROOT/tests/mutate" count)")
	export NX_SOURCE_DIR=$ROOT
	build_tree "$ROOT/build"
	stack_use "$ROOT/var" "$ROOT/build"
	stack_stop
	trap 'stack_stop || :' EXIT
	WORKER=no
	stack_start
	MUTATE_DATABASE=$(settings_value DATABASE_ADMIN_URL)
	MUTATE_DATABASE=${MUTATE_DATABASE/@\/postgres\?/@/nexus?}
	mutate_all "${nths[@]}"
	stack_stop
	trap - EXIT
	awk '{ p += $1; f += $2 } END { printf "%d noticed, %d not\n", p - 1, f; exit f > 0 }' "$TALLY" || status=1
	exit $status
}
