// Load: people who connect an X account and post, many at once.
//
//   node tests/load/stories.js STORY [COUNT [PARALLEL]]
//
// runs against the instance NEXUS_STACK and ends with status 1 when anything was
// not as it should be.
import { createHmac, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Instance } from './instance.js';
import { header, Wire } from './wire.js';

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const CONNECTING = 16;
const LATER = new Date(Date.now() + 30 * 86_400_000).toISOString();
const JSON_TYPE = 'Content-Type: application/json\r\n';

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function mint(sub, secret) {
	const now = Math.floor(Date.now() / 1000);
	const text = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({
		sub, aud: 'authenticated', role: 'authenticated', iat: now, exp: now + 3600 })}`;
	return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

class Refused extends Error {
	constructor(step, answer) {
		super(`${step}: ${answer.status} ${header(answer, 'Location') ?? ''} ${answer.body.slice(0, 600)}`);
	}
}

function expect(step, answer, status, ok = true) {
	if (answer.status !== status || !ok) throw new Refused(step, answer);
}

class Person {
	#instance;
	#site;
	#x;
	#publisher;
	#rights = '';
	#posts = 0;
	isConnected = false;
	publishAt = LATER;

	constructor(instance, publisher) {
		this.#instance = instance;
		this.#site = new Wire(instance.site);
		this.#x = new Wire(instance.authorize);
		this.#publisher = publisher ? new Wire(publisher) : this.#site;
	}

	close() {
		this.#publisher.close();
		this.#site.close();
		this.#x.close();
	}

	async initiate() {
		this.isConnected = false;
		this.#rights = `Authorization: Bearer ${mint(randomUUID(), this.#instance.secret)}\r\n`;
		const answer = await this.#site.request('GET', '/api/auth/twitter/initiate', this.#rights);
		const url = header(answer, 'Location');
		const cookie = header(answer, 'Set-Cookie');
		expect('initiate', answer, 302, url?.startsWith(`${this.#instance.authorize}?`) && cookie);
		return { path: url.slice(new URL(url).origin.length), cookie: cookie.split(';', 1)[0] };
	}

	async connect() {
		const { path, cookie } = await this.initiate();
		const consent = await this.#x.request('POST', path, FORM, 'decision=allow');
		const back = header(consent, 'Location');
		expect('consent', consent, 302, back?.includes('code='));
		const answer = await this.#site.request('GET', back.slice(new URL(back).origin.length),
			`${this.#rights}Cookie: ${cookie}\r\n`);
		expect('callback', answer, 302, /[?&]x=connected\b/.test(header(answer, 'Location')));
		this.isConnected = true;
	}

	async #publish(members, status, headers = '') {
		const body = JSON.stringify({ text: `Post ${++this.#posts} of ${randomUUID()}`, ...members });
		const answer = await this.#publisher.request('POST', '/api/twitter/post', this.#rights + JSON_TYPE + headers, body);
		expect('post', answer, status);
		return JSON.parse(answer.body);
	}

	async post(headers = '') {
		const { state, post_id } = await this.#publish({}, 201, headers);
		if (state !== 'sent' || !/^\d+$/.test(post_id)) throw new Error(`a post is ${state}, as ${post_id}`);
	}

	async keyed() {
		await this.post(`Idempotency-Key: ${randomUUID()}\r\n`);
	}

	async queue() {
		const { state } = await this.#publish({ publish_at: this.publishAt }, 202);
		if (state !== 'queued') throw new Error(`a post for later is ${state}`);
	}

	// X's ids of what it has of their posts, the newest first.
	async history() {
		const answer = await this.#publisher.request('GET', '/api/twitter/posts?limit=100', this.#rights);
		expect('history', answer, 200);
		return JSON.parse(answer.body).posts.filter((post) => post.post_id).map((post) => BigInt(post.post_id));
	}

	async full() {
		await this.connect();
		await this.post();
	}
}

// Those of `POSTING` want people who are connected.
export const POSTING = ['post', 'keyed', 'queue'];
export const STORIES = ['initiate', 'connect', 'full', ...POSTING];

const rank = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;

export class Crowd {
	#people;

	// `publisher`: the origin that takes their posts, if not the instance's site.
	constructor(size, instance, publisher) {
		this.#people = Array.from({ length: size }, () => new Person(instance, publisher));
	}

	// Those who are to post are connected before the clock starts, a few at a time:
	// the threads that may wait for X are not many.
	async ready() {
		const waiting = this.#people.filter((p) => !p.isConnected);
		const lane = async () => {
			for (let p = waiting.pop(); p; p = waiting.pop()) await p.connect();
		};
		await Promise.all(Array.from({ length: CONNECTING }, lane));
	}

	// `story` over and over, COUNT times in all or until SECONDS have passed.
	async run(story, { count = Infinity, seconds = Infinity }) {
		const times = [], errors = [];
		const start = performance.now(), end = start + seconds * 1000;
		let left = count;
		const live = async (person) => {
			while (left-- > 0 && performance.now() < end) {
				const begun = performance.now();
				try {
					await person[story]();
					times.push(performance.now() - begun);
				} catch (error) {
					errors.push(error.message);
				}
			}
		};
		await Promise.all(this.#people.map(live));
		const took = (performance.now() - start) / 1000;
		times.sort((a, b) => a - b);
		return { story, done: times.length, seconds: took, perSecond: times.length / took,
			p50: rank(times, 0.5), p99: rank(times, 0.99), errors };
	}

	// When what they queue from now on is to be sent.
	queueFor(time) {
		for (const person of this.#people) person.publishAt = time.toISOString();
	}

	histories() {
		return Promise.all(this.#people.map((person) => person.history()));
	}

	close() {
		for (const person of this.#people) person.close();
	}
}

export function tellErrors(errors) {
	for (const text of [...new Set(errors)].slice(0, 5)) console.error(`error: ${text}`);
	if (errors.length) console.error(`${errors.length} errors`);
}

async function main([story = 'full', count = '100', parallel = '64']) {
	if (!STORIES.includes(story)) throw new Error(`the stories are: ${STORIES.join(', ')}`);
	const crowd = new Crowd(Number(parallel), new Instance(process.env.NEXUS_STACK));
	if (POSTING.includes(story)) await crowd.ready();
	const r = await crowd.run(story, { count: Number(count) });
	crowd.close();
	console.log(`${r.done} of ${count} ${story}, ${parallel} in parallel, ${r.seconds.toFixed(2)} s,`
		+ ` ${r.perSecond.toFixed(0)} per second, p50 ${r.p50.toFixed(1)} ms, p99 ${r.p99.toFixed(1)} ms`);
	tellErrors(r.errors);
	process.exitCode = r.errors.length ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
