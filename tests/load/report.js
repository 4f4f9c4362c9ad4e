// What measurements share: what a round used, medians, tables.
import { cpus } from 'node:os';
import { machine, since, used } from './procs.js';

export const CORES = cpus().length;

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

// Seconds of CPU by the part: those of the instance, this generator, the machine.
const cpu = (instance) => ({ ...instance.cpu(), generator: used(process.pid, true), ...machine() });

// What `work` used.
export async function measured(work, instance) {
	const before = cpu(instance);
	const start = performance.now();
	const result = await work();
	const seconds = (performance.now() - start) / 1000;
	return { ...result, used: since(before, cpu(instance)), wall: seconds };
}

export const busy = (round) => Math.min(1, round.used.machine / round.wall / CORES);

export const PARTS = ['app', 'nginx', 'sandbox', 'postgres', 'generator'];
export const ours = (used) => Object.entries(used).reduce((sum, [part, n]) => (part in NOT_OURS ? sum : sum + n), 0);
const NOT_OURS = { machine: 1, stolen: 1 };

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
