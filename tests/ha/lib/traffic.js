// People who post, each by one way to the database, until they are told to
// stop.  What was not answered is asked again under the same key.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sandbox, sleep, STACK } from '../../flow/lib/stack.js';
import { ownProcess } from '../../flow/lib/fcgi.js';
import { bearer, Visitor, words } from '../../flow/lib/visitor.js';
import { startWorker } from '../../flow/lib/worker.js';

const PACE_MS = 200, CONNECT_MS = 1000;
const ANSWERED = [200, 201, 202];

export class Way {
	constructor(name, url) {
		this.name = name;
		this.state = join(STACK, `state-${name}`);
		this.environment = { DATABASE_URL: url, NEXUS_STATE_DIR: this.state };
		this.people = [];
		this.posts = [];        // {me, text, key, status, id}
		this.asked = [];        // {began, ended, status} of every request
		this.running = false;
		this.lanes = [];
	}

	async start() {
		mkdirSync(this.state, { recursive: true, mode: 0o700 });
		this.process = await ownProcess(this.environment);
		this.worker = await startWorker(this.environment);
	}

	async stop() {
		await this.process?.stop();
		await this.worker?.stop();
	}

	async ask(me, method, uri, headers = [], body = '') {
		const began = Date.now();
		const res = await this.process.ask(method, uri, [...Object.entries(bearer(me.token)), ...headers], body);
		this.asked.push({ began, ended: Date.now(), status: res.status });
		return res;
	}

	// One attempt to connect; whether X's account is there afterwards.
	async tryToConnect(me) {
		const start = await this.process.ask('GET', '/api/auth/twitter/initiate', Object.entries(bearer(me.token)));
		assert.equal(start.status, 302, start.text);
		const path = await me.decide(start.headers.location);
		const res = await this.ask(me, 'GET', path, [['Cookie', start.cookies[0].split(';')[0]]]);
		const at = new URL(res.headers.location ?? '', 'http://x').searchParams;
		return res.status === 302 && at.get('x') === 'connected';
	}

	async connect(me) {
		while (!await this.tryToConnect(me))
			await sleep(PACE_MS);
		this.people.push(me);
	}

	async post(me) {
		const post = { me, text: words(), key: crypto.randomUUID(), status: 0 };
		this.posts.push(post);
		for (;;) {
			const res = await this.ask(me, 'POST', '/api/twitter/post', [['Idempotency-Key', post.key]], JSON.stringify({ text: post.text }));
			if (ANSWERED.includes(res.status)) {
				Object.assign(post, { status: res.status, id: res.json.id });
				return;
			}
			assert.ok([409, 429, 500, 502, 503, 504].includes(res.status), res.text);
			await sleep(PACE_MS);
		}
	}

	// `people` post one after the other, and somebody new connects all the time.
	run(people) {
		this.running = true;
		const repeat = async (ms, act) => {
			while (this.running) {
				await act();
				await sleep(ms);
			}
		};
		this.lanes = [...people.map((me) => repeat(PACE_MS, () => this.post(me))), repeat(CONNECT_MS, () => this.connect(new Visitor()))];
	}

	// Until the last of them has its answer.
	async quiet() {
		this.running = false;
		await Promise.all(this.lanes);
	}

	get answered() { return this.posts.filter((post) => post.status !== 0).length; }

	// How many ms after `moment` something that came later than it was served.
	servedAfter(moment) {
		return Math.min(...this.asked.filter((one) => one.ended >= moment && one.status < 400).map((one) => one.ended)) - moment;
	}

	// What was asked for after `moment` and refused for the database's sake.
	refusedAfter(moment) {
		return this.asked.filter((one) => one.began >= moment && one.status >= 500);
	}
}

export const liveAtX = (account) => sandbox('GET', `/sandbox/posts?author=${account}`);
