/*
 * sb_call.h - one request on its way through the sandbox, and the words in
 * which X refuses.
 */
#ifndef SB_CALL_H
#define SB_CALL_H

#include <json.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_canaries.h"
#include "sb_conf.h"
#include "sb_counts.h"
#include "sb_faults.h"
#include "sb_grants.h"
#include "sb_http.h"
#include "sb_journal.h"
#include "sb_keys.h"
#include "sb_limits.h"
#include "sb_media.h"
#include "sb_posts.h"
#include "sb_sessions.h"
#include "sb_settings.h"
#include "sb_storage.h"

/* The process: made by main, shared; each part guards itself. */
struct sb_app {
	const struct sb_conf	 *conf;
	struct sb_canaries	 *canaries;
	struct sb_counts	 *counts;
	struct sb_faults	 *faults;
	struct sb_grants	 *grants;
	struct sb_journal	 *journal;
	struct sb_keys		 *keys;
	struct sb_limits	 *limits;
	struct sb_media		 *media;
	struct sb_posts		 *posts;
	struct sb_sessions	 *sessions;
	struct sb_settings_store *settings;
	struct sb_storage	 *storage;
	atomic_bool		  stopping;
};

struct sb_call {
	struct sb_app		*app;
	const struct sb_request	*req;
	struct sb_reply		*reply;
	const char		*id;	/* what stands for {id} in the path */
	int64_t			 now;	/* ms, when the work began */
	struct sb_settings	 settings;
	struct sb_caller	 caller; /* of routes that need a token */
};

/* Problem JSON of X: type is the whole URI, or "about:blank". */
void	sb_problem(struct sb_call *c, int status, const char *title,
	    const char *detail, const char *type);
/* 403 about:blank, with X's words. */
void	sb_forbidden(struct sb_call *c, const char *detail);
/*
 * 400 invalid-request; parameter and value, if not NULL, say what was wrong.
 */
void	sb_invalid(struct sb_call *c, const char *parameter,
	    const char *value, const char *message);
/* The entry of "errors" for something that is not there. */
struct json_object *sb_missing(const char *resource, const char *parameter,
	    const char *id);
/* Reads the body strictly: UTF-8, depth 32, nothing behind it.  NULL: not. */
struct json_object *sb_call_json(const struct sb_call *c);

#endif
