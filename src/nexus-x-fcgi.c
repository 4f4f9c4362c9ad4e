/* nexus-x-fcgi - the FastCGI responder; its listening socket is fd 0. */

#include "nx/cli/daemon.h"
#include "nx/web/serve.h"

int
main(int argc, char **argv)
{
	const struct nx_daemon d = {
		.name = "nexus-x-fcgi",
		.program = NX_FCGI,
		.need = NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS |
		    NX_NEED_CALLERS,
		.malloc_arenas = 3,
		.run = nx_serve,
	};

	return nx_daemon(&d, argc, argv);
}
