// Requests that a well-behaved client would not send.
import net from 'node:net';
import { SITE } from './stack.js';

const { hostname, port } = new URL(SITE);

// A whole answer: with its length, or with its last chunk.
function isWhole(bytes) {
	const text = bytes.toString('latin1'), at = text.indexOf('\r\n\r\n');
	const length = /^content-length: (\d+)/im.exec(text.slice(0, at < 0 ? 0 : at));
	return at > 0 && (length ? text.length >= at + 4 + Number(length[1]) : text.endsWith('\r\n0\r\n\r\n'));
}

// Sends bytes as they are; what came back until the answer was whole, the
// other side closed or `ms` have passed.
function raw(pieces, { ms = 60000, end = false } = {}) {
	return new Promise((done) => {
		const socket = net.connect(Number(port), hostname);
		const got = [];
		const finish = () => {
			clearTimeout(timer);
			socket.destroy();
			done(Buffer.concat(got));
		};
		const timer = setTimeout(finish, ms);
		socket.on('data', (piece) => {
			got.push(piece);
			if (isWhole(Buffer.concat(got)))
				finish();
		});
		socket.on('close', finish);
		socket.on('error', finish);
		for (const piece of [pieces].flat())
			socket.write(piece);
		if (end)
			socket.end();
	});
}

export async function rawHttp(method, path, headers, body = '', options) {
	const head = [`${method} ${path} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Connection: close',
		...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
	const text = (await raw([Buffer.from(head), Buffer.from(body)], options)).toString();
	const at = text.indexOf('\r\n\r\n');
	const lines = text.slice(0, at).split('\r\n').slice(1);
	const all = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
	let payload = text.slice(at + 4);
	if (/chunked/.test(all['transfer-encoding'] ?? ''))
		payload = payload.replace(/^[0-9a-f]+\r\n/i, '').replace(/\r\n0\r\n\r\n$/, '');
	let json;
	try { json = JSON.parse(payload); } catch { /* the test says if it must be */ }
	return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), headers: all, text: payload, json };
}
