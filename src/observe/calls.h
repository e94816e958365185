/*
 * observe/calls.h - the recorder in the kernel: who is followed, and what was counted
 *
 * It sees the calls of whom it follows and of all that those start, from all CPUs, and holds nobody up: neither its
 * death nor ours is felt by what is recorded. It takes CAP_BPF and CAP_PERFMON and a kernel that describes itself.
 */
#ifndef CALLGATE_OBSERVE_CALLS_H
#define CALLGATE_OBSERVE_CALLS_H

#include "observe/evidence.h"

#include <sys/types.h>

struct calls;

struct calls_spec {
	uint64_t secret; /* follows the process whose execve carries it, from its program's first call on; 0: none */
	size_t processes_max; /* of those that are followed, alive at once; past that they are killed. 0: no limit */
	size_t keys_max;      /* less room than there is, for tests; 0: all of it */
	size_t totals_max;    /* the same, for what comes when that is full */
	const char *cgroup;   /* follows whoever calls from within this folder of cgroup 2, but us; NULL: nobody */
};

/*
 * Loads the recorder and begins. *ret_calls is the caller's, for calls_free. Fails with E_UNSUPPORTED, whose message
 * says what is missing (privilege, the kernel's description of itself, an arch that it was not written for), E_OS,
 * E_NOMEM.
 */
int calls_new(const struct calls_spec *spec, struct calls **ret_calls, struct callgate_error *err);

/* A process that is followed stands at the beginning of its main: what it calls from now on comes behind that. Fails
 * with E_OS. */
int calls_reach_main(const struct calls *calls, pid_t pid, struct callgate_error *err);

/* Follows a process and all that descend from it, from now on. Fails with E_OS, and E_NOT_FOUND when it has ended. */
int calls_follow(struct calls *calls, pid_t pid, struct callgate_error *err);

/*
 * Ends the recording and adds what was seen to evidence. Fails with E_UNPROVED when something could not be counted,
 * E_LIMIT when too many processes were alive, E_OS, E_NOMEM.
 */
int calls_finish(struct calls *calls, struct evidence *evidence, struct callgate_error *err);

void calls_free(struct calls *calls);

#endif
