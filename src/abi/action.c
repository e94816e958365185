/*
 * What the kernel does with a call: which of two actions wins, and how one is spelt.
 *
 * The kernel compares the high 16 bits of what stacked filters return as signed numbers and takes the lowest: the
 * values of linux/seccomp.h were chosen so that this is their precedence. What no name has is killed by the kernel,
 * and is spelt as its number here.
 */
#include "abi/abi.h"

#include <callgate/action.h>

#include <linux/seccomp.h>
#include <stdio.h>

/* How much of the data an action's spelling has. */
enum action_data {
	DATA_NONE,
	DATA_NUMBER,
	DATA_ERROR,
};

static const struct {
	uint32_t ret;
	char name[16];
	enum action_data data;
} actions[] = {
#define ACTION(name, ret, word, data, data_max) { ret, word, DATA_##data },
#include "abi/actions.def"
#undef ACTION
};

bool callgate_action_overrides(struct callgate_action a, struct callgate_action b)
{
	return (int32_t)(a.ret & SECCOMP_RET_ACTION_FULL) < (int32_t)(b.ret & SECCOMP_RET_ACTION_FULL);
}

bool callgate_action_permits(struct callgate_action action)
{
	uint32_t kind = action.ret & SECCOMP_RET_ACTION_FULL;

	return kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG;
}

bool callgate_action_refuses(struct callgate_action action)
{
	uint32_t kind = action.ret & SECCOMP_RET_ACTION_FULL;

	return !callgate_action_permits(action) && kind != SECCOMP_RET_USER_NOTIF && kind != SECCOMP_RET_TRACE;
}

void callgate_action_format(struct callgate_action action, char *text, size_t size)
{
	unsigned data = action.ret & SECCOMP_RET_DATA;
	const char *error = abi_errno_name(abi_arch_native()->id, (int)data);
	size_t i = 0;

	while (i < sizeof(actions) / sizeof(*actions) && actions[i].ret != (action.ret & SECCOMP_RET_ACTION_FULL))
		i++;
	if (i == sizeof(actions) / sizeof(*actions))
		snprintf(text, size, "0x%08x", action.ret);
	else if (actions[i].data == DATA_ERROR && error)
		snprintf(text, size, "%s %s", actions[i].name, error);
	else if (actions[i].data != DATA_NONE)
		snprintf(text, size, "%s %u", actions[i].name, data);
	else
		snprintf(text, size, "%s", actions[i].name);
}
