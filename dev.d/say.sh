# What ./dev tells the person in front of it.

say() {
	printf '%s\n' "$*" >&2
}

# die WHAT [WHAT-TO-DO]
die() {
	printf 'dev: %s\n' "$1" >&2
	[[ $# -lt 2 ]] || printf '     %s\n' "${@:2}" >&2
	exit 1
}

show_end_of() {
	local file

	for file; do
		[[ -s $file ]] || continue
		say "--- the end of $file"
		tail -n 20 "$file" >&2
	done
}

# wait_until SECONDS COMMAND...: false when the time is over first.
wait_until() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[[ $SECONDS -lt $deadline ]] || return 1
		sleep 0.1
	done
}
