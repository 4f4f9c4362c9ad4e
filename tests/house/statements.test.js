// Every statement of the service runs where tables are spread over nodes by
// user: it names the user for each of them, or goes to all nodes on purpose.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { collect, statementsIn } from './collect.js';
import { judge } from './spread.js';

const here = dirname(fileURLToPath(import.meta.url));
const listed = (name) => new Map(readFileSync(join(here, name), 'utf8').split('\n')
	.filter((line) => line && line[0] !== '#').map((line) => [line.split(' ')[0], line]));
const everywhere = listed('everywhere');
const statements = collect(process.env.NX_SOURCE_DIR || join(here, '../..'));

test('the texts are found, each whole', () => {
	assert.ok(statements.length > 100, `only ${statements.length}`);
	assert.deepEqual(statementsIn('static const char a[] = "SELECT" " \\"x\\"";\nf(\'"\', "no", "DELETE FROM b");'),
		[{ sql: 'SELECT "x"', name: 'a' }, { sql: 'DELETE FROM b', name: 'unnamed' }]);
});

for (const { at, sql } of statements) {
	test(`${at} runs on ${everywhere.has(at) ? 'all nodes' : 'one node'}`, () => {
		const found = judge(sql);
		assert.deepEqual(found.faults, [], sql);
		assert.equal(found.everywhere, everywhere.has(at), `on one node, or listed in tests/house/everywhere: ${sql}`);
	});
}

test('what is listed is there', () => {
	const there = new Set(statements.map(({ at }) => at));
	assert.deepEqual([...everywhere.keys()].filter((at) => !there.has(at)), []);
});

// What breaks each rule, and what is as near to it and does not.
const user = 'user_id = $1';
const cases = [
	['row locks without a user', 'SELECT 1 FROM x_posts WHERE id = $1 FOR UPDATE', `SELECT 1 FROM x_posts WHERE ${user} FOR UPDATE`],
	['no user named for q', `SELECT 1 FROM x_posts p, x_parts q WHERE p.${user} AND q.post_id = p.id`,
		`SELECT 1 FROM x_posts p, x_parts q WHERE p.${user} AND q.user_id = p.user_id`],
	['no user named for q', `SELECT (SELECT 1 FROM x_parts q WHERE q.post_id = p.id) FROM x_posts p WHERE p.${user}`,
		`SELECT (SELECT 1 FROM x_parts q WHERE q.user_id = p.user_id) FROM x_posts p WHERE p.${user}`],
	['no user named for c', `SELECT 1 FROM x_posts p LEFT JOIN platform_connections c ON c.id = p.id WHERE p.${user}`,
		`SELECT 1 FROM x_posts p LEFT JOIN platform_connections c ON c.user_id = p.user_id WHERE p.${user}`],
	['no user named for q', `WITH n AS (SELECT * FROM x_posts WHERE ${user}) UPDATE x_parts q SET state = 'a' FROM n
		WHERE q.user_id = n.user_id AND q.${user.replace('user_id', 'post_id')}`,
	`WITH n AS (SELECT * FROM x_posts WHERE ${user}) UPDATE x_parts q SET state = 'a' FROM n WHERE q.${user}`],
	['more than one user: $1, $2', `SELECT 1 FROM x_posts p, x_parts q WHERE p.${user} AND q.user_id = $2`],
	['tables joined, and not by user', 'SELECT count(*) FROM x_posts p JOIN x_parts q ON q.post_id = p.id',
		'SELECT count(*) FROM x_posts p JOIN x_parts q ON q.user_id = p.user_id'],
	['tables joined, and not by user', 'SELECT 1 FROM x_posts p WHERE NOT EXISTS (SELECT 1 FROM x_parts q WHERE q.post_id = p.id)',
		'SELECT 1 FROM x_posts p WHERE NOT EXISTS (SELECT 1 FROM x_parts q WHERE q.user_id = p.user_id AND q.post_id = p.id)'],
	['tables joined, and not by user', 'DELETE FROM x_posts p WHERE EXISTS (SELECT 1 FROM x_parts q WHERE q.post_id = p.id)',
		'DELETE FROM x_posts p WHERE (user_id, id) IN (SELECT user_id, id FROM x_posts LIMIT 5)'],
	['no user named for x_posts', `SELECT 1 FROM x_posts WHERE ${user} AND id = (SELECT max(id) FROM x_posts)`,
		`SELECT 1 FROM x_posts WHERE ${user} AND id = (SELECT max(id) FROM x_posts WHERE ${user})`],
	['WITH RECURSIVE', 'WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2 FROM a) SELECT * FROM a'],
	['a VOLATILE function in what is set or asked', `UPDATE x_posts SET updated_at = clock_timestamp() WHERE ${user}`,
		`UPDATE x_posts SET updated_at = (SELECT clock_timestamp()) WHERE ${user}`],
	['a VOLATILE function in what is set or asked', `DELETE FROM x_posts WHERE ${user} AND at < clock_timestamp()`],
	['a VOLATILE function in a subquery that names a column of the row',
		`UPDATE x_posts p SET at = (SELECT greatest(p.at, clock_timestamp())) WHERE ${user}`],
	['a VOLATILE function in a subquery that names a column of the row',
		`UPDATE x_posts p SET n = (SELECT count(*) FROM x_parts q WHERE q.user_id = p.user_id AND q.at < clock_timestamp()) WHERE ${user}`,
		`UPDATE x_posts p SET n = (SELECT count(*) FROM x_parts q WHERE q.user_id = p.user_id AND q.at < now()) WHERE ${user}`],
	['a function of time within CASE or coalesce', `UPDATE x_posts SET at = coalesce(at, now()) WHERE ${user}`,
		`UPDATE x_posts SET at = coalesce(at, (SELECT now())) WHERE ${user}`],
	['a function of time within CASE or coalesce',
		`UPDATE x_posts SET at = CASE WHEN a THEN now() + interval '1 s' END WHERE ${user}`,
		`UPDATE x_posts SET at = CASE WHEN a THEN (SELECT now() + interval '1 s') END WHERE ${user}`],
	['a function of time within CASE or coalesce',
		`UPDATE x_posts p SET at = s.at FROM (SELECT coalesce(at, now()) AS at FROM x_parts WHERE ${user}) s WHERE ${user}`,
		`UPDATE x_posts p SET at = s.at FROM (SELECT coalesce(at, (SELECT now())) AS at FROM x_parts WHERE ${user}) s WHERE ${user}`],
	['a function of time within CASE or coalesce',
		`UPDATE x_posts p SET n = CASE WHEN p.a THEN 1 ELSE (SELECT count(*) FROM x_parts q WHERE q.${user} AND q.at < now()) END WHERE ${user}`],
	['a STABLE function of a column', `UPDATE x_posts SET at = at + interval '1 s' WHERE ${user}`,
		`UPDATE x_posts SET at = now() + interval '1 s' WHERE ${user} AND at > now() - interval '1 s'`],
	['a function of time in RETURNING', `UPDATE x_posts SET a = 1 WHERE ${user} RETURNING now()`,
		`UPDATE x_posts SET a = 1 WHERE ${user} RETURNING (SELECT now())`],
	['a function of time in RETURNING', `UPDATE x_posts SET a = 1 WHERE ${user} RETURNING extract(epoch FROM at)`,
		`UPDATE x_posts SET a = 1 WHERE ${user} RETURNING extract(epoch FROM at - left_at)`],
	['a function of time in ON CONFLICT', 'INSERT INTO x_grants AS g VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET at = now()',
		'INSERT INTO x_grants AS g VALUES ($1, now()) ON CONFLICT (user_id) DO UPDATE SET at = excluded.at'],
	['a subquery in ON CONFLICT', 'INSERT INTO x_grants VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET at = (SELECT now())'],
	['a parameter in ON CONFLICT of rows with a VOLATILE function',
		`INSERT INTO x_grants AS g SELECT id, clock_timestamp() FROM platform_connections WHERE ${user} ON CONFLICT (user_id) DO UPDATE
		SET at = excluded.at WHERE g.n = $2`,
		`INSERT INTO x_grants AS g SELECT id, $2, clock_timestamp() FROM platform_connections WHERE ${user} ON CONFLICT (user_id) DO UPDATE
		SET at = excluded.at WHERE g.n = excluded.n`],
	['a CASE of a value', `SELECT CASE state WHEN 'a' THEN 1 END FROM x_posts WHERE ${user}`,
		`SELECT CASE WHEN state = 'a' THEN 1 END FROM x_posts WHERE ${user}`],
	['a subquery in VALUES', `INSERT INTO x_grants VALUES ((SELECT id FROM x_posts WHERE ${user}))`],
	['a copied table is written and a spread one read', `UPDATE x_app SET lost = 1 WHERE EXISTS (SELECT 1 FROM x_grants WHERE ${user})`,
		`UPDATE x_grants SET a = 1 WHERE ${user} AND (SELECT contracted FROM x_app)`],
];

for (const [fault, breaks, holds] of cases) {
	test(`a statement is caught: ${fault}: ${breaks.slice(0, 60)}`, () => {
		assert.ok(judge(breaks).faults.includes(fault), judge(breaks).faults.join('; '));
		if (holds)
			assert.deepEqual(judge(holds).faults, [], holds);
	});
}

test('what names no user goes to all nodes', () => {
	assert.equal(judge('SELECT id FROM x_posts WHERE next_try_at <= now()').everywhere, true);
	assert.equal(judge('WITH a AS (DELETE FROM x_posts WHERE id = $1) SELECT 1').everywhere, true);
	assert.equal(judge(`SELECT id FROM x_posts WHERE ${user}`).everywhere, false);
});
