/*
 * outlook.js - what will become of a post, and how its author gets it back.
 * Pure.
 */

/* When it goes out, as far as is known; NaN: at once, or never. */
export function due(post) {
	return Date.parse(post.publish_at ?? post.next_try_at ?? '');
}

/*
 * Why a post that waits will not go out, given the connection that it is to
 * go out from: {label, text, again}; null when nothing speaks against it.
 * `again`: connecting that account once more mends it.
 */
export function obstacle(post, connection) {
	const at = due(post);
	if (!connection)
		return null;
	const name = `@${connection.username}`;
	if (!connection.can_post)
		return {
			label: 'Will not go out', again: true,
			text: `${name} needs to be connected again. Until then nothing of it goes out.`,
		};
	/* It works to the end of its access, which nothing renews. */
	if (connection.renews_itself === false && at > Date.parse(connection.token_expires_at))
		return {
			label: 'Will not go out', again: true,
			text: `The connection of ${name} ends before that. Reconnect it, and the post goes out.`,
		};
	return null;
}

/* When X takes posts of this account again: milliseconds, or null. */
export function limitEnds(post, now) {
	const { error } = post;
	if (post.state !== 'failed' || error?.code !== 'rate_limited')
		return null;
	const at = Date.parse(error.retry_at ?? '') || Date.parse(post.created_at) + Number(error.retry_after) * 1000;
	return at > now ? at : null;
}

/* The request that sends it when X's limit ends. */
export function asQueued(post, now) {
	const at = new Date(Math.ceil((limitEnds(post, now) ?? now) / 1000) * 1000);
	return { ...post.request, queue: true, publish_at: at.toISOString().replace('.000Z', 'Z') };
}

/*
 * A post, with the request that asks for it, as Draft has one that is edited.
 * `rest` is what the composer has no field for: a post that waits keeps it by
 * itself, one that is posted anew is asked for with it.
 */
export function asEdit(post, etag, now) {
	const { text, on_long, numbering, link, connection_id, publish_at, queue, ...rest } = post.request;
	const was = publish_at ?? '';
	return {
		id: post.id, state: post.state, etag, account: connection_id ?? post.connection_id ?? '',
		text: text ?? post.parts.map((p) => p.text).join(' '), rest: post.state === 'queued' ? {} : rest,
		how: {
			long: { on_long: on_long ?? 'truncate', ...(numbering && { numbering }), ...(link && { link }) },
			at: Date.parse(was) > now ? was : '', was,
		},
	};
}
