#!/bin/sh
# test_dashboard_modules.sh - the page's modules that need no browser.
# Usage: tests/unit/test_dashboard_modules.sh; NX_SOURCE_DIR: the checkout.
# Skipped (77) where there is no node with a test runner.

cd "${NX_SOURCE_DIR:-.}" || exit 99
node -e 'require("node:test")' 2>/dev/null || exit 77
exec node --test tests/browser/modules.test.js tests/browser/posts_modules.test.js
