#!/bin/sh
# test_store_statements.sh - each statement of the store runs where tables are
# spread over nodes.
# Usage: tests/unit/test_store_statements.sh; NX_SOURCE_DIR: the checkout.
# Skipped (77) where there is no node with a test runner, or no parser of SQL.

cd "${NX_SOURCE_DIR:-.}" || exit 99
node --input-type=module -e 'import "node:test"; import "libpg-query"' 2>/dev/null || exit 77
exec node --test tests/house/statements.test.js
