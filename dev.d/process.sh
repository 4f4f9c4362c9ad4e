# Processes we started.  Each leads a session of its own and runs in $STACK;
# run/NAME.pid holds its pid and run/NAME.id what tells it from a later process
# that was given the same number.

# Prints the fields of /proc/PID/stat from the third on.
process_stat() {
	local line

	{ line=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	printf '%s\n' "${line##*) }"
}

# The start of PID, exact for this boot; fails when it is gone or a zombie.
process_identity() {
	local -a field

	read -ra field < <(process_stat "$1") || return 1
	[[ ${field[0]} != Z ]] || return 1
	printf '%s %s\n' "$(</proc/sys/kernel/random/boot_id)" "${field[19]}"
}

# process_is_not PID IDENTITY: has it ended?  Its number may be another's by now.
process_is_not() {
	[[ $(process_identity "$1") != "$2" ]]
}

process_pid() {
	cat "$STACK/run/$1.pid" 2>/dev/null
}

process_alive() {
	local pid

	pid=$(process_pid "$1") || return 1
	[[ -s $STACK/run/$1.id ]] || return 1
	[[ $(process_identity "$pid") == "$(<"$STACK/run/$1.id")" ]]
}

process_gone() {
	! process_alive "$1"
}

# How many files a process may open: as many as we are allowed to allow.
process_files() {
	local most

	most=$(ulimit -Hn)
	[[ $most != unlimited && $most -lt 65536 ]] || most=65536
	printf '%s' "$most"
}

# process_launch NAME LOG COMMAND...
process_launch() {
	local name=$1 log=$2 pid

	shift 2
	(
		[[ -z $LOCK ]] || exec {LOCK}>&-
		cd "$STACK" || exit
		ulimit -Sn "$(process_files)"
		# A background job of a script starts with INT and QUIT ignored.
		exec env --default-signal=INT,QUIT setsid "$@" \
		    </dev/null >>"$log" 2>&1
	) &
	pid=$!
	process_identity "$pid" >"$STACK/run/$name.id" || :
	printf '%s\n' "$pid" >"$STACK/run/$name.pid"
}

# The environment of $STACK/env and nothing of the caller's but these.
process_environment() {
	local name

	for name in $(compgen -e); do
		case $name in
		PATH | HOME | LANG | TMPDIR | TZ) ;;
		*) unset "$name" || : ;;
		esac
	done
	set -a
	# shellcheck source=/dev/null
	. "$STACK/env"
	# Quoted for the sanitizers, which divide at spaces.
	ASAN_OPTIONS=log_path=\"$STACK/log/asan\":detect_leaks=1
	UBSAN_OPTIONS=log_path=\"$STACK/log/ubsan\":print_stacktrace=1
	TSAN_OPTIONS=log_path=\"$STACK/log/tsan\":history_size=4
	if [[ -e $ROOT/tests/tsan.supp ]]; then
		TSAN_OPTIONS+=:suppressions=\"$ROOT/tests/tsan.supp\"
	fi
	set +a
}

# Pids of the session that NAME leads or led.  A worker outlives a supervisor
# that was killed, so the leader alone would not do.
process_members() {
	local leader dir pid
	local -a field

	leader=$(process_pid "$1") || return 0
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		read -ra field < <(process_stat "$pid") || continue
		[[ ${field[3]} == "$leader" && ${field[0]} != Z ]] || continue
		[[ $(readlink "$dir/cwd" 2>/dev/null) == "$STACK" ]] || continue
		printf '%s\n' "$pid"
	done
}

# Children of PID that live.
process_children() {
	local dir
	local -a field

	for dir in /proc/[0-9]*; do
		read -ra field < <(process_stat "${dir#/proc/}") || continue
		[[ ${field[1]} == "$1" && ${field[0]} != Z ]] || continue
		printf '%s\n' "${dir#/proc/}"
	done
}

process_no_members() {
	[[ -z $(process_members "$1") ]]
}

# process_stop NAME SIGNAL SECONDS: ask, wait, then end what is left of it.
process_stop() {
	local name=$1 pid

	[[ -e $STACK/run/$name.pid ]] || return 0
	if process_alive "$name"; then
		kill -s "$2" "$(process_pid "$name")" 2>/dev/null || :
		if ! wait_until "$3" process_gone "$name"; then
			say "dev: $name did not stop in $3 s and was killed"
			kill -s KILL "$(process_pid "$name")" 2>/dev/null || :
			wait_until 5 process_gone "$name" || :
		fi
	fi
	for pid in $(process_members "$name"); do
		kill -s TERM "$pid" 2>/dev/null || :
	done
	if ! wait_until "$3" process_no_members "$name"; then
		for pid in $(process_members "$name"); do
			kill -s KILL "$pid" 2>/dev/null || :
		done
	fi
	rm -f "$STACK/run/$name".{pid,id,config,binary}
}

# What a part was started with, to see whether it must be started anew.
process_note() {
	printf '%s\n' "$3" >"$STACK/run/$1.$2"
}

process_noted() {
	[[ $(cat "$STACK/run/$1.$2" 2>/dev/null) == "$3" ]]
}

process_rename() {
	local suffix

	for suffix in id config binary pid; do
		[[ ! -e $STACK/run/$1.$suffix ]] ||
		    mv -f "$STACK/run/$1.$suffix" "$STACK/run/$2.$suffix"
	done
}
