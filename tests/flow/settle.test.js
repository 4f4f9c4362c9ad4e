// Posts whose answer was lost: found at X, or found not to be there, and sent
// once in either case.
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { calm, clearFaults, earlier, fault, problem, settings, sleep, sql, until } from './lib/stack.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { ownProcess } from './lib/fcgi.js';
import { calmQueue, CREATE, creates, crowd, live, look, POSTS, remove, resume, resumeToEnd, timePasses, underWay } from './lib/posting.js';
import { withWorkers } from './lib/worker.js';

const TEXTS = {
	plain: (w) => w,
	link: (w) => `${w} https://example.com/a/b?c=1&d=2#e and more`,
	'bare host': (w) => `${w} see Example.COM/Path or example.org.`,
	'two links': (w) => `https://example.com/${w.slice(-12)} https://example.org/${w.slice(-12)}`,
	markup: (w) => `${w} <b>"R&D" & 'so' on</b> 1 < 2 > 0`,
	'markup written out': (w) => `${w} &amp; &lt;b&gt; &amp;amp;`,
	emoji: (w) => `${w} \u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466}\u{1F1E9}\u{1F1EA} \u2764\ufe0f`,
	'not composed': (w) => `${w} cafe\u0301 A\u030a \u1100\u1161`,
	'white space': (w) => `${w}\n\n  line\ttwo   `,
	names: (w) => `${w} #tag @somebody $CASH`,
	Chinese: (w) => `${w} \u4e2d\u6587\u6d4b\u8bd5https://example.com/x`,
	Arabic: (w) => `${w} \u0645\u0631\u062d\u0628\u0627 123`,
};

before(calmQueue);
beforeEach(calm);
after(calm);

// One post per text, all of them lost in the same way.
async function lose(rule, people, make = Object.values(TEXTS)) {
	const begun = [];
	const { sent } = await creates(async () => {
		for (const [i, text] of make.entries()) {
			const res = await people[i % people.length].post(text(words()));
			assert.equal(res.status, 202, res.text);
			begun.push({ me: people[i % people.length], ...res.json });
		}
	}, [{ ...rule, count: make.length }]);
	assert.equal(sent, make.length);
	await clearFaults();
	return begun;
}

async function assertFound(posts) {
	for (const { me, id, parts } of posts) {
		const p = await look(me, id);
		assert.equal(p.state, 'sent');
		assert.equal(p.parts[0].state, 'sent');
		assert.equal(p.reason, null);
		const there = await live(me.account);
		assert.deepEqual(there.filter((x) => x.id === p.post_id).map((x) => x.text), [parts[0].text]);
		assert.equal(there.filter((x) => x.text === parts[0].text).length, 1);
	}
}

const NOT_SENT = [{ fault: '503' }, { fault: '500' }, { fault: 'drop' }, { fault: 'garbage', work: false }, { fault: 'hang', ms: 2000 }];

test('what X does not have after 90 quiet seconds may be sent again', async () => {
	const waiting = [];
	for (const rule of NOT_SENT) {
		const me = new Visitor();
		await me.connect();
		const text = words(), key = { 'Idempotency-Key': rule.fault };
		await fault({ ...CREATE, ...rule, count: 1 });
		const res = await me.post(text, key);
		await clearFaults();
		assert.equal(res.status, 202, res.text);
		waiting.push({ me, text, key, id: res.json.id });
		assert.equal((await resume(me, res.json.id)).status, 202, 'too early to say');
		assert.equal((await me.post(text, key)).status, 202);
		assert.deepEqual(await live(me.account), []);
	}
	const state = async ({ me, id }) => (await look(me, id)).state;
	const aged = (seconds, some = waiting) => sql(`UPDATE x_parts SET left_at = now() - interval '${seconds} seconds' WHERE post_id = ANY ('{${some.map(({ id }) => id)}}'::uuid[])`);
	for (const one of waiting) {
		await aged(80, [one]);
		assert.equal((await resume(one.me, one.id)).status, 202, 'still too early');
		assert.equal(await state(one), 'unknown');
	}
	await aged(91);
	await sql(`UPDATE x_posts SET next_try_at = now() WHERE id = ANY ('{${waiting.map(({ id }) => id)}}'::uuid[])`);
	await withWorkers(1, () => Promise.all(waiting.map((one) => until('it is called not sent', 20, async () => await state(one) === 'failed'))));
	for (const one of waiting) {
		assert.deepEqual(await live(one.me.account), []);
		const p = await look(one.me, one.id);
		assert.deepEqual([p.parts[0].state, p.can], ['failed', ['resume']]);
		assert.match(p.reason, /not/);
	}
	const { sent } = await creates(async () => {
		const [resumed, ...repeated] = waiting;
		await resumeToEnd(resumed.me, resumed.id);
		for (const { me, text, key, id } of repeated) {
			const res = await me.post(text, key);
			assert.equal(res.status, 201, res.text);
			assert.notEqual(res.json.id, id);
			assert.equal((await me.post(text, key)).status, 200);
		}
	});
	assert.equal(sent, waiting.length);
	for (const { me, text } of waiting)
		assert.deepEqual((await live(me.account)).map((p) => p.text), [text]);
});

test('an unknown post says where to look', async () => {
	const me = new Visitor();
	await me.connect();
	await fault({ ...CREATE, fault: 'drop_after', count: 1 });
	const res = await me.post(words());
	assert.equal(res.status, 202, res.text);
	const p = res.json;
	assert.equal(p.state, 'unknown');
	assert.equal(p.post_id, null);
	assert.equal(p.status_url, `${POSTS}/${p.id}`);
	assert.equal(res.headers.location, p.status_url);
	assert.equal(p.profile_url, `https://x.com/${me.account}`);
	assert.deepEqual([...p.can].sort(), ['delete', 'resume']);
	assert.match(p.reason, /may or may not/i);
	const seen = await me.get(p.status_url);
	assert.equal(seen.status, 200);
	assert.deepEqual([seen.json.id, seen.json.state, seen.json.reason], [p.id, 'unknown', p.reason]);
});

for (const [name, rule] of Object.entries({
	'a dropped connection': { fault: 'drop_after' }, 'a 500': { fault: '500', work: true }, 'a 503': { fault: '503', work: true },
	'an unreadable 201': { fault: 'garbage', work: true },
}))
	test(`what ${name} hid is found when its owner asks`, async () => {
		const people = await crowd(3);
		const posts = await lose(rule, people);
		const { sent } = await creates(() => Promise.all(posts.map(({ me, id }) => resumeToEnd(me, id))));
		assert.equal(sent, 0, 'nothing is sent again');
		await assertFound(posts);
	});

test('what was hidden is found by the worker', async () => {
	const people = await crowd(3);
	const posts = await lose({ fault: 'drop_after' }, people);
	const { sent } = await creates(() => withWorkers(2, () => Promise.all(posts.map(({ me, id }) =>
		until(`post ${id}`, 40, async () => (await look(me, id)).state === 'sent')))));
	assert.equal(sent, 0);
	await assertFound(posts);
});

for (const [what, setting] of [['leaves texts as they are', { tco: false }], ['knows the old names of fields only', { old_names: true }]])
	test(`what was hidden is found at an X that ${what}`, async () => {
		await settings(setting);
		const people = await crowd(2);
		const posts = await lose({ fault: 'drop_after' }, people);
		await Promise.all(posts.map(({ me, id }) => resumeToEnd(me, id)));
		await assertFound(posts);
	});

test('a reply and a part are found like any post', async () => {
	const [me] = await crowd(1);
	const parent = (await me.post(words())).json;
	await fault({ ...CREATE, fault: 'drop_after', count: 1 });
	const reply = (await me.post({ text: words(), reply_to: parent.post_id })).json;
	assert.equal(reply.state, 'unknown');
	await resumeToEnd(me, reply.id);
	await assertFound([{ me, ...reply }]);
	assert.equal((await live(me.account)).find((p) => p.text === reply.parts[0].text).reply_to, parent.post_id);
});

test('one post is not taken for another that differs in its link', async () => {
	const [me] = await crowd(1);
	const w = words();
	await fault({ ...CREATE, fault: 'drop', count: 1 });
	const never = (await me.post(`${w} https://example.com/1`)).json;
	await fault({ ...CREATE, fault: 'drop_after', count: 2 });
	const there = (await me.post(`${w} https://example.com/2`)).json;
	const also = (await me.post(`${w} https://example.com/3`)).json;
	await clearFaults();
	assert.equal((await resume(me, never.id)).status, 202, 'not one of the others');
	await resumeToEnd(me, also.id);
	await resumeToEnd(me, there.id);
	await assertFound([{ me, ...there }, { me, ...also }]);
	await timePasses([me]);
	await resume(me, never.id);
	assert.notEqual((await look(me, never.id)).state, 'unknown');
	const { post_id } = await look(me, never.id);
	for (const one of [there, also])
		assert.notEqual(post_id, (await look(me, one.id)).post_id);
});

test('a post of before with the same words is not taken for the lost one', async () => {
	const [me] = await crowd(1);
	const text = words();
	const old = (await me.post(text)).json;
	assert.equal((await remove(me, old.id)).json.state, 'deleted');
	const again = (await me.post(text)).json;
	assert.equal(again.state, 'sent');
	assert.notEqual(again.post_id, old.post_id);
	assert.equal((await remove(me, again.id)).json.state, 'deleted');
	await fault({ ...CREATE, fault: 'drop_after', count: 1 });
	const lost = (await me.post(text)).json;
	const found = await resumeToEnd(me, lost.id);
	assert.ok(![old.post_id, again.post_id].includes(found.post_id));
	assert.deepEqual((await live(me.account)).map((p) => p.id), [found.post_id]);
});

test('replies of the same text are told apart by what they answer', async () => {
	const [me] = await crowd(1);
	const [one, two] = [(await me.post(words())).json, (await me.post(words())).json];
	const text = words(), lost = [];
	for (const [parent, kind] of [[one, 'drop'], [two, 'drop_after']]) {
		await fault({ ...CREATE, fault: kind, count: 1 });
		const res = await me.post({ text, reply_to: parent.post_id });
		assert.equal(res.status, 202, res.text);
		lost.push(res.json.id);
		await clearFaults();
	}
	await timePasses([me]);
	for (const id of lost)
		assert.equal((await resume(me, id)).status, 200);
	const [never, there] = [await look(me, lost[0]), await look(me, lost[1])];
	assert.deepEqual([never.state, never.post_id, there.state], ['failed', null, 'sent']);
	const replies = async () => (await live(me.account)).filter((p) => p.text === text);
	assert.deepEqual((await replies()).map((p) => [p.id, p.reply_to]), [[there.post_id, two.post_id]]);
	const { sent } = await creates(() => resume(me, there.id));
	assert.equal(sent, 0);
	assert.equal((await remove(me, there.id)).json.state, 'deleted');
	await resumeToEnd(me, never.id);
	assert.deepEqual((await replies()).map((p) => p.reply_to), [one.post_id]);
});

test('one live post is adopted by one of two that lost the same text', async () => {
	const people = await crowd(6);
	const pairs = await Promise.all(people.map(async (me) => ({ me, text: words() })));
	for (const pair of pairs) {
		pair.ids = [];
		for (const kind of ['drop_after', 'drop']) {
			await fault({ ...CREATE, fault: kind, count: 1 });
			pair.ids.push((await pair.me.post(pair.text)).json.id);
			await clearFaults();
		}
	}
	await timePasses(people);
	await fault({ path: '/2/users/', method: 'GET', fault: 'slow', ms: 300 });
	await Promise.all(pairs.flatMap(({ me, ids }) => ids.map((id) => until('it is settled', 30, async () =>
		(await resume(me, id), (await look(me, id)).state !== 'unknown')))));
	for (const { me, text, ids } of pairs) {
		const both = await Promise.all(ids.map((id) => look(me, id)));
		assert.deepEqual(both.map((p) => p.state).sort(), ['failed', 'sent']);
		const there = (await live(me.account)).filter((p) => p.text === text);
		assert.deepEqual(there.map((p) => p.id), both.filter((p) => p.state === 'sent').map((p) => p.post_id));
	}
});

test('an id that is another part\'s leaves a doubt', async () => {
	const [me] = await crowd(1);
	const [p] = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	const [at] = (await live(me.account)).filter((x) => x.text === p.parts[0].text);
	await sql(`INSERT INTO x_ids (user_id, x_post_id, post_id, position, at) VALUES ('${me.user}', '${at.id}', gen_random_uuid(), 0, now())`);
	const tries = async () => Number((await sql(`SELECT tries FROM x_posts WHERE id = '${p.id}'`))[0][0]);
	const before = await tries();
	const res = await resume(me, p.id);
	assert.deepEqual([res.status, res.json.state, res.json.error.code], [202, 'unknown', 'outcome_unknown'], res.text);
	assert.equal(await tries(), before + 1);
	await sql(`DELETE FROM x_ids WHERE user_id = '${me.user}'`);
	assert.equal((await resume(me, p.id)).json.post_id, at.id);
});

test('of two that lost the same text the elder has the first choice', async () => {
	const [died, lost, old] = await crowd(3);
	const texts = [words(), words(), words()];
	const pairs = [];
	for (const [i, me] of [died, lost, old].entries()) {
		await fault({ ...CREATE, fault: 'drop_after', count: 1 });
		const elder = (await me.post(texts[i])).json;
		await clearFaults();
		await fault({ ...CREATE, fault: 'drop', count: 1 });
		const younger = (await me.post(texts[i])).json;
		await clearFaults();
		assert.equal(younger.state, 'unknown');
		pairs.push({ me, elder, younger });
	}
	// Whoever sent it died before he could write down that its answer was lost.
	await sql(`UPDATE x_posts SET state = 'sending', lease_until = now() WHERE id = '${pairs[0].elder.id}';
		UPDATE x_parts SET state = 'sending' WHERE post_id = '${pairs[0].elder.id}'`);
	await timePasses([died, lost, old]);
	await sql(`UPDATE x_parts SET left_at = ${earlier('left_at', '3 hours')} WHERE post_id = '${pairs[2].elder.id}'`);
	for (const { me, elder, younger } of pairs.slice(0, 2)) {
		assert.equal((await resume(me, younger.id)).status, 202);
		assert.equal((await look(me, younger.id)).state, 'unknown', 'it may be the other');
		await resumeToEnd(me, elder.id);
		assert.deepEqual((await live(me.account)).map((p) => p.id), [(await look(me, elder.id)).post_id]);
		const res = await resume(me, younger.id);
		assert.deepEqual([res.status, res.json.state], [200, 'failed'], res.text);
	}
	const { me, younger } = pairs[2];
	await resumeToEnd(me, younger.id);
});

test('what is on X is not called missing while its twin is being sent', async () => {
	const [me] = await crowd(1);
	const [lost] = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	await timePasses([me]);
	await fault({ ...CREATE, fault: 'slow', held: true, count: 1 });
	const twin = me.post(lost.parts[0].text);
	await underWay();
	assert.equal((await resume(me, lost.id)).status, 202);
	assert.equal((await look(me, lost.id)).state, 'unknown');
	await clearFaults();
	problem(await twin, 409, 'duplicate_text');
	await resumeToEnd(me, lost.id);
	await assertFound([lost]);
});

test('who cannot look says why', async () => {
	const [refused, gone] = await crowd(2);
	const lost = await lose({ fault: 'drop_after' }, [refused, gone], [TEXTS.plain, TEXTS.plain]);
	await fault({ path: '/2/users/', method: 'GET', fault: '403' });
	await gone.json('/api/auth/twitter/disconnect', {});
	await timePasses([refused, gone]);
	problem(await resume(refused, lost[0].id), 502, 'not_looked_up');
	problem(await resume(gone, lost[1].id), 409, 'needs_reauth');
	for (const [i, [code, why]] of [['not_looked_up', /X answered 403/], ['needs_reauth', /no longer connected/]].entries()) {
		const p = await look(lost[i].me, lost[i].id);
		assert.deepEqual([p.state, p.parts[0].state, p.parts[0].error.code], ['unknown', 'unknown', code]);
		assert.match(p.reason, /could not be looked up yet/);
		assert.match(p.reason, why);
	}
	await clearFaults();
	await gone.connect();
	for (const { me, id } of lost)
		await resumeToEnd(me, id);
	await assertFound(lost);
});

test('a timeline that lags is asked again', async () => {
	const [me] = await crowd(1);
	await settings({ read_lag_ms: 3600000 });
	const [lost] = await lose({ fault: 'drop_after' }, [me], [TEXTS.link]);
	const { sent } = await creates(async () => {
		assert.equal((await resume(me, lost.id)).status, 202);
		await settings({ read_lag_ms: 0 });
		await resumeToEnd(me, lost.id, 15);
	});
	assert.equal(sent, 0);
	await assertFound([lost]);
});

test('a timeline that cannot be read settles nothing', async () => {
	const [me] = await crowd(1);
	const lost = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	for (const kind of ['500', '503', 'garbage', 'drop', '401', '403', '404', '429']) {
		await fault({ path: '/2/users/', method: 'GET', fault: kind, ...(kind === '429' && { reset_in: 1 }) });
		await timePasses([me]);
		const { sent } = await creates(() => resume(me, lost[0].id));
		assert.equal(sent, 0, kind);
		assert.equal((await look(me, lost[0].id)).state, 'unknown', kind);
		await clearFaults();
	}
	await fault({ path: '/2/users/', method: 'GET', fault: 'garbage', body: '{"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}' });
	await timePasses([me]);
	await resume(me, lost[0].id);
	assert.equal((await look(me, lost[0].id)).state, 'unknown');
	await clearFaults();
	await sleep(1100);
	await resumeToEnd(me, lost[0].id);
	await assertFound(lost);
});

test('a timeline that is not whole settles nothing', async () => {
	const [me] = await crowd(1);
	const [lost] = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	const other = { id: '1700000000000000001', text: 'another one', created_at: new Date().toISOString() };
	const errors = [{ title: 'Internal', type: 'https://api.x.com/2/problems/internal-error', detail: 'One post could not be read.' }];
	const more = '7140dibdnow9c7btw1';		// there is nothing older than that
	for (const page of [{ data: [other], errors, meta: { result_count: 1 } }, { data: [other], meta: { result_count: 2 } },
		{ data: [other], meta: { result_count: 1, next_token: {} } }, { data: [{ text: 'x' }, other], meta: { result_count: 2 } },
		{ data: [other], errors, meta: { result_count: 1, next_token: more } }]) {
		await fault({ path: '/2/users/', method: 'GET', fault: 'garbage', body: JSON.stringify(page), count: 1 });
		await timePasses([me]);
		const res = await resume(me, lost.id);
		assert.deepEqual([res.status, res.json.state], [202, 'unknown'], `${JSON.stringify(page)}: ${res.text}`);
		assert.match((await look(me, lost.id)).error.detail, /^Not all /);
		await clearFaults();
	}
	await resumeToEnd(me, lost.id);
	await assertFound([lost]);
});

test("X's word that it has the text already is evidence", async () => {
	const [me] = await crowd(1);
	const [lost] = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	await sql(`UPDATE x_posts SET next_try_at = now() + interval '1 hour' WHERE id = '${lost.id}'`);
	problem(await me.post(lost.parts[0].text), 409, 'duplicate_text');
	await withWorkers(1, () => until('it is looked up', 10, async () => (await look(me, lost.id)).state === 'sent'));
	await assertFound([lost]);
});

test('what X hid for longer than the quiet time is not there twice', async () => {
	const [me] = await crowd(1);
	await settings({ read_lag_ms: 3600000 });	// longer than the time that passes
	const [lost] = await lose({ fault: 'drop_after' }, [me], [TEXTS.plain]);
	await timePasses([me]);
	assert.equal((await resume(me, lost.id)).json.state, 'failed', 'nothing shows that it is there');
	// X has it, and says so; it is ours, though it once was called not sent.
	const { value: again, sent } = await creates(() => resume(me, lost.id));
	assert.equal(sent, 1);
	assert.deepEqual([again.status, again.json.state, again.json.parts[0].error.code], [202, 'unknown', 'duplicate_text'], again.text);
	await settings({ read_lag_ms: 0 });
	await timePasses([me]);
	await resumeToEnd(me, lost.id);
	await assertFound([lost]);
	assert.equal((await live(me.account)).length, 1);
});

test('what another user of the same X account has posted is not taken for ours, nor deleted', async () => {
	const me = new Visitor();
	await me.connect();
	const mate = new Visitor({ account: me.account }), text = words();
	await fault({ ...CREATE, fault: '503', count: 1 });
	const lost = (await me.post(text)).json;
	await clearFaults();
	assert.equal(lost.state, 'unknown');
	await mate.connect();
	const theirs = await mate.post(text);
	assert.equal(theirs.status, 201, theirs.text);
	await me.connect();
	await timePasses([me]);
	await until('ours is known not to be there', 20, async () => {
		await resume(me, lost.id);
		return (await look(me, lost.id)).state === 'failed';
	});
	assert.equal((await look(mate, theirs.json.id)).state, 'sent');
	assert.deepEqual((await live(me.account)).map((p) => p.id), [theirs.json.post_id]);
});

test('a text that was given up and said again later is not deleted', async () => {
	const me = new Visitor(), twin = new Visitor({ account: me.account }), text = words();
	await me.connect();
	await fault({ ...CREATE, fault: '503', count: 1 });
	const lost = (await me.post(text)).json;
	await clearFaults();
	assert.equal((await remove(me, lost.id)).status, 202);
	// As if quiet had passed; what X has from then on is younger than that.
	await sql(`UPDATE x_parts SET left_at = ${earlier('left_at', '5 minutes')}, first_left_at = ${earlier('first_left_at', '5 minutes')} WHERE post_id = '${lost.id}';
		UPDATE x_posts SET next_try_at = now() WHERE id = '${lost.id}'`);
	await withWorkers(1, async () => {
		await until('it is cancelled', 20, async () => (await look(me, lost.id)).state === 'cancelled');
		// Nobody here knows of it: it might have been typed at X.
		await twin.connect();
		assert.equal((await twin.post(text)).status, 201);
		await sql(`DELETE FROM x_posts WHERE user_id = '${twin.user}'`);
		await me.connect();
		problem(await me.post(text), 409, 'duplicate_text');
		await until('it is looked up', 20, async () => (await look(me, lost.id)).state === 'unknown'
			&& (await sql(`SELECT 1 FROM x_posts WHERE id = '${lost.id}' AND lease_until IS NULL`)).length === 1);
		await sleep(3000);
	});
	assert.equal((await live(me.account)).length, 1);
	assert.notEqual((await look(me, lost.id)).state, 'deleted');
});

test('a process that dies leaves a post that is settled', async () => {
	const [here, gone] = await crowd(2);
	for (const [me, rule] of [[here, { fault: 'slow', held: true }], [gone, { fault: 'hang' }]]) {
		const own = await ownProcess();
		await fault({ ...CREATE, ...rule, count: 1 });
		const lost = own.ask('POST', '/api/twitter/post', Object.entries(bearer(me.token)), JSON.stringify({ text: words() })).catch(() => undefined);
		await underWay();
		await own.stop('SIGKILL');
		assert.equal(await lost, undefined);
		await clearFaults();
	}
	await until('X has done it', 20, async () => (await live(here.account)).length === 1);
	await timePasses([here, gone]);
	const { sent } = await creates(() => withWorkers(1, () => until('both are settled', 30, async () => {
		const rows = await sql(`SELECT user_id, state FROM x_posts WHERE user_id IN ('${here.user}', '${gone.user}')`);
		return rows.every(([user, state]) => state === (user === here.user ? 'sent' : 'failed'));
	})));
	assert.equal(sent, 0);
	assert.equal((await live(here.account)).length, 1);
	assert.equal((await live(gone.account)).length, 0);
});

// An X that closes each kept connection after it has read a request, and every
// tenth of the others.
function closingX() {
	const seen = [], closed = [], kept = [];		// texts; of those that were closed, over which kind
	const server = http.createServer((req, res) => {
		const pieces = [];
		req.on('data', (piece) => pieces.push(piece));
		req.on('end', () => {
			const { text } = JSON.parse(Buffer.concat(pieces).toString());
			seen.push(text);
			if (req.socket.used || seen.length % 10 === 0) {
				(req.socket.used ? kept : closed).push(text);
				req.socket.destroy();
				return;
			}
			req.socket.used = true;
			res.writeHead(201, { 'Content-Type': 'application/json' });
			res.end(JSON.stringify({ data: { id: String(1900000000000000000n + BigInt(seen.length)), text } }));
		});
	});
	return new Promise((done) => server.listen(0, '127.0.0.1', () => done({
		seen, closed, kept, url: `http://127.0.0.1:${server.address().port}`,
		stop: () => { server.closeAllConnections(); server.close(); },
	})));
}

test('a create leaves once, even if its connection closes under it', async () => {
	const [me] = await crowd(1);
	const x = await closingX();
	const own = await ownProcess({ TWITTER_API_URL: x.url, TWITTER_TOKEN_URL: process.env.TWITTER_TOKEN_URL ?? `${process.env.TWITTER_API_URL}/2/oauth2/token` });
	const texts = Array.from({ length: 120 }, words);
	try {
		for (const text of texts) {
			const res = await own.ask('POST', '/api/twitter/post', Object.entries(bearer(me.token)), JSON.stringify({ text }));
			assert.equal(res.status, [...x.closed, ...x.kept].includes(text) ? 202 : 201, res.text);
		}
	} finally {
		await own.stop();
		x.stop();
	}
	assert.ok(x.closed.length > 0 && x.kept.length > 0);
	assert.deepEqual([...x.seen].sort(), [...texts].sort());
	await sql(`DELETE FROM x_posts WHERE user_id = '${me.user}'`);
});
