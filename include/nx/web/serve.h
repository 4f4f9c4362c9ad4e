/*
 * serve.h - accept FastCGI requests on fd 0 until told to stop.
 *
 * libfcgi parses; accepting is ours (its own accept hangs, leaks and mixes
 * with signals).  One thread at a time waits for requests and serves what is
 * short; what is not, others do.  Requests that call X may occupy only a share
 * of the threads; beyond it they are set aside, still unanswered, and the
 * thread that finishes a call to X takes the next one.  So an X that hangs
 * never stops the routes that do not need it.
 */
#ifndef NX_WEB_SERVE_H
#define NX_WEB_SERVE_H

#include "nx/flow/app.h"

/*
 * Serve until TERM, USR1 or INT: stop accepting, begin no refresh, finish
 * what is in flight and hear what X has been asked (flow/patient.h), return.
 * Work that takes longer than NX_DRAIN_MS ends the process.  Call it from
 * main() with no other thread running; it blocks those signals.
 * CONFIG when fd 0 is no listening socket, NO_MEMORY when threads cannot be
 * started.
 */
enum { NX_DRAIN_MS = NX_PATIENT_DRAIN_MS };
NX_MUST_USE enum nx_rc	nx_serve(const struct nx_app *app,
			    struct nx_err *err);

#endif
