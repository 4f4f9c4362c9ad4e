/*
 * sb_http.h - one HTTP request as FastCGI hands it over, and its answer.
 *
 * FastCGI parameters read: REQUEST_METHOD, REQUEST_URI (else DOCUMENT_URI and
 * QUERY_STRING), CONTENT_TYPE, CONTENT_LENGTH, SERVER_PROTOCOL, HTTP_*.
 */
#ifndef SB_HTTP_H
#define SB_HTTP_H

#include <fcgiapp.h>
#include <json.h>
#include <stdbool.h>
#include <stddef.h>

#include "sb_buf.h"

enum {
	SB_BODY_MAX = 1 << 20,		/* bytes of a request's body, */
	SB_UPLOAD_MAX = 24 << 20	/* and of an upload's */
};

/* Pairs of an urlencoded text, decoded; names and values are terminated. */
struct sb_form {
	struct sb_pair	*pairs;
	size_t		 count;
	char		*memory;
};

struct sb_pair {
	const char	*name;
	const char	*value;
};

struct sb_request {
	const char	*method;
	const char	*uri;		/* path and query as they came */
	char		*path;		/* as it came, not decoded */
	const char	*query;		/* raw, "" when there is none */
	struct sb_buf	 body;
	FCGX_ParamArray	 env;
	int		 fd;		/* nginx's connection, to see it go */
};

struct sb_reply {
	int		 status;
	struct sb_buf	 head;		/* whole lines, "Name: value\r\n" */
	struct sb_buf	 body;
	bool		 drop;		/* close without any answer */
};

/*
 * Fill in the request, reading its body to the end.  0, or the status to
 * refuse it with: 400 (broken), 413 (body over its maximum).  Borrows r's
 * environment: end the request before FCGX_Finish_r().
 */
int	 sb_request_read(FCGX_Request *r, struct sb_request *out);
void	 sb_request_free(struct sb_request *req);
/* A parameter's value, NULL when absent or empty. */
const char *sb_request_param(const struct sb_request *req, const char *name);
/* How often the parameter came: nginx passes on repeated headers. */
int	 sb_request_count(const struct sb_request *req, const char *name);
/* The media type is type, whatever parameters follow it. */
bool	 sb_request_is(const struct sb_request *req, const char *type);
/* Copies a cookie's value into out[size]; false when there is none. */
bool	 sb_request_cookie(const struct sb_request *req, const char *name,
	    char *out, size_t size);

/* False when an escape is broken or a NUL is in it; free it all the same. */
bool	 sb_form_read(const char *text, size_t len, struct sb_form *out);
void	 sb_form_free(struct sb_form *form);
/* NULL when absent. */
const char *sb_form_get(const struct sb_form *form, const char *name);
/* The first name that is there twice, or NULL. */
const char *sb_form_repeated(const struct sb_form *form);

__attribute__((format(printf, 2, 3)))
void	 sb_reply_header(struct sb_reply *reply, const char *format, ...);
void	 sb_reply_text(struct sb_reply *reply, int status, const char *type,
	    const char *body);
/* Takes the object over. */
void	 sb_reply_json(struct sb_reply *reply, int status,
	    struct json_object *body);
void	 sb_reply_send(struct sb_reply *reply, FCGX_Request *r);
void	 sb_reply_reset(struct sb_reply *reply);
void	 sb_reply_free(struct sb_reply *reply);

#endif
