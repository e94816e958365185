/*
 * One word, once it is in A: which comparisons, in which order.
 *
 * Plans that are costed against each other: a search tree over the ranges of the whole value; an AND with the bits that
 * matter, and a tree over what is left; and before either, one JSET for the values that have no bit outside some set,
 * zero among them (flags of which any may be given, or FUTEX_WAIT and FUTEX_WAKE with and without a flag). Frequent
 * numbers are compared first.
 *
 * A function whose bits are too entangled for ranges is decided bit by bit, as its diagram is: never more comparisons
 * than it has nodes. Where only 0 entangles them (no flag at all, or one of these), it is compared first.
 */
#include "codegen/word.h"

#include <callgate/error.h>
#include <string.h>

/* Ranges are tried while there are not many more than the diagram has nodes for this word. */
#define RANGES_PER_NODE 2
#define RANGES_MORE	8

/* A range with more values than this is not looked through for values that a JSET has already decided. */
#define CUBE_VALUES_MAX 64

/* A number is compared first only if it is more than this share of all. */
#define HOT_SHARE 0.2

#define X32_BIT 0x40000000u

/* Fewer ranges of x32 are planned with the rest. */
#define FOLDED_MIN 8

/* One way to decide the word. */
struct plan {
	struct ranges ranges; /* what the tree tells apart */
	double cost;	      /* of arch and nr only where something else is tried */
	uint32_t cube;	      /* JSET with this first; 0: none */
	uint32_t cube_step;   /* what is done where no bit of it is set */
	struct hot hot[HOT_MAX];
	uint32_t hot_steps[HOT_MAX];
	size_t hot_count;
};

/* Whether JSET is not to be used. */
static bool is_plain(const struct generator *g)
{
	return g->options && g->options->plain;
}

static double total_weight(const struct ranges *ranges)
{
	double weight = 0;

	for (size_t i = 0; i < ranges->length; i++)
		weight += ranges->items[i].weight;
	return weight;
}

/* Joins neighbours that do the same. */
static void join_equal(struct ranges *ranges)
{
	size_t length = 0;

	for (size_t i = 0; i < ranges->length; i++) {
		struct range *last = length ? &ranges->items[length - 1] : NULL;

		if (last && last->step == ranges->items[i].step) {
			last->high = ranges->items[i].high;
			last->weight += ranges->items[i].weight;
		} else {
			ranges->items[length++] = ranges->items[i];
		}
	}
	ranges->length = length;
}

/* The ranges without number i, whose values no longer occur. */
static void drop_range(struct ranges *ranges, size_t i)
{
	memmove(&ranges->items[i], &ranges->items[i + 1], (--ranges->length - i) * sizeof(*ranges->items));
}

/* A list of its own, to be changed. */
static bool copy_ranges(struct generator *g, const struct ranges *from, struct ranges *ret_copy)
{
	*ret_copy = *from;
	ret_copy->items = arena_array(&g->arena, from->length, sizeof(*from->items));
	ret_copy->capacity = from->length;
	if (!ret_copy->items) {
		g->steps.status = CALLGATE_E_NOMEM;
		return false;
	}
	memcpy(ret_copy->items, from->items, from->length * sizeof(*from->items));
	return true;
}

static double ranges_cost(struct generator *g, const struct ranges *ranges)
{
	double cost = tree_cost(&g->tree, ranges->items, ranges->length);

	if (g->tree.failed)
		g->steps.status = CALLGATE_E_NOMEM;
	if (ranges->mask != UINT32_MAX && ranges->length > 1)
		cost += total_weight(ranges);
	return cost;
}

/* Whether no value of the range has a bit outside the cube. */
static bool cube_covers(const struct range *range, uint32_t mask, uint32_t cube)
{
	uint32_t value = range->low;

	for (unsigned i = 0; i < CUBE_VALUES_MAX; i++) {
		if (value & ~cube)
			return false;
		if (value == range->high)
			return true;
		value = ((value | ~mask) + 1) & mask;
	}
	return false;
}

/* Tries the plan with a JSET before it, and keeps that where it is cheaper. */
static void try_cube(struct generator *g, struct plan *plan, uint32_t node, enum diagram_word word, uint32_t bits)
{
	const struct range *zero = &plan->ranges.items[0];
	bool worthwhile = weigh_is_permissive(g, zero->node); /* a refusal is not worth the search */
	uint32_t cube = worthwhile ? ranges_zero_cube(g->diagram, node, word, bits) : ~bits;
	double weight = total_weight(&plan->ranges), cost;
	struct ranges rest;

	if (!copy_ranges(g, &plan->ranges, &rest))
		return;
	for (size_t i = rest.length; i-- > 0;)
		if (rest.length > 1 && rest.items[i].step == zero->step && cube_covers(&rest.items[i], rest.mask, cube))
			drop_range(&rest, i);
	join_equal(&rest);
	cost = weight + ranges_cost(g, &rest);
	if (cost >= plan->cost)
		return;
	plan->cost = cost;
	plan->cube = bits & ~cube;
	plan->cube_step = zero->step;
	plan->ranges = rest;
}

static size_t find_index(const struct ranges *ranges, uint32_t value)
{
	size_t i = ranges->length - 1;

	while (i && ranges->items[i].low > value)
		i--;
	return i;
}

/* Whether the number is so frequent that it may pay to compare it first. */
static bool is_hot(const struct hot *hot, const struct ranges *ranges)
{
	return hot->weight > total_weight(ranges) * HOT_SHARE && ranges->length > 2;
}

/* Compares the most frequent numbers first where that is cheaper. */
static void try_hot(struct generator *g, struct plan *plan)
{
	for (size_t n = 0; n < HOT_MAX; n++) {
		double weight = total_weight(&plan->ranges), cost;
		const struct hot *hot = &plan->hot[n];
		size_t at = find_index(&plan->ranges, hot->value);
		uint32_t step = plan->ranges.items[at].step;
		struct ranges rest;

		if (!is_hot(hot, &plan->ranges) || !copy_ranges(g, &plan->ranges, &rest))
			return;
		rest.items[at].weight -= hot->weight;
		if (rest.items[at].low == rest.items[at].high)
			drop_range(&rest, at);
		join_equal(&rest);
		cost = weight + ranges_cost(g, &rest);
		if (cost >= plan->cost)
			return;
		plan->cost = cost - weight;
		plan->ranges = rest;
		plan->hot_steps[plan->hot_count++] = step;
	}
}

/* Decides the numbers of x32, where they are many, apart from those below: rare as they are, they would only make the
 * plan for the others slow. */
static void fold_x32(struct generator *g, struct ranges *ranges)
{
	size_t first = ranges->length;
	struct range folded;

	while (first && ranges->items[first - 1].low >= X32_BIT)
		first--;
	if (first == 0 || ranges->length - first < FOLDED_MIN)
		return;
	folded = ranges->items[first];
	folded.high = ranges->items[ranges->length - 1].high;
	folded.step = tree_build(&g->tree, &g->steps, &ranges->items[first], ranges->length - first);
	for (size_t i = first + 1; i < ranges->length; i++)
		folded.weight += ranges->items[i].weight;
	ranges->items[first] = folded;
	ranges->length = first + 1;
}

/* Gives each range its step and its weight. */
static bool prepare_plan(struct generator *g, struct plan *plan, enum diagram_word word, uint32_t audit)
{
	for (size_t i = 0; i < plan->ranges.length; i++) {
		struct range *range = &plan->ranges.items[i];
		bool one_arch = word == DIAGRAM_ARCH && range->low == range->high;

		range->step = generate_node(g, range->node, one_arch ? range->low : audit);
	}
	if (g->steps.status != CALLGATE_OK)
		return false;
	weigh_ranges(g, &plan->ranges, word, audit, plan->hot);
	join_equal(&plan->ranges);
	if (word == DIAGRAM_NR && plan->ranges.mask == UINT32_MAX)
		fold_x32(g, &plan->ranges);
	return true;
}

static uint32_t build_plan(struct generator *g, const struct plan *plan)
{
	const struct ranges *ranges = &plan->ranges;
	uint32_t step = tree_build(&g->tree, &g->steps, ranges->items, ranges->length);

	if (g->tree.failed)
		g->steps.status = CALLGATE_E_NOMEM;
	if (ranges->mask != UINT32_MAX && ranges->length > 1)
		step = steps_and(&g->steps, ranges->mask, step);
	for (size_t i = plan->hot_count; i-- > 0;)
		step = steps_compare(&g->steps, BPF_JEQ, plan->hot[i].value, plan->hot_steps[i], step);
	if (plan->cube)
		step = steps_compare(&g->steps, BPF_JSET, plan->cube, step, plan->cube_step);
	return step;
}

/* Whether so many fewer ranges can pay for an AND. */
static bool pays(const struct ranges *masked, const struct plan *whole)
{
	return !whole || masked->length == 2 || masked->length * 2 <= whole->ranges.length + 1;
}

/* Plans the word over the values that mask leaves. False when they are too many, when `whole` (if there is one) must
 * be as good, or g->steps failed. */
static bool make_plan(struct generator *g, uint32_t node, enum diagram_word word, uint32_t audit,
		      struct support support, uint32_t mask, const struct plan *whole, struct plan *ret_plan)
{
	struct plan plan = { 0 };
	int status = ranges_collect(&g->arena, g->diagram, node, word, mask,
				    support.nodes * RANGES_PER_NODE + RANGES_MORE, &plan.ranges);

	if (status == CALLGATE_E_NOMEM)
		g->steps.status = status;
	if (status != CALLGATE_OK || !pays(&plan.ranges, whole) || !prepare_plan(g, &plan, word, audit))
		return false;
	if (word > DIAGRAM_NR) {
		plan.cost = ranges_cost(g, &plan.ranges);
		if (!is_plain(g))
			try_cube(g, &plan, node, word, support.bits);
	} else if (is_hot(&plan.hot[0], &plan.ranges) && mask == UINT32_MAX) {
		plan.cost = ranges_cost(g, &plan.ranges);
		try_hot(g, &plan);
	}
	*ret_plan = plan;
	return g->steps.status == CALLGATE_OK;
}

/* Whether an AND with the bits that matter could join ranges: not when only low bits are missing. */
static bool mask_helps(uint32_t bits)
{
	return ~bits & (~bits + 1);
}

/* Tests the node's own bit without JSET: A is lost, so what follows loads its word anew. */
static uint32_t decide_bit_plainly(struct generator *g, struct diagram_node node, uint32_t audit)
{
	uint32_t bit = 1u << (31 - node.variable % 32);
	uint32_t low = generate_node(g, node.low, audit), high = generate_node(g, node.high, audit);

	return steps_and(&g->steps, bit, steps_compare(&g->steps, BPF_JEQ, bit, high, low));
}

static bool tests_word(const struct generator *g, uint32_t index, enum diagram_word word)
{
	struct diagram_node node = diagram_node(g->diagram, index);

	return node.variable != DIAGRAM_TERMINAL && node.variable / 32 == word;
}

/* Tests the node's own bit. Its operands that test the same word find it still in A. */
static uint32_t decide_bit(struct generator *g, struct diagram_node node, enum diagram_word word, uint32_t audit)
{
	uint32_t operands[2] = { node.low, node.high }, steps[2];

	for (unsigned i = 0; i < 2; i++) {
		bool same = tests_word(g, operands[i], word);

		steps[i] = same ? word_decide(g, operands[i], audit) : generate_node(g, operands[i], audit);
	}
	return steps_compare(&g->steps, BPF_JSET, 1u << (31 - node.variable % 32), steps[1], steps[0]);
}

/* The function with 0 doing what 1 does, and what 0 does. False where it does not test every bit of 0, or g->steps
 * failed. */
static bool take_zero_out(struct generator *g, uint32_t index, enum diagram_word word, uint32_t *ret_zero,
			  uint32_t *ret_rest)
{
	struct diagram_node path[32];
	unsigned length = 0;
	uint32_t rest;

	for (; tests_word(g, index, word); index = path[length++].low)
		path[length] = diagram_node(g->diagram, index);
	if (length < 32)
		return false;
	rest = path[--length].high;
	while (length-- > 0 && rest != DIAGRAM_NONE)
		rest = diagram_make(g->diagram, path[length].variable, rest, path[length].high);
	if (diagram_status(g->diagram) == CALLGATE_E_NOMEM)
		g->steps.status = CALLGATE_E_NOMEM;
	if (rest == DIAGRAM_NONE)
		diagram_clear_status(g->diagram);
	*ret_zero = index;
	*ret_rest = rest;
	return rest != DIAGRAM_NONE && generator_fit(g);
}

/* Compares 0 first where what is left is much simpler. */
static bool decide_zero_apart(struct generator *g, uint32_t index, enum diagram_word word, uint32_t audit,
			      struct support support, uint32_t *ret_step)
{
	uint32_t zero, rest, step;

	if (!take_zero_out(g, index, word, &zero, &rest) ||
	    ranges_support(g->diagram, rest, word, g->marks, ++g->mark).nodes * 2 > support.nodes)
		return false;
	zero = generate_node(g, zero, audit);
	step = tests_word(g, rest, word) ? word_decide(g, rest, audit) : generate_node(g, rest, audit);
	*ret_step = steps_compare(&g->steps, BPF_JEQ, 0, zero, step);
	return true;
}

static uint32_t decide(struct generator *g, uint32_t index, uint32_t audit)
{
	struct diagram_node node = diagram_node(g->diagram, index);
	enum diagram_word word = node.variable / 32;
	struct support support = ranges_support(g->diagram, index, word, g->marks, ++g->mark);
	struct plan whole, masked;
	uint32_t step;
	bool has_whole = make_plan(g, index, word, audit, support, UINT32_MAX, NULL, &whole);
	bool has_masked = g->steps.status == CALLGATE_OK && mask_helps(support.bits) &&
			  !(has_whole && word <= DIAGRAM_NR) &&
			  make_plan(g, index, word, audit, support, support.bits, has_whole ? &whole : NULL, &masked);

	if (g->steps.status != CALLGATE_OK)
		return STEP_NONE;
	if (has_whole && (!has_masked || whole.cost <= masked.cost))
		return build_plan(g, &whole);
	if (has_masked)
		return build_plan(g, &masked);
	if (decide_zero_apart(g, index, word, audit, support, &step))
		return step;
	if (g->steps.status != CALLGATE_OK)
		return STEP_NONE;
	return is_plain(g) ? decide_bit_plainly(g, node, audit) : decide_bit(g, node, word, audit);
}

uint32_t word_decide(struct generator *g, uint32_t node, uint32_t audit)
{
	uint32_t step;

	if (g->notes[node].decided)
		return g->notes[node].decided - 1;
	step = decide(g, node, audit);
	g->notes[node].decided = step + 1; /* wherever the notes are now */
	return step;
}
