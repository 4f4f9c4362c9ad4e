/*
 * draft.js - what a person is writing, as whom, how it is to go out, and the
 * idempotency key of each text.
 * The same text from the same account keeps its key until its outcome is
 * known, through edits, retries, reloads and other tabs, so that nothing that
 * a person does by accident posts twice.  Kept in the browser, each person's
 * apart, until it is sent or forgotten.  Pure but for the storage passed in.
 */

const SLOT = 'nexus-x:draft:';
const KEYS_MAX = 20;
const TAKEN_MAX = 100;
const NOWHERE = { getItem: () => null, setItem: () => undefined };

function newKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

function blank() {
	return { account: '', text: '', how: {}, edit: null, keys: [], taken: [] };
}

/* null: nothing that can be used. */
function load(storage, slot) {
	try {
		const kept = JSON.parse(storage.getItem(slot));
		return kept && Array.isArray(kept.keys) && Array.isArray(kept.taken) ? { ...blank(), ...kept } : null;
	} catch {
		return null;
	}
}

/* Drafts of one person; another's are never shown. */
export class Draft {
	#storage;
	#owner;
	#state;

	constructor(storage, owner) {
		this.#storage = storage;
		this.#owner = owner;
		this.#state = load(storage, this.slot) ?? blank();
	}

	get owner() {
		return this.#owner;
	}

	/* Where it is kept: other tabs write there, too. */
	get slot() {
		return SLOT + this.#owner;
	}

	/* Another tab has written: has that changed what is composed here? */
	follow() {
		const before = JSON.stringify(this.#now);
		this.#state = load(this.#storage, this.slot) ?? blank();
		return JSON.stringify(this.#now) !== before;
	}

	/* A post that is edited has the composer to itself; the draft waits. */
	get #now() {
		const { account, text, how, edit } = this.#state;
		return edit ?? { account, text, how };
	}

	get text() {
		return this.#now.text;
	}

	/* The connection that it goes out from. */
	get account() {
		return this.#now.account;
	}

	/* What its author has said beside the text: see Composer. */
	get how() {
		return this.#now.how;
	}

	/* Any of {text, account, how}. */
	keep(what) {
		this.#change((state) => Object.assign(state.edit ?? state, what));
	}

	/* Is there anything that its author would miss? */
	get isEmpty() {
		return this.#state.text.trim() === '' && !this.#state.edit;
	}

	/* {id, etag, account, text, how} of the post that is edited, or null. */
	get edit() {
		return this.#state.edit;
	}

	set edit(post) {
		this.#change((state) => { state.edit = post; });
	}

	/* Posts that X refused and whose text has come back here: it is not theirs any more. */
	isTaken(id) {
		return this.#state.taken.includes(id) || this.#state.edit?.id === id;
	}

	/* Does its text go out as another post? */
	isReplaced(id) {
		return this.#state.taken.includes(id);
	}

	take(id) {
		this.#change((state) => { state.taken = [id, ...state.taken].slice(0, TAKEN_MAX); });
	}

	key(account, text) {
		return this.#note(account, text, {}).key;
	}

	/*
	 * The server may have it, as post `id` where that is known: only its own
	 * word on this key counts from now on.
	 */
	doubt(account, text, id = null) {
		this.#note(account, text, { doubt: true, id });
	}

	isDoubtful(account, text) {
		return this.#entry(account, text)?.doubt ?? false;
	}

	/* The outcome is known: the same words are a new post from here on. */
	settle(account, text) {
		this.#drop((k) => k.account === account && k.text === text);
	}

	settlePost(id) {
		if (this.#state.keys.some((k) => k.id === id))
			this.#drop((k) => k.id === id);
	}

	/* All that has been written. */
	forget() {
		this.#change((state) => Object.assign(state, blank(), { account: state.account, taken: state.taken }));
	}

	#entry(account, text) {
		return this.#state.keys.find((k) => k.account === account && k.text === text);
	}

	#note(account, text, what) {
		this.#change((state) => {
			const known = state.keys.find((k) => k.account === account && k.text === text)
				?? { account, text, key: newKey(), doubt: false, id: null };
			Object.assign(known, what);
			state.keys = [known, ...state.keys.filter((k) => k !== known)].slice(0, KEYS_MAX);
		});
		return this.#entry(account, text);
	}

	#drop(which) {
		this.#change((state) => { state.keys = state.keys.filter((k) => !which(k)); });
	}

	/* Another tab may have written since: only what is meant is changed. */
	#change(how) {
		this.#state = load(this.#storage, this.slot) ?? this.#state;
		how(this.#state);
		try {
			this.#storage.setItem(this.slot, JSON.stringify(this.#state));
		} catch {
			/* Forbidden, or full: what is there is old from now on. */
			this.#storage = NOWHERE;
		}
	}
}
