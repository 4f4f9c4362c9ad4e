#include "sb_scope.h"

#include <string.h>

/* The position in this table is the scope's bit. */
static const struct {
	const char *name, *words;
} table[] = {
	{ "tweet.read", "See posts you can see, also protected ones" },
	{ "tweet.write", "Post and delete posts for you" },
	{ "users.read", "See your profile and accounts you can see" },
	{ "media.write", "Upload pictures and videos for you" },
	{ "offline.access", "Stay connected until you withdraw it" },
	{ "tweet.moderate.write", "Hide and unhide replies to your posts" },
	{ "users.email", "See your e-mail address" },
	{ "follows.read", "See who you follow and who follows you" },
	{ "follows.write", "Follow and unfollow people for you" },
	{ "space.read", "See Spaces you can see" },
	{ "mute.read", "See the accounts you mute" },
	{ "mute.write", "Mute and unmute accounts for you" },
	{ "like.read", "See the posts you like" },
	{ "like.write", "Like and unlike posts for you" },
	{ "list.read", "See your lists" },
	{ "list.write", "Create and manage lists for you" },
	{ "block.read", "See the accounts you block" },
	{ "block.write", "Block and unblock accounts for you" },
	{ "bookmark.read", "See your bookmarks" },
	{ "bookmark.write", "Add and remove bookmarks for you" },
	{ "dm.read", "See your direct messages" },
	{ "dm.write", "Send direct messages for you" },
	{ "broadcast.read", "See your broadcasts" },
	{ "broadcast.write", "Start and manage broadcasts for you" },
	{ "timeline.read", "See your timeline" },
};

enum { COUNT = sizeof table / sizeof table[0] };

static bool
add(const char *name, size_t len, uint64_t *scopes)
{
	for (int i = 0; i < COUNT; i++)
		if (strlen(table[i].name) == len &&
		    memcmp(table[i].name, name, len) == 0) {
			*scopes |= UINT64_C(1) << i;
			return true;
		}
	return false;
}

bool
sb_scope_read(const char *text, uint64_t *out)
{
	*out = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (len > 0 && !add(text, len, out))
			return false;
		text += len;
		text += strspn(text, " ");
	}
	return *out != 0;
}

void
sb_scope_write(uint64_t scopes, struct sb_buf *out)
{
	const char *between = "";

	for (int i = 0; i < COUNT; i++)
		if (scopes >> i & 1) {
			sb_buf_printf(out, "%s%s", between, table[i].name);
			between = " ";
		}
	sb_buf_puts(out, "");
}

const char *
sb_scope_words(int i, uint64_t *bit)
{
	if (i < 0 || i >= COUNT)
		return NULL;
	*bit = UINT64_C(1) << i;
	return table[i].words;
}
