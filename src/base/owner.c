/* owner.c - whose is what root makes. */

#include "nx/base/owner.h"

#include <sys/stat.h>
#include <unistd.h>

void
nx_owner_follow(int fd, int above)
{
	struct stat st;

	if (geteuid() == 0 && fstat(above, &st) == 0 && st.st_uid != 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
}
