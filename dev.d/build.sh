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

# build_tree DIR [CONFIGURE-OPTION...]
build_tree() {
	local dir=$1 options

	shift
	# configure leaves the unit tests out where their libraries were missing.
	[[ $ROOT != *[!A-Za-z0-9/._+@,-]* ]] ||
	    die "the path $ROOT has a character configure does not take" \
	        "Move the checkout to a path of letters, digits and . _ -"
	options="$* $(pkg-config --modversion cmocka yaml-0.1 libpsl 2>/dev/null | tr '\n' ' ' || :)"
	mkdir -p "$dir"
	build_configure_script "$dir/autoreconf.log"
	if [[ ! -e $dir/config.status || $ROOT/configure -nt $dir/config.status ||
	    $(cat "$dir/.options" 2>/dev/null) != "$options" ]]; then
		say "configuring ${dir##*/}"
		if ! (cd "$dir" && "$ROOT/configure" -q "$@") >"$dir/configure.log" 2>&1; then
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
