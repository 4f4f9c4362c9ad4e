// A way to the instance's database that breaks at a chosen moment: the server
// has got what was sent, and its answer never arrives.
import net from 'node:net';
import { join } from 'node:path';
import { env, sockets } from './stack.js';

// `told(text)`: is this the statement?  From then on nothing comes back and
// nobody gets through until `mend()`; `cut` comes true when it has happened.
export async function severed(told) {
	const pg = join(sockets(), 'pg', `.s.PGSQL.${env.PGPORT}`);
	const open = new Set();
	const way = { cut: false, armed: false };
	const server = net.createServer((client) => {
		if (way.cut) {
			client.destroy();
			return;
		}
		const up = net.connect(pg);
		const end = () => { client.destroy(); up.destroy(); };
		open.add(end);
		for (const one of [client, up]) {
			one.on('error', end);
			one.on('close', end);
		}
		client.on('data', (bytes) => {
			if (way.armed && told(bytes.toString('latin1')))
				way.cut = true;
			up.write(bytes);
		});
		up.on('data', (bytes) => {
			if (!way.cut)
				client.write(bytes);
			else
				end();		/* it has answered, so it is done */
		});
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	return Object.assign(way, {
		url: `postgresql://${env.PGUSER}:${env.PGPASSWORD}@127.0.0.1:${server.address().port}/${env.PGDATABASE}?sslmode=disable`,
		arm() { way.armed = true; },
		mend() { way.armed = false; way.cut = false; },
		stop() { open.forEach((end) => end()); server.close(); },
	});
}
