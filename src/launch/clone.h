/*
 * launch/clone.h - a child that shares our memory until it executes something
 *
 * A copy of the parent's page tables is the greater part of what fork costs, and a child that will exec needs none.
 */
#ifndef CALLGATE_LAUNCH_CLONE_H
#define CALLGATE_LAUNCH_CLONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The stack that a child runs on; it calls little and allocates nothing, but holds a few paths. */
#define CLONE_STACK_SIZE 32768

struct clone_child {
	uint64_t flags;		      /* CLONE_*; CLONE_VM is added */
	void (*main)(void *argument); /* never returns */
	void *argument;
	char *stack;	      /* CLONE_STACK_SIZE bytes, aligned to 16, the child's until it has gone */
	int *pidfd;	      /* with CLONE_PIDFD: where the descriptor goes */
	pid_t *number;	      /* with CLONE_PARENT_SETTID, and without CLONE_PIDFD: the child's, before it runs */
	pid_t *tid;	      /* with CLONE_CHILD_CLEARTID: zeroed, and woken as a futex, when memory is given up */
	bool *keeps_handlers; /* set before the child starts: its signal handlers are still the parent's */
};

/* The child's pid, or a negative errno. Async-signal-safe. */
pid_t clone_start(const struct clone_child *child);

#endif
