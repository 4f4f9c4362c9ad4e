# ./dev test older: programs of the version before beside those of now. They are
# built below var/older, of what the history has of them.

FIRST_OF_NOW=014	# the first migration that they do not know
OLDER=			# their checkout, where an instance begins with them

# The last commit without that migration.
older_commit() {
	local added

	added=$(git -C "$ROOT" log --diff-filter=A --format=%H -- "sql/${FIRST_OF_NOW}_*" 2>/dev/null | tail -n 1)
	git -C "$ROOT" rev-parse -q --verify "$added^" 2>/dev/null
}

# True where the history goes back that far, which a copy of the files does not.
older_is_known() {
	older_commit >/dev/null || {
		say "older: skipped; the history of this checkout has no commit before migration $FIRST_OF_NOW"
		return 1
	}
}

older_build() {
	local dir=$ROOT/var/older commit

	commit=$(older_commit)
	if [[ $(cat "$dir/.commit" 2>/dev/null) != "$commit" ]]; then
		rm -rf "$dir"
		mkdir -p "$dir"
		git -C "$ROOT" archive "$commit" | tar -x -C "$dir"
		printf '%s\n' "$commit" >"$dir/.commit"
	fi
	(in_checkout "$dir" build_tree "$dir/build")
}

# What multiwatch starts: the program that run/version leads to at that moment.
older_launcher() {
	OLDER=$ROOT/var/older
	ln -sfn "$OLDER/build" "$STACK/run/version"
	printf '#!/bin/sh\nexec "${0%%/*}/version/nexus-x-fcgi" "$@"\n' >"$STACK/run/nexus-x-fcgi"
	chmod +x "$STACK/run/nexus-x-fcgi"
}
