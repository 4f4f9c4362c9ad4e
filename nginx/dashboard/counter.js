/* counter.js - how long the text is, what it costs, said to eye and ear. */

import { $ } from './dom.js';
import { limitOf } from './parts.js';

const LOW = 20;

/* Only what a person who cannot see the ring needs to hear. */
function say(words) {
	if ($('count-say').textContent !== words)
		$('count-say').textContent = words;
}

function draw(state, now, max, share, note) {
	$('count').dataset.state = state;
	$('count-now').textContent = now;
	$('count-max').textContent = max;
	$('ring').setAttribute('stroke-dasharray', `${Math.round(share * 100)} 100`);
	$('cost').textContent = note;
}

/* One post.  NaN: length not known; Infinity: too long, not known by how much. */
export function countOne(length, note = '') {
	const limit = limitOf(length);
	const left = limit - length;
	if (length === Infinity) {
		draw('over', 'over', ` ${limit}`, 1, note);
		return say('Over the limit');
	}
	draw(left <= LOW ? 'low' : 'fine', Number.isFinite(length) ? String(length) : '–', `/${limit}`,
		(length || 0) / limit, note);
	say(left <= LOW ? `${left} left` : '');
}

export function countThread(posts, note = '') {
	draw('thread', String(posts), ' posts', 1, note);
	say(`${posts} posts`);
}
