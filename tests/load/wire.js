// One keep-alive HTTP/1.1 connection, one request at a time: node's own client
// would take more of the machine than the service that is being measured.
import net from 'node:net';

const SILENCE_MS = 40_000;      // nginx gives up after 25 s

function chunks(text, at) {
	let body = '';
	for (;;) {
		const end = text.indexOf('\r\n', at);
		if (end < 0) return null;
		const size = parseInt(text.slice(at, end), 16);
		if (text.length < end + size + 4) return null;
		if (size === 0) return body;
		body += text.slice(end + 2, end + 2 + size);
		at = end + size + 4;
	}
}

// null until all of it is there.
function parse(text) {
	const end = text.indexOf('\r\n\r\n');
	if (end < 0) return null;
	const head = text.slice(0, end + 2);
	const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
	let body = '';
	if (length) {
		body = text.slice(end + 4);
		if (body.length < Number(length[1])) return null;
	} else if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) {
		body = chunks(text, end + 4);
		if (body === null) return null;
	}
	return { status: Number(text.slice(9, 12)), head, body };
}

export function header(answer, name) {
	return new RegExp(`\\r\\n${name}: *(.*)\\r\\n`, 'i').exec(answer.head)?.[1];
}

export class Wire {
	#url;
	#socket = null;
	#waiting = null;
	#text = '';

	constructor(origin) {
		this.#url = new URL(origin);
	}

	#open() {
		const socket = net.connect(Number(this.#url.port || 80), this.#url.hostname);
		socket.setNoDelay(true);
		socket.setEncoding('latin1');
		socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silent for ${SILENCE_MS} ms`)));
		socket.on('data', (piece) => this.#take(piece));
		socket.on('error', (error) => this.#fail(error));
		socket.on('close', () => this.#fail(new Error('closed without an answer')));
		this.#socket = socket;
		this.#text = '';
	}

	#take(piece) {
		this.#text += piece;
		const answer = parse(this.#text);
		if (!answer) return;
		const { resolve } = this.#waiting;
		this.#waiting = null;
		this.#text = '';
		if (/\r\nconnection: *close\r\n/i.test(answer.head)) this.close();
		resolve(answer);
	}

	#fail(error) {
		this.#waiting?.reject(error);
		this.#waiting = null;
		this.close();
	}

	request(method, path, headers = '', body = '') {
		if (!this.#socket) this.#open();
		const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
		return new Promise((resolve, reject) => {
			this.#waiting = { resolve, reject };
			this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\n${headers}${length}\r\n${body}`);
		});
	}

	close() {
		const socket = this.#socket;
		this.#socket = null;
		socket?.removeAllListeners('close');
		socket?.destroy();
	}
}
