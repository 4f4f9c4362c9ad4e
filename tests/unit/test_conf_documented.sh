#!/bin/sh
# test_conf_documented.sh - every variable has its row in README and contract.
# Usage: tests/unit/test_conf_documented.sh; NX_SOURCE_DIR: the checkout.

cd "${NX_SOURCE_DIR:-.}" || exit 99
names=$(sed -n 's/^X([a-z_]*, "\([A-Z_]*\)".*/\1/p' include/nx/base/conf_list.h)
failed=0 n=0
for name in $names; do
	n=$((n + 1))
	for file in README.md docs/contract.md; do
		grep -q "^| [^|]*\`$name\`" "$file" && continue
		echo "not ok $name has no row (| \`$name\` | …) in $file"
		failed=1
	done
done
if [ "$n" -ne "$(grep -c '^X(' include/nx/base/conf_list.h)" ] || [ "$n" -eq 0 ]; then
	echo "not ok the rows of conf_list.h begin otherwise than X(field, \"NAME\""
	failed=1
fi
[ $failed -ne 0 ] || echo "ok $n variables have their rows"
exit $failed
