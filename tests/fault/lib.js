// Processes of a build with fault points, made to die at one of them.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allUp, children } from '../flow/lib/fcgi.js';
import { env, sql, until } from '../flow/lib/stack.js';

const order = join(env.NEXUS_STATE_DIR, 'fault');

// The next to pass `point` dies, once, whichever process it is; or takes long,
// with "sleep", "stall" or "spin" behind it.
export function arm(point, path = order) {
	writeFileSync(`${path}.new`, `${point}\n`);
	renameSync(`${path}.new`, path);
}

export const disarm = () => rmSync(order, { force: true });

// Runs `act`, during which one process dies at `point` and is replaced.
export async function dyingAt(point, act) {
	arm(point);
	try {
		const value = await act();
		await until(`a death at ${point}`, 5, () => !existsSync(order));
		return value;
	} finally {
		disarm();
		await allUp();
	}
}

export async function killAll() {
	for (const pid of await children())
		process.kill(pid, 'SIGKILL');
	await allUp();
}

// A lease that a dead process left runs out now instead of in 150 seconds.
export const leasesRunOut = () =>
	sql(`UPDATE x_grants SET lease_until = now() WHERE lease_until > now()`);
