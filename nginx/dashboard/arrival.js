/*
 * arrival.js - a person comes back from X: what the callback had to say, and
 * the account that appears by itself when it could not be there at once.
 */

const LEFT = 'nexus-x:left';
const LOOK = [2000, 2000, 3000, 5000, 10000];
const LOOK_MAX = 15 * 60000;	/* then the list says it, whenever it comes */

/* {connected, pending, error, connection}; the address bar is tidied at once. */
export function arrival() {
	const url = new URL(location.href);
	const x = url.searchParams.get('x'), error = url.searchParams.get('x_error');
	const found = {
		connected: x === 'connected', pending: x === 'pending' || error === 'save_deferred',
		error, connection: url.searchParams.get('x_connection'),
	};
	for (const name of ['x', 'x_error', 'x_connection'])
		url.searchParams.delete(name);
	if (url.href !== location.href)
		history.replaceState(null, '', url.pathname + url.search + url.hash);
	return found;
}

/* Before leaving for X: so that what is new can be told afterwards. */
export function leaving(list) {
	try {
		sessionStorage.setItem(LEFT, JSON.stringify(list.map((c) => [c.id, c.connected_at])));
	} catch {
		/* It is told by what the list was when we came back, then. */
	}
}

function before() {
	try {
		const kept = JSON.parse(sessionStorage.getItem(LEFT));
		sessionStorage.removeItem(LEFT);
		return Array.isArray(kept) ? new Map(kept) : null;
	} catch {
		return null;
	}
}

/* Waits for the account that X has allowed. */
export class Awaited {
	#look;
	#known;
	#tries = 0;
	#waited = false;	/* the server has told of it */
	#until = 0;
	#timer = 0;

	/* look(): reads the list again and calls seen() with it. */
	constructor(look) {
		this.#look = look;
		this.#known = before();
	}

	get isOn() {
		return this.#until > 0;
	}

	start() {
		this.#until = Date.now() + LOOK_MAX;
	}

	stop() {
		clearTimeout(this.#timer);
		this.#until = 0;
	}

	/*
	 * The list as it is now, and how many grants wait at the server.  Gives the
	 * connection when it is there; null when it waited and does not any more;
	 * undefined while it may still come.
	 */
	seen(list, pending) {
		this.#known ??= new Map(list.map((c) => [c.id, c.connected_at]));
		const found = list.find((c) => c.status === 'connected' && this.#known.get(c.id) !== c.connected_at);
		if (!this.isOn)
			return undefined;
		clearTimeout(this.#timer);
		this.#waited ||= pending > 0;
		if (found || (this.#waited && pending === 0)) {
			this.stop();
			return found ?? null;
		}
		if (Date.now() < this.#until)
			this.#timer = setTimeout(this.#look, LOOK[Math.min(this.#tries++, LOOK.length - 1)]);
		return undefined;
	}
}
