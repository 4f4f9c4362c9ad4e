// Every variable of the contract is told to whoever asks or reads.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, env, ROOT, run } from './lib/stack.js';

const VARIABLES = [
	'TWITTER_CLIENT_ID', 'TWITTER_CLIENT_SECRET', 'TWITTER_REDIRECT_URI', 'TWITTER_SCOPES', 'TWITTER_AUTHORIZE_URL', 'TWITTER_API_URL', 'TWITTER_TOKEN_URL',
	'TWITTER_REVOKE_URL', 'TWITTER_CA_FILE', 'TWITTER_PLAN', 'TWITTER_MONTHLY_BUDGET_USD', 'DATABASE_URL', 'SUPABASE_JWT_SECRET', 'SUPABASE_URL', 'SUPABASE_JWKS_FILE',
	'NEXUS_KEYS', 'NEXUS_ORIGIN', 'NEXUS_DASHBOARD_PATH', 'NEXUS_THREADS', 'NEXUS_DB_POOL', 'NEXUS_STATE_DIR', 'NEXUS_WEBHOOK_URL', 'NEXUS_WEBHOOK_SECRET', 'NEXUS_LOG_LEVEL',
];
const DEFAULTS = ['tweet.read tweet.write users.read media.write offline.access', 'https://x.com/i/oauth2/authorize', 'https://api.x.com', 'payg', '/dashboard', '32', '8', '/var/lib/nexus-x', 'info'];

test('--help names every variable and its default', async () => {
	const { stdout } = await run(join(BUILD, 'nexus-x-fcgi'), ['--help']);
	for (const text of [...VARIABLES, ...DEFAULTS])
		assert.ok(stdout.includes(text), text);
});

test('the README names every variable', () => {
	const path = join(ROOT, 'README.md');
	assert.ok(existsSync(path), 'there is no README.md');
	const text = readFileSync(path, 'utf8');
	assert.deepEqual(VARIABLES.filter((name) => !text.includes(name)), []);
});

test('the README tells the two commands', () => {
	const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
	for (const command of ['./dev up', './dev test', './dev down', './dev bench'])
		assert.ok(text.includes(command), command);
});

test('the environment in force holds what the contract says', () => {
	for (const name of ['TWITTER_CLIENT_ID', 'TWITTER_REDIRECT_URI', 'DATABASE_URL', 'NEXUS_KEYS', 'NEXUS_URL', 'SANDBOX_URL'])
		assert.ok(env[name], name);
});
