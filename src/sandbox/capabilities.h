/*
 * sandbox/capabilities.h - takes a process's capabilities for good: steps of the target's, as those of enter.h
 */
#ifndef CALLGATE_SANDBOX_CAPABILITIES_H
#define CALLGATE_SANDBOX_CAPABILITIES_H

#include "sandbox/plan.h"

/* The bounding set, but for those that the plan keeps; what came of it is told by capabilities_confine. All that takes
 * a right may still come. */
long capabilities_bound(struct sandbox_plan *plan);

/* The other four, and the securebits that keep it so; nothing that takes a right may come behind. */
long capabilities_confine(struct sandbox_plan *plan);

/* All that are in effect, permitted or inheritable, of a process that executes nothing. */
long capabilities_give_up(void);

#endif
