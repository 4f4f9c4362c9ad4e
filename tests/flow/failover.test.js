// A database that dies behind a pooler that lives: the pooler takes our
// connections as before and has nothing behind them.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { calm, env, inParallel, problem, until } from './lib/stack.js';
import { bouncer } from './lib/bouncer.js';
import { ownProcess } from './lib/fcgi.js';
import { bearer, Visitor } from './lib/visitor.js';

const OUR_OWN = { skip: !env.DATABASE_ADMIN_URL && 'the database is not the instance\'s own' };

before(calm);
after(calm);

// A way to the instance's database that can be cut and mended.
async function way() {
	const open = new Set();
	const server = net.createServer((from) => {
		const to = net.connect(Number(env.PGPORT), '127.0.0.1');
		for (const [one, other] of [[from, to], [to, from]]) {
			open.add(one);
			one.on('error', () => undefined);
			one.on('close', () => { open.delete(one); other.destroy(); });
		}
		from.pipe(to).pipe(from);
	});
	const listen = (port) => new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
	await listen(0);
	const { port } = server.address();
	return {
		port,
		used: () => open.size > 0,
		async cut() {
			const closed = new Promise((done) => server.close(done));
			for (const one of open)
				one.destroy();
			await closed;
		},
		// Another program may have the port for a moment.
		mend: () => until(`port ${port}`, 20, () => listen(port).then(() => true, () => false)),
	};
}

test('a database that died behind a living PgBouncer is left for the next one', OUR_OWN, async () => {
	const first = await way(), next = await way();
	const pool = await bouncer({ host: '127.0.0.1', port: first.port }, 'pgbouncer-first');
	const own = await ownProcess({ DATABASE_URL: `postgresql://${env.PGUSER}:${env.PGPASSWORD}@127.0.0.1:${pool.port},127.0.0.1:${next.port}/${env.PGDATABASE}` });
	const me = new Visitor();
	const ask = () => own.ask('GET', '/api/twitter/connections', Object.entries(bearer(me.token)));
	const allServed = () => inParallel(40, 20, async () => {
		const res = await ask();
		assert.equal(res.status, 200, res.text);
	});
	try {
		await allServed();
		assert.ok(first.used() && !next.used(), 'the first one serves');
		await first.cut();
		await until('PgBouncer has seen it', 10, () => pool.servers() === 0);
		await allServed();
		assert.ok(next.used(), 'nobody noticed');

		// And back, where the pooler was given a living server meanwhile.
		await first.mend();
		await next.cut();
		await until('the first one serves again', 20, async () => (await ask()).status === 200);
		await allServed();

		// The next one may need its time until it takes over.
		await first.cut();
		problem(await ask(), 503, 'database_unavailable');
		await next.mend();
		await until('the next one serves', 20, async () => (await ask()).status === 200);
		await allServed();
	} finally {
		await own.stop();
		await pool.stop();
		await Promise.allSettled([first.cut(), next.cut()]);
	}
});
