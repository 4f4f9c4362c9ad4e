/* complain.h - what goes wrong, told to whoever started the program. */
#ifndef NX_SRC_CLI_COMPLAIN_H
#define NX_SRC_CLI_COMPLAIN_H

/*
 * Lines on stderr, as errors where it is the journal.  For what stands
 * between a program and its log; NUL-terminated, without a secret.
 */
void	nx_complain(const char *text);

#endif
