// Two builds, the same stories, in turn: what each costs, by the part.
//
//   node tests/load/against.js HERE THERE [STORY...]
//
// HERE and THERE are the folders of two instances.  Per second is a figure of
// the moment; CPU, round trips and what is written are figures of the build.
import { Instance } from './instance.js';
import { measured, median, medianOf, table, tellOthers } from './report.js';
import { Crowd, POSTING, STORIES, tellErrors } from './stories.js';
import { watchTrips } from './trips.js';

const PARALLEL = 32, ROUNDS = 7, SECONDS = 2;

const [here, there, ...asked] = process.argv.slice(2);
const instances = [new Instance(here), new Instance(there)];
const stories = asked.length ? asked : STORIES;
const errors = [];

const each = (part) => (r) => r.used[part] / r.done * 1e6;
const METRICS = [
	['per second', (r) => r.perSecond],
	['p50 ms', (r) => r.p50],
	['CPU us: service', each('app')],
	['nginx', each('nginx')],
	['PostgreSQL', each('postgres')],
	['sandbox', each('sandbox')],
	['database: round trips', (r) => r.trips / r.done],
	['commits', (r) => r.wrote.commits / r.done],
	['WAL records', (r) => r.wrote.records / r.done],
	['WAL bytes', (r) => r.wrote.bytes / r.done],
];

// New people each time: X lets one account post 100 times in 15 minutes.
async function round(instance, story) {
	const crowd = new Crowd(PARALLEL, instance);
	try {
		if (POSTING.includes(story)) await crowd.ready();
		const trips = watchTrips(instance.backends());
		const from = await instance.place();
		const r = await measured(() => crowd.run(story, { seconds: SECONDS }), instance);
		const wrote = await instance.written(from, await instance.place());
		errors.push(...r.errors);
		return { ...r, wrote, trips: await trips() };
	} finally {
		crowd.close();
	}
}

// The one that is first takes turns, so that neither always finds the machine as
// the other left it.
async function inTurn(story) {
	const rounds = [[], []];
	for (let n = -1; n < ROUNDS; n++)
		for (const k of n % 2 ? [1, 0] : [0, 1]) {
			const r = await round(instances[k], story);
			if (n >= 0) rounds[k].push(r);          // the first one only warms up
		}
	return rounds;
}

const shown = (n) => (Number.isFinite(n) ? n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0) : '-');

function tell(story, [ours, theirs]) {
	table(`${story} (medians of ${ROUNDS} rounds of ${SECONDS} s, ${PARALLEL} callers)`, ['', 'here', 'there', 'here/there'],
		METRICS.map(([name, value]) => [name, shown(medianOf(ours, value)), shown(medianOf(theirs, value)),
			shown(median(ours.map((r, i) => value(r) / value(theirs[i]))))]));
}

for (const story of stories) {
	if (!STORIES.includes(story)) throw new Error(`the stories are: ${STORIES.join(', ')}`);
	const rounds = await inTurn(story);
	tell(story, rounds);
	tellOthers(rounds.flat());
}
tellErrors(errors);
process.exitCode = errors.length ? 1 : 0;
