/*
 * owner.h - what a program makes when root runs it, in the directory of a
 * service that is not root.
 */
#ifndef NX_BASE_OWNER_H
#define NX_BASE_OWNER_H

/*
 * Give the file or directory at `fd` to the owner of the directory at `above`,
 * where root made it and that is somebody else.  Else nothing; any thread.
 */
void	nx_owner_follow(int fd, int above);

#endif
