/*
 * Thousands of rules must not cost their square. A condition on an early argument that is put before what later
 * arguments decide only adds to the diagram; the other way round it would rebuild all of it. So conditions are taken
 * from the last argument to the first, and plain comparisons of one argument become one list of values.
 */
#include "diagram/union.h"

#include "diagram/condition.h"

static unsigned first_arg(const struct policy_bound *bound)
{
	unsigned left, right;

	if (bound->kind == POLICY_COMPARE)
		return bound->test.arg;
	left = bound->left ? first_arg(bound->left) : 0;
	right = bound->right ? first_arg(bound->right) : left;
	return left < right ? left : right;
}

bool diagram_union_add(struct diagram_union *joined, const struct policy_bound *bound)
{
	if (!VEC_PUSH(joined->arena, &joined->by_arg[first_arg(bound)], (struct diagram_union_part){ bound }))
		return false;
	joined->count++;
	return true;
}

static bool is_plain(const struct policy_bound *bound)
{
	const struct policy_test *test = &bound->test;

	return bound->kind == POLICY_COMPARE && test->op == POLICY_OP_EQ &&
	       test->mask == (test->bits == 64 ? UINT64_MAX : (UINT64_C(1) << test->bits) - 1);
}

/* Whether b is a value of the same list as a: one type, one high half. */
static bool is_like(const struct policy_bound *a, const struct policy_bound *b)
{
	return is_plain(b) && a->test.bits == b->test.bits && a->test.value >> 32 == b->test.value >> 32;
}

/* All that are like the first plain one, as one list. The others stay, in front; the list comes last. */
static bool join_plain(struct arena *arena, struct diagram_union_part *parts, size_t *count)
{
	struct policy_bound_range *ranges = arena_array(arena, *count, sizeof(*ranges));
	struct policy_bound *list = arena_alloc(arena, sizeof(*list));
	const struct policy_bound *first = NULL;
	size_t kept = 0, listed = 0;

	if (!ranges || !list)
		return false;
	for (size_t i = 0; i < *count; i++) {
		const struct policy_bound *bound = parts[i].bound;

		if (!first && is_plain(bound))
			first = bound;
		if (first && is_like(first, bound))
			ranges[listed++] = (struct policy_bound_range){ bound->test.value, bound->test.value };
		else
			parts[kept++].bound = bound;
	}
	if (listed) {
		*list = *first;
		list->test.op = POLICY_OP_IN;
		list->test.ranges = ranges;
		list->test.range_count = listed;
		parts[kept++].bound = list;
	}
	*count = kept;
	return true;
}

uint32_t diagram_union_choose(struct diagram *diagram, struct diagram_union *joined, uint32_t yes, uint32_t no)
{
	uint32_t function = no;

	for (unsigned arg = UNION_ARGS; arg-- > 0;) {
		struct diagram_union_part *parts = joined->by_arg[arg].items;
		size_t *count = &joined->by_arg[arg].length;

		if (*count > 1 && !join_plain(joined->arena, parts, count))
			return DIAGRAM_NONE;
		while (*count)
			function = diagram_choose(diagram, parts[--*count].bound, joined->big_endian, yes, function,
						  joined->arena);
	}
	joined->count = 0;
	return function;
}
