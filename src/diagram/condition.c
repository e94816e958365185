/*
 * An argument is one word or two, and a comparison of two is made of comparisons of each. Within a word an order is
 * decided from the highest bit down, so the diagram is built from the lowest bit up: what is known so far is the
 * answer in case all higher bits are equal. A bit outside the mask is read as 0 and needs no node. For a signed
 * argument the sign bit counts the other way round, and that is all there is to signs.
 */
#include "diagram/condition.h"

#include <stdlib.h>

enum { WORD_BITS = 32 };

/* Words, masks and values of one test, split in halves. */
struct halves {
	enum diagram_word low_word, high_word;
	uint32_t low_mask, high_mask;
	bool is_wide;     /* the kernel reads both halves */
	bool is_signed;
	unsigned sign;    /* the sign bit, counted within its half */
};

static struct halves test_halves(const struct policy_test *test, bool big_endian)
{
	return (struct halves){
		.low_word = diagram_arg_word(test->arg, false, big_endian),
		.high_word = diagram_arg_word(test->arg, true, big_endian),
		.low_mask = (uint32_t)test->mask,
		.high_mask = (uint32_t)(test->mask >> WORD_BITS),
		.is_wide = test->bits > WORD_BITS,
		.is_signed = test->is_signed,
		.sign = (test->bits - 1u) % WORD_BITS,
	};
}

/* (word & mask) < value, with if_equal where they are equal. The bit `flip`, when there is one, is read inverted. */
static uint32_t word_below(struct diagram *diagram, enum diagram_word word, uint32_t mask, uint32_t value, int flip,
			   uint32_t if_equal)
{
	uint32_t known = if_equal;

	for (int bit = 0; bit < WORD_BITS; bit++) {
		bool flipped = bit == flip;
		bool wanted = ((value >> bit) & 1) != flipped;
		uint32_t differs = wanted ? DIAGRAM_TRUE : DIAGRAM_FALSE;
		unsigned variable = (unsigned)word * WORD_BITS + (WORD_BITS - 1u - (unsigned)bit);

		if (!((mask >> bit) & 1))
			known = wanted == flipped ? known : differs;
		else if (wanted != flipped)
			known = diagram_make(diagram, variable, differs, known);
		else
			known = diagram_make(diagram, variable, known, differs);
	}
	return known;
}

static uint32_t word_equals(struct diagram *diagram, enum diagram_word word, uint32_t mask, uint32_t value)
{
	if (value & ~mask)
		return DIAGRAM_FALSE;
	return diagram_word_equals(diagram, word, mask, value);
}

static uint32_t value_equals(struct diagram *diagram, const struct halves *halves, uint64_t value)
{
	uint32_t low = word_equals(diagram, halves->low_word, halves->low_mask, (uint32_t)value);

	if (!halves->is_wide)
		return low;
	return diagram_and(diagram, low,
			   word_equals(diagram, halves->high_word, halves->high_mask, (uint32_t)(value >> WORD_BITS)));
}

static uint32_t value_below(struct diagram *diagram, const struct halves *halves, uint64_t value, bool or_equal)
{
	int flip = halves->is_signed ? (int)halves->sign : -1;
	uint32_t if_equal = or_equal ? DIAGRAM_TRUE : DIAGRAM_FALSE;
	uint32_t high_value = (uint32_t)(value >> WORD_BITS);
	uint32_t low, high, high_equal;

	low = word_below(diagram, halves->low_word, halves->low_mask, (uint32_t)value, halves->is_wide ? -1 : flip,
			 if_equal);
	if (!halves->is_wide)
		return low;
	high = word_below(diagram, halves->high_word, halves->high_mask, high_value, flip, DIAGRAM_FALSE);
	high_equal = word_equals(diagram, halves->high_word, halves->high_mask, high_value);
	return diagram_or(diagram, high, diagram_and(diagram, high_equal, low));
}

/* (argument & value) is not 0 */
static uint32_t value_any(struct diagram *diagram, const struct halves *halves, uint64_t value)
{
	uint32_t low_mask = (uint32_t)value & halves->low_mask;
	uint32_t high_mask = (uint32_t)(value >> WORD_BITS) & halves->high_mask;
	uint32_t none = diagram_word_equals(diagram, halves->low_word, low_mask, 0);

	if (halves->is_wide)
		none = diagram_and(diagram, none, diagram_word_equals(diagram, halves->high_word, high_mask, 0));
	return diagram_not(diagram, none);
}

/* (argument & value) is value */
static uint32_t value_all(struct diagram *diagram, const struct halves *halves, uint64_t value)
{
	struct halves masked = *halves;

	masked.low_mask &= (uint32_t)value;
	masked.high_mask &= (uint32_t)(value >> WORD_BITS);
	return value_equals(diagram, &masked, value);
}

static int range_order(const void *a, const void *b)
{
	const struct diagram_range *left = a, *right = b;

	return (left->low > right->low) - (left->low < right->low);
}

/* Sorted and joined where they touch or overlap; the new count. */
static size_t join_ranges(struct diagram_range *ranges, size_t count)
{
	size_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), range_order);
	for (size_t i = 1; i < count; i++) {
		struct diagram_range *last = &ranges[kept];

		if (last->high != UINT32_MAX && ranges[i].low > last->high + 1)
			ranges[++kept] = ranges[i];
		else if (ranges[i].high > last->high)
			last->high = ranges[i].high;
	}
	return kept + 1;
}

/* Long lists are of commands, options or protocols: 32 bits, no mask. One pass makes them all. */
static uint32_t word_in_ranges(struct diagram *diagram, const struct policy_test *test, const struct halves *halves,
			       struct arena *arena)
{
	struct diagram_range *ranges = arena_array(arena, test->range_count, sizeof(*ranges));

	if (!ranges)
		return DIAGRAM_NONE;
	for (size_t i = 0; i < test->range_count; i++)
		ranges[i] = (struct diagram_range){ (uint32_t)test->ranges[i].low, (uint32_t)test->ranges[i].high,
						    DIAGRAM_TRUE };
	return diagram_switch(diagram, halves->low_word, ranges, join_ranges(ranges, test->range_count), DIAGRAM_FALSE);
}

/* Whether the ranges are ranges of the unsigned word too. */
static bool ranges_are_of_words(const struct policy_test *test)
{
	if (test->bits != WORD_BITS || test->mask != UINT32_MAX)
		return false;
	for (size_t i = 0; i < test->range_count; i++)
		if (test->ranges[i].low > test->ranges[i].high)
			return false;
	return true;
}

static uint32_t value_in(struct diagram *diagram, const struct policy_test *test, const struct halves *halves,
			 struct arena *arena)
{
	uint32_t result = DIAGRAM_FALSE;

	if (test->range_count > 0 && ranges_are_of_words(test))
		return word_in_ranges(diagram, test, halves, arena);
	for (size_t i = 0; i < test->range_count; i++) {
		const struct policy_bound_range *range = &test->ranges[i];
		uint32_t within;

		if (range->low == range->high) {
			within = value_equals(diagram, halves, range->low);
		} else {
			within = diagram_not(diagram, value_below(diagram, halves, range->low, false));
			within = diagram_and(diagram, within, value_below(diagram, halves, range->high, true));
		}
		result = diagram_or(diagram, result, within);
	}
	return result;
}

static uint32_t from_test(struct diagram *diagram, const struct policy_test *test, bool big_endian,
			  struct arena *arena)
{
	struct halves halves = test_halves(test, big_endian);

	switch (test->op) {
	case POLICY_OP_EQ:
		return value_equals(diagram, &halves, test->value);
	case POLICY_OP_NE:
		return diagram_not(diagram, value_equals(diagram, &halves, test->value));
	case POLICY_OP_LT:
		return value_below(diagram, &halves, test->value, false);
	case POLICY_OP_LE:
		return value_below(diagram, &halves, test->value, true);
	case POLICY_OP_GT:
		return diagram_not(diagram, value_below(diagram, &halves, test->value, true));
	case POLICY_OP_GE:
		return diagram_not(diagram, value_below(diagram, &halves, test->value, false));
	case POLICY_OP_ANY:
		return value_any(diagram, &halves, test->value);
	case POLICY_OP_ALL:
		return value_all(diagram, &halves, test->value);
	case POLICY_OP_IN:
		return value_in(diagram, test, &halves, arena);
	}
	return DIAGRAM_NONE;
}

uint32_t diagram_from_bound(struct diagram *diagram, const struct policy_bound *bound, bool big_endian,
			    struct arena *arena)
{
	uint32_t left, right;

	if (bound->kind == POLICY_UNSEEN)
		return DIAGRAM_NONE;
	if (bound->kind == POLICY_ALWAYS)
		return DIAGRAM_TRUE;
	if (bound->kind == POLICY_COMPARE)
		return from_test(diagram, &bound->test, big_endian, arena);
	left = diagram_from_bound(diagram, bound->left, big_endian, arena);
	if (bound->kind == POLICY_NOT)
		return diagram_not(diagram, left);
	right = diagram_from_bound(diagram, bound->right, big_endian, arena);
	return bound->kind == POLICY_AND ? diagram_and(diagram, left, right) : diagram_or(diagram, left, right);
}
