/*
 * worker.h - the background process: jobs, each with its own thread and
 * period (work/jobs.h).  Any number of workers may run on any number of
 * hosts; what they share is divided by leases in the database.
 */
#ifndef NX_WORK_WORKER_H
#define NX_WORK_WORKER_H

#include "nx/flow/app.h"

enum { NX_WORK_STOP_MS = NX_PATIENT_DRAIN_MS };

/*
 * Work until TERM, INT or USR1: then no refresh begins and what is under way
 * is finished, answers of X that come once included (flow/patient.h).  What
 * takes longer than NX_WORK_STOP_MS ends the process.  From main(), with no
 * other thread running.  NO_MEMORY when threads cannot be started.
 */
NX_MUST_USE enum nx_rc	nx_work(const struct nx_app *app, struct nx_err *err);

#endif
