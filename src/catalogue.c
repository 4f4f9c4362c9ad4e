/* catalogue - print the catalogue of nginx/dashboard as JSON. */

#include <stdio.h>

#include "nx/base/catalogue.h"

int
main(void)
{
	struct nx_buf json = NX_BUF(NX_CATALOGUE_MAX);
	int status;

	nx_catalogue(&json);
	status = nx_buf_ok(&json) && fputs(nx_buf_str(&json), stdout) >= 0 &&
	    fflush(stdout) == 0 ? 0 : 1;
	nx_buf_free(&json);
	return status;
}
