// Load: people who connect an X account and post, many at once.
//
//   node tests/load/stories.js initiate|connect|post|full [COUNT [PARALLEL]]
//
// runs against the instance whose environment is set and ends with status 1
// when anything was not as it should be.
import { createHmac, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { header, Wire } from './wire.js';

const SITE = process.env.NEXUS_URL;
const AUTHORIZE = process.env.TWITTER_AUTHORIZE_URL;
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function mint(sub) {
	const now = Math.floor(Date.now() / 1000);
	const text = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({
		sub, aud: 'authenticated', role: 'authenticated', iat: now, exp: now + 3600 })}`;
	return `${text}.${createHmac('sha256', process.env.SUPABASE_JWT_SECRET).update(text).digest('base64url')}`;
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
	#site = new Wire(SITE);
	#x = new Wire(AUTHORIZE);
	#publisher;
	#rights = '';
	#posts = 0;
	isConnected = false;

	constructor(publisher) {
		this.#publisher = publisher === SITE ? this.#site : new Wire(publisher);
	}

	close() {
		this.#publisher.close();
		this.#site.close();
		this.#x.close();
	}

	async initiate() {
		this.isConnected = false;
		this.#rights = `Authorization: Bearer ${mint(randomUUID())}\r\n`;
		const answer = await this.#site.request('GET', '/api/auth/twitter/initiate', this.#rights);
		const url = header(answer, 'Location');
		const cookie = header(answer, 'Set-Cookie');
		expect('initiate', answer, 302, url?.startsWith(`${AUTHORIZE}?`) && cookie);
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

	async post() {
		const body = JSON.stringify({ text: `Post ${++this.#posts} of ${randomUUID()}` });
		const answer = await this.#publisher.request('POST', '/api/twitter/post', this.#rights + JSON_TYPE, body);
		expect('post', answer, 201);
		const { state, post_id } = JSON.parse(answer.body);
		expect('post', answer, 201, state === 'sent' && /^\d+$/.test(post_id));
	}

	async full() {
		await this.connect();
		await this.post();
	}
}

export const STORIES = ['initiate', 'connect', 'post', 'full'];

const rank = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;

export class Crowd {
	#people;

	// `publisher`: the origin that takes their posts.
	constructor(size, publisher = SITE) {
		this.#people = Array.from({ length: size }, () => new Person(publisher));
	}

	// Those who are to post are connected before the clock starts.
	async ready() {
		await Promise.all(this.#people.filter((p) => !p.isConnected).map((p) => p.connect()));
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
	const crowd = new Crowd(Number(parallel));
	if (story === 'post') await crowd.ready();
	const r = await crowd.run(story, { count: Number(count) });
	crowd.close();
	console.log(`${r.done} of ${count} ${story}, ${parallel} in parallel, ${r.seconds.toFixed(2)} s,`
		+ ` ${r.perSecond.toFixed(0)} per second, p50 ${r.p50.toFixed(1)} ms, p99 ${r.p99.toFixed(1)} ms`);
	tellErrors(r.errors);
	process.exitCode = r.errors.length ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
