#!/bin/bash
# docs/state-machine.md is what the tables give (else: ./dev model doc).
set -u
dir=$(mktemp -d)
cd "${NX_SOURCE_DIR:-.}" || exit 1
trap 'rm -rf "$dir"' EXIT
${NX_CC:-cc} -std=gnu11 -Iinclude -Isrc -o "$dir/machine" \
    tests/models/machine.c src/store/post_machine.c \
    src/store/post_state.c || exit 1
"$dir/machine" doc >"$dir/doc" || exit 1
if ! diff -u docs/state-machine.md "$dir/doc"; then
	echo "not ok docs/state-machine.md is not what the tables give: ./dev model doc"
	exit 1
fi
echo "ok docs/state-machine.md is what the tables give"
