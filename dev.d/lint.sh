# ./dev lint: what can be seen without running anything.  A finding is mended in
# the code; a rule that is wrong here is left out in the tool's own file or
# below, with the reason.  What was found clean is not looked at again until it,
# a header of it or the rules change: var/lint/clean remembers.

PACKAGES_TO_LINT=(clang-tidy cppcheck perl shellcheck libcmocka-dev libyaml-dev)
# Its leaks are asan's: it takes what an arena or a library keeps for lost.
LINT_GCC=(
	-O1 -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -Wno-analyzer-too-complex
	-Wall -Wextra -Wconversion -Wno-sign-conversion -Wduplicated-branches -Wduplicated-cond
	-Wformat-signedness -Wlogical-op -Werror
)
# `style` would have declarations where C11 allows them, not where BSD puts them.
# Two places that begin at one are no mistake (duplicateAssignExpression); between
# files it forgets what was asked before (ctu).
LINT_CPPCHECK=(
	-q --std=c11 --enable=warning --enable=performance --enable=portability
	--suppress=missingIncludeSystem --suppress=duplicateAssignExpression
	--suppress=ctunullpointer --suppress=ctuuninitvar
	--inline-suppr --error-exitcode=1
)
# SC2034, SC2153: dev.d is one program, and its files are looked at one by one.
# SC2016: some of what stands in single quotes is for another shell.
LINT_SHELLCHECK=(-x -s bash -e SC2016 -e SC2034 -e SC2153)

# lint_files FIND-TEST...: of the checkout, that is without what is built.
lint_files() {
	find dev dev.d .ci include nginx src tests ./*.js -type f "$@" | sort
}

# lint_scripts INTERPRETER: by their first line.
lint_scripts() {
	lint_files ! -name '*.[ch]' ! -path '*/seeds/*' -exec \
	    awk -v "shell=$1" 'FNR == 1 { if (/^#!/ && index($0, shell)) print FILENAME; nextfile }' {} +
}

# lint_key RULE...: of these rules and what comes in.
lint_key() {
	{ printf '%s\n' "$LINT_RULES" "$@"; cat; } | sha256sum | cut -d ' ' -f 1
}

# lint_unless_clean NAME KEY COMMAND...
lint_unless_clean() {
	local clean=$LINT/clean/$2 found=$LINT/found/$1

	if [[ -e $clean ]]; then
		touch "$clean"
	elif "${@:3}" >"$found" 2>&1; then
		rm "$found"
		: >"$clean"
	fi
}

# lint_once NAME FILES COMMAND...: a tool that is quick, for all its files.
lint_once() {
	local name=$1 files key

	mapfile -t files <<<"$2"
	shift 2
	key=$(sha256sum "${files[@]}" | lint_key "$*" "${LINT_CPPCHECK[*]}")
	lint_unless_clean "$name" "$key-$name" "$@" "${files[@]}"
}

lint_perl() {
	local file status=0

	for file; do
		perl -wc "$file" 2>&1 | grep -v ' syntax OK$' && status=1
	done
	return $status
}

lint_cppcheck() {
	mkdir -p "$LINT/cppcheck"
	cppcheck "${LINT_CPPCHECK[@]}" --cppcheck-build-dir="$LINT/cppcheck" -I include -I src src tests
}

# lint_c FILE: the key is what the compiler sees.  The product alone: what tests
# do to it on purpose is what these look for.
lint_c() {
	lint_unless_clean "${1//\//-}" "$(gcc -E "${LINT_CFLAGS[@]}" "$1" 2>&1 | lint_key "$LINT_C")" lint_c_by_both "$1"
}

lint_c_by_both() {
	local status=0

	clang-tidy --quiet "$1" -- "${LINT_CFLAGS[@]}" 2>/dev/null || status=1
	gcc "${LINT_GCC[@]}" "${LINT_CFLAGS[@]}" -c -o /dev/null "$1" || status=1
	return $status
}

lint_all() {
	local file sources scripts

	cd "$ROOT" || return
	renice -n 19 "$BASHPID" >/dev/null
	LINT_RULES=$(clang-tidy --version; gcc --version; cppcheck --version; shellcheck --version)
	read -ra LINT_CFLAGS < <(pkg-config --cflags libcurl openssl json-c libpq cjose icu-uc libpsl cmocka yaml-0.1)
	LINT_CFLAGS+=(-std=c11 -D_GNU_SOURCE "-DPACKAGE_NAME=\"lint\"" "-DPACKAGE_VERSION=\"lint\"" "-DNX_SQL_DIR=\"sql\"" "-DNX_SRCDIR=\"$ROOT\"" -I{include,src,tests/{unit,fuzz,sandbox}})
	LINT_C="$(cat .clang-tidy) ${LINT_GCC[*]} ${LINT_CFLAGS[*]}"
	sources=$(lint_files -path "src/*.c")
	scripts=$(lint_files -path 'dev.d/*.sh'; lint_scripts sh)
	lint_once shellcheck "$scripts" shellcheck "${LINT_SHELLCHECK[@]}"
	lint_once perl "$(lint_scripts perl)" lint_perl
	lint_once eslint "$(lint_files -name '*.js' -o -name '*.mjs')" node node_modules/eslint/bin/eslint.js
	lint_once cppcheck "$(lint_files -name '*.[ch]')" lint_cppcheck
	for file in $sources; do
		while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do
			wait -n || :
		done
		lint_c "$file" &
	done
	wait
	find "$LINT/clean" -mtime +30 -delete
}

# check_lint: as a variant of ./dev test.
check_lint() {
	local found lock

	BEGAN=$SECONDS
	LINT=$ROOT/var/lint
	mkdir -p "$LINT/clean"
	exec {lock}>"$LINT/lock"
	flock "$lock"
	rm -rf "$LINT/found"
	mkdir "$LINT/found"
	heeding_signals lint_all || printf 'the linters stopped\n' >"$LINT/found/lint"
	found=("$LINT"/found/*)
	if [[ -e ${found[0]} ]]; then
		cat "${found[@]}" >&2
		tally lint 0 ${#found[@]} /dev/null
	else
		tally lint 1 0 /dev/null
	fi
	exec {lock}>&-
}

command_lint() {
	takes_nothing "$@"
	install_for_testing
	TALLY=$ROOT/var/lint-tally
	mkdir -p "$ROOT/var"
	: >"$TALLY"
	check_lint
	! grep -qv ' 0$' "$TALLY"
}
