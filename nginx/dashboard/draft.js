/*
 * draft.js - the text being composed, how it is to go out, and the idempotency
 * key of each text.
 * The same text from the same account keeps its key until its outcome is
 * known, through edits, retries and reloads of the tab, so that nothing that
 * a person does by accident posts twice.  Pure but for the storage passed in.
 */

const SLOT = 'nexus-x:draft';
const KEYS_MAX = 20;

function newKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

function load(storage, owner) {
	try {
		const kept = JSON.parse(storage.getItem(SLOT));
		if (kept && kept.owner === owner && Array.isArray(kept.keys))
			return kept;
	} catch {
		/* Unreadable or forbidden storage is an empty one. */
	}
	return { owner, text: '', keys: [] };
}

/* Drafts of one person; another's are never shown. */
export class Draft {
	#storage;
	#state;

	constructor(storage, owner) {
		this.#storage = storage;
		this.#state = load(storage, owner);
	}

	get owner() {
		return this.#state.owner;
	}

	get text() {
		return this.#state.text;
	}

	set text(value) {
		this.#state.text = value;
		this.#save();
	}

	/* What its author has said beside the text: see Composer. */
	get how() {
		return this.#state.how ?? {};
	}

	set how(value) {
		this.#state.how = value;
		this.#save();
	}

	key(account, text) {
		return this.#find(account, text).key;
	}

	/* The server may have it: only its own word on this key counts from now on. */
	doubt(account, text) {
		this.#find(account, text).doubt = true;
		this.#save();
	}

	isDoubtful(account, text) {
		return this.#find(account, text).doubt;
	}

	/* The outcome is known: the same words are a new post from here on. */
	settle(account, text) {
		this.#state.keys = this.#state.keys.filter((k) => k.account !== account || k.text !== text);
		this.#save();
	}

	forget() {
		this.#state = { owner: this.#state.owner, text: '', keys: [] };
		this.#save();
	}

	#find(account, text) {
		let entry = this.#state.keys.find((k) => k.account === account && k.text === text);
		if (!entry) {
			entry = { account, text, key: newKey(), doubt: false };
			this.#state.keys = [entry, ...this.#state.keys].slice(0, KEYS_MAX);
			this.#save();
		}
		return entry;
	}

	#save() {
		try {
			this.#storage.setItem(SLOT, JSON.stringify(this.#state));
		} catch {
			/* Private windows may forbid it; the page works without. */
		}
	}
}
