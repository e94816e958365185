/*
 * launch/spawn.h - a start while it is under way, which several processes and their stacks look at
 */
#ifndef CALLGATE_LAUNCH_SPAWN_H
#define CALLGATE_LAUNCH_SPAWN_H

#include "launch/child.h"
#include "launch/clone.h"
#include "launch/launch.h"
#include "sandbox/plan.h"

/* launch.h's struct launch_start. */
struct launch_start {
	struct launch_spec spec; /* a copy: of what launch_begin got, and then of what launch_finish did */
	struct child child;
	struct launch_target target;
	pid_t tid;	  /* futex: not 0 while the child uses our memory */
	int porter_pidfd; /* −1: there is none, or it has gone */
	int handover[2];  /* our end and the porter's; −1 without a listener */
	int gate, theirs; /* our end and the child's, until it has its copy; −1 without them */
	bool porter_keeps_handlers;
	uint64_t old_mask;	       /* signals that the caller blocks */
	uint64_t mask;		       /* signals that the target is to block */
	struct sandbox_plan plan;      /* with spec.sandbox */
	struct callgate_filter *guard; /* NULL: none */
	char *path;
	int folder_fd;
	int *open_fds;
	/* Behind what is zeroed: pages that nobody touches cost nothing. */
	_Alignas(16) char child_stack[CLONE_STACK_SIZE];
	_Alignas(16) char porter_stack[CLONE_STACK_SIZE];
};

/* The child in its namespaces, by a porter where another process comes first in them. Fails with E_UNCONFINED, E_OS. */
int cloning_start(struct launch_start *start, struct callgate_error *err);

/* When the porter has gone: the child's number is known. Fails with E_OS. */
int cloning_settle(struct launch_start *start, struct callgate_error *err);

/* Whether it is so far, without waiting. */
bool cloning_is_settled(struct launch_start *start);

/* As cloning_start, by a porter that stays until the child has executed its program or failed, and hands the listener
 * over. */
int cloning_with_listener(struct launch_start *start, struct callgate_error *err);

/* The porter's end, if one is left. */
void cloning_end(struct launch_start *start);

/* Says that it ended before its program was executed, and by what where that is known: always fails. */
int start_fail_ended(const struct launch_start *start, struct callgate_error *err);

/* The tracer is there, if one can be; lets the child go on. Fails with E_UNSUPPORTED. */
int start_trace(struct launch_start *start, struct callgate_error *err);

/* Lets the child load its filter. */
void start_let_go(struct launch_start *start);

/* Waits until a traced child has given our memory up. False when it ended without executing anything. */
bool start_await_exec_traced(struct launch_start *start);

#endif
