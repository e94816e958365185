/*
 * A policy is a list, in the author's order, in one arena. What looks like a shortcut here (merging rules, dropping
 * one that another shadows) would be a change of meaning behind the author's back; the diagram finds such things, and
 * `check` tells of them.
 */
#include "policy/policy.h"

#include "base/error.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

struct policy *policy_new(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->default_action = (struct policy_action){ .kind = POLICY_KILL_PROCESS };
	policy->newer_action = (struct policy_action){ .kind = POLICY_ERRNO, .errno_name = "ENOSYS" };
	policy->foreign_action = (struct policy_action){ .kind = POLICY_KILL_PROCESS };
	return policy;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	arena_fini(&policy->arena);
	free(policy);
}

bool policy_is_uniform(const struct policy *policy)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (policy->own[arch])
			return false;
	for (size_t i = 0; i < policy->rules.length; i++)
		if (policy->rules.items[i].not_on)
			return false;
	return true;
}

int policy_add_rule(struct policy *policy, const struct policy_rule *rule, struct callgate_error *err)
{
	if (policy->rules.length >= POLICY_RULES_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %u rules", POLICY_RULES_MAX);
	if (!VEC_PUSH(&policy->arena, &policy->rules, *rule))
		return fail_nomem(err);
	return CALLGATE_OK;
}

struct policy policy_of_phase(const struct policy *policy, const struct policy_phase *phase)
{
	struct policy view = *policy;

	view.arena = (struct arena){ 0 };
	view.is_phase = true;
	view.default_action = phase->default_action;
	view.default_position = phase->position;
	/* Where all else is left to the first part, what is newer is too. */
	if (phase->default_action.kind == POLICY_ALLOW)
		view.newer_action = phase->default_action;
	memcpy(&view.rules, &phase->rules, sizeof(view.rules));
	memset(&view.phases, 0, sizeof(view.phases));
	memset(view.own, 0, sizeof(view.own));
	return view;
}

const struct policy_action *policy_own_action(const struct policy *policy, enum abi_arch_id arch, uint32_t nr)
{
	if (arch == ABI_X86_64 && nr >= 0x40000000u && policy->arches[ABI_X32])
		arch = ABI_X32;
	return policy->own[arch];
}

/* The 16 bits beside the action; an errno that this arch lacks, which policy_check refuses, gives -1. */
static int action_data(const struct policy_action *action, enum abi_arch_id arch)
{
	if (action->kind == POLICY_ERRNO && action->errno_name)
		return abi_errno_by_name(arch, action->errno_name);
	return action->data;
}

struct callgate_action policy_action_value(const struct policy_action *action, enum abi_arch_id arch)
{
	static const struct {
		uint32_t ret;
		bool has_data;
	} kinds[] = {
#define ACTION(name, ret, word, data, data_max) [POLICY_##name] = { ret, data_max != 0 },
#include "abi/actions.def"
#undef ACTION
	};
	int data = action_data(action, arch);

	if (!kinds[action->kind].has_data)
		return (struct callgate_action){ kinds[action->kind].ret };
	if (data < 0)
		return (struct callgate_action){ SECCOMP_RET_KILL_PROCESS };
	return (struct callgate_action){ kinds[action->kind].ret | ((uint32_t)data & SECCOMP_RET_DATA) };
}

bool policy_is_foreign(const struct policy *policy, uint32_t audit, uint32_t nr)
{
	const struct abi_arch *arch = abi_arch_of_call(audit, nr);
	bool x86_64_alone = policy->arches[ABI_X86_64] && !policy->arches[ABI_X32];

	if (arch && policy->has_foreign && x86_64_alone && audit == abi_arch(ABI_X86_64)->audit)
		return nr >= abi_arch(ABI_X32)->nr_base && nr != UINT32_MAX;
	return !arch || !policy->arches[arch->id];
}

/* An errno's name is that of the first arch that is named: of a foreign one nothing is known. */
struct callgate_action policy_foreign_value(const struct policy *policy)
{
	enum abi_arch_id arch = 0;

	while (arch + 1 < ABI_ARCH_COUNT && !policy->arches[arch])
		arch++;
	return policy_action_value(&policy->foreign_action, arch);
}
