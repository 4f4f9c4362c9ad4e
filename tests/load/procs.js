// What processes use, from /proc.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK']));

// From the third field of /proc/PID/stat on; null for a process that is gone.
function stat(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2).split(' ');
	} catch {
		return null;
	}
}

export function children(pid) {
	return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && stat(name)?.[1] === String(pid)).map(Number);
}

// Seconds of CPU; `all` adds the children that have ended.
export function used(pid, all = false) {
	const field = pid ? stat(pid) : null;
	return field ? field.slice(11, all ? 15 : 13).reduce((sum, n) => sum + Number(n), 0) / TICKS : 0;
}

export const family = (pid) => (pid ? children(pid) : []).reduce((sum, child) => sum + used(child), used(pid, true));

// Seconds of CPU of the whole machine, and those that its host gave to others.
export function machine() {
	const [, ...ticks] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].split(/ +/).map(Number);
	return { machine: (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TICKS, stolen: ticks[7] / TICKS };
}

export function since(before, after) {
	return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
}

const mib = (text, name) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)[1]) / 1024;

export function memory(pid) {
	const status = readFileSync(`/proc/${pid}/status`, 'latin1');
	return {
		pid,
		threads: Number(/^Threads:\s*(\d+)/m.exec(status)[1]),
		rss: mib(status, 'VmRSS'),
		anonymous: mib(status, 'RssAnon'),
		pss: mib(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), 'Pss'),
	};
}
