/*
 * A policy is refused when it is read, not when a call comes that its author never tried: every condition is bound to
 * every call that it covers, on every arch of the policy.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/broker.h"

#include <string.h>

static int check_action(const struct policy_action *action, enum abi_arch_id arch, struct callgate_error *err)
{
	const char *near;

	if (action->kind != POLICY_ERRNO || !action->errno_name || abi_errno_by_name(arch, action->errno_name) >= 0)
		return CALLGATE_OK;
	error_set(err, CALLGATE_E_UNKNOWN, "unknown errno '%s' on %s", action->errno_name, abi_arch(arch)->name);
	near = abi_errno_nearest(action->errno_name);
	if (near && strcmp(near, action->errno_name) != 0)
		error_hint(err, "did you mean '%s'?", near);
	else
		error_hint(err, "errno(3) lists the names; a number from 0 to 4095 will do as well");
	error_place(err, action->position.file, action->position.line, action->position.col);
	return CALLGATE_E_UNKNOWN;
}

static int check_rule(const struct policy_rule *rule, enum abi_arch_id arch, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	const struct policy_bound *bound;
	int status = CALLGATE_OK;

	if (!policy_rule_is_on(rule, arch))
		return status;
	status = check_action(&rule->action, arch, err);
	for (size_t i = 0; rule->broker && i < rule->broker->clause_count && !status; i++)
		status = check_action(&rule->broker->clauses[i].denial, arch, err);
	if (rule->condition->kind == POLICY_ALWAYS)
		return status;
	for (size_t i = 0; i < rule->name_count && !status; i++)
		if (rule->names[i].syscall->nr[arch] >= 0)
			status = policy_bind(rule->condition, rule->names[i].syscall, arch, &arena, &bound, err);
	return status;
}

static int check_arch(const struct policy *policy, enum abi_arch_id arch, struct callgate_error *err)
{
	int status = check_action(policy->own[arch] ? policy->own[arch] : &policy->default_action, arch, err);

	if (!status)
		status = check_action(&policy->newer_action, arch, err);
	if (!status)
		status = check_action(&policy->foreign_action, arch, err);
	for (size_t i = 0; i < policy->rules.length && !status; i++)
		status = check_rule(&policy->rules.items[i], arch, err);
	return status;
}

static int check_phases(const struct policy *policy, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; i < policy->phases.length && !status; i++) {
		const struct policy view = policy_of_phase(policy, &policy->phases.items[i]);

		status = policy_check(&view, err);
	}
	return status;
}

int policy_check(const struct policy *policy, struct callgate_error *err)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		int status = policy->arches[arch] ? check_arch(policy, arch, err) : CALLGATE_OK;

		if (status)
			return status;
	}
	return check_phases(policy, err);
}
