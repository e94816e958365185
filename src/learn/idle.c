/*
 * What a policy lets through and no run did, and the policy without it. Only what is let through counts: a rule that
 * refuses needs no evidence, and a phase can only take away, so that all of them stay.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
#include "lang/print.h"
#include "learn/cover.h"
#include "learn/gaps.h"

#include <stdlib.h>
#include <string.h>

/* Whether a rule for it would be there without its having been seen: what any run may need. */
static bool idle_is_expected(const struct callgate_profile *profile, const struct abi_syscall *syscall)
{
	const struct policy *learned = profile->learned.policy;

	for (size_t i = 0; i < learned->rules.length; i++)
		if (learned->rules.items[i].action.kind == POLICY_ALLOW &&
		    policy_rule_lists(&learned->rules.items[i], syscall))
			return true;
	return false;
}

static bool idle_lets_through(const struct policy_action *action)
{
	return cover_permits(action) && action->kind != POLICY_ERRNO;
}

/* A policy, or a phase as one, while it is looked through. */
struct idle_search {
	const struct callgate_profile *profile;
	const struct policy *policy;
	struct callgate_gaps *gaps;
	struct callgate_error *err;
};

/*
 * Whether a rule lets this call through, nobody needed it, and without the rule it is refused: where the default lets
 * it through, a rule that tells somebody of it is no mere permission.
 */
static bool idle_name(const struct idle_search *search, const struct policy_rule *rule,
		      const struct abi_syscall *syscall)
{
	const struct policy *policy = search->policy;
	bool is_open = idle_lets_through(&policy->default_action) || idle_lets_through(&policy->newer_action);

	return (is_open ? rule->action.kind == POLICY_ALLOW : idle_lets_through(&rule->action)) &&
	       !subjects_find(&search->profile->subjects, syscall->name) && !idle_is_expected(search->profile, syscall);
}

static int idle_add(struct callgate_gaps *gaps, const struct policy_rule *rule, const struct policy_name *name,
		    struct callgate_error *err)
{
	struct callgate_profile_gap gap = {
		.syscall = name->syscall->name,
		.file = name->position.file ? name->position.file : rule->position.file,
		.line = name->position.line ? name->position.line : rule->position.line,
	};

	if (gap.file)
		gap.file = arena_strdup(&gaps->arena, gap.file);
	if ((gap.line && !gap.file) || !VEC_PUSH(&gaps->arena, &gaps->list, gap))
		return fail_nomem(err);
	return CALLGATE_OK;
}

/* ret_rule is the rule without those names that nobody needed; of a phase they are no gaps of their own. */
static int idle_rule(struct idle_search *search, const struct policy_rule *rule, struct policy_rule *ret_rule)
{
	size_t count = rule->name_count ? rule->name_count : 1;
	struct policy_name *names = arena_array(&search->gaps->arena, count, sizeof(*names));
	int status = names ? CALLGATE_OK : fail_nomem(search->err);

	*ret_rule = *rule;
	ret_rule->names = names;
	ret_rule->name_count = 0;
	for (size_t i = 0; status == CALLGATE_OK && i < rule->name_count; i++) {
		if (!idle_name(search, rule, rule->names[i].syscall))
			names[ret_rule->name_count++] = rule->names[i];
		else if (!search->policy->is_phase)
			status = idle_add(search->gaps, rule, &rule->names[i], search->err);
	}
	return status;
}

/* Prints what is left of the first part. */
static int idle_rules(struct idle_search *search, struct buf *text)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < search->policy->rules.length; i++) {
		struct policy_rule rest;

		status = idle_rule(search, &search->policy->rules.items[i], &rest);
		if (status == CALLGATE_OK && rest.name_count)
			print_rule(text, &rest, NULL);
	}
	return status;
}

/* Prints a phase without what the first part lacks now. */
static int idle_phase(const struct idle_search *whole, const struct policy_phase *phase, struct buf *text)
{
	const struct policy view = policy_of_phase(whole->policy, phase);
	struct idle_search search = *whole;
	struct policy_phase left = *phase;
	int status = CALLGATE_OK;

	search.policy = &view;
	memset(&left.rules, 0, sizeof(left.rules));
	for (size_t i = 0; status == CALLGATE_OK && i < phase->rules.length; i++) {
		struct policy_rule rest;

		status = idle_rule(&search, &phase->rules.items[i], &rest);
		if (status == CALLGATE_OK && rest.name_count && !VEC_PUSH(&search.gaps->arena, &left.rules, rest))
			status = fail_nomem(search.err);
	}
	print_phase(text, &left);
	return status;
}

int callgate_profile_idle(const struct callgate_profile *profile, const struct callgate_policy *policy,
			  struct callgate_gaps **ret_gaps, char **ret_policy, struct callgate_error *err)
{
	cleanup(gaps_discard) struct callgate_gaps *gaps = calloc(1, sizeof(*gaps));
	cleanup(buf_fini) struct buf text = { 0 };
	struct idle_search search = { profile, policy->policy, gaps, err };
	int status;

	if (!gaps)
		return fail_nomem(err);
	print_header(&text, policy->policy);
	status = idle_rules(&search, &text);
	for (size_t i = 0; status == CALLGATE_OK && i < policy->policy->phases.length; i++)
		status = idle_phase(&search, &policy->policy->phases.items[i], &text);
	if (status == CALLGATE_OK && text.failed)
		status = fail_nomem(err);
	if (status == CALLGATE_OK && ret_policy) {
		*ret_policy = buf_take(&text);
		status = *ret_policy ? CALLGATE_OK : fail_nomem(err);
	}
	if (status == CALLGATE_OK)
		*ret_gaps = take_ptr(gaps);
	return status;
}
