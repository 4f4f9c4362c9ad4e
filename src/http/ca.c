/*
 * ca.c - whose certificates are trusted: one store for all threads.
 */

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"

struct nx_http_ca {
	X509_STORE	*store;
};

static bool
is_readable(const char *variable, const char *path)
{
	const char *value = getenv(variable);

	return access(value == NULL ? path : value, R_OK) == 0;
}

static bool
load_system(X509_STORE *store)
{
	return (is_readable(X509_get_default_cert_file_env(),
	    X509_get_default_cert_file()) ||
	    is_readable(X509_get_default_cert_dir_env(),
	    X509_get_default_cert_dir())) &&
	    X509_STORE_set_default_paths(store) == 1;
}

/*
 * OpenSSL works out a certificate's extensions when they are first needed;
 * that would be while several threads read it.
 */
static void
work_out_extensions(X509_STORE *store)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *cert = X509_OBJECT_get0_X509(
		    sk_X509_OBJECT_value(objects, i));

		if (cert != NULL)
			(void)X509_check_purpose(cert, -1, 0);
	}
}

enum nx_rc
nx_http_ca_new(const char *file, struct nx_http_ca **out, struct nx_err *err)
{
	struct nx_http_ca *ca = calloc(1, sizeof(*ca));
	bool good;

	*out = NULL;
	if (ca == NULL || (ca->store = X509_STORE_new()) == NULL) {
		nx_http_ca_free(ca);
		return nx_fail(err, NX_NO_MEMORY, "for certificates");
	}
	good = file == NULL ? load_system(ca->store) :
	    X509_STORE_load_file(ca->store, file) == 1;
	if (good)
		work_out_extensions(ca->store);
	ERR_clear_error();
	if (!good) {
		nx_http_ca_free(ca);
		return nx_fail(err, NX_CONFIG, "No certificates can be"
		    " read from %s.", file == NULL ?
		    "the system's default places" : file);
	}
	*out = ca;
	return NX_OK;
}

void
nx_http_ca_free(struct nx_http_ca *ca)
{
	if (ca == NULL)
		return;
	X509_STORE_free(ca->store);
	free(ca);
}

/*
 * The shared store becomes the one that chains are checked against, in place
 * of the context's own.  libcurl goes on to fill and flag its own; it never
 * writes to ours, which other threads are reading.
 */
CURLcode
nx_http_on_tls(CURL *easy, void *ssl_ctx, void *arg)
{
	struct nx_http *http = arg;

	(void)easy;
	if (SSL_CTX_set1_verify_cert_store(ssl_ctx, http->ca->store) != 1)
		return CURLE_SSL_CERTPROBLEM;
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ssl_ctx, SSL_OP_CLEANSE_PLAINTEXT);
	return CURLE_OK;
}

