/*
 * wait.js - a page that could not be had just now loads itself again, and says
 * when.  How often it has done so is kept for the tab: it asks ever less.
 */

import { countdownWords } from './words.js';

const SLOT = 'nexus-x:waits';
const WAITS = [2, 3, 5, 10, 20, 30];	/* seconds */
const FORGET = 120000;	/* an older trouble was another one */

/* How often this very address was waited for of late. */
function count() {
	const path = location.pathname;
	try {
		const kept = JSON.parse(sessionStorage.getItem(SLOT));
		const n = kept?.path === path && Date.now() - kept.at < FORGET ? kept.n + 1 : 0;
		sessionStorage.setItem(SLOT, JSON.stringify({ path, n, at: Date.now() }));
		return n;
	} catch {
		return WAITS.length - 1;
	}
}

function again() {
	location.reload();
}

function start(box) {
	const seconds = Math.max(Number(box.dataset.wait) || 0, WAITS[Math.min(count(), WAITS.length - 1)]);
	const due = Date.now() + seconds * 1000;
	const said = box.querySelector('.retry-when');
	const timer = setInterval(() => {
		const left = due - Date.now();
		if (left <= 0)
			clearInterval(timer);
		if (said.textContent !== countdownWords(left))
			said.textContent = countdownWords(left);
		if (left <= 0)
			again();
	}, 250);
	addEventListener('online', again);
}

const box = document.querySelector('[data-wait]');
if (box)
	start(box);
