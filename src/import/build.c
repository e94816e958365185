/*
 * Small constructors, so that what a setting means reads as it would be said.
 */
#include "import/build.h"

const struct policy_condition build_always = { .kind = POLICY_ALWAYS };

const struct policy_value *build_number(struct arena *arena, uint64_t number)
{
	struct policy_value *value = arena_alloc(arena, sizeof(*value));

	if (value)
		*value = (struct policy_value){ .kind = POLICY_VALUE_NUMBER, .number = number };
	return value;
}

struct policy_condition *build_compare(struct arena *arena, const char *arg, enum policy_op op, uint64_t number)
{
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));
	const struct policy_value *value = build_number(arena, number);

	if (!condition || !value)
		return NULL;
	*condition = (struct policy_condition){ .kind = POLICY_COMPARE, .arg = arg, .op = op, .value = value };
	return condition;
}

struct policy_condition *build_masked(struct arena *arena, const char *arg, uint64_t mask, enum policy_op op,
				      uint64_t number)
{
	struct policy_condition *condition = build_compare(arena, arg, op, number);

	if (!condition)
		return NULL;
	condition->mask = build_number(arena, mask);
	return condition->mask ? condition : NULL;
}

struct policy_condition *build_both(struct arena *arena, enum policy_condition_kind kind,
				    const struct policy_condition *left, const struct policy_condition *right)
{
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));

	if (!condition || !left || !right)
		return NULL;
	*condition = (struct policy_condition){ .kind = kind, .left = left, .right = right };
	return condition;
}

struct policy_condition *build_not(struct arena *arena, const struct policy_condition *negated)
{
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));

	if (!condition || !negated)
		return NULL;
	*condition = (struct policy_condition){ .kind = POLICY_NOT, .left = negated };
	return condition;
}

struct policy_condition *build_in_set(struct arena *arena, const char *arg, uint64_t set)
{
	struct policy_range *ranges = arena_array(arena, (size_t)__builtin_popcountll(set), sizeof(*ranges));
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));
	size_t count = 0;

	if (!ranges || !condition)
		return NULL;
	for (; set; set &= set - 1) {
		const struct policy_value *value = build_number(arena, (uint64_t)__builtin_ctzll(set));

		if (!value)
			return NULL;
		ranges[count++] = (struct policy_range){ value, value };
	}
	*condition = (struct policy_condition){
		.kind = POLICY_COMPARE, .arg = arg, .op = POLICY_OP_IN, .ranges = ranges, .range_count = count
	};
	return condition;
}
