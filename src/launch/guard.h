/*
 * launch/guard.h - the filter that a setting of the sandbox stacks upon the policy
 */
#ifndef CALLGATE_LAUNCH_GUARD_H
#define CALLGATE_LAUNCH_GUARD_H

#include <callgate/error.h>
#include <callgate/filter.h>
#include <callgate/sandbox.h>

/* The filter of --write-xor-execute and --no-tsc, for callgate_filter_free; NULL where nothing asks for it. Fails as
 * callgate_filter_compile does. */
int guard_make(const struct callgate_sandbox *sandbox, struct callgate_filter **ret_guard, struct callgate_error *err);

#endif
