/* nexus-x-worker - the background jobs. */

#include "nx/cli/daemon.h"
#include "nx/work/worker.h"

int
main(int argc, char **argv)
{
	const struct nx_daemon d = {
		.name = "nexus-x-worker",
		.program = NX_WORKER,
		.need = NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS,
		.malloc_arenas = 2,
		.run = nx_work,
	};

	return nx_daemon(&d, argc, argv);
}
