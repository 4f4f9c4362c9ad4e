# Out-of-tree builds.

build_configure_script() {
	local file

	for file in configure.ac Makefile.am; do
		[[ $ROOT/$file -nt $ROOT/configure ]] || continue
		(cd "$ROOT" && autoreconf -i >"$1" 2>&1) && touch "$ROOT/configure" &&
		    return
		show_end_of "$1"
		rm -f "$ROOT/configure"
		die "autoreconf failed"
	done
}

# build_tree DIR [CONFIGURE-OPTION...]: DIR is a folder of the checkout.
build_tree() {
	local dir=$1 options

	shift
	# Make, nginx, the sanitizers and shells within shells give these a meaning.
	# shellcheck disable=SC2101  # the class stands in brackets
	[[ $ROOT != *[][\"\'\`\\\$\#\&\;:\|\<\>*?{}!%~[:cntrl:]]* ]] ||
	    die "the path $ROOT has a character that a build does not survive" \
	        'Move the checkout to a path without any of " '"' "'` \ $ # & ; : | < > * ? [ ] { } ! % ~'
	# configure leaves the unit tests out where their libraries were missing.
	options="$* $(pkg-config --modversion cmocka yaml-0.1 libpsl 2>/dev/null | tr '\n' ' ' || :)"
	mkdir -p "$dir"
	build_configure_script "$dir/autoreconf.log"
	if [[ ! -e $dir/config.status || $ROOT/configure -nt $dir/config.status ||
	    $(cat "$dir/.options" 2>/dev/null) != "$options" ]]; then
		say "configuring ${dir##*/}"
		# Automake takes no space in the path to the sources: .. has none.
		if ! (cd "$dir" && ../configure -q "$@") >"$dir/configure.log" 2>&1; then
			show_end_of "$dir/configure.log"
			die "configure failed" "Its own account is in $dir/config.log"
		fi
		printf '%s\n' "$options" >"$dir/.options"
	fi
	if ! make -C "$dir" -q >/dev/null 2>&1; then
		say "building ${dir##*/}"
	fi
	if ! make -C "$dir" -j"$(nproc)" >"$dir/make.log" 2>&1; then
		grep -E -A4 'error|Error' "$dir/make.log" | head -n 40 >&2 || :
		die "the build failed" "Its log is $dir/make.log"
	fi
}
