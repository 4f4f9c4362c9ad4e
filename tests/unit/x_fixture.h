/* x_fixture.h - a server, a handle and a configuration that points at it. */
#ifndef X_FIXTURE_H
#define X_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/x/oauth.h"
#include "x_server.h"

struct x_fixture {
	struct xs		*server;
	struct nx_http_ca	*ca;
	struct nx_conf		 conf;
	struct nx_x		 x;
	char			 api[100], token[100], revoke[100];
};

static inline int
x_set_up(void **state)
{
	struct x_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->server = xs_start(NULL);
	(void)snprintf(f->api, sizeof(f->api), "%s",
	    xs_url(f->server, "127.0.0.1", ""));
	(void)snprintf(f->token, sizeof(f->token), "%s",
	    xs_url(f->server, "127.0.0.1", "/2/oauth2/token"));
	(void)snprintf(f->revoke, sizeof(f->revoke), "%s",
	    xs_url(f->server, "127.0.0.1", "/2/oauth2/revoke"));
	f->conf = (struct nx_conf){
		.client_id = "client:1",
		.redirect_uri = "https://nexus.test/cb?a=b",
		.authorize_url = "https://x.com/i/oauth2/authorize",
		.api_url = f->api, .token_url = f->token,
		.revoke_url = f->revoke,
	};
	assert_int_equal(nx_http_ca_new(NULL, &f->ca, NULL), NX_OK);
	f->x = (struct nx_x){
		.http = nx_http_new(f->ca), .conf = &f->conf,
		.arena = nx_arena_new(64 * 1024),
		.deadline = nx_clock_mono() + 60000,
	};
	assert_non_null(f->x.http);
	assert_non_null(f->x.arena);
	*state = f;
	return 0;
}

static inline int
x_tear_down(void **state)
{
	struct x_fixture *f = *state;

	nx_http_free(f->x.http);
	nx_arena_free(f->x.arena);
	xs_stop(f->server);
	nx_http_ca_free(f->ca);
	free(f);
	return 0;
}

#define X_TEST(name) \
	cmocka_unit_test_setup_teardown(name, x_set_up, x_tear_down)

/* Around all tests of a program. */
static inline int
x_begin(void **state)
{
	(void)state;
	return nx_http_start() == NX_OK ? 0 : -1;
}

static inline int
x_end(void **state)
{
	(void)state;
	nx_http_stop();
	return 0;
}

#endif
