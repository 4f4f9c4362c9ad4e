// The command line: one JSON object out, problems on stderr, exit statuses
// that a script can rely on, and no secret anywhere.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { join } from 'node:path';
import { BUILD, calm, clearFaults, env, fault, grown, PLAIN, postsOf, run, sandbox, secret, sql } from './lib/stack.js';
import { flowName, handle, landed, Visitor, words } from './lib/visitor.js';

before(calm);
after(calm);

// A sanitizer's own options are no configuration.
const EMPTY = Object.fromEntries(Object.entries(env).filter(([name]) => /^[AUT]SAN_OPTIONS$|^UBSAN_OPTIONS$/.test(name)));

const flow = (args, options) => run(join(BUILD, 'twitter_flow'), args, options);
const sweep = (args, options) => run(join(BUILD, 'token_refresh'), args, options);

function one(done) {
	assert.equal(done.status, 0, done.stderr);
	assert.match(done.stdout, /^\{.*\}\n$/);
	return JSON.parse(done.stdout);
}

function refused(done, status, code) {
	assert.equal(done.status, status, `${done.status} ${done.stdout}${done.stderr}`);
	assert.equal(done.stdout, '');
	const lines = done.stderr.trim().split('\n');
	const p = JSON.parse(lines.find((line) => line.startsWith('{') && line.includes('"remedy"')));
	if (code instanceof RegExp)
		assert.match(p.code, code);
	else
		assert.equal(p.code, code);
	for (const name of ['type', 'title', 'detail', 'remedy', 'request_id'])
		assert.ok(p[name], `${name}: ${done.stderr}`);
	return p;
}

test('both dry runs work with nothing configured at all', async () => {
	const first = await flow(['--action=initiate', '--dry-run'], { environment: EMPTY });
	const start = one(first);
	assert.match(start.authorize_url, /^https:\/\/x\.com\/i\/oauth2\/authorize\?/);
	assert.match(new URL(start.authorize_url).searchParams.get('client_id'), /CLIENT_ID/);
	assert.match(start.state, /^[A-Za-z0-9_-]{43}$/);
	assert.ok(start.flow.length > 40);
	assert.ok(start.warnings.some((w) => /TWITTER_CLIENT_ID/.test(w)));

	const second = await flow(['--action=post', '--user_id=test', '--content=Hello X', '--dry-run'], { environment: EMPTY });
	const p = one(second);
	assert.equal(p.state, 'dry_run');
	assert.deepEqual(p.parts.map((x) => [x.text, x.weighted_length, x.state]), [['Hello X', 7, 'dry_run']]);
	assert.deepEqual([p.id, p.post_id, p.url, p.metrics], [null, null, null, null]);
	assert.equal(p.cost_usd, '0.0150');
	assert.deepEqual(p.warnings, []);
	assert.deepEqual([first.stderr, second.stderr], ['', '']);
	one(await sweep(['--dry-run'], { environment: EMPTY }));
	one(await flow(['--action=status', '--user_id=test', '--dry-run'], { environment: EMPTY }));
	one(await flow(['--action=disconnect', '--user_id=test', '--dry-run'], { environment: EMPTY }));
	const id = `--post_id=${crypto.randomUUID()}`;
	assert.deepEqual(one(await flow(['--action=posts', '--user_id=test', '--dry-run'], { environment: EMPTY })), { posts: [], next: null });
	for (const action of ['resume', 'delete'])
		assert.deepEqual(one(await flow([`--action=${action}`, '--user_id=test', id, '--dry-run'], { environment: EMPTY })), { state: 'dry_run' });
});

test('a dry run with everything configured stores and calls nothing', async () => {
	await fault({ path: '/', fault: '500' });
	const start = one(await flow(['--action=initiate', '--user_id=test', '--dry-run', '--return_to=/x']));
	const p = one(await flow(['--action=post', '--user_id=test', '--content=Hello X', '--dry-run']));
	assert.equal((await sandbox('GET', '/sandbox/faults'))[0].hits, 0);
	await clearFaults();
	assert.equal(new URL(start.authorize_url).searchParams.get('client_id'), env.TWITTER_CLIENT_ID);
	assert.equal(p.state, 'dry_run');
});

test('the whole story on the command line', async () => {
	const me = new Visitor();
	const start = one(await flow(['--action=initiate', `--user_id=${me.user}`, '--return_to=/after']));
	assert.deepEqual(Object.keys(start).filter((k) => ['authorize_url', 'state', 'flow'].includes(k)).sort(), ['authorize_url', 'flow', 'state']);
	secret(start.flow);
	const back = new URL(await me.decide(start.authorize_url), 'http://x');
	const code = back.searchParams.get('code');
	const args = ['--action=callback', `--code=${code}`, `--state=${start.state}`, `--flow=${start.flow}`];
	const { value, by } = await grown(async () => {
		const tried = one(await flow([...args, '--dry-run']));
		assert.equal(tried.state, 'dry_run');
		return [one(await flow(args)), one(await flow(args))];
	});
	assert.equal(by('codes_exchanged'), 1);
	assert.equal(value[0].username, me.account);
	assert.equal(value[1].repeated, true);
	const [c] = one(await flow(['--action=status', `--user_id=${me.user}`])).connections;
	assert.equal(c.status, 'connected');
	assert.equal(c.id, value[0].connection_id);
	const text = words();
	const posted = one(await flow(['--action=post', `--user_id=${me.user}`, `--content=${text}`, '--idempotency_key=one']));
	assert.equal(posted.state, 'sent');
	const again = one(await flow(['--action=post', `--user-id=${me.user}`, `--content=${text}`, '--idempotency-key=one']));
	assert.equal(again.post_id, posted.post_id);
	assert.deepEqual((await postsOf(me.account)).map((p) => p.text), [text]);
	assert.deepEqual((await me.connections()).map((x) => x.id), [c.id], 'the web shows the same');
	const ended = one(await flow(['--action=disconnect', `--user_id=${me.user}`]));
	assert.equal(ended.status, 'disconnected');
	refused(await flow(['--action=post', `--user_id=${me.user}`, `--content=${words()}`]), 1, /not_connected|needs_reauth/);
});

test('posts are listed, scheduled, cancelled, resumed and deleted from the command line', async () => {
	const me = new Visitor();
	await me.connect();
	const at = (seconds) => `--publish_at=${new Date(Date.now() + seconds * 1000).toISOString()}`;
	const act = (action, ...more) => flow([`--action=${action}`, `--user_id=${me.user}`, ...more]);
	const tag = words();
	const thread = one(await act('post', `--content=${`${tag} `.repeat(20)}`, '--on_long=thread', '--numbering', '--on_partial=delete'));
	assert.equal(thread.state, 'sent');
	assert.ok(thread.parts.length > 1);
	assert.match(thread.parts[1].text, / \(2\/\d+\)$/);
	const later = one(await act('post', `--content=${words()}`, at(3600)));
	assert.deepEqual([later.state, later.can, later.post_id], ['queued', ['cancel'], null]);
	assert.match(later.reason, /will be sent at/);

	const page = one(await act('posts', '--limit=1'));
	assert.deepEqual([page.posts.map((p) => p.id), page.next], [[later.id], later.id]);
	const older = one(await act('posts', `--before=${page.next}`));
	assert.deepEqual([older.posts.map((p) => p.id), older.next], [[thread.id], null]);
	assert.deepEqual((await me.get('/api/twitter/posts')).json.posts.map((p) => p.id), [later.id, thread.id], 'the web lists the same');

	assert.equal(one(await act('delete', `--post_id=${later.id}`)).state, 'cancelled');
	assert.equal(one(await act('resume', `--post_id=${thread.id}`)).state, 'sent', 'there is nothing left to do');
	assert.equal((await postsOf(me.account)).length, thread.parts.length);
	const gone = one(await act('delete', `--post_id=${thread.id}`));
	assert.deepEqual([gone.state, ...new Set(gone.parts.map((p) => p.state))], ['deleted', 'deleted']);
	assert.deepEqual(await postsOf(me.account), []);
	for (const [p, state] of [[thread, 'deleted'], [later, 'cancelled']])
		assert.equal(refused(await act('resume', `--post_id=${p.id}`), 1, 'not_resumable').detail, `Post ${p.id} is ${state}.`);

	refused(await act('resume', `--post_id=${crypto.randomUUID()}`), 1, 'post_unknown');
	refused(await flow(['--action=delete', `--user_id=${crypto.randomUUID()}`, `--post_id=${thread.id}`]), 1, 'post_unknown');
	refused(await act('post', `--content=${words()}`, at(-3600)), 1, 'invalid');
	for (const args of [['posts', '--limit=0'], ['posts', '--before=x'], ['resume'], ['delete', '--post_id=x'], ['post', '--content=x', '--on_partial=hide'],
		['post', '--content=x', '--publish_at=tomorrow'], ['post', '--content=x', '--publish_at=9999-01-01T00:00:00Z']])
		refused(await act(...args), 64, 'usage');
});

test('a flow of the command line is what the browser\'s cookie would hold', async () => {
	const me = new Visitor();
	const start = one(await flow(['--action=initiate', `--user_id=${me.user}`]));
	me.jar.set(flowName(start.state), start.flow);
	landed(await me.get(await me.decide(start.authorize_url)));
	const web = await me.initiate();
	const code = new URL(await me.decide(web.url), 'http://x').searchParams.get('code');
	one(await flow(['--action=callback', `--code=${code}`, `--state=${web.state}`, `--flow=${me.jar.get(web.cookie)}`]));
});

test('options are spelled with _ or -, and what is none is 64', async () => {
	for (const args of [['--action=post', '--user-id=t', '--content=a', '--dry-run'], ['--action=post', '--user_id=t', '--content=a', '--dry_run'],
		['--action', 'post', '--user_id', 't', '--content', 'a', '--dry-run']])
		one(await flow(args, { environment: EMPTY }));
	for (const args of [[], ['--action=fly'], ['--action=post', '--dry-run'], ['--action=post', '--user_id=t', '--dry-run'], ['--colour=red'], ['post'],
		['--action=post', '--user_id=t', '--content=a', '--dry-run', '--dry-run=yes'], ['--action=post', '--user_id=t', '--user_id=u', '--content=a', '--dry-run'],
		['--action=post', '--user_id=t', '--content=a', '--on_long=shorten', '--dry-run'], ['--action=callback', '--code=a'], ['--action=initiate'], ['-x'],
		['--action=status', '--user_id=not-a-uuid'], ['--action=initiate', '--user_id=not-a-uuid']])
		refused(await flow(args), 64, 'usage');
	for (const args of [['--within=soon'], ['--within=-1'], ['--colour'], ['--user_id=x'], ['more']])
		refused(await sweep(args), 64, 'usage');
});

test('a missing or malformed variable is 78, and all of them are named at once', async () => {
	const p = refused(await flow(['--action=status', `--user_id=${crypto.randomUUID()}`], { environment: EMPTY }), 78, 'configuration');
	assert.match(p.detail, /DATABASE_URL/);
	refused(await sweep([], { environment: EMPTY }), 78, 'configuration');
	refused(await flow(['--action=initiate', `--user_id=${crypto.randomUUID()}`], { environment: { ...env, NEXUS_KEYS: 'k1:short' } }), 78, 'configuration');
});

test('--check-config names every bad variable and shows no secret', async () => {
	const check = (change) => run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: { ...env, ...change } });
	assert.equal((await check({})).status, 0);
	const hidden = 'do-not-show-this-value';
	const bad = {
		TWITTER_REDIRECT_URI: 'not a url', TWITTER_API_URL: `http://${hidden}.example`, TWITTER_AUTHORIZE_URL: 'ftp://x.example/', TWITTER_PLAN: 'gold',
		TWITTER_MONTHLY_BUDGET_USD: 'much', TWITTER_CA_FILE: '/nowhere/ca.pem', NEXUS_KEYS: `k1:${hidden}`, NEXUS_THREADS: '0', NEXUS_DB_POOL: 'many', NEXUS_LOG_LEVEL: 'loud',
		SUPABASE_JWT_SECRET: 'short', NEXUS_ORIGIN: 'nexus.example', NEXUS_STATE_DIR: '/nowhere/state', SUPABASE_URL: 'x', DATABASE_URL: `postgresql://u:${hidden}@[`,
	};
	const done = await check(bad);
	assert.equal(done.status, 78);
	const said = done.stdout + done.stderr;
	for (const name of Object.keys(bad))
		assert.match(said, new RegExp(name), `${name} in: ${said}`);
	assert.ok(!said.includes(`k1:${hidden}`) && !said.includes(`u:${hidden}`), said);
	const missing = await run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: EMPTY });
	assert.equal(missing.status, 78);
	for (const name of ['TWITTER_CLIENT_ID', 'TWITTER_REDIRECT_URI', 'DATABASE_URL', 'NEXUS_KEYS'])
		assert.match(missing.stdout + missing.stderr, new RegExp(name));
	const start = await run(join(BUILD, 'nexus-x-fcgi'), [], { environment: EMPTY });
	assert.equal(start.status, 78, 'it does not start either');
});

test('key rings that are none', async () => {
	const key = crypto.randomBytes(32).toString('base64');
	for (const NEXUS_KEYS of ['', key, `:${key}`, `k1:${key},k1:${key}`, `k1:${key},`, `k1:${crypto.randomBytes(31).toString('base64')}`, `k1:${crypto.randomBytes(33).toString('base64')}`, `k.1:${key}`, `k1:${key.slice(0, -2)}%%`]) {
		const done = await run(join(BUILD, 'nexus-x-fcgi'), ['--check-config'], { environment: { ...env, NEXUS_KEYS } });
		assert.equal(done.status, 78, NEXUS_KEYS);
		assert.match(done.stdout + done.stderr, /NEXUS_KEYS/);
		assert.ok(!(done.stdout + done.stderr).includes(key));
	}
});

test('X in trouble is 75, X\'s refusal is 1', async () => {
	const me = new Visitor();
	await me.connect();
	const post = () => flow(['--action=post', `--user_id=${me.user}`, `--content=${words()}`]);
	await fault({ path: '/2/tweets', method: 'POST', fault: '429' });
	refused(await post(), 75, 'rate_limited');
	await clearFaults();
	await fault({ path: '/2/tweets', method: 'POST', fault: '400' });
	refused(await post(), 1, 'x_refused');
	await clearFaults();
	await fault({ path: '/2/tweets', method: 'POST', fault: 'drop_after', count: 1 });
	const lost = await post();
	assert.match(lost.stdout + lost.stderr, /unknown/);
	assert.ok([0, 75].includes(lost.status));
	refused(await flow(['--action=post', `--user_id=${me.user}`, `--content=${'word '.repeat(80)}`, '--on_long=reject']), 1, 'text_too_long');
	refused(await flow(['--action=post', `--user_id=${me.user}`, '--content=']), 1, 'text_empty');
	refused(await run('bash', ['-c', `exec "$0" --action=post --user_id=${me.user} --content=$'a\\xff'`, join(BUILD, 'twitter_flow')]), 1, /./);
	refused(await flow(['--action=callback', '--code=a', '--state=b', '--flow=c']), 1, 'state_broken');
	refused(await flow(['--action=initiate', `--user_id=${me.user}`, '--return_to=//evil.example']), 1, 'return_to');
});

// It is a failure, and yet there is something to show of it.
function broken(done, state, live, code) {
	assert.equal(done.status, 1, `${done.status} ${done.stdout}${done.stderr}`);
	const p = one({ ...done, status: 0 });
	assert.deepEqual([p.state, p.next_try_at, p.parts.filter((part) => part.state === 'sent').length], [state, null, live]);
	const problem = done.stderr.trim().split('\n').find((line) => line.includes('"remedy"'));
	assert.deepEqual(JSON.parse(problem), p.error);
	assert.equal(p.error.code, code);
	return p;
}

test('a thread that broke for good is 1, and so is each resume that fails again', async () => {
	const me = new Visitor();
	await me.connect();
	const act = (action, ...more) => flow([`--action=${action}`, `--user_id=${me.user}`, ...more]);
	const content = `--content=${`${words()} `.repeat(20)}`;
	const thread = () => act('post', content, '--on_long=thread', '--idempotency_key=broken');
	const suspended = { path: '/2/tweets', method: 'POST', fault: '403', body: '{"title":"Forbidden","detail":"Your account is suspended and is not permitted to access this feature.","type":"about:blank","status":403}' };
	await fault({ ...suspended, skip: 1 });
	const first = broken(await thread(), 'partial', 1, 'x_account');
	assert.equal(broken(await thread(), 'partial', 1, 'x_account').id, first.id);
	const id = `--post_id=${first.id}`;
	broken(await act('resume', id), 'partial', 1, 'x_account');
	await clearFaults();
	await fault({ path: '/2/tweets', method: 'POST', fault: '429', reset_in: 600, count: 1 });
	const put = one(await act('resume', id));
	assert.equal(put.state, 'partial');
	assert.ok(put.next_try_at, 'it goes on by itself');
	await clearFaults();
	assert.equal(one(await act('resume', id)).state, 'sent');
	assert.equal((await postsOf(me.account)).length, first.parts.length);
	await fault({ path: '/2/tweets/', method: 'DELETE', fault: '403', count: 1 });
	refused(await act('delete', id), 1, 'not_deleted');
	await clearFaults();
	assert.equal(one(await act('delete', id)).state, 'deleted');
});

test('what X refused is 1 when it is asked for again, and nothing is left to delete', async () => {
	const me = new Visitor();
	await me.connect();
	const act = (action, ...more) => flow([`--action=${action}`, `--user_id=${me.user}`, ...more]);
	const again = () => act('post', '--content=refused', '--idempotency_key=refused');
	await fault({ path: '/2/tweets', method: 'POST', fault: '400', count: 1 });
	refused(await again(), 1, 'x_refused');
	await clearFaults();
	const p = broken(await again(), 'failed', 0, 'x_refused');
	await sql(`DELETE FROM platform_connections WHERE user_id = '${me.user}'`);
	const gone = refused(await act('resume', `--post_id=${p.id}`), 1, 'needs_reauth');
	assert.equal(gone.detail, 'The X account of this post is no longer connected here.');
	const end = one(await act('delete', `--post_id=${p.id}`));
	assert.deepEqual([end.state, end.profile_url], ['cancelled', null]);
});

test('measure weighs each line', async () => {
	const texts = ['Hello', 'Hi http://test.co', '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}', 'a'.repeat(281), '', 'line\nbreak'];
	const done = await flow(['--action=measure'], { environment: EMPTY, input: `${texts.map((text) => JSON.stringify({ text })).join('\n')}\n` });
	assert.equal(done.status, 0, done.stderr);
	const lines = done.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
	assert.equal(lines.length, texts.length);
	for (const [i, text] of texts.entries()) {
		const weigh = await sandbox('POST', '/sandbox/weigh', { text });
		assert.equal(lines[i].weighted_length, weigh.weighted_length, text);
		assert.deepEqual(Object.keys(lines[i]).sort(), ['display_range', 'permillage', 'valid', 'valid_range', 'weighted_length']);
	}
	assert.deepEqual(lines[0], { weighted_length: 5, valid: true, permillage: 17, valid_range: [0, 4], display_range: [0, 4] });
	assert.deepEqual(lines[3], { weighted_length: 281, valid: false, permillage: 1003, valid_range: [0, 279], display_range: [0, 280] });
	refused(await flow(['--action=measure'], { input: '{"text":\n' }), 1, /./);
});

test('a ring with a new first key still opens what the old one sealed', async () => {
	const me = new Visitor();
	await me.connect();
	const ring = { ...env, NEXUS_KEYS: `new:${crypto.randomBytes(32).toString('base64')},${env.NEXUS_KEYS}` };
	one(await flow(['--action=post', `--user_id=${me.user}`, `--content=${words()}`], { environment: ring }));
	await sql(`UPDATE platform_connections SET token_expires_at = now() WHERE user_id = '${me.user}'`);
	const lost = await flow(['--action=post', `--user_id=${me.user}`, `--content=${words()}`],
		{ environment: { ...env, NEXUS_KEYS: `other:${crypto.randomBytes(32).toString('base64')}` } });
	const p = refused(lost, 78, 'key_unknown');
	assert.match(p.detail, new RegExp(env.NEXUS_KEYS.split(':')[0]));
	assert.equal((await me.connections())[0].status, 'connected');
});

test('a sealed value that was copied to another row does not open', async () => {
	const [mine, theirs] = [new Visitor(), new Visitor()];
	await Promise.all([mine.connect(), theirs.connect()]);
	await sql(`UPDATE platform_connections SET access_token = (SELECT access_token FROM platform_connections WHERE user_id = '${theirs.user}')
		WHERE user_id = '${mine.user}'`);
	const { value: done, by } = await grown(() => flow(['--action=post', `--user_id=${mine.user}`, `--content=${words()}`]));
	refused(done, 1, 'seal_broken');
	assert.equal(by('posts_created'), 0);
	await sql(`UPDATE platform_connections SET access_token = refresh_token WHERE user_id = '${theirs.user}'`);
	refused(await flow(['--action=post', `--user_id=${theirs.user}`, `--content=${words()}`]), 1, 'seal_broken');
});

test('--help and --version', async () => {
	for (const program of ['nexus-x-fcgi', 'twitter_flow', 'token_refresh']) {
		const help = await run(join(BUILD, program), ['--help'], { environment: EMPTY });
		assert.equal(help.status, 0, help.stderr);
		assert.match(help.stdout, /Usage:|Options:/);
		const version = await run(join(BUILD, program), ['--version'], { environment: EMPTY });
		assert.match(version.stdout, new RegExp(`^${program} \\S+\n$`));
	}
});

test('memory is right to the end', { skip: !PLAIN && 'sanitizers see more' }, async () => {
	const done = await run('valgrind', ['-q', '--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=definite', join(BUILD, 'twitter_flow'),
		'--action=post', '--user_id=test', `--content=${handle()} ${'word '.repeat(100)}`, '--on_long=thread', '--dry-run'],
	{ environment: { PATH: env.PATH } });
	assert.equal(done.status, 0, done.stderr);
});
