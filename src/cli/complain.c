/* complain.c - lines on stderr, as errors where it is the journal. */

#include "complain.h"

#include "nx/base/conf.h"

void
nx_complain(const char *text)
{
	const struct nx_log log =
	    nx_log_stderr(nx_conf_getenv(NULL, "JOURNAL_STREAM"));

	nx_log_text(&log, NX_LOG_ERROR, text);
}
