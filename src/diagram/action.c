/*
 * The classes of return values, one row each, and the one question that is asked of them.
 */
#include "diagram/action.h"

#include <linux/seccomp.h>

#define ERRNO_MAX 4095u
#define ONE(action)                                  \
	{                                            \
		action, action | SECCOMP_RET_DATA, 0 \
	}
#define BETWEEN(below, above)                  \
	{                                      \
		below + 0x10000u, above - 1, 0 \
	}

static const struct diagram_action_class classes[DIAGRAM_ACTION_CLASSES] = {
	ONE(SECCOMP_RET_KILL_THREAD),
	BETWEEN(SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP),
	{ SECCOMP_RET_TRAP, SECCOMP_RET_TRAP | SECCOMP_RET_DATA, SECCOMP_RET_DATA },
	BETWEEN(SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO),
	{ SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | SECCOMP_RET_DATA, ERRNO_MAX },
	BETWEEN(SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF),
	ONE(SECCOMP_RET_USER_NOTIF),
	BETWEEN(SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE),
	{ SECCOMP_RET_TRACE, SECCOMP_RET_TRACE | SECCOMP_RET_DATA, SECCOMP_RET_DATA },
	BETWEEN(SECCOMP_RET_TRACE, SECCOMP_RET_LOG),
	ONE(SECCOMP_RET_LOG),
	BETWEEN(SECCOMP_RET_LOG, SECCOMP_RET_ALLOW),
	ONE(SECCOMP_RET_ALLOW),
	/* Negative as the kernel compares them, so nothing but KILL_PROCESS overrides these, and that does the same. */
	{ SECCOMP_RET_KILL_PROCESS, UINT32_MAX, 0 },
};

const struct diagram_action_class *diagram_action_class(size_t index)
{
	return &classes[index];
}

uint32_t diagram_action(uint32_t ret)
{
	const struct diagram_action_class *row = classes;
	uint32_t data = ret & SECCOMP_RET_DATA;

	if (ret == SECCOMP_RET_ALLOW)
		return ret; /* nearly every rule */
	while (ret > row->high)
		row++;
	return row->low | (data < row->data_max ? data : row->data_max);
}
