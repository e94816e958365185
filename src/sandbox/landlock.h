/*
 * sandbox/landlock.h - the plan's Landlock rules, in the process that calls
 */
#ifndef CALLGATE_SANDBOX_LANDLOCK_H
#define CALLGATE_SANDBOX_LANDLOCK_H

#include "sandbox/plan.h"

/* The first ABI that knows TCP ports. */
#define LANDLOCK_ABI_TCP 4

/* Whether the rules are those of the mounts that could not be made: what would be bound may be used in its place. */
bool landlock_stands_in(const struct sandbox_plan *plan);

/* Whether TCP is refused, but for ports that were named, in place of a network of its own that could not be made. */
bool landlock_stands_in_for_net(const struct sandbox_plan *plan);

/* Restricts the calling thread as the plan says, by what the kernel's ABI knows: paths and ports where some were named,
 * abstract sockets and signals always. no_new_privs must be set. 0 or a negative errno, with plan->step and plan->index
 * saying which path. Async-signal-safe. */
long landlock_enter(struct sandbox_plan *plan);

/* What is handed on as a descriptor lies outside the root, and /proc/self/fd leads there: it is opened anew for what
 * the descriptor is open for, and nothing else outside is. Does nothing where none of them is a file or a folder.
 * Mounts are for good then. As landlock_enter. */
long landlock_hold(const struct sandbox_plan *plan, const int *fds, size_t count);

#endif
