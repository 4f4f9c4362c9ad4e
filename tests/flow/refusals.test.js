// What X's refusals mean: whose fault it is, who waits and for how long, and
// who must never be held up by it.
import { test, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { calm, clearFaults, fault, grown, problem, sandbox, sql, until } from './lib/stack.js';
import { ownProcess } from './lib/fcgi.js';
import { bearer, Visitor, words } from './lib/visitor.js';
import { calmQueue, CREATE, creates, crowd, inOrder, live, look, remove, resume, dueNow, PARTS, timeHasCome } from './lib/posting.js';
import { withWorkers } from './lib/worker.js';

beforeEach(calmQueue);
after(calm);

const inAnHour = () => new Date(Date.now() + 3600e3).toISOString();
const now = dueNow;

async function author() {
	const me = new Visitor();
	await me.connect();
	return me;
}

// Its time has come, and nobody has taken it yet.
async function schedule(me, more = {}) {
	const res = await me.post({ text: words(), publish_at: inAnHour(), ...more });
	assert.equal(res.status, 202, res.text);
	await timeHasCome(res.json.id);
	return res.json;
}

const hits = async () => (await sandbox('GET', '/sandbox/faults'))[0].hits;
const inState = (me, id, state) => until(`post ${id} is ${state}`, 30, async () => {
	const p = await look(me, id);
	return p.state === state && p;
});

// The last column: has X decided about this post, so that its key is used up?
const REFUSALS = [
	['number-185', 429, 'rate_limited', false], ['number-344', 429, 'rate_limited', false],
	['number-261', 502, 'x_operator', false], ['number-453', 502, 'x_operator', false],
	['client-not-enrolled', 502, 'x_operator', false], ['user-not-enrolled', 502, 'x_operator', false],
	['oauth1-permissions', 502, 'x_operator', false],
	['number-226', 422, 'x_automated', true], ['automated', 422, 'x_automated', true],
	['reply-rule', 422, 'reply_not_allowed', true], ['number-433', 422, 'reply_not_allowed', true],
	['number-64', 409, 'x_account', true], ['number-326', 409, 'x_account', true], ['suspended', 409, 'x_account', true],
	['spend-cap', 402, 'x_credits', false], ['usage-cap', 402, 'x_credits', false],
];
for (const [kind, status, code, decided] of REFUSALS)
	test(`X says ${kind}: ${code}`, async () => {
		const me = await author();
		const text = words();
		await fault({ ...CREATE, fault: kind });
		const { value: res, by } = await grown(() => me.post(text, { 'Idempotency-Key': 'k' }));
		problem(res, status, code);
		assert.equal(await hits(), 1, 'it is asked once');
		assert.equal(by('posts_created'), 0);
		assert.equal((await me.connections())[0].status, 'connected');
		await clearFaults();
		const again = await me.post(text, { 'Idempotency-Key': 'k' });
		assert.deepEqual([again.status, again.json.state], decided ? [200, 'failed'] : [201, 'sent'], again.text);
		assert.equal((await me.post(words())).status, 201, 'the app goes on');
	});

test('a limit that X tells by a 403 is waited for, longer each time', async () => {
	const me = await author();
	await fault({ ...CREATE, fault: 'number-185' });
	const res = await me.post({ text: words(), queue: true });
	assert.equal(res.status, 202, res.text);
	const wait = async () => {
		const [[s]] = await sql(`SELECT round(extract(epoch FROM next_try_at - updated_at)) FROM x_posts WHERE id = '${res.json.id}'`);
		return Number(s);
	};
	const waits = [await wait()];
	await withWorkers(1, async () => {
		for (let i = 1; i <= 5; i++) {
			await now(res.json.id);
			await until(`try ${i}`, 20, async () => await hits() > i && (await look(me, res.json.id)).state === 'queued');
			waits.push(await wait());
		}
		await clearFaults();
		await now(res.json.id);
		await inState(me, res.json.id, 'sent');
	});
	const want = [900, 1800, 3600, 7200, 14400, 14400];
	assert.ok(want.every((s, i) => waits[i] >= s && waits[i] <= s + 3), waits.join());
});

test('without a time for a 429 the wait begins with a minute', async () => {
	const me = await author();
	await fault({ ...CREATE, fault: '429', reset_in: -1 });
	const res = await me.post({ text: words(), queue: true });
	assert.equal(res.status, 202, res.text);
	const left = Date.parse(res.json.next_try_at) - Date.now();
	assert.ok(left > 40e3 && left < 70e3, `${left}`);
});

test('what looks automated to X is not sent again by itself', async () => {
	const me = await author();
	await fault({ ...CREATE, fault: 'automated' });
	const p = await schedule(me);
	const told = await withWorkers(1, () => inState(me, p.id, 'failed'));
	assert.equal(await hits(), 1);
	assert.deepEqual([told.error.code, told.next_try_at], ['x_automated', null]);
	assert.match(told.reason, /not permitted to perform this action\..*staff ask not to send the same text again unchanged/);
	await clearFaults();
	assert.equal((await resume(me, p.id)).status, 200, 'a person may');
});

test('a refused head never holds up the posts behind it', async () => {
	const kinds = ['automated', 'number-226', 'reply-rule', 'suspended', 'number-385', '400'];
	const people = await crowd(kinds.length);
	for (const [i, kind] of kinds.entries()) {
		const me = people[i];
		const posts = [];
		for (let n = 0; n < 3; n++)
			posts.push(await schedule(me, n === 0 && kind === 'number-385' ? { reply_to: '1445880548472328192' } : {}));
		await fault({ ...CREATE, fault: kind, count: kind === 'number-385' ? 4 : 1 });
		await withWorkers(1, async () => {
			await inState(me, posts[0].id, 'failed');
			const rest = [await inState(me, posts[1].id, 'sent'), await inState(me, posts[2].id, 'sent')];
			assert.ok(inOrder(rest.map((p) => p.post_id)), kind);
		});
		await clearFaults();
	}
});

test('a reset that cannot be is not waited for', async () => {
	for (const more of [{ reset_in: 10 * 366 * 86400 }, { reset_in: 26 * 3600 }, { reset_in: -1, retry_after: 90000000 }, { reset_in: -1, retry_after: -5 }]) {
		const me = await author();
		await fault({ ...CREATE, fault: '429', count: 1, ...more });
		const res = await me.post({ text: words(), queue: true });
		assert.equal(res.status, 202, res.text);
		const left = Date.parse(res.json.next_try_at) - Date.now();
		assert.ok(left > 40e3 && left < 70e3, `${JSON.stringify(more)}: ${left}`);
		await clearFaults();
	}
});

test('what was put off behind a head goes on when the head is cancelled, or moved', async () => {
	for (const how of ['cancelled', 'moved', 'given to another account']) {
		const me = await author();
		await fault({ ...CREATE, fault: '429', reset_in: 6 * 3600, count: 1 });
		const head = (await me.post({ text: words(), queue: true })).json;
		assert.equal(head.state, 'queued');
		const behind = [await schedule(me), await schedule(me)];
		// Their line is put off with the head when it meets the limit again.
		await fault({ ...CREATE, fault: '429', reset_in: 6 * 3600, count: 1 });
		await now(head.id);
		await withWorkers(1, async () => {
			await until('all wait', 20, async () => (await Promise.all([head, ...behind].map((p) => look(me, p.id))))
				.every((p) => Date.parse(p.next_try_at) > Date.now() + 5 * 3600e3));
			const change = how === 'moved' ? { publish_at: new Date(Date.now() + 864e5).toISOString() } :
				{ connection_id: (await new Visitor({ user: me.user, token: me.token }).connect()).id };
			const res = how === 'cancelled' ? await remove(me, head.id) :
				await me.send('PATCH', `/api/twitter/posts/${head.id}`, { body: JSON.stringify(change), headers: { 'Content-Type': 'application/json' } });
			assert.ok([200, 202].includes(res.status), res.text);
			const sent = [await inState(me, behind[0].id, 'sent'), await inState(me, behind[1].id, 'sent')];
			assert.ok(inOrder(sent.map((p) => p.post_id)));
		});
		assert.equal((await look(me, head.id)).state, { cancelled: 'cancelled', moved: 'queued' }[how] ?? 'sent');
		await clearFaults();
	}
});

test('a 201 with an id that cannot be right is an unknown outcome', async () => {
	const me = await author(), other = await author();
	const there = (await me.post(words())).json.post_id;
	for (const id of ['0', '000', '12345678901234567890', '-7', 'x', there]) {
		const text = words();
		await fault({ ...CREATE, fault: 'garbage', body: JSON.stringify({ data: { id, text } }), work: true, count: 1 });
		const res = await me.post(text);
		assert.equal(res.status, 202, `${id}: ${res.text}`);
		assert.deepEqual([res.json.state, res.json.post_id, res.json.parts[0].post_id], ['unknown', null, null], id);
		await clearFaults();
		const settled = await resume(me, res.json.id);
		assert.equal(settled.json.state, 'sent', settled.text);
		const [at] = (await live(me.account)).filter((p) => p.text === text);
		assert.equal(settled.json.post_id, at.id);
	}
	// Of a part before it, too; what others have is theirs.
	await fault({ ...CREATE, fault: 'garbage', body: JSON.stringify({ data: { id: there } }), count: 1 });
	assert.equal((await other.post(words())).json.state, 'sent');
	await clearFaults();
	assert.equal((await look(me, (await sql(`SELECT post_id FROM ${PARTS} q WHERE x_post_id = '${there}' AND user_id = '${me.user}'`))[0][0])).state, 'sent');
});

test('a parent that is not visible yet gets three short tries', async () => {
	const me = await author();
	const parent = (await me.post(words())).json.post_id;
	for (const kind of ['number-385', 'not-visible']) {
		const { value: good, sent } = await creates(() => me.post({ text: words(), reply_to: parent }), [{ fault: kind, count: 3 }]);
		assert.equal(good.status, 201, good.text);
		assert.equal(sent, 4);
		await clearFaults();
		const { value: gone, sent: tries } = await creates(() => me.post({ text: words(), reply_to: parent }), [{ fault: kind }]);
		problem(gone, 422, 'reply_target_missing');
		assert.equal(tries, 4);
		await clearFaults();
	}
});

test('a read that is not in the plan is not asked for again, and stops nobody', async () => {
	const me = await author();
	await fault({ ...CREATE, fault: 'drop_after', count: 1 });
	const lost = (await me.post(words())).json;
	assert.equal(lost.state, 'unknown');
	await clearFaults();
	await fault({ path: '/2/users/', method: 'GET', fault: 'client-not-enrolled' });
	const own = await ownProcess();
	const ask = (method, path, body) => own.ask(method, path, Object.entries(bearer(me.token)), body);
	try {
		for (let i = 0; i < 3; i++) {
			const res = await ask('POST', `/api/twitter/posts/${lost.id}/resume`);
			assert.deepEqual([res.status, res.json.code], [403, 'not_in_plan'], res.text);
			assert.equal(await hits(), 1);
		}
		const shown = await look(me, lost.id);
		assert.equal(shown.state, 'unknown');
		assert.match(shown.reason, /plan/);
		assert.equal((await ask('POST', '/api/twitter/post', JSON.stringify({ text: words() }))).status, 201);
	} finally {
		await own.stop();
	}
	await clearFaults();
	assert.equal((await resume(me, lost.id)).json.state, 'sent');
});

test('a link on a host that X makes no link of says so, and an id in another case is the same', async () => {
	const me = await author();
	const [{ id }] = await me.connections();
	const res = await me.post({ text: words(), link: 'https://nexus.example/p/1' });
	problem(res, 422, 'invalid');
	assert.match(res.json.detail, /^link points to nexus\.example, of which X makes no link/);
	const text = words();
	const first = await me.post({ text, connection_id: id }, { 'Idempotency-Key': 'case' });
	assert.equal(first.status, 201, first.text);
	const again = await me.post({ text, connection_id: id.toUpperCase() }, { 'Idempotency-Key': 'case' });
	assert.deepEqual([again.status, again.json.id], [200, first.json.id], again.text);
});
