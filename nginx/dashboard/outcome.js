/* outcome.js - what became of a post that was just handed over, as a box. */

import { el, link, moment } from './dom.js';
import { notice, problemNotice } from './notice.js';
import { money, postReason } from './words.js';

const LIST = 'The list below says what becomes of it.';

function links(answer) {
	const parts = (answer.parts ?? []).filter((p) => p.post_id);
	const posts = parts.length > 0 ? parts : [answer];
	return el('ul', { class: 'posts' }, ...posts.map((p) => el('li', {},
		link(p.url ?? answer.url, 'View on X', { class: 'post-link' }),
		el('span', { class: 'post-id' }, 'id ', el('code', {}, p.post_id ?? answer.post_id ?? '–')))));
}

function sent(answer, news) {
	const price = money(answer.cost_usd);
	return notice('good', 'Published', [...news, price && `It cost ${price}.`], [links(answer)]);
}

function waiting(answer, reason) {
	const when = answer.publish_at && moment(answer.publish_at);
	if (when && Date.parse(answer.publish_at) > Date.now())
		return notice('good', `Scheduled for ${when}`, ['It goes out by itself: you may close this page. Until then you can change or cancel it in the list below.']);
	return notice('note', 'Your post is waiting its turn', [reason, `It has been accepted and goes out by itself: do not post it again. ${LIST}`]);
}

function partial(answer, reason) {
	const next = answer.next_try_at ? 'It goes on by itself.' : 'You can go on with it, or delete it, in the list below.';
	return notice('bad', 'Only a part was published', [reason || 'X took the beginning and refused the rest.', next], [links(answer)]);
}

function failed(answer, reason) {
	if (answer.error && answer.error.code !== 'outcome_unknown')
		return problemNotice({ title: 'X did not take this post', detail: 'Nothing of it was published.', remedy: 'Change the text, or try again later.', ...answer.error });
	return notice('bad', 'It was not published', [reason || 'X does not have it.', 'You can post it again.']);
}

function unknown(answer) {
	const profile = link(answer.profile_url, 'Your profile on X', { class: 'post-link' });
	return notice('note', 'We cannot say yet whether X has it', [
		`X’s answer was lost. We are looking it up at X ourselves. ${LIST}`,
		'Do not post it again meanwhile.',
	], answer.profile_url ? [el('p', {}, profile)] : []);
}

/* `news`: warnings that the author has not read yet. */
export function outcomeBox(answer, news) {
	const reason = postReason(answer, moment);
	switch (answer.state) {
	case 'sent': return sent(answer, news);
	case 'queued':
	case 'sending': return waiting(answer, reason);
	case 'partial': return partial(answer, reason);
	case 'failed': return failed(answer, reason);
	case 'deleted':
	case 'cancelled': return notice('note', 'This post was taken back', [reason, 'Press Post again to send it anew.']);
	default: return unknown(answer);
	}
}
