// Every statement of the service is carried out by a PostgreSQL whose tables
// are spread over nodes: ./dev test citus.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { env, run, sql } from '../flow/lib/stack.js';
import { collect } from './collect.js';

const top = process.env.NX_SOURCE_DIR || join(dirname(fileURLToPath(import.meta.url)), '../..');
// A UUID, and JSON.
const VALUE = '1'.repeat(32);
// Whatever they say, they are values: what is compared with null is not asked of a node.
const execute = `SELECT 'EXECUTE t' || coalesce('(' || string_agg(quote_literal(CASE type::text
	WHEN 'uuid' THEN '${VALUE}' WHEN 'text' THEN '${VALUE}' WHEN 'jsonb' THEN '[]'
	WHEN 'uuid[]' THEN '{}' WHEN 'text[]' THEN '{}' WHEN 'timestamp with time zone' THEN '2026-01-01'
	ELSE '1' END), ',' ORDER BY n) || ')', '')
	FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS p (type, n) WHERE name = 't' \\gexec`;

test('the tables are spread', async () => {
	assert.notDeepEqual(await sql("SELECT to_regclass('pg_dist_partition') WHERE to_regclass('pg_dist_partition') IS NOT NULL"), []);
});

for (const { at, sql: text } of collect(top)) {
	test(`${at} is carried out`, async () => {
		const done = await run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'],
			{ env, input: `BEGIN;\nPREPARE t AS ${text};\n${execute}\nROLLBACK;\n` });
		assert.equal(done.status, 0, `${done.stderr}${text}`);
	});
}
