/*
 * fault.h - points at which a test build dies, or takes long, when it is told
 * to.
 *
 * A normal build has no trace of them.  With --enable-fault-points a process
 * that passes the point named by the one line of NEXUS_STATE_DIR/fault
 * removes that file, so that it happens once whatever the number of
 * processes, and kills itself with SIGKILL; behind " sleep" it pauses for 3 s,
 * behind " stall" too, but without saying so (wait.h), behind " spin" it uses
 * the processor so long.
 */
#ifndef NX_BASE_FAULT_H
#define NX_BASE_FAULT_H

#ifdef NX_FAULT_POINTS
#define NX_FAULT(point)	nx_fault("fault:" point)
void	nx_fault(const char *point);
#else
#define NX_FAULT(point)	((void)0)
#endif

#endif
