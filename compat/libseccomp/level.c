/*
 * The API level: each step is asked of the kernel, and the first that it does not know ends the ladder. A program may
 * set another one, which is then believed.
 */
#include "level.h"

#include "kernel/probe.h"
#include "interface.h"

#include <errno.h>
#include <stdbool.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* 0: not asked yet. Two threads that ask at once find the same. */
static unsigned level;

static bool kernel_has(unsigned step)
{
	switch (step) {
	case LEVEL_TSYNC:
		return probe_filter_flag(SECCOMP_FILTER_FLAG_TSYNC);
	case LEVEL_LOG:
		return probe_filter_flag(SECCOMP_FILTER_FLAG_LOG) && probe_action(SECCOMP_RET_LOG) &&
		       probe_action(SECCOMP_RET_KILL_PROCESS);
	case LEVEL_SSB:
		return probe_filter_flag(SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	case LEVEL_NOTIFY:
		return probe_action(SECCOMP_RET_USER_NOTIF) && probe_filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	case LEVEL_BOTH:
		return probe_filter_flag(SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	case LEVEL_WAITKILL:
		return probe_filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	}
	return true;
}

unsigned level_now(void)
{
	unsigned found = __atomic_load_n(&level, __ATOMIC_RELAXED);

	if (found)
		return found;
	found = LEVEL_BASE;
	while (found < LEVEL_MAX && kernel_has(found + 1))
		found++;
	__atomic_store_n(&level, found, __ATOMIC_RELAXED);
	return found;
}

void level_reset(void)
{
	__atomic_store_n(&level, 0, __ATOMIC_RELAXED);
}

unsigned int seccomp_api_get(void)
{
	return level_now();
}

int seccomp_api_set(unsigned int wanted)
{
	if (wanted < LEVEL_BASE || wanted > LEVEL_MAX)
		return -EINVAL;
	__atomic_store_n(&level, wanted, __ATOMIC_RELAXED);
	return 0;
}

const struct scmp_version *seccomp_version(void)
{
	static const struct scmp_version version = { 2, 6, 0 };

	return &version;
}
