/*
 * Reads one word's share of a diagram. A walk over its bits from the top meets the values in ascending order, so that
 * ranges come out sorted and neighbours with one outcome are joined as they come.
 *
 * A function that looks at few bits has many ranges over all values and few over the values of those bits alone: with
 * the other bits masked away the order stays and the gaps close.
 */
#include "codegen/ranges.h"

#include <callgate/error.h>

enum { WORD_BITS = 32 };

/* The visits that a walk may need for each range that it may give, before it is given up: the depth of a word, twice. */
#define VISITS_PER_RANGE 64

static bool tests_word(struct diagram_node node, enum diagram_word word)
{
	return node.variable / WORD_BITS == word; /* never of a terminal */
}

static uint32_t bit_of(struct diagram_node node)
{
	return 1u << (WORD_BITS - 1 - node.variable % WORD_BITS);
}

static void support_visit(const struct diagram *diagram, uint32_t index, enum diagram_word word, uint32_t *marks,
			  uint32_t mark, struct support *support)
{
	struct diagram_node node = diagram_node(diagram, index);

	if (!tests_word(node, word) || marks[index] == mark)
		return;
	marks[index] = mark;
	support->bits |= bit_of(node);
	support->nodes++;
	support_visit(diagram, node.low, word, marks, mark, support);
	support_visit(diagram, node.high, word, marks, mark, support);
}

struct support ranges_support(const struct diagram *diagram, uint32_t node, enum diagram_word word, uint32_t *marks,
			      uint32_t mark)
{
	struct support support = { 0 };

	support_visit(diagram, node, word, marks, mark, &support);
	return support;
}

struct collector {
	struct arena *arena;
	const struct diagram *diagram;
	enum diagram_word word;
	size_t limit;
	size_t visits_left;
	struct ranges *ranges;
	int status;
};

/* Ends the walk. */
static void collect_fail(struct collector *c, int status)
{
	c->status = c->status == CALLGATE_OK ? status : c->status;
	c->visits_left = 0;
}

static void collect_range(struct collector *c, uint32_t low, uint32_t high, uint32_t node)
{
	struct ranges *ranges = c->ranges;

	if (ranges->length && ranges->items[ranges->length - 1].node == node) {
		ranges->items[ranges->length - 1].high = high;
		return;
	}
	if (ranges->length == c->limit)
		collect_fail(c, CALLGATE_E_LIMIT);
	else if (!VEC_PUSH(c->arena, ranges, ((struct range){ .low = low, .high = high, .node = node })))
		collect_fail(c, CALLGATE_E_NOMEM);
}

/* The values that start with `low` above bit `bit` (32: all of them); the mask's bits below are free. */
static void collect(struct collector *c, uint32_t index, unsigned bit, uint32_t low)
{
	struct diagram_node node = diagram_node(c->diagram, index);

	if (c->visits_left == 0) {
		collect_fail(c, CALLGATE_E_LIMIT);
		return;
	}
	c->visits_left--;
	if (!tests_word(node, c->word)) {
		collect_range(c, low, low | (c->ranges->mask & (uint32_t)((UINT64_C(1) << bit) - 1)), index);
		return;
	}
	do
		bit--;
	while (!(c->ranges->mask & 1u << bit));
	if (bit_of(node) != 1u << bit)
		node.low = node.high = index;
	collect(c, node.low, bit, low);
	collect(c, node.high, bit, low | 1u << bit);
}

int ranges_collect(struct arena *arena, const struct diagram *diagram, uint32_t node, enum diagram_word word,
		   uint32_t mask, size_t limit, struct ranges *ret_ranges)
{
	struct ranges ranges = { .mask = mask };
	struct collector c = {
		.arena = arena,
		.diagram = diagram,
		.word = word,
		.limit = limit,
		.visits_left = limit * VISITS_PER_RANGE,
		.ranges = &ranges,
	};

	collect(&c, node, WORD_BITS, 0);
	if (c.status == CALLGATE_OK)
		*ret_ranges = ranges;
	return c.status;
}

/* The outcome for the values that go on with zeros. */
static uint32_t outcome_of_zeros(const struct diagram *diagram, uint32_t index, enum diagram_word word)
{
	struct diagram_node node = diagram_node(diagram, index);

	while (tests_word(node, word)) {
		index = node.low;
		node = diagram_node(diagram, index);
	}
	return index;
}

/* Whether all values without a bit outside `cube` have this outcome. */
static bool cube_is_constant(const struct diagram *diagram, uint32_t index, enum diagram_word word, uint32_t cube,
			     uint32_t outcome)
{
	struct diagram_node node = diagram_node(diagram, index);

	while (tests_word(node, word) && !(cube & bit_of(node))) {
		index = node.low;
		node = diagram_node(diagram, index);
	}
	if (!tests_word(node, word))
		return index == outcome;
	return cube_is_constant(diagram, node.low, word, cube, outcome) &&
	       cube_is_constant(diagram, node.high, word, cube, outcome);
}

uint32_t ranges_zero_cube(const struct diagram *diagram, uint32_t index, enum diagram_word word, uint32_t bits)
{
	uint32_t outcome = outcome_of_zeros(diagram, index, word), cube = ~bits, candidates = bits;
	struct diagram_node node;

	/* A bit that changes the outcome by itself is out at once: mostly all of them. */
	for (uint32_t at = index; node = diagram_node(diagram, at), tests_word(node, word); at = node.low)
		if (outcome_of_zeros(diagram, node.high, word) != outcome)
			candidates &= ~bit_of(node);
	for (unsigned bit = 0; bit < WORD_BITS; bit++)
		if (candidates & 1u << bit && cube_is_constant(diagram, index, word, cube | 1u << bit, outcome))
			cube |= 1u << bit;
	return cube;
}
