// What each story costs the parts that serve it.
import { Instance } from './instance.js';
import { each, limit, measured, PARTS, speed, table, tellOthers } from './report.js';
import { Crowd, POSTING, tellErrors } from './stories.js';

const PARALLEL = 64, ROUNDS = 5, SECONDS = 1;
const KINDS = [
	{ name: 'connect', story: 'connect' },
	{ name: 'connect and post', story: 'full' },
	{ name: 'post', story: 'post' },
	{ name: 'post with a key', story: 'keyed' },
	{ name: 'post for later', story: 'queue' },
];

const instance = new Instance(process.env.NEXUS_STACK);
const errors = [];

async function rounds() {
	const crowd = new Crowd(PARALLEL, instance);
	const all = KINDS.map(() => []);
	for (let n = -1; n < ROUNDS; n++)
		for (const [k, { story }] of KINDS.entries()) {
			if (POSTING.includes(story)) await crowd.ready();
			const r = await measured(() => crowd.run(story, { seconds: SECONDS }), instance);
			errors.push(...r.errors);
			if (n >= 0) all[k].push(r);             // the first one only warms up
		}
	crowd.close();
	return all;
}

const all = await rounds();
table(`Stories of ${PARALLEL} callers (medians of ${ROUNDS} rounds of ${SECONDS} s; the sandbox plays X, over TLS)`,
	['', 'per second', 'p50 ms', 'p99 ms', 'CPU us: service', 'nginx', 'sandbox', 'PostgreSQL', 'this generator', 'limit'],
	KINDS.map(({ name }, k) => [name, ...speed(all[k]), ...PARTS.map((part) => each(all[k], part)), limit(all[k], 'waiting')]));
tellOthers(all.flat());
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
