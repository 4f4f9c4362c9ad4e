/*
 * weigh.js - about how long X will find a text, at once and without a call.
 * The weights are twitter-text's (version 3); where it differs from that, the
 * server's count puts it right a moment later.  Pure.
 */

const LINK = 23;	/* whatever its length */
const EMOJI = 2;
const LONG = 30000;	/* beyond this nobody needs a number by the key */

/* Code points that weigh one; all others weigh two. */
const LIGHT = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
const PLAIN = /^[\0-\x7f]*$/;
const LINKS = /https?:\/\/[^\s/?#]+\.[^\s/?#.]{2,}(?:[/?#]\S*)?|(?<![@\w.-])(?:[a-z\d-]+\.)+(?:com|org|net|edu|gov|info|dev|app|io|ai|co|uk|de|fr|es|it|nl|ch|at|eu|jp|br)(?![\w@-])(?:\/\S*)?/giu;
const TAIL = /[.,:;!?'")\]}…]+$/u;
const PICTURE = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f?|\p{Regional_Indicator}|[#*\d]\ufe0f?\u20e3/u;

function light(letter) {
	const at = letter.codePointAt(0);
	return LIGHT.some(([from, to]) => at >= from && at <= to);
}

function words(text) {
	if (PLAIN.test(text))
		return text.length;
	let weight = 0;
	for (const { segment } of new Intl.Segmenter().segment(text)) {
		if (PICTURE.test(segment))
			weight += EMOJI;
		else
			for (const letter of segment)
				weight += light(letter) ? 1 : 2;
	}
	return weight;
}

export function weigh(given) {
	if (given.length > LONG)
		return given.length;
	const text = given.normalize('NFC');
	let weight = 0, from = 0;
	for (const found of text.matchAll(LINKS)) {
		weight += words(text.slice(from, found.index)) + LINK;
		from = found.index + found[0].replace(TAIL, '').length;
	}
	return weight + words(text.slice(from));
}
