// What is promised while a database fails over, over three ways to it: nothing
// that was answered is gone, nothing is on X twice, no token is lost, and soon
// after another server was promoted all is served again.
import { test, before, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { inParallel, sandbox, settings, sleep, stopwatch, until } from '../flow/lib/stack.js';
import { Visitor } from '../flow/lib/visitor.js';
import { Cluster } from './lib/cluster.js';
import { liveAtX, Way } from './lib/traffic.js';

const PEOPLE = 3, BACK_MS = 5000;
const cluster = new Cluster();
let ways;

before(async () => {
	await cluster.start();
	ways = Object.entries(cluster.urls()).map(([name, url]) => new Way(name, url));
	for (const way of ways) {
		await way.start();
		way.regulars = Array.from({ length: PEOPLE }, () => new Visitor());
		for (const me of way.regulars)
			await way.connect(me);
	}
	// Each post renews its token first.
	await settings({ access_token_ttl: 30 });
});

// A story that failed leaves no traffic to the next.
afterEach(() => Promise.all(ways.map((way) => way.quiet())));

after(async () => {
	for (const way of ways ?? [])
		await way.stop();
	await cluster.stop();
});

const more = (n) => {
	const goals = ways.map((way) => [way, way.answered + n]);
	return until(`${n} more posts on each way`, 120, () => goals.every(([way, goal]) => way.answered >= goal));
};

// As if the quiet time had passed for whatever X's answer was lost.
async function timePasses() {
	for (const { account } of ways.flatMap((way) => way.regulars))
		await sandbox('POST', '/sandbox/age', { account, seconds: 600 });
	await cluster.sql(`UPDATE x_parts SET left_at = left_at - interval '10 minutes', first_left_at = first_left_at - interval '10 minutes' WHERE state IN ('sending', 'unknown');
		UPDATE x_posts SET lease_until = now() WHERE state = 'sending' AND lease_until IS NOT NULL;
		UPDATE x_posts SET next_try_at = now() WHERE next_try_at IS NOT NULL AND state <> 'queued'`);
}

// Every post that was answered is there, and on X exactly once.  One that was
// answered 202 may turn out not to have left: then it is sent when its author
// says so.
async function settle(way) {
	for (const post of way.posts.filter((one) => !one.settled)) {
		const there = await until(`the end of ${post.id}`, 150, async () => {
			const res = await way.ask(post.me, 'GET', `/api/twitter/posts/${post.id}`);
			assert.notEqual(res.status, 404, `${way.name}: a post that was answered ${post.status} is gone`);
			if (res.json?.state === 'failed' && post.status === 202)
				await way.ask(post.me, 'POST', `/api/twitter/posts/${post.id}/resume`);
			return res.json?.state === 'sent' && res.json;
		});
		post.settled = there.post_id;
	}
	for (const me of way.regulars) {
		const live = await liveAtX(me.account), mine = way.posts.filter((post) => post.me === me);
		for (const post of mine)
			assert.deepEqual(live.filter((one) => one.text === post.text).map((one) => one.id), [post.settled], `${way.name}: ${post.text}`);
		assert.equal(live.length, mine.length, `${way.name}: X has something that nobody wrote`);
	}
}

// `fail` takes the primary away; then `heir` of it serves; `mend` brings it back.
async function story(t, fail, mend, heir = (host) => cluster.other(host)) {
	await cluster.whole();
	const old = await cluster.primary();
	for (const way of ways)
		way.run(way.regulars);
	await more(5);
	const watch = stopwatch(), began = Date.now();
	await fail(old);
	const promoted = await cluster.takesWrites(heir(old));
	await more(5);
	await sleep(Math.max(0, promoted + BACK_MS - Date.now()));
	const calm = Date.now();
	await more(10);
	await mend(old);
	await cluster.whole();
	await more(5);
	await Promise.all(ways.map((way) => way.quiet()));
	for (const way of ways) {
		const ms = way.servedAfter(promoted), refused = way.refusedAfter(calm);
		t.diagnostic(`${way.name}: promoted after ${promoted - began} ms, served ${ms} ms later; ${way.answered} posts, ${way.people.length} accounts`);
		watch.promise(BACK_MS, `${way.name} serves again`, ms);
		assert.deepEqual(refused, [], `${way.name}: refused later than ${BACK_MS} ms after the promotion`);
	}
	await timePasses();
	for (const way of ways)
		await settle(way);
}

test('the primary is killed', (t) => story(t, (host) => host.kill(), (host) => host.boot()));
test('the primary is cut off', (t) => story(t, (host) => host.cut(), (host) => host.mend()));
test('the primary is paused', (t) => story(t, (host) => host.pause(), async (host) => {
	// It wakes, takes itself for the primary, and does what it had been sent,
	// until it is reset, as a watchdog does.
	host.resume();
	await until('the old primary goes on', 30, () => cluster.isPrimary(host));
	await more(5);
	await host.kill();
	host.boot();
}));
test('the primary hands over', (t) => story(t, (host) => cluster.switchover(host), () => undefined));
test('and back', (t) => story(t, (host) => cluster.switchover(host), () => undefined));
test('PostgreSQL alone dies, and is started again where it was', (t) =>
	story(t, (host) => cluster.killServer(host), () => undefined, (host) => host));

test('every account that was connected meanwhile can post', async () => {
	await sandbox('POST', '/sandbox/expire', {});
	await cluster.sql("UPDATE platform_connections SET token_expires_at = now() - interval '1 minute'");
	for (const way of ways)
		await inParallel(way.people.length, 4, (i) => way.post(way.people[i]));
	for (const way of ways)
		assert.ok(way.posts.every((post) => post.status !== 0));
});
