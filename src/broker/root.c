/*
 * To open a target's root is half of what a call to a broker costs, and only a few calls can make it another. A policy
 * that lets none of them through, on any arch, has all its targets share one for good.
 */
#include "broker/work.h"

#include <linux/seccomp.h>
#include <string.h>

static const char *const movers[] = {
	"chroot", "pivot_root", "setns", "unshare", "mount", "umount", "umount2", "move_mount", "mount_setattr",
};

static bool refuses(const struct policy_action *action)
{
	switch (action->kind) {
	case POLICY_ERRNO:
	case POLICY_KILL_THREAD:
	case POLICY_KILL_PROCESS:
		return true;
	default:
		return false;
	}
}

static bool lists(const struct policy_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->name_count; i++)
		if (strcmp(rule->names[i].syscall->name, name) == 0)
			return true;
	return false;
}

/* Whether no such call comes through, whatever its arguments: conditions are taken to hold where that lets it pass. */
static bool refuses_call(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		if (!lists(rule, name))
			continue;
		if (!refuses(&rule->action))
			return false;
		if (rule->condition->kind == POLICY_ALWAYS && rule->not_on == 0)
			return true;
	}
	return refuses(&policy->default_action) && refuses(&policy->newer_action);
}

bool broker_fixes_root(const struct policy *policy)
{
	if (policy->has_foreign || !policy_is_uniform(policy))
		return false;
	for (size_t i = 0; i < sizeof(movers) / sizeof(*movers); i++)
		if (!refuses_call(policy, movers[i]))
			return false;
	return true;
}
