/*
 * What a context means, as a diagram: one function for each call that has rules, one switch over an arch's numbers, one
 * over the arches. Whatever no rule decides gets the default action, numbers that no kernel has included; an arch
 * outside of the filter gets the bad-arch action.
 *
 * x32 has x86-64's arch and bit 30 in its numbers. A filter that has only one of the two takes the other's numbers for
 * a bad arch; -1, which a tracer sets, is no number of x32.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "diagram/action.h"
#include "diagram/condition.h"
#include "program.h"
#include "rule.h"

#include <stdlib.h>

#define X32_BIT 0x40000000u
#define X32_END (UINT32_MAX - 1)

struct numbers {
	struct diagram_range *ranges;
	size_t count;
};

struct meaning {
	const struct context *context;
	struct diagram *diagram;
	struct arena arena;
	struct callgate_error *err;
};

static uint32_t terminal(struct meaning *meaning, uint32_t action)
{
	return diagram_terminal(meaning->diagram, diagram_action(action));
}

static uint32_t default_terminal(struct meaning *meaning)
{
	return terminal(meaning, meaning->context->content.attributes[SCMP_FLTATR_ACT_DEFAULT]);
}

static uint32_t badarch_terminal(struct meaning *meaning)
{
	return terminal(meaning, meaning->context->content.attributes[SCMP_FLTATR_ACT_BADARCH]);
}

static enum policy_op test_op(enum scmp_compare op)
{
	switch (op) {
	case SCMP_CMP_NE:
		return POLICY_OP_NE;
	case SCMP_CMP_LT:
		return POLICY_OP_LT;
	case SCMP_CMP_LE:
		return POLICY_OP_LE;
	case SCMP_CMP_GE:
		return POLICY_OP_GE;
	case SCMP_CMP_GT:
		return POLICY_OP_GT;
	default:
		return POLICY_OP_EQ;
	}
}

/* If all the rule's comparisons hold then its action else no. */
static uint32_t choose_rule(struct meaning *meaning, const struct token *token, const struct rule *rule, uint32_t no)
{
	uint32_t yes = terminal(meaning, rule->action);

	for (unsigned arg = ARGS; arg-- > 0;) {
		const struct comparison *comparison = &rule->comparisons[arg];
		struct policy_bound bound = { .kind = POLICY_COMPARE,
					      .test = { .arg = (uint8_t)arg,
							.bits = token->bits,
							.op = test_op(comparison->op),
							.mask = comparison->mask,
							.value = comparison->value } };

		if (comparison->op)
			yes = diagram_choose(meaning->diagram, &bound, token->big_endian, yes, no, &meaning->arena);
	}
	return yes;
}

/* Whether the number is one that a call on this arch can have. */
static bool number_occurs(const struct token *token, uint32_t number)
{
	if (number == (uint32_t)SCMP_SYS_SKIP)
		return true;
	if (token->id == ABI_X86_64)
		return number < X32_BIT;
	return token->id != ABI_X32 || number >= X32_BIT;
}

/* Adds each number that has rules; the ranges have room. */
static int push_rules(struct meaning *meaning, const struct filter *filter, struct numbers *numbers)
{
	struct rule_order order;
	uint32_t function = 0;

	if (rule_order(filter, &meaning->arena, &order))
		return fail_nomem(meaning->err);
	for (size_t i = order.length; i-- > 0;) {
		const struct rule *rule = order.items[i];
		uint32_t number = (uint32_t)rule->number;

		if (!number_occurs(filter->token, number))
			continue;
		if (i + 1 == order.length || order.items[i + 1]->number != rule->number)
			function = default_terminal(meaning);
		function = choose_rule(meaning, filter->token, rule, function);
		if (i == 0 || order.items[i - 1]->number != rule->number)
			numbers->ranges[numbers->count++] = (struct diagram_range){ number, number, function };
	}
	return CALLGATE_OK;
}

static int range_compare(const void *a, const void *b)
{
	const struct diagram_range *left = a, *right = b;

	return (left->low > right->low) - (left->low < right->low);
}

/* The same number from x86-64 and x32 is -1: what was said for the first holds. */
static void drop_doubles(struct numbers *numbers)
{
	size_t kept = 0;

	for (size_t i = 0; i < numbers->count; i++)
		if (!kept || numbers->ranges[kept - 1].low != numbers->ranges[i].low)
			numbers->ranges[kept++] = numbers->ranges[i];
	numbers->count = kept;
}

static bool has_arch(const struct meaning *meaning, enum abi_arch_id id)
{
	for (size_t i = 0; i < meaning->context->content.filter_count; i++)
		if (meaning->context->content.filters[i].token->id == id)
			return true;
	return false;
}

/* The numbers of the one of x86-64 and x32 that is not in the filter. */
static void push_other_x86(struct meaning *meaning, struct numbers *numbers)
{
	if (!has_arch(meaning, ABI_X32))
		numbers->ranges[numbers->count++] =
			(struct diagram_range){ X32_BIT, X32_END, badarch_terminal(meaning) };
	else if (!has_arch(meaning, ABI_X86_64))
		numbers->ranges[numbers->count++] = (struct diagram_range){ 0, X32_BIT - 1, badarch_terminal(meaning) };
}

/* All that the filters of one audit number say. */
static int audit_function(struct meaning *meaning, uint32_t audit, uint32_t *ret_function)
{
	const struct content *content = &meaning->context->content;
	struct numbers numbers = { 0 };
	size_t room = 1;

	for (size_t i = 0; i < content->filter_count; i++)
		room += content->filters[i].count;
	numbers.ranges = arena_array(&meaning->arena, room, sizeof(*numbers.ranges));
	if (!numbers.ranges)
		return fail_nomem(meaning->err);
	for (size_t i = 0; i < content->filter_count; i++) {
		int status = CALLGATE_OK;

		if (token_audit(content->filters[i].token) == audit)
			status = push_rules(meaning, &content->filters[i], &numbers);
		if (status)
			return status;
	}
	if (audit == abi_arch(ABI_X86_64)->audit)
		push_other_x86(meaning, &numbers);
	qsort(numbers.ranges, numbers.count, sizeof(*numbers.ranges), range_compare);
	drop_doubles(&numbers);
	*ret_function =
		diagram_switch(meaning->diagram, DIAGRAM_NR, numbers.ranges, numbers.count, default_terminal(meaning));
	return *ret_function == DIAGRAM_NONE ? diagram_fail(meaning->diagram, meaning->err) : CALLGATE_OK;
}

static int all_audits(struct meaning *meaning, uint32_t *ret_root)
{
	const struct content *content = &meaning->context->content;
	struct diagram_range ranges[CONTEXT_ARCHES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < content->filter_count; i++) {
		uint32_t audit = token_audit(content->filters[i].token);
		int status = CALLGATE_OK;
		size_t same = 0;

		while (same < count && ranges[same].low != audit)
			same++;
		if (same < count)
			continue;
		ranges[count] = (struct diagram_range){ .low = audit, .high = audit };
		status = audit_function(meaning, audit, &ranges[count++].result);
		if (status)
			return status;
	}
	qsort(ranges, count, sizeof(*ranges), range_compare);
	*ret_root = diagram_switch(meaning->diagram, DIAGRAM_ARCH, ranges, count, badarch_terminal(meaning));
	return *ret_root == DIAGRAM_NONE ? diagram_fail(meaning->diagram, meaning->err) : CALLGATE_OK;
}

int context_meaning(const struct context *context, struct diagram *diagram, uint32_t *ret_root,
		    struct callgate_error *err)
{
	struct meaning meaning = { .context = context, .diagram = diagram, .err = err };
	int status = all_audits(&meaning, ret_root);

	arena_fini(&meaning.arena);
	return status;
}
