/*
 * sandbox/root.h - a root that begins empty: what is mounted in it is all that there is
 */
#ifndef CALLGATE_SANDBOX_ROOT_H
#define CALLGATE_SANDBOX_ROOT_H

#include "sandbox/plan.h"

/* Builds the plan's root and moves into it, in a mount namespace of our own; 0 or a negative errno, with plan->step and
 * plan->index saying where. Async-signal-safe. */
long root_enter(struct sandbox_plan *plan);

#endif
