/* token_refresh - renew every connection that is due, then exit. */

#include "nx/cli/command.h"

int
main(int argc, char **argv)
{
	return nx_token_refresh(argc, argv);
}
