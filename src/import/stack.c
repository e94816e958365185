/*
 * Each call has one action that holds whatever its arguments are: of what the filters list for it, or say otherwise,
 * the strictest. Conditional rules that override it go before, the strictest first, and of one action the newest
 * filter's first.
 */
#include "import/stack.h"

#include "base/error.h"
#include "import/build.h"
#include "policy/multiplex.h"

#include <string.h>

static size_t call_index(const struct abi_syscall *syscall)
{
	return (size_t)(syscall - abi_syscall_at(0));
}

struct stack_filter *stack_push(struct stack *stack, const struct policy_action *otherwise)
{
	struct arena *arena = &stack->import->policy->arena;
	struct stack_filter *filter = arena_alloc(arena, sizeof(*filter));

	if (filter)
		filter->listed = arena_array(arena, abi_syscall_count(), sizeof(const struct policy_action *));
	if (!filter || !filter->listed || !VEC_PUSH(arena, &stack->filters, filter)) {
		(void)fail_nomem(stack->import->err);
		return NULL;
	}
	filter->otherwise = *otherwise;
	return filter;
}

void stack_list(struct stack_filter *filter, const struct abi_syscall *syscall, const struct policy_action *action)
{
	filter->listed[call_index(syscall)] = action;
}

int stack_add_rule(struct stack *stack, struct stack_filter *filter, const struct policy_rule *rule)
{
	return VEC_PUSH(&stack->import->policy->arena, &filter->rules, *rule) ? CALLGATE_OK
									      : fail_nomem(stack->import->err);
}

/* The actions themselves are compared: what is data in them is not precedence. */
static bool overrides(const struct policy_action *a, const struct policy_action *b)
{
	return callgate_action_overrides(policy_action_value(a, abi_arch_native()->id),
					 policy_action_value(b, abi_arch_native()->id));
}

/* What a call gets, and which filter says so. */
struct decision {
	const struct policy_action *action;
	size_t filter;
};

static void decide(struct decision *decision, const struct policy_action *action, size_t filter)
{
	if (!decision->action || !overrides(decision->action, action))
		*decision = (struct decision){ action, filter };
}

/* A carrier that is not listed says what is listed for the carried call. */
static struct decision unconditional(const struct stack *stack, const struct abi_syscall *syscall,
				     const struct abi_syscall *carried)
{
	struct decision decision = { NULL, 0 };

	for (size_t i = 0; i < stack->filters.length; i++) {
		const struct stack_filter *filter = stack->filters.items[i];
		const struct policy_action *action = filter->listed[call_index(syscall)];

		if (!action && carried)
			action = filter->listed[call_index(carried)];
		decide(&decision, action ? action : &filter->otherwise, i);
	}
	return decision;
}

static int emit(struct stack *stack, const struct policy_rule *rule)
{
	struct policy_rule made = *rule;
	int status;

	if (stack->arches)
		made.not_on |= ~stack->arches;
	status = policy_add_rule(stack->import->policy, &made, stack->import->err);

	if (status)
		error_place(stack->import->err, rule->position.file, rule->position.line, rule->position.col);
	return status;
}

/* A rule of filter `index`, for those of its calls in which it is heard. */
static int emit_rule(struct stack *stack, const struct policy_rule *rule, size_t index)
{
	struct policy_name *names = arena_array(&stack->import->policy->arena, rule->name_count, sizeof(*names));
	struct policy_rule made = *rule;

	if (!names)
		return fail_nomem(stack->import->err);
	made.names = names;
	made.name_count = 0;
	for (size_t i = 0; i < rule->name_count; i++) {
		struct decision decision = unconditional(stack, rule->names[i].syscall, NULL);

		if (overrides(&rule->action, decision.action) ||
		    (!overrides(decision.action, &rule->action) && index >= decision.filter))
			names[made.name_count++] = rule->names[i];
	}
	return made.name_count ? emit(stack, &made) : CALLGATE_OK;
}

static int emit_rules(struct stack *stack)
{
	static const enum policy_action_kind strictest[] = {
		POLICY_KILL_PROCESS, POLICY_KILL_THREAD, POLICY_TRAP, POLICY_ERRNO,
		POLICY_NOTIFY,	     POLICY_TRACE,	 POLICY_LOG,
	};
	int status = CALLGATE_OK;

	for (size_t k = 0; k < sizeof(strictest) / sizeof(*strictest); k++)
		for (size_t i = stack->filters.length; i-- > 0;)
			for (size_t j = 0; !status && j < stack->filters.items[i]->rules.length; j++)
				if (stack->filters.items[i]->rules.items[j].action.kind == strictest[k])
					status = emit_rule(stack, &stack->filters.items[i]->rules.items[j], i);
	return status;
}

static bool on_an_arch(const struct stack *stack, const struct abi_syscall *syscall)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (stack->import->policy->arches[arch] && syscall->nr[arch] >= 0 &&
		    (!stack->arches || stack->arches >> arch & 1))
			return true;
	return false;
}

static int emit_carried(struct stack *stack, const struct policy_multiplexed *entry, const struct abi_syscall *carrier)
{
	struct arena *arena = &stack->import->policy->arena;
	const struct abi_syscall *carried = abi_syscall_by_name(entry->carried);
	struct policy_name *name = arena_alloc(arena, sizeof(*name));
	struct policy_rule rule = { .names = name, .name_count = 1 };

	if (!carried || unconditional(stack, carrier, carried).action == unconditional(stack, carrier, NULL).action)
		return CALLGATE_OK;
	rule.condition = build_compare(arena, "word0", POLICY_OP_EQ, entry->number);
	if (!name || !rule.condition)
		return fail_nomem(stack->import->err);
	rule.action = *unconditional(stack, carrier, carried).action;
	rule.position = rule.action.position;
	*name = (struct policy_name){ carrier, rule.position };
	return emit(stack, &rule);
}

static int emit_carriers(struct stack *stack)
{
	const struct policy_multiplexed *entry;
	int status = CALLGATE_OK;

	for (size_t i = 0; !stack->by_number && !status && (entry = policy_multiplexed_at(i)); i++) {
		const struct abi_syscall *carrier = abi_syscall_by_name(entry->multiplexer);

		if (on_an_arch(stack, carrier))
			status = emit_carried(stack, entry, carrier);
	}
	return status;
}

/* The rule for all calls that `first` shares its word of the text with. */
static int emit_listed(struct stack *stack, const struct decision *decisions, size_t first, bool *said)
{
	struct policy_name *names = arena_array(&stack->import->policy->arena, abi_syscall_count(), sizeof(*names));
	const struct policy_action *action = decisions[first].action;
	struct policy_rule rule = {
		.action = *action, .names = names, .condition = &build_always, .position = action->position
	};

	if (!names)
		return fail_nomem(stack->import->err);
	for (size_t i = first; i < abi_syscall_count(); i++) {
		if (said[i] || decisions[i].action != action)
			continue;
		names[rule.name_count++] = (struct policy_name){ abi_syscall_at(i), action->position };
		said[i] = true;
	}
	return emit(stack, &rule);
}

/* What no filter lists gets the default without a rule; but a carrier without one would be taken apart. */
static int emit_all_listed(struct stack *stack, const struct decision *decisions, const struct decision *otherwise)
{
	bool *said = arena_array(&stack->import->policy->arena, abi_syscall_count(), sizeof(*said));
	int status = said ? CALLGATE_OK : fail_nomem(stack->import->err);

	for (size_t i = 0; !status && i < abi_syscall_count(); i++)
		said[i] = decisions[i].action == otherwise->action && !policy_is_multiplexer(abi_syscall_at(i));
	for (size_t i = 0; !status && i < abi_syscall_count(); i++)
		if (!said[i])
			status = emit_listed(stack, decisions, i, said);
	return status;
}

/* What no rule decides. The action lives as long as the stack's filters, which is as long as the policy. */
static void set_default(struct stack *stack, const struct policy_action *action)
{
	struct policy *policy = stack->import->policy;

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (stack->arches >> arch & 1)
			policy->own[arch] = action;
	if (stack->arches)
		return;
	policy->default_action = policy->newer_action = *action;
	policy->default_position = policy->newer_position = action->position;
}

int stack_finish(struct stack *stack)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	struct decision *decisions =
		arena_array(&stack->import->policy->arena, abi_syscall_count(), sizeof(*decisions));
	struct decision otherwise = { &allow, 0 };
	int status;

	if (!decisions)
		return fail_nomem(stack->import->err);
	for (size_t i = 0; i < stack->filters.length; i++)
		decide(&otherwise, &stack->filters.items[i]->otherwise, i);
	set_default(stack, otherwise.action);
	for (size_t i = 0; stack->filters.length && i < abi_syscall_count(); i++)
		decisions[i] = unconditional(stack, abi_syscall_at(i), NULL);
	status = emit_rules(stack);
	if (!status)
		status = emit_carriers(stack);
	if (!status && stack->filters.length)
		status = emit_all_listed(stack, decisions, &otherwise);
	return status;
}
