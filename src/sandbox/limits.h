/*
 * sandbox/limits.h - the kernel's limits on each process, as setrlimit(2) names them
 */
#ifndef CALLGATE_SANDBOX_LIMITS_H
#define CALLGATE_SANDBOX_LIMITS_H

#include "sandbox/sandbox.h"

/* The RLIMIT_* of this name, "nofile", in letters of either case; −1 when there is none. */
int limit_resource(const char *name, size_t length);

/* The other way; NULL when there is no such limit. */
const char *limit_name(int resource);

/* What a sandbox (NULL: none) says of a limit: the last word counts. NULL where it says nothing. */
const struct sandbox_limit *limit_of(const struct callgate_sandbox *sandbox, int resource);

/* Of the group that a sandbox asks for or would like to have; all 0: of none. */
struct cgroup_limits limits_of_group(const struct callgate_sandbox *sandbox);

/* Whether it does not start without one. */
bool limits_need_group(const struct callgate_sandbox *sandbox);

/* Whether an exec that failed with this errno may have failed of a limit that the sandbox sets. */
bool limits_exec_error(const struct callgate_sandbox *sandbox, int error);

/* Whether one of those is set that leave a program no room to begin in: the kernel ends it in the middle of its exec. */
bool limits_room(const struct callgate_sandbox *sandbox);

/*
 * Whether the group's limit of memory leaves room for what the kernel counts before the program has memory of its own:
 * mounts, rules, the filter, and its arguments and environment (argv NULL: not known yet). Until then the target shares
 * the launcher's memory, and whoever shares the memory of a process that the kernel ends for a limit ends with it.
 * E_LIMIT otherwise.
 */
int limits_check_memory(const struct callgate_sandbox *sandbox, size_t mounts, const char *const *argv,
			const char *const *envp, struct callgate_error *err);

#endif
