/*
 * A comparison is a chain of bits, from the highest of the argument to the lowest, that leaves to `yes` or to `no` at
 * the first bit that decides. It is built from its end: what is known so far is the answer in case all bits before
 * are equal. A bit outside the mask is read as 0 and needs no node; for a signed argument the sign bit counts the
 * other way round, and that is all there is to signs. Nothing has to be combined as long as yes and no test later
 * words only, which they mostly do; else diagram_if does it.
 */
#include "diagram/condition.h"

#include <stdlib.h>

enum { WORD_BITS = 32, NO_FLIP = -1 };

/* Half of an argument: the part of a test that falls on one word. */
struct half {
	enum diagram_word word;
	uint32_t mask;
	int flip; /* the sign bit, or NO_FLIP */
};

/* What one test looks at. */
struct view {
	struct half low, high;
	bool is_wide; /* the kernel reads both halves */
};

static struct view test_view(const struct policy_test *test, bool big_endian)
{
	bool is_wide = test->bits > WORD_BITS;
	int sign = test->is_signed ? (test->bits - 1) % WORD_BITS : NO_FLIP;

	return (struct view){
		.low = { diagram_arg_word(test->arg, false, big_endian), (uint32_t)test->mask,
			 is_wide ? NO_FLIP : sign },
		.high = { diagram_arg_word(test->arg, true, big_endian), (uint32_t)(test->mask >> WORD_BITS), sign },
		.is_wide = is_wide,
	};
}

static uint32_t low_of(uint64_t value)
{
	return (uint32_t)value;
}

static uint32_t high_of(uint64_t value)
{
	return (uint32_t)(value >> WORD_BITS);
}

static unsigned bit_variable(const struct half *half, unsigned bit)
{
	return (unsigned)half->word * WORD_BITS + (WORD_BITS - 1 - bit);
}

/* (word & mask) == value */
static uint32_t half_equals(struct diagram *diagram, const struct half *half, uint32_t value, uint32_t yes, uint32_t no)
{
	uint32_t known = yes;

	if (value & ~half->mask)
		return no;
	for (unsigned bit = 0; bit < WORD_BITS; bit++) {
		if (!((half->mask >> bit) & 1))
			continue;
		known = (value >> bit) & 1 ? diagram_make(diagram, bit_variable(half, bit), no, known)
					   : diagram_make(diagram, bit_variable(half, bit), known, no);
	}
	return known;
}

/* One of three, as (word & mask) lies below, at or above value. */
static uint32_t half_order(struct diagram *diagram, const struct half *half, uint32_t value, uint32_t below,
			   uint32_t equal, uint32_t above)
{
	uint32_t known = equal;

	for (int bit = 0; bit < WORD_BITS; bit++) {
		bool flipped = bit == half->flip;
		bool wanted = ((value >> bit) & 1) != flipped;
		uint32_t differs = wanted ? below : above;
		unsigned variable = bit_variable(half, (unsigned)bit);

		if (!((half->mask >> bit) & 1))
			known = wanted == flipped ? known : differs;
		else if (wanted != flipped)
			known = diagram_make(diagram, variable, differs, known);
		else
			known = diagram_make(diagram, variable, known, differs);
	}
	return known;
}

static uint32_t value_equals(struct diagram *diagram, const struct view *view, uint64_t value, uint32_t yes,
			     uint32_t no)
{
	if (!view->is_wide)
		return half_equals(diagram, &view->low, low_of(value), yes, no);
	if (view->high.word < view->low.word)
		return half_equals(diagram, &view->high, high_of(value),
				   half_equals(diagram, &view->low, low_of(value), yes, no), no);
	return half_equals(diagram, &view->low, low_of(value),
			   half_equals(diagram, &view->high, high_of(value), yes, no), no);
}

/* The halves in the order of their words: on a big-endian arch the low half is asked first, and decides only between
 * what the high half will say. */
static uint32_t value_below(struct diagram *diagram, const struct view *view, uint64_t value, bool or_equal,
			    uint32_t yes, uint32_t no)
{
	uint32_t equal = or_equal ? yes : no;
	uint32_t if_below, if_above;

	if (!view->is_wide)
		return half_order(diagram, &view->low, low_of(value), yes, equal, no);
	if (view->high.word < view->low.word)
		return half_order(diagram, &view->high, high_of(value), yes,
				  half_order(diagram, &view->low, low_of(value), yes, equal, no), no);
	if_below = half_order(diagram, &view->high, high_of(value), yes, yes, no);
	if_above = half_order(diagram, &view->high, high_of(value), yes, no, no);
	return half_order(diagram, &view->low, low_of(value), if_below, or_equal ? if_below : if_above, if_above);
}

/* (argument & value) is not 0 */
static uint32_t value_any(struct diagram *diagram, const struct view *view, uint64_t value, uint32_t yes, uint32_t no)
{
	struct view bits = *view;

	bits.low.mask &= low_of(value);
	bits.high.mask &= high_of(value);
	return value_equals(diagram, &bits, 0, no, yes);
}

/* (argument & value) is value */
static uint32_t value_all(struct diagram *diagram, const struct view *view, uint64_t value, uint32_t yes, uint32_t no)
{
	struct view bits = *view;

	if (value & ~((uint64_t)view->high.mask << WORD_BITS | view->low.mask))
		return no;
	bits.low.mask &= low_of(value);
	bits.high.mask &= high_of(value);
	return value_equals(diagram, &bits, value, yes, no);
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

/* Whether the ranges are ranges of the low word under one and the same high one. */
static bool ranges_are_of_words(const struct policy_test *test, const struct view *view)
{
	if (view->low.mask != UINT32_MAX || (view->is_wide && view->high.mask != UINT32_MAX))
		return false;
	for (size_t i = 0; i < test->range_count; i++)
		if (low_of(test->ranges[i].low) > low_of(test->ranges[i].high) ||
		    high_of(test->ranges[i].low) != high_of(test->ranges[0].low) ||
		    high_of(test->ranges[i].high) != high_of(test->ranges[0].low))
			return false;
	return test->range_count > 0;
}

static uint32_t switch_low(struct diagram *diagram, const struct policy_test *test, const struct view *view,
			   uint32_t yes, uint32_t no, struct arena *arena)
{
	struct diagram_range *ranges = arena_array(arena, test->range_count, sizeof(*ranges));

	if (!ranges || yes == DIAGRAM_NONE || no == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	for (size_t i = 0; i < test->range_count; i++)
		ranges[i] = (struct diagram_range){ low_of(test->ranges[i].low), low_of(test->ranges[i].high), yes };
	return diagram_switch(diagram, view->low.word, ranges, join_ranges(ranges, test->range_count), no);
}

/* Long lists are of commands, options or protocols: one pass over the low word makes them all. */
static uint32_t words_in(struct diagram *diagram, const struct policy_test *test, const struct view *view, uint32_t yes,
			 uint32_t no, struct arena *arena)
{
	uint32_t high = high_of(test->ranges[0].low);

	if (!view->is_wide)
		return switch_low(diagram, test, view, yes, no, arena);
	if (view->high.word < view->low.word)
		return half_equals(diagram, &view->high, high, switch_low(diagram, test, view, yes, no, arena), no);
	return switch_low(diagram, test, view, half_equals(diagram, &view->high, high, yes, no), no, arena);
}

static uint32_t value_in(struct diagram *diagram, const struct policy_test *test, const struct view *view, uint32_t yes,
			 uint32_t no, struct arena *arena)
{
	uint32_t result = DIAGRAM_FALSE;

	if (ranges_are_of_words(test, view))
		return words_in(diagram, test, view, yes, no, arena);
	for (size_t i = 0; i < test->range_count; i++) {
		const struct policy_bound_range *range = &test->ranges[i];
		uint32_t within = value_below(diagram, view, range->high, true, DIAGRAM_TRUE, DIAGRAM_FALSE);

		if (range->low == range->high)
			within = value_equals(diagram, view, range->low, DIAGRAM_TRUE, DIAGRAM_FALSE);
		else
			within =
				diagram_and(diagram, within,
					    value_below(diagram, view, range->low, false, DIAGRAM_FALSE, DIAGRAM_TRUE));
		result = diagram_or(diagram, result, within);
	}
	return diagram_if(diagram, result, yes, no);
}

static uint32_t from_test(struct diagram *diagram, const struct policy_test *test, const struct view *view,
			  uint32_t yes, uint32_t no, struct arena *arena)
{
	switch (test->op) {
	case POLICY_OP_EQ:
		return value_equals(diagram, view, test->value, yes, no);
	case POLICY_OP_NE:
		return value_equals(diagram, view, test->value, no, yes);
	case POLICY_OP_LT:
		return value_below(diagram, view, test->value, false, yes, no);
	case POLICY_OP_LE:
		return value_below(diagram, view, test->value, true, yes, no);
	case POLICY_OP_GT:
		return value_below(diagram, view, test->value, true, no, yes);
	case POLICY_OP_GE:
		return value_below(diagram, view, test->value, false, no, yes);
	case POLICY_OP_ANY:
		return value_any(diagram, view, test->value, yes, no);
	case POLICY_OP_ALL:
		return value_all(diagram, view, test->value, yes, no);
	case POLICY_OP_IN:
		return value_in(diagram, test, view, yes, no, arena);
	}
	return DIAGRAM_NONE;
}

/* Whether a function tests nothing before or within these words. */
static bool is_behind(const struct diagram *diagram, const struct view *view, uint32_t node)
{
	enum diagram_word last = view->high.word > view->low.word ? view->high.word : view->low.word;

	return diagram_node(diagram, node).variable >= (last + 1) * WORD_BITS;
}

static uint32_t choose_test(struct diagram *diagram, const struct policy_test *test, bool big_endian, uint32_t yes,
			    uint32_t no, struct arena *arena)
{
	struct view view = test_view(test, big_endian);

	if (yes == DIAGRAM_NONE || no == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	if (is_behind(diagram, &view, yes) && is_behind(diagram, &view, no))
		return from_test(diagram, test, &view, yes, no, arena);
	return diagram_if(diagram, from_test(diagram, test, &view, DIAGRAM_TRUE, DIAGRAM_FALSE, arena), yes, no);
}

uint32_t diagram_choose(struct diagram *diagram, const struct policy_bound *bound, bool big_endian, uint32_t yes,
			uint32_t no, struct arena *arena)
{
	uint32_t right;

	switch (bound->kind) {
	case POLICY_ALWAYS:
		return yes;
	case POLICY_NOT:
		return diagram_choose(diagram, bound->left, big_endian, no, yes, arena);
	case POLICY_AND:
		right = diagram_choose(diagram, bound->right, big_endian, yes, no, arena);
		return diagram_choose(diagram, bound->left, big_endian, right, no, arena);
	case POLICY_OR:
		right = diagram_choose(diagram, bound->right, big_endian, yes, no, arena);
		return diagram_choose(diagram, bound->left, big_endian, yes, right, arena);
	case POLICY_COMPARE:
		return choose_test(diagram, &bound->test, big_endian, yes, no, arena);
	case POLICY_UNSEEN:
		return DIAGRAM_NONE;
	}
	return DIAGRAM_NONE;
}
