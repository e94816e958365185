/*
 * The meaning of a policy for one call, told as plainly as the language's man page tells it: no diagram, no table, one
 * rule after the other. It is slow, and it is what everything fast is compared with.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/multiplex.h"
#include "policy/policy.h"

#include <linux/seccomp.h>
#include <string.h>

struct evaluation {
	const struct policy *policy;
	const struct policy_call *call;
	const struct abi_arch *arch;
	struct arena *arena;
	struct callgate_error *err;
	struct callgate_action action;	/* the answer */
	const struct policy_rule *rule; /* that gave it, or NULL */
};

static uint64_t read_arg(const struct policy_test *test, uint64_t word)
{
	uint64_t read = test->bits == 64 ? word : word & ((UINT64_C(1) << test->bits) - 1);

	return read & test->mask;
}

/* The value as a number that C can order: sign-extended, or as it is. */
static int compare(const struct policy_test *test, uint64_t a, uint64_t b)
{
	unsigned unused = 64u - test->bits;

	if (test->is_signed) {
		int64_t left = (int64_t)(a << unused) >> unused;
		int64_t right = (int64_t)(b << unused) >> unused;

		return (left > right) - (left < right);
	}
	return (a > b) - (a < b);
}

static bool in_ranges(const struct policy_test *test, uint64_t value)
{
	for (size_t i = 0; i < test->range_count; i++)
		if (compare(test, value, test->ranges[i].low) >= 0 && compare(test, value, test->ranges[i].high) <= 0)
			return true;
	return false;
}

bool policy_test_holds(const struct policy_test *test, const uint64_t args[6])
{
	uint64_t value = read_arg(test, args[test->arg]);

	switch (test->op) {
	case POLICY_OP_EQ:
		return value == test->value;
	case POLICY_OP_NE:
		return value != test->value;
	case POLICY_OP_LT:
		return compare(test, value, test->value) < 0;
	case POLICY_OP_LE:
		return compare(test, value, test->value) <= 0;
	case POLICY_OP_GT:
		return compare(test, value, test->value) > 0;
	case POLICY_OP_GE:
		return compare(test, value, test->value) >= 0;
	case POLICY_OP_ANY:
		return (value & test->value) != 0;
	case POLICY_OP_ALL:
		return (value & test->value) == test->value;
	case POLICY_OP_IN:
		return in_ranges(test, value);
	}
	return false;
}

bool policy_bound_holds(const struct policy_bound *bound, const uint64_t args[6])
{
	switch (bound->kind) {
	case POLICY_ALWAYS:
		return true;
	case POLICY_AND:
		return policy_bound_holds(bound->left, args) && policy_bound_holds(bound->right, args);
	case POLICY_OR:
		return policy_bound_holds(bound->left, args) || policy_bound_holds(bound->right, args);
	case POLICY_NOT:
		return !policy_bound_holds(bound->left, args);
	case POLICY_COMPARE:
		return policy_test_holds(&bound->test, args);
	case POLICY_UNSEEN:
		break;
	}
	return false;
}

static bool policy_lists(const struct policy *policy, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < policy->rules.length; i++)
		if (policy_rule_lists(&policy->rules.items[i], syscall))
			return true;
	return false;
}

static void answer(struct evaluation *evaluation, const struct policy_action *action, const struct policy_rule *rule)
{
	evaluation->action = policy_action_value(action, evaluation->arch->id);
	evaluation->rule = rule;
}

static void answer_if_stricter(struct evaluation *evaluation, const struct policy_action *action,
			       const struct policy_rule *rule)
{
	struct callgate_action value = policy_action_value(action, evaluation->arch->id);

	if (callgate_action_overrides(value, evaluation->action))
		answer(evaluation, action, rule);
}

/* What the policy says of the call, as whatever is carried in it, when no rule decided. */
static const struct policy_action *undecided(const struct evaluation *evaluation, const struct abi_syscall *syscall)
{
	const struct policy *policy = evaluation->policy;
	const struct policy_action *own = policy_own_action(policy, evaluation->arch->id, evaluation->call->nr);

	if (own)
		return own;
	if (!syscall)
		return &policy->newer_action;
	if (syscall->since > policy->kernel && !policy_lists(policy, syscall))
		return &policy->newer_action;
	return &policy->default_action;
}

static int evaluate_unseen(struct evaluation *evaluation, const struct abi_syscall *syscall, size_t index);

/* The rules from the one at `first` on. */
static int evaluate_rules(struct evaluation *evaluation, const struct abi_syscall *syscall, size_t first)
{
	const struct policy *policy = evaluation->policy;

	for (; first < policy->rules.length; first++) {
		const struct policy_rule *rule = &policy->rules.items[first];
		const struct policy_bound *bound;
		int status;

		if (!policy_rule_lists(rule, syscall) || !policy_rule_is_on(rule, evaluation->arch->id))
			continue;
		status = policy_bind(rule->condition, syscall, evaluation->arch->id, evaluation->arena, &bound,
				     evaluation->err);
		if (status)
			return status;
		if (bound->kind == POLICY_UNSEEN)
			return evaluate_unseen(evaluation, syscall, first);
		if (policy_bound_holds(bound, evaluation->call->args)) {
			answer(evaluation, &rule->action, rule);
			return CALLGATE_OK;
		}
	}
	answer(evaluation, undecided(evaluation, syscall), NULL);
	return CALLGATE_OK;
}

/* Nobody can tell whether this rule holds: the stricter of its action and what stands behind it. */
static int evaluate_unseen(struct evaluation *evaluation, const struct abi_syscall *syscall, size_t index)
{
	const struct policy_rule *rule = &evaluation->policy->rules.items[index];
	struct callgate_action action = policy_action_value(&rule->action, evaluation->arch->id);
	int status = evaluate_rules(evaluation, syscall, index + 1);

	if (!status && !callgate_action_overrides(evaluation->action, action))
		answer(evaluation, &rule->action, rule);
	return status;
}

/* The strictest of what the rules could say when no argument is known. */
static void evaluate_blind(struct evaluation *evaluation, const struct abi_syscall *syscall)
{
	const struct policy *policy = evaluation->policy;

	evaluation->action = (struct callgate_action){ SECCOMP_RET_ALLOW };
	evaluation->rule = NULL;
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		if (!policy_rule_lists(rule, syscall) || !policy_rule_is_on(rule, evaluation->arch->id))
			continue;
		if (!evaluation->rule)
			answer(evaluation, &rule->action, rule);
		else
			answer_if_stricter(evaluation, &rule->action, rule);
		if (rule->condition->kind == POLICY_ALWAYS)
			return;
	}
	answer_if_stricter(evaluation, undecided(evaluation, syscall), NULL);
}

static const struct abi_syscall *carried_call(const struct abi_syscall *multiplexer, uint64_t first_arg)
{
	const struct policy_multiplexed *entry;

	for (size_t i = 0; (entry = policy_multiplexed_at(i)); i++)
		if (strcmp(entry->multiplexer, multiplexer->name) == 0 && (first_arg & entry->mask) == entry->number)
			return abi_syscall_by_name(entry->carried);
	return NULL;
}

static int evaluate_known(struct evaluation *evaluation, const struct abi_syscall *syscall)
{
	if (policy_is_multiplexer(syscall) && !policy_lists(evaluation->policy, syscall)) {
		const struct abi_syscall *carried = carried_call(syscall, evaluation->call->args[0]);

		if (carried) {
			evaluate_blind(evaluation, carried);
			return CALLGATE_OK;
		}
	}
	return evaluate_rules(evaluation, syscall, 0);
}

int policy_evaluate(const struct policy *policy, const struct policy_call *call, struct callgate_action *ret_action,
		    const struct policy_rule **ret_rule, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct evaluation evaluation = { .policy = policy, .call = call, .arena = &arena, .err = err };
	const struct abi_syscall *syscall;
	int status = CALLGATE_OK;

	evaluation.arch = abi_arch_of_call(call->audit, call->nr);
	if (policy_is_foreign(policy, call->audit, call->nr)) {
		*ret_action = policy_foreign_value(policy);
		*ret_rule = NULL;
		return CALLGATE_OK;
	}
	syscall = abi_syscall_by_nr(evaluation.arch->id, call->nr);
	if (syscall)
		status = evaluate_known(&evaluation, syscall);
	else
		answer(&evaluation, undecided(&evaluation, NULL), NULL);
	if (status)
		return status;
	*ret_action = evaluation.action;
	*ret_rule = evaluation.rule;
	return CALLGATE_OK;
}
