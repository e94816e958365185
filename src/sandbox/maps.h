/*
 * sandbox/maps.h - which users and groups of the machine those of a user namespace are
 */
#ifndef CALLGATE_SANDBOX_MAPS_H
#define CALLGATE_SANDBOX_MAPS_H

#include "sandbox/plan.h"

/* Writes the maps of a process's new user namespace as the plan says; of ranges that are not ours to give by
 * newuidmap(1) and newgidmap(1). Fails with E_UNCONFINED, E_LIMIT and E_NOMEM. */
int maps_write(struct sandbox_plan *plan, pid_t pid, struct callgate_error *err);

#endif
