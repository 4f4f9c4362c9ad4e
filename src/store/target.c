/* target.c - DATABASE_URL, as libpq takes it host by host. */

#include "target.h"

#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <string.h>

#include "db_url.h"
#include "nx/base/slice.h"

/* Element `i` of a comma-separated list; the only one serves for all. */
static const char *
element_at(struct nx_arena *a, const char *list, int i)
{
	struct nx_slice rest = nx_slice_str(list), one;

	if (strchr(list, ',') == NULL)
		return list;
	do
		one = nx_slice_cut(&rest, ',');
	while (i-- > 0);
	return nx_arena_slice(a, one.p == NULL ? NX_SLICE("") : one);
}

static int
count_elements(const char *list)
{
	int n = 1;

	for (; list != NULL && *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static const char *
option_value(const PQconninfoOption *opts, const char *word)
{
	for (; opts->keyword != NULL; opts++) {
		if (strcmp(opts->keyword, word) == 0)
			return opts->val;
	}
	return NULL;
}

static void
target_add(struct nx_target *t, const char *word, const char *value)
{
	int n = 0;

	while (t->words[n] != NULL)
		n++;
	if (n < NX_DB_OPTIONS_MAX) {
		t->words[n] = word;
		t->values[n] = value;
	}
}

/*
 * What libpq is told where the URL says nothing.  What is idle meets no
 * deadline of ours: the kernel finds within 30 s that its way is cut.
 */
static const char *const defaults[][2] = {
	{ "application_name", "nexus-x" },
	{ "keepalives_idle", "15" },		/* seconds, as the others */
	{ "keepalives_interval", "5" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "15000" },	/* ms */
};

/* What libpq would look at is looked at by us (nx_db_check_writable()). */
static bool
wants_writable(const PQconninfoOption *opts)
{
	const char *wish = option_value(opts, "target_session_attrs");

	return wish == NULL || strcmp(wish, "read-write") == 0 ||
	    strcmp(wish, "primary") == 0;
}

static void
target_fill(struct nx_arena *a, const PQconninfoOption *opts, int i,
    struct nx_target *t)
{
	const bool writable = wants_writable(opts);

	static const char *const lists[] = { "host", "hostaddr", "port",
	    NULL };

	for (const PQconninfoOption *o = opts; o->keyword != NULL; o++) {
		const char *value = nx_arena_str(a, o->val);

		if (value == NULL || (writable &&
		    strcmp(o->keyword, "target_session_attrs") == 0))
			continue;
		if (nx_slice_is_one_of(nx_slice_str(o->keyword), lists))
			value = element_at(a, value, i);
		target_add(t, nx_arena_str(a, o->keyword), value);
	}
	for (size_t k = 0; k < sizeof(defaults) / sizeof(*defaults); k++) {
		if (option_value(opts, defaults[k][0]) == NULL)
			target_add(t, defaults[k][0], defaults[k][1]);
	}
}

/*
 * A password that was not percent-encoded ends up in the host, the port or
 * the database's name, which libpq's messages quote.
 */
static const char *
find_misread(const PQconninfoOption *opts, int hosts)
{
	const char *port = option_value(opts, "port");
	const char *host = option_value(opts, "host");
	const char *name = option_value(opts, "dbname");

	if (port != NULL && port[strspn(port, "0123456789,")] != '\0')
		return "a port is not a number; characters such as / @ : in"
		    " a password must be percent-encoded";
	if ((host != NULL && host[0] != '/' && strchr(host, '@') != NULL) ||
	    (name != NULL && strchr(name, '@') != NULL))
		return "a host or database name holds @; characters such as"
		    " / @ : in a password must be percent-encoded";
	if (hosts > NX_DB_HOSTS_MAX)
		return "there are more than 16 hosts";
	if (port != NULL && count_elements(port) != 1 &&
	    count_elements(port) != hosts)
		return "there are not as many ports as hosts";
	return NULL;
}

static void
options_free(PQconninfoOption *opts)
{
	for (PQconninfoOption *o = opts; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL)
			OPENSSL_cleanse(o->val, strlen(o->val));
	PQconninfoFree(opts);
}

enum nx_rc
nx_targets_read(const char *url, struct nx_targets *out, struct nx_err *err)
{
	char *message = NULL;
	PQconninfoOption *opts = PQconninfoParse(url, &message);
	const char *wrong, *hosts;
	int n;

	*out = (struct nx_targets){ .n = 0 };
	if (opts == NULL) {
		enum nx_rc rc = nx_db_url_fail(url, message, err);

		PQfreemem(message);
		return rc;
	}
	hosts = option_value(opts, "host");
	if (hosts == NULL)
		hosts = option_value(opts, "hostaddr");
	n = count_elements(hosts);
	if ((wrong = find_misread(opts, n)) != NULL) {
		options_free(opts);
		return nx_fail(err, NX_CONFIG, "DATABASE_URL: %s.", wrong);
	}
	out->texts = nx_arena_new(NX_POOL_ARENA_MAX);
	if (out->texts != NULL)
		out->all = nx_arena_alloc(out->texts,
		    (size_t)n * sizeof(*out->all));
	for (int i = 0; out->all != NULL && i < n; i++)
		target_fill(out->texts, opts, i, &out->all[i]);
	out->n = n;
	out->writable = wants_writable(opts);
	options_free(opts);
	if (out->all == NULL || !nx_arena_ok(out->texts))
		return nx_fail(err, NX_NO_MEMORY, "DATABASE_URL is large.");
	return NX_OK;
}

void
nx_targets_free(struct nx_targets *targets)
{
	nx_arena_free(targets->texts);
	*targets = (struct nx_targets){ .n = 0 };
}
