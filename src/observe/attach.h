/*
 * observe/attach.h - records what runs already, and leaves it as it was
 *
 * Only the kernel's recorder can (observe/calls.h): it is attached and detached without anybody's waiting, so that a
 * server loses no request. What is followed must have begun before; what it was doing then is not known, and its phase
 * begins as if its program's own code had been reached.
 */
#ifndef CALLGATE_OBSERVE_ATTACH_H
#define CALLGATE_OBSERVE_ATTACH_H

#include "observe/evidence.h"

#include <sys/types.h>

struct attach_spec {
	pid_t pid;	    /* this process and all that descend from it; 0: none */
	const char *cgroup; /* all that call from within this folder of cgroup 2; NULL: none. One of the two is given */
	uint64_t for_ms;    /* so long; 0: until it is interrupted */
};

struct attach_end {
	bool interrupted; /* a signal asked for the end */
	bool has_ended;	  /* the process itself has */
	uint64_t wall_ns;
};

/*
 * Records into evidence until the time is up, the process has ended, or SIGINT, SIGTERM, SIGHUP or SIGQUIT comes, which
 * is taken. Fails as calls_new, calls_follow and calls_finish do.
 */
int attach_run(const struct attach_spec *spec, struct evidence *evidence, struct attach_end *ret_end,
	       struct callgate_error *err);

#endif
