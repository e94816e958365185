/*
 * callgate/action.h - what the kernel does with a call: a SECCOMP_RET_* with its 16 bits of data
 *
 * The value is the one that a filter returns (linux/seccomp.h). When several filters are stacked, the action with
 * the highest precedence wins: kill-process, kill-thread, trap, errno, notify, trace, log, allow.
 */
#ifndef CALLGATE_ACTION_H
#define CALLGATE_ACTION_H

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_action {
	uint32_t ret; /* SECCOMP_RET_* in the high 16 bits, its data in the low 16 */
};

/* Whether a decides when a and b come from two stacked filters; false when neither outranks the other. */
CALLGATE_PUBLIC bool callgate_action_overrides(struct callgate_action a, struct callgate_action b);

/* Whether the call is made, without anybody's help: it is allowed or logged. */
CALLGATE_PUBLIC bool callgate_action_permits(struct callgate_action action);

/* Whether the call is not made and nobody is asked: an errno, a signal, an end. */
CALLGATE_PUBLIC bool callgate_action_refuses(struct callgate_action action);

/* Writes the action as the policy language spells it ("errno EPERM", "trap 3") into text, which is cut to size and
 * always ends in NUL. 32 bytes hold every action. */
CALLGATE_PUBLIC void callgate_action_format(struct callgate_action action, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
