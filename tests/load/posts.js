// A post with a key against one of a peer on Node that does the same work, as far
// as is common, on the same PostgreSQL and behind the same nginx, in turn.
import { Instance } from './instance.js';
import { each, limit, measured, median, speed, table, tellOthers } from './report.js';
import { Crowd, tellErrors } from './stories.js';
import { watchTrips } from './trips.js';

const ROUNDS = 5, SECONDS = 2;
const SETTINGS = [{ callers: 64, ms: 0 }, { callers: 64, ms: 100 }];
const AIMS = { app: 0.25, postgres: 1 };

const instance = new Instance(process.env.NEXUS_STACK);
const node = instance.front('node');
const errors = [];

// New people each time: X lets one account post 100 times in 15 minutes.
async function round(site, { callers, ms }) {
	const crowd = new Crowd(callers, { ...instance, site });
	try {
		await crowd.ready();
		await instance.sandbox({ latency_ms: ms });
		const trips = watchTrips(instance.backends());
		const from = await instance.place();
		const r = await measured(() => crowd.run('keyed', { seconds: SECONDS }), instance);
		errors.push(...r.errors);
		return { ...r, trips: await trips(), wrote: await instance.written(from, await instance.place()) };
	} finally {
		await instance.sandbox({ latency_ms: 0 });
		crowd.close();
	}
}

async function inTurn(setting) {
	const rounds = [[], []];
	const sites = [instance.site, node].filter(Boolean);
	for (let n = -1; n < ROUNDS; n++)
		for (let i = 0; i < sites.length; i++) {
			const k = n % 2 ? sites.length - 1 - i : i;
			const r = await round(sites[k], setting);
			if (n >= 0) rounds[k].push(r);          // the first one only warms up
		}
	return rounds;
}

const mean = (rounds, value) => (rounds.length ? median(rounds.map((r) => value(r) / r.done)) : NaN);
const cost = (part) => (r) => r.used[part] / r.done;

function row(name, part, rounds, ms) {
	return [name, ...speed(rounds), each(rounds, part), each(rounds, 'postgres'), each(rounds, 'nginx'),
		mean(rounds, (r) => r.trips).toFixed(1), mean(rounds, (r) => r.wrote.commits).toFixed(1),
		mean(rounds, (r) => r.wrote.bytes).toFixed(0), limit(rounds, ms ? 'waiting for X' : 'waiting')];
}

function tell({ callers, ms }, [ours, theirs]) {
	table(`Posts with a key by ${callers} callers, X answers ${ms ? `after ${ms} ms` : 'at once'} (medians of ${ROUNDS} rounds of ${SECONDS} s in turn)`,
		['', 'per second', 'p50 ms', 'p99 ms', 'CPU us: itself', 'PostgreSQL', 'nginx', 'round trips', 'commits', 'WAL bytes', 'limit'],
		[row('nexus-x', 'app', ours, ms), ...(theirs.length ? [row('fastify, twitter-api-v2, pg', 'node', theirs, ms)] : [])]);
	if (theirs.length) {
		const ratio = (a, b) => median(ours.map((r, i) => cost(a)(r) / cost(b)(theirs[i])));
		console.log(`  the service costs ${ratio('app', 'node').toFixed(2)} of the peer (aim ${AIMS.app}), PostgreSQL`
			+ ` ${ratio('postgres', 'postgres').toFixed(2)} of what it costs for the peer (aim ${AIMS.postgres})`);
	}
	tellOthers([...ours, ...theirs]);
}

for (const setting of SETTINGS) tell(setting, await inTurn(setting));
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
