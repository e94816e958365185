/*
 * The rules in order, as policy_evaluate has them, in three values: of a condition on an argument that is not known
 * nobody can tell, and whatever it would decide may happen.
 */
#include "learn/cover.h"

#include "base/cleanup.h"

#include <string.h>

bool cover_permits(const struct policy_action *action)
{
	switch (action->kind) {
	case POLICY_ALLOW:
	case POLICY_LOG:
	case POLICY_NOTIFY:
	case POLICY_TRACE:
	case POLICY_ERRNO:
		return true;
	case POLICY_TRAP:
	case POLICY_KILL_THREAD:
	case POLICY_KILL_PROCESS:
		break;
	}
	return false;
}

static bool cover_is_enosys(const struct cover_call *call, const struct policy_action *action)
{
	const char *name = action->errno_name ? action->errno_name : abi_errno_name(call->arch->id, action->data);

	return name && strcmp(name, "ENOSYS") == 0;
}

/* Whether an action counts as letting this call through. */
static bool cover_counts(const struct cover_call *call, const struct policy_action *action)
{
	if (call->quietly)
		return action->kind == POLICY_ALLOW;
	if (action->kind != POLICY_ERRNO)
		return cover_permits(action);
	return !call->carried_out && (!call->falls_back || cover_is_enosys(call, action));
}

static enum cover cover_least(enum cover a, enum cover b)
{
	return a < b ? a : b;
}

static enum cover cover_most(enum cover a, enum cover b)
{
	return a > b ? a : b;
}

static enum cover cover_condition(const struct policy_bound *bound, const struct cover_call *call)
{
	switch (bound->kind) {
	case POLICY_ALWAYS:
		return COVER_YES;
	case POLICY_AND:
		return cover_least(cover_condition(bound->left, call), cover_condition(bound->right, call));
	case POLICY_OR:
		return cover_most(cover_condition(bound->left, call), cover_condition(bound->right, call));
	case POLICY_NOT:
		return COVER_YES - cover_condition(bound->left, call);
	case POLICY_COMPARE:
		if (!call->known[bound->test.arg])
			return COVER_MAYBE;
		return policy_test_holds(&bound->test, call->args) ? COVER_YES : COVER_NO;
	case POLICY_UNSEEN:
		break;
	}
	return COVER_MAYBE;
}

/* What happens when no rule decides. An errno is no answer that somebody chose for this call. */
static enum cover cover_undecided(const struct policy *policy, const struct cover_call *call, bool is_listed)
{
	bool is_newer = call->syscall->since > policy->kernel && !is_listed;
	const struct policy_action *action = is_newer ? &policy->newer_action : &policy->default_action;

	return cover_counts(call, action) && action->kind != POLICY_ERRNO ? COVER_YES : COVER_NO;
}

int cover_call(const struct policy *policy, const struct cover_call *call, enum cover *ret_cover,
	       struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	enum cover best = COVER_NO;
	bool is_listed = false;

	if (!policy->arches[call->arch->id]) {
		*ret_cover = COVER_NO;
		return CALLGATE_OK;
	}
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];
		const struct policy_bound *bound;
		enum cover holds;
		int status;

		if (!policy_rule_lists(rule, call->syscall) || !policy_rule_is_on(rule, call->arch->id))
			continue;
		is_listed = true;
		status = policy_bind(rule->condition, call->syscall, call->arch->id, &arena, &bound, err);
		if (status < 0)
			return status;
		holds = cover_condition(bound, call);
		if (cover_counts(call, &rule->action))
			best = cover_most(best, holds);
		if (holds == COVER_YES) {
			*ret_cover = best;
			return CALLGATE_OK;
		}
	}
	*ret_cover = cover_most(best, cover_undecided(policy, call, is_listed));
	return CALLGATE_OK;
}
