// What stands in front of X is reloaded while we create, exchange and renew:
// nothing of it is lost or done twice, and nothing but posts is left in doubt.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { calm, childrenOf, grown, hangUp, inParallel, LIGHT, read, settings, SITE, sleep, sql, STACK, until } from './lib/stack.js';
import { bearer, landed, Visitor, words } from './lib/visitor.js';
import { crowd, live, resumeToEnd, timePasses } from './lib/posting.js';

const N = LIGHT ? 100 : 400, LANES = 16, ARRIVALS = 24, RELOADS = 5;

before(calm);
after(calm);

// Over a connection of its own: nginx reloads under us as well.
function once(method, path, headers, body) {
	return new Promise((done, fail) => {
		const length = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
		const request = http.request(new URL(path, SITE), { method, agent: false, headers: { ...headers, ...length } }, (answer) => {
			const pieces = [];
			answer.on('data', (piece) => pieces.push(piece));
			answer.on('error', fail);
			answer.on('end', () => done(read(answer.statusCode, answer.headers, Buffer.concat(pieces).toString())));
		});
		request.on('error', fail);
		request.end(body);
	});
}

const isLeaving = (pid) => {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('shutting down');
	} catch {
		return false;
	}
};

// `act` is told a function that says how often it has been so far; returns
// once the workers of before are gone.
async function reloading(act) {
	const pid = Number(readFileSync(join(STACK, 'run/nginx.pid'), 'utf8'));
	let stop = false, times = 0;
	const done = (async () => {
		for (; !stop; times++) {
			process.kill(pid, 'SIGHUP');
			await sleep(200);
		}
	})();
	try {
		await act(() => times);
	} finally {
		stop = true;
		await done;
		await until('the workers of before gone', 30, () => !childrenOf(pid).some(isLeaving));
		hangUp();
	}
	return times;
}

test(`nginx reloads in front of X: none of ${N} posts and more is lost, no code and no token`, async (t) => {
	const people = await crowd(LANES);
	const newcomers = Array.from({ length: ARRIVALS }, () => new Visitor());
	await settings({ code_ttl: 600 });
	const arrived = [];
	await inParallel(ARRIVALS, 8, async (i) => {
		const { path } = await newcomers[i].arrive();
		arrived[i] = { path, headers: { ...bearer(newcomers[i].token), Cookie: [...newcomers[i].jar].map(([name, value]) => `${name}=${value}`).join('; ') } };
	});
	await sql(`UPDATE platform_connections SET token_expires_at = now() WHERE user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[])`);
	const doubtful = [];
	let times = 0, posts = 0;
	const { by } = await grown(async () => {
		times = await reloading((reloads) => Promise.all([
			inParallel(LANES, LANES, async (i) => {
				while (posts < N || reloads() < RELOADS) {
					posts++;
					const res = await once('POST', '/api/twitter/post', bearer(people[i].token), JSON.stringify({ text: words() }));
					if (res.status === 202) doubtful.push({ me: people[i], ...res.json });
					else assert.equal(res.status, 201, res.text);
				}
			}),
			inParallel(ARRIVALS, 2, async (i) => landed(await once('GET', arrived[i].path, arrived[i].headers))),
		]));
		assert.deepEqual(doubtful.filter(({ state }) => state !== 'unknown'), []);
		await timePasses(people);
		for (const { me, id } of doubtful) await resumeToEnd(me, id);
	});
	t.diagnostic(`${posts} posts, ${times} reloads, ${doubtful.length} in doubt`);
	assert.deepEqual([by('posts_created'), by('codes_exchanged'), by('refreshes_granted')], [posts, ARRIVALS, LANES]);
	const there = (await Promise.all(people.map((me) => live(me.account)))).flat();
	assert.equal(there.length, posts);
	assert.deepEqual(await sql(`SELECT state, count(*) FROM x_posts WHERE user_id = ANY ('{${people.map((me) => me.user)}}'::uuid[]) GROUP BY 1`), [['sent', String(posts)]]);
	assert.deepEqual(await sql(`SELECT status, count(*) FROM platform_connections
		WHERE user_id = ANY ('{${[...people, ...newcomers].map((me) => me.user)}}'::uuid[]) GROUP BY 1`), [['connected', String(LANES + ARRIVALS)]]);
});
