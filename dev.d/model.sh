# The models of the two protocols, searched by spin.  Their heads say what each
# -D does.

PACKAGES_TO_MODEL=(gcc libc6-dev spin)

# name, model, options: each is known to end without an error.  Those after
# "long" take minutes and gigabytes, and are searched with LONG=1.
MODELS=(
	"post-later posts -DNPOSTS=1 -DLATER=1 -DDBF=2 -DREMOVES=1 -DREFUSE=1"
	"post-thread posts -DNPOSTS=1 -DNPARTS=2 -DWITHDRAW=1 -DREFUSE=1 -DREMOVES=1 -DRESUMES=0"
	"post-twins posts -DNPOSTS=2 -DRESUMES=0 -DREMOVES=1 -DDUP=1"
	"refresh tokens -DLOGINS=0 -DDISCS=1 -DREFRESHES=2"
	"login tokens -DLOGINS=1 -DDISCS=0 -DREFRESHES=1"
	long
	"post-removed posts -DNPOSTS=2 -DREMOVES=1 -DDUP=1"
	"post-refused posts -DNPOSTS=2 -DREMOVES=1 -DREFUSE=2 -DRESUMES=0"
	"post-withdrawn posts -DNPOSTS=1 -DNPARTS=2 -DWITHDRAW=1 -DREFUSE=2 -DREMOVES=1 -DDBF=1"
	"post-keyed posts -DNPOSTS=2 -DLATER=1 -DKEYED=1 -DDBF=1 -DREMOVES=1"
	"tokens tokens -DLOGINS=1 -DDISCS=1 -DREFRESHES=1"
)

# What reads the tables needs no library of the service.
model_build() {
	gcc -std=gnu11 -I"$ROOT/include" -I"$ROOT/src" -o "$1" \
	    "$ROOT/tests/models/machine.c" "$ROOT/src/store/post_machine.c" \
	    "$ROOT/src/store/post_state.c"
}

model_search() {
	local name=$1 model=$2 began=$SECONDS
	shift 2
	if "$ROOT/tests/models/check.sh" "$name" "$ROOT/tests/models/$model.pml" \
	    "$@" >"$RUN/$name.log" 2>&1; then
		printf '%-16s %12s states  %4d s   %s\n' "$name" \
		    "$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$RUN/$name.log")" \
		    $((SECONDS - began)) "$*"
		return
	fi
	show_end_of "$RUN/$name.log"
	return 1
}

# model_all [NAME...]: these searches, or all that are short (LONG=1: all).
model_all() {
	local search failed=0
	for search in "${MODELS[@]}"; do
		if [[ $search == long ]]; then
			[[ -n ${LONG-} || $# -gt 0 ]] || break
			export OPTIMIZE=${OPTIMIZE:-2} TL=${TL:-7200}
			continue
		fi
		[[ $# -eq 0 || " $* " == *" ${search%% *} "* ]] || continue
		# shellcheck disable=SC2086
		model_search $search || failed=1
	done
	return $failed
}

# model_check_names NAME...
model_check_names() {
	local name

	for name; do
		printf '%s\n' doc none "${MODELS[@]%% *}" | grep -v '^long$' | grep -qxF -- "$name" || misused
	done
}

command_model() {
	model_check_names "$@"
	install_packages "${PACKAGES_TO_MODEL[@]}"
	RUN=$ROOT/var/models
	mkdir -p "$RUN"
	model_build "$RUN/machine"
	if [[ ${1-} == doc ]]; then
		(cd "$ROOT" && "$RUN/machine" doc >docs/state-machine.md)
		return
	fi
	"$RUN/machine" pml >"$RUN/machine.pml"
	export RUN
	model_all "$@"
}
