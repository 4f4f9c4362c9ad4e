/*
 * sb_routes.h - which function answers what, and what happens around it:
 * faults, latency, tokens, scopes, rate limits.
 */
#ifndef SB_ROUTES_H
#define SB_ROUTES_H

#include "sb_call.h"

/* Answer a request.  Takes as long as the faults say. */
void	sb_serve(struct sb_app *app, const struct sb_request *req,
	    struct sb_reply *reply);

/* sb_authorize.c */
void	sb_authorize_page(struct sb_call *c);
void	sb_authorize_decide(struct sb_call *c);
/* sb_token.c */
void	sb_token(struct sb_call *c);
void	sb_revoke(struct sb_call *c);
/* sb_users.c */
void	sb_users_me(struct sb_call *c);
/* sb_tweets.c */
void	sb_tweets_create(struct sb_call *c);
void	sb_tweets_delete(struct sb_call *c);
/* sb_reads.c */
void	sb_reads_one(struct sb_call *c);
void	sb_reads_many(struct sb_call *c);
void	sb_reads_timeline(struct sb_call *c);
/* sb_uploads.c */
void	sb_uploads_whole(struct sb_call *c);
void	sb_uploads_initialize(struct sb_call *c);
void	sb_uploads_append(struct sb_call *c);
void	sb_uploads_finalize(struct sb_call *c);
void	sb_uploads_status(struct sb_call *c);
void	sb_uploads_metadata(struct sb_call *c);
void	sb_control_media(struct sb_call *c);
/* sb_objects.c */
void	sb_objects_signed(struct sb_call *c);
void	sb_objects_public(struct sb_call *c);
void	sb_control_objects(struct sb_call *c);
/* sb_supabase.c */
void	sb_supabase_settings(struct sb_call *c);
void	sb_supabase_token(struct sb_call *c);
void	sb_supabase_user(struct sb_call *c);
void	sb_supabase_logout(struct sb_call *c);
void	sb_supabase_jwks(struct sb_call *c);
/* sb_control.c */
void	sb_control_counts(struct sb_call *c);
void	sb_control_posts(struct sb_call *c);
void	sb_control_age(struct sb_call *c);
void	sb_control_grants(struct sb_call *c);
void	sb_control_canaries(struct sb_call *c);
void	sb_control_requests(struct sb_call *c);
void	sb_control_expire(struct sb_call *c);
void	sb_control_weigh(struct sb_call *c);
void	sb_control_reset(struct sb_call *c);
void	sb_control_fault_add(struct sb_call *c);
void	sb_control_fault_list(struct sb_call *c);
void	sb_control_fault_clear(struct sb_call *c);
void	sb_control_settings_get(struct sb_call *c);
void	sb_control_settings_set(struct sb_call *c);

#endif
