#!/bin/sh
# test_configure.sh - what is built where a library of the tests is missing.
# Usage: tests/unit/test_configure.sh; NX_SOURCE_DIR says where configure is.

dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
top=${NX_SOURCE_DIR:-$PWD}

fail() {
	echo "test_configure: $1"
	tail -n 20 "$dir"/*.log
	exit 1
}

# pkg-config, for which the named libraries are not installed.
cat >"$dir/pkg-config" <<END
#!/bin/sh
case " \$* " in *cmocka*|*libpsl*) exit 1 ;; esac
exec pkg-config "\$@"
END
chmod +x "$dir/pkg-config"
mkdir "$dir/build" && cd "$dir/build" || exit 99
PKG_CONFIG=$dir/pkg-config CC=${NX_CC:-cc} "$top/configure" -q \
    --disable-dependency-tracking >"$dir/configure.log" 2>&1 ||
    fail 'configure needs what only tests need'

make check-local >"$dir/check.log" 2>&1 && fail 'make check passes without tests'
grep -q 'libcmocka-dev' "$dir/check.log" || fail 'it does not say what is missing'
make -n check 2>/dev/null | grep -q 'check-local' || fail 'make check runs no check-local'

make -n all >"$dir/all.log" 2>&1 || fail 'make has nothing to do'
grep -q 'nexus-x-fcgi' "$dir/all.log" || fail 'the service is not built'
grep -q 'nexus-x-sandbox' "$dir/all.log" && fail 'the sandbox is built without libpsl'
grep -q 'lpsl' "$dir/all.log" && fail 'a program of the product is linked with libpsl'
exit 0
