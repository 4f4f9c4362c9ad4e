// A route that is called short and is not: it does not hold up its process,
// whether it says that it waits, does not, or is busy.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownProcess } from '../flow/lib/fcgi.js';
import { stopwatch, until } from '../flow/lib/stack.js';
import { arm } from './lib.js';

for (const how of ['sleep', 'stall', 'spin']) {
	test(`a short route that does ${how} for 3 s`, async () => {
		const dir = mkdtempSync(join(tmpdir(), 'nx-seat-'));
		const order = join(dir, 'fault');
		const own = await ownProcess({ NEXUS_STATE_DIR: dir, NEXUS_THREADS: '4' });
		try {
			arm(`health.alive ${how}`, order);
			let slowIsDone = false;
			const slow = own.ask('GET', '/healthz').then((res) => {
				slowIsDone = true;
				return res;
			});
			await until('it is at it', 5, () => !existsSync(order));
			const watch = stopwatch();
			for (let i = 0; i < 20; i++)
				assert.equal((await own.ask('GET', '/healthz')).status, 200);
			assert.ok(!slowIsDone, 'the others were first');
			watch.promise(1000, 'twenty others');
			assert.equal((await slow).status, 200);
			for (let i = 0; i < 20; i++)
				assert.equal((await own.ask('GET', '/healthz')).status, 200);
		} finally {
			assert.deepEqual(await own.stop(), { status: 0, signal: null });
			rmSync(dir, { recursive: true, force: true });
		}
	});
}
