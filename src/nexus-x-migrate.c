/* nexus-x-migrate - bring the database's schema to this version. */

#include "nx/cli/command.h"

int
main(int argc, char **argv)
{
	return nx_migrate(argc, argv, NX_SQL_DIR);
}
