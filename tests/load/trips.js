// Round trips to a database: how often its backends came to wait for the next
// one, as the kernel counts it for perf.  NaN where perf may not ask.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const EVENTS = 'syscalls:sys_enter_epoll_wait,syscalls:sys_enter_epoll_pwait';

// Counts from now on; what it returns ends that and tells how many.
export function watchTrips(pids) {
	const perf = spawn('perf', ['stat', '-x', ',', '-e', EVENTS, '-p', pids.join(',')], { stdio: ['ignore', 'ignore', 'pipe'] });
	let text = '';
	perf.stderr.on('data', (piece) => { text += piece; });
	const ended = once(perf, 'close').catch(() => null);
	return async () => {
		perf.kill('SIGINT');
		await ended;
		const counts = [...text.matchAll(/^(\d+),,syscalls/gm)];
		return counts.length ? counts.reduce((sum, [, n]) => sum + Number(n), 0) : NaN;
	};
}
