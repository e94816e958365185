/*
 * sandbox/identity.h - who the target is: its user, its group, and no other groups but those that were named
 */
#ifndef CALLGATE_SANDBOX_IDENTITY_H
#define CALLGATE_SANDBOX_IDENTITY_H

#include "sandbox/plan.h"

/* Takes them, in whatever user namespace, when its maps are written. Capabilities stay until sandbox_confine drops them.
 * Runs in the target or in the first process, and reads of the plan what the launcher wrote. 0 or a negative errno. */
long identity_take(const struct sandbox_plan *plan);

#endif
