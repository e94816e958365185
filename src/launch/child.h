/*
 * launch/child.h - what the target does between clone and exec
 */
#ifndef CALLGATE_LAUNCH_CHILD_H
#define CALLGATE_LAUNCH_CHILD_H

#include "launch/launch.h"
#include "sandbox/plan.h"

#include <signal.h>
#include <stdint.h>

/* The steps in their order; the text completes "cannot …". */
enum child_step {
	CHILD_SIGNALS,
	CHILD_DEATH_SIGNAL,
	CHILD_IDENTITY,
	CHILD_SESSION,
	CHILD_ENTER,
	CHILD_CORE_LIMIT,
	CHILD_FOLDER,
	CHILD_NO_NEW_PRIVS,
	CHILD_CONFINE,
	CHILD_GATE,
	CHILD_KEEP,
	CHILD_CLOSE,
	CHILD_HOLD,
	CHILD_MASK,
	CHILD_AWAIT_GO,
	CHILD_PROGRAM,
	CHILD_LIMITS, /* behind all that opens or allocates anything */
	CHILD_HIDE_LAUNCHER,
	CHILD_GUARD,
	CHILD_FILTER,
	CHILD_EXEC,
	CHILD_STEP_COUNT,
};

/* What the parent prepares and the child reports into: the two share their memory until exec. */
struct child {
	struct launch_spec *spec;
	struct sandbox_plan *plan; /* NULL: none */
	const char *path;	   /* what to execute, found by the parent; NULL: the plan finds it */
	int folder_fd;		   /* where to go first, −1: nowhere */
	int gate;		   /* where it waits for its descriptors, holding none of ours; −1: it has them */
	const int *open_fds;	   /* what stays open: 0, 1, 2 and keep_fds, ascending, without doubles */
	size_t open_fd_count;
	const struct sock_filter *guard; /* a filter that goes in before the policy\'s; NULL: none */
	size_t guard_count;
	pid_t parent;		      /* who must still be the parent once the death signal is armed */
	const uint64_t *mask;	      /* the kernel's sigset: blocked signals of the target */
	bool reset_handlers;	      /* the clone could not do it */
	int arrived;		      /* futex: 1 once it waits at the gate, or behind it */
	int go;			      /* futex: 1 when the child may go on to its program and its filter */
	volatile int step;	      /* enum child_step: what it is at */
	volatile int error;	      /* negative errno of that step, 0 while none failed */
	volatile int listener;	      /* the listener's number in the child's table, −1 before */
	volatile uint64_t started_ns; /* CLOCK_MONOTONIC just before the filter, behind which no clock need be there */
};

/* Of functions that begin on a stack of our making, which is none that a sanitizer knows: it would complain of it. */
#define CHILD_ATTRIBUTES __attribute__((no_sanitize_address))

/* Never returns. Async-signal-safe, touches nothing but *child and what it points to. */
void __attribute__((noreturn)) child_main(struct child *child);

#endif
