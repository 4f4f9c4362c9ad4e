# ./dev test fuzz: each fuzz target under libFuzzer, some seconds long.
# NEXUS_FUZZ_SECONDS=3600 ./dev test fuzz looks for an hour at each.

PACKAGES_TO_FUZZ=(clang-14 libclang-rt-14-dev)
FUZZ_AT_ONCE=3

build_fuzz() {
	CC=clang-14 build_tree "$1" --enable-fuzz
}

# What it finds is kept in var/fuzz/corpus for the next time.
fuzz_one() {
	local name=$1 dir=$ROOT/var/fuzz status=0

	mkdir -p "$dir"/{corpus,crash,status}/"$name"
	nice "$BUILD/tests/fuzz/fuzz_$name" -timeout=60 -rss_limit_mb=2560 \
	    -max_total_time="${NEXUS_FUZZ_SECONDS:-10}" -print_final_stats=1 \
	    -artifact_prefix="$dir/crash/$name/" \
	    "$dir/corpus/$name" "$ROOT/tests/fuzz/seeds/$name" \
	    >"$dir/$name.log" 2>&1 || status=$?
	echo "$status" >"$dir/status/$name/status"
}

fuzz_all() {
	local name

	for name; do
		while [[ $(jobs -rp | wc -l) -ge $FUZZ_AT_ONCE ]]; do
			wait -n || :
		done
		fuzz_one "$name" &
	done
	wait
}

# A crash becomes a seed: `make check` replays it from then on.
fuzz_keep() {
	local name=$1 file seed

	for file in "$ROOT/var/fuzz/crash/$name"/*; do
		[[ -e $file ]] || continue
		seed=tests/fuzz/seeds/$name/${file##*/}
		cp "$file" "$ROOT/$seed"
		say "dev: the input that broke $name is now $seed"
	done
}

check_fuzz() {
	local dir=$ROOT/var/fuzz name status inputs
	local -a names

	BEGAN=$SECONDS
	BUILD=$(tree_of fuzz)
	mapfile -t names < <(cd "$ROOT/tests/fuzz/seeds" && printf '%s\n' *)
	rm -rf "$dir"/{crash,status}
	heeding_signals fuzz_all "${names[@]}"
	for name in "${names[@]}"; do
		status=$(cat "$dir/status/$name/status" 2>/dev/null || echo 1)
		inputs=$(count_in "$dir/$name.log" 'stat::number_of_executed_units:')
		fuzz_keep "$name"
		tally "fuzz $name, $inputs inputs" $((status == 0)) \
		    $((status != 0)) "$dir/$name.log"
	done
}
