/* twitter_flow - the operator's and the scripts' command line. */

#include "nx/cli/command.h"

int
main(int argc, char **argv)
{
	return nx_twitter_flow(argc, argv);
}
