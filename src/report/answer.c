/*
 * What a policy does with a call, in one word: for people, who want to see at a glance what is left of the kernel.
 * Where arguments decide it says so; what it says of a hole is exact, since a hole is one call with at most one known
 * argument.
 */
#include "report/report.h"

#include "learn/cover.h"
#include "report/facts.h"

#include <string.h>

const char *const report_answer_names[REPORT_ANSWER_COUNT] = { "allow", "some", "log", "ask", "errno", "kill" };
const char *const report_hole_names[REPORT_HOLE_COUNT] = { "removed", "narrowed", "open" };

static bool rule_lists(const struct policy_rule *rule, const struct abi_syscall *syscall)
{
	return policy_rule_is_on(rule, abi_arch_native()->id) && policy_rule_lists(rule, syscall);
}

/* Whether a rule of this syscall has such an action. */
static bool has_action(const struct policy *policy, const struct abi_syscall *syscall, enum policy_action_kind kind)
{
	for (size_t i = 0; i < policy->rules.length; i++)
		if (policy->rules.items[i].action.kind == kind && rule_lists(&policy->rules.items[i], syscall))
			return true;
	return false;
}

static bool is_listed(const struct policy *policy, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < policy->rules.length; i++)
		if (rule_lists(&policy->rules.items[i], syscall))
			return true;
	return false;
}

static enum report_answer answer_refused(const struct policy *policy, const struct abi_syscall *syscall)
{
	bool is_newer = syscall->since > policy->kernel && !is_listed(policy, syscall);
	const struct policy_action *rest = is_newer ? &policy->newer_action : &policy->default_action;

	if (has_action(policy, syscall, POLICY_ERRNO) || rest->kind == POLICY_ERRNO)
		return REPORT_ERRNO;
	return REPORT_KILL;
}

/* Of a call that somebody or the kernel carries out, and not without a word. */
static bool is_logged(const struct policy *policy, const struct abi_syscall *syscall)
{
	if (is_listed(policy, syscall))
		return has_action(policy, syscall, POLICY_LOG);
	return policy->default_action.kind == POLICY_LOG;
}

int report_answer(const struct policy *policy, const struct abi_syscall *syscall, enum report_answer *ret_answer,
		  struct callgate_error *err)
{
	struct cover_call call = { .syscall = syscall, .arch = abi_arch_native(), .carried_out = true };
	enum cover all, quiet = COVER_NO;
	int status = cover_call(policy, &call, &all, err);

	call.quietly = true;
	if (status == CALLGATE_OK)
		status = cover_call(policy, &call, &quiet, err);
	if (status < 0)
		return status;
	if (all == COVER_NO)
		*ret_answer = answer_refused(policy, syscall);
	else if (quiet != COVER_NO)
		*ret_answer = quiet == COVER_YES ? REPORT_ALLOW : REPORT_SOME;
	else
		*ret_answer = is_logged(policy, syscall) ? REPORT_LOG : REPORT_ASK;
	return CALLGATE_OK;
}

int report_hole(const struct policy *policy, const struct facts_cve *cve, enum report_hole *ret_hole,
		struct callgate_error *err)
{
	enum report_hole hole = REPORT_REMOVED;

	for (size_t i = 0; i < abi_syscall_count(); i++) {
		struct cover_call call = { .syscall = abi_syscall_at(i),
					   .arch = abi_arch_native(),
					   .carried_out = true };
		enum cover cover;
		int status;

		if (call.syscall->nr[call.arch->id] < 0 || !facts_lists(cve->syscalls, call.syscall->name))
			continue;
		if (cve->argument >= 0) {
			call.known[cve->argument] = true;
			call.args[cve->argument] = cve->value;
		}
		status = cover_call(policy, &call, &cover, err);
		if (status < 0)
			return status;
		if (cover == COVER_YES)
			hole = REPORT_OPEN;
		else if (cover == COVER_MAYBE && hole == REPORT_REMOVED)
			hole = REPORT_NARROWED;
	}
	*ret_hole = hole;
	return CALLGATE_OK;
}
