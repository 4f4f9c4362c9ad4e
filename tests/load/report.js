// What measurements share: the sandbox's settings, what a round used, tables.
import { cpus } from 'node:os';
import { cpu, since } from './procs.js';

const { env } = process;
export const CORES = cpus().length;

// The processes that only a measurement has; more of the service are `app` too.
const EXTRA = Object.fromEntries(['nginx', 'nothing', 'app']
	.map((part) => [part, Number(env[`LOAD_${part.toUpperCase()}_PID`])]).filter(([, pid]) => pid));

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length >> 1;
	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const medianOf = (rounds, value) => median(rounds.map(value));

export function table(title, head, rows) {
	const all = [head, ...rows];
	const width = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
	console.log(`\n${title}`);
	for (const row of all)
		console.log(`  ${row.map((cell, i) => (i ? cell.padStart(width[i]) : cell.padEnd(width[i]))).join('  ')}`.trimEnd());
}

export async function sandbox(change) {
	const answer = await fetch(new URL('/sandbox/settings', env.TWITTER_AUTHORIZE_URL), {
		method: 'POST', body: JSON.stringify(change), headers: { 'Content-Type': 'application/json' } });
	if (!answer.ok) throw new Error(`the sandbox refuses its settings: ${await answer.text()}`);
}

// What a measurement used, by the part.
export async function measured(work) {
	const before = cpu(EXTRA);
	const start = performance.now();
	const result = await work();
	const seconds = (performance.now() - start) / 1000;
	return { ...result, used: since(before, cpu(EXTRA)), wall: seconds };
}

export const busy = (round) => Math.min(1, round.used.machine / round.wall / CORES);

export const PARTS = ['app', 'nothing', 'nginx', 'sandbox', 'postgres', 'generator'];
export const ours = (used) => PARTS.reduce((sum, part) => sum + used[part], 0);

// What other programs took of the machine meanwhile: it bends every number but
// those of CPU.
export function tellOthers(rounds) {
	const share = medianOf(rounds, (r) => (r.used.machine - ours(r.used) + r.used.stolen) / r.wall / CORES);
	if (share > 0.05) console.log(`  note: other programs took ${(share * 100).toFixed(0)} % of the machine meanwhile`);
}

// What held the rounds back, in words.
export function limit(rounds, waitsFor) {
	const share = medianOf(rounds, busy);
	const what = share > 0.85 ? 'CPU' : waitsFor;
	return `${what} (${(share * 100).toFixed(0)} % busy)`;
}

export const each = (rounds, part) => `${(medianOf(rounds, (r) => r.used[part] / r.done) * 1e6).toFixed(0)}`;
export const speed = (rounds) => [medianOf(rounds, (r) => r.perSecond).toFixed(0),
	medianOf(rounds, (r) => r.p50).toFixed(1), medianOf(rounds, (r) => r.p99).toFixed(1)];
