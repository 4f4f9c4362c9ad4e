/* counter.js - how long the text is, what it costs, said to eye and ear. */

import { $ } from './dom.js';

const LOW = 20;

/* Only what a person who cannot see the ring needs to hear. */
function say(words) {
	if ($('count-say').textContent !== words)
		$('count-say').textContent = words;
}

function draw(state, now, max, share, note) {
	Object.assign($('count').dataset, { state, by: 'server' });
	$('count-now').textContent = now;
	$('count-max').textContent = max;
	$('ring').setAttribute('stroke-dasharray', `${Math.round(share * 100)} 100`);
	$('cost').textContent = note;
}

function stateOf(left) {
	return left < 0 ? 'over' : left <= LOW ? 'low' : 'fine';
}

/* Our own estimate, until the server has counted; the note stays unless given. */
export function countHere(length, limit, note = $('cost').textContent) {
	countOne(length, limit, note);
	$('count').dataset.by = 'us';
}

/* One post.  `limit` is null where it is not known. */
export function countOne(length, limit, note = '') {
	const left = limit === null ? NaN : limit - length;
	draw(stateOf(left), String(length), limit === null ? '' : `/${limit}`,
		limit === null ? 0 : Math.min(length / limit, 1), note);
	say(left < 0 ? 'Over the limit' : left <= LOW ? `${left} left` : '');
}

/* Too long, and it is not known by how much. */
export function countOver() {
	draw('over', 'over', ' the limit', 1, '');
	say('Over the limit');
}

export function countThread(posts, note = '') {
	draw('thread', String(posts), ' posts', 1, note);
	say(`${posts} posts`);
}
