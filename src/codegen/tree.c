/*
 * The optimal search tree over ranges, by dynamic programming over all runs of neighbours (Knuth 1971: the best place
 * to cut a run lies between those of the two runs that are shorter by one, so that the whole is quadratic).
 *
 * Cutting alone spends two comparisons to take one number out of a range. Where single numbers interrupt one outcome,
 * they are compared for equality instead, the frequent ones first, and what remains is one outcome: that run is a leaf
 * to the search. This is most of what two-way comparisons gain over an alphabetic tree, in length and in time.
 *
 * Beyond PLANNED_MAX ranges a run is halved by weight until its parts can be planned, which keeps the whole near linear.
 */
#include "codegen/tree.h"

#define PLANNED_MAX 160u

/* The weight of an instruction that is only there, against one executed by every call. */
#define LENGTH_WEIGHT 1e-4

/* So many singles may be compared one after the other. */
#define SINGLES_MAX 4u

#define TREE_SINGLES UINT16_MAX

static bool tree_reserve(struct tree *tree, size_t count)
{
	size_t capacity = count < 16 ? 16 : count;

	if (tree->failed || count <= tree->capacity)
		return !tree->failed;
	tree->cost = arena_array(tree->arena, capacity * capacity, sizeof(*tree->cost));
	tree->cut = arena_array(tree->arena, capacity * capacity, sizeof(*tree->cut));
	tree->weight = arena_array(tree->arena, capacity + 1, sizeof(*tree->weight));
	tree->capacity = capacity;
	tree->failed = !tree->cost || !tree->cut || !tree->weight;
	return !tree->failed;
}

static bool is_single(const struct range *range)
{
	return range->low == range->high;
}

/* Whether the ranges are one outcome, interrupted by single numbers at the odd places. */
static bool is_interrupted(const struct range *ranges, size_t count)
{
	if (count % 2 == 0 || count > 2 * SINGLES_MAX + 1)
		return false;
	for (size_t i = 1; i < count; i += 2)
		if (!is_single(&ranges[i]) || ranges[i + 1].step != ranges[0].step)
			return false;
	return true;
}

/* The odd places by weight, heaviest first; of equal ones the lower number. Gives how many. */
static size_t order_singles(const struct range *ranges, size_t count, const struct range *ret_singles[SINGLES_MAX])
{
	size_t length = 0;

	for (size_t i = 1; i < count; i += 2) {
		size_t at = length++;

		for (; at && ret_singles[at - 1]->weight < ranges[i].weight; at--)
			ret_singles[at] = ret_singles[at - 1];
		ret_singles[at] = &ranges[i];
	}
	return length;
}

static double singles_cost(const struct range *ranges, size_t count, double weight, double extra)
{
	const struct range *singles[SINGLES_MAX] = { 0 };
	size_t length = order_singles(ranges, count, singles);
	double cost = 0;

	for (size_t i = 0; i < length; i++) {
		cost += weight + extra;
		weight -= singles[i]->weight;
	}
	return cost;
}

/* Plans the run from i to j, whose shorter runs are planned. */
static void plan_run(struct tree *tree, const struct range *ranges, size_t i, size_t j, size_t stride, double extra)
{
	double weight = tree->weight[j + 1] - tree->weight[i], best = 0;
	size_t first = j - i == 1 ? i : tree->cut[i * stride + j - 1];
	size_t last = j - i == 1 ? i : tree->cut[(i + 1) * stride + j];
	uint16_t cut;

	first = first == TREE_SINGLES || first < i ? i : first;
	last = last == TREE_SINGLES || last >= j ? j - 1 : last;
	cut = (uint16_t)first;
	for (size_t k = first; k <= last || k == first; k++) {
		double cost = tree->cost[i * stride + k] + tree->cost[(k + 1) * stride + j];

		if (k == first || cost < best) {
			best = cost;
			cut = (uint16_t)k;
		}
	}
	best += weight + extra;
	if (is_interrupted(&ranges[i], j - i + 1)) {
		double cost = singles_cost(&ranges[i], j - i + 1, weight, extra);

		if (cost < best) {
			best = cost;
			cut = TREE_SINGLES;
		}
	}
	tree->cost[i * stride + j] = best;
	tree->cut[i * stride + j] = cut;
}

/* Plans all of them: at most PLANNED_MAX. */
static void plan(struct tree *tree, const struct range *ranges, size_t count)
{
	double extra;

	for (size_t i = 0; i < count; i++) {
		tree->weight[i + 1] = tree->weight[i] + ranges[i].weight;
		tree->cost[i * count + i] = 0;
	}
	extra = tree->weight[count] * LENGTH_WEIGHT + LENGTH_WEIGHT;
	for (size_t length = 1; length < count; length++)
		for (size_t i = 0; i + length < count; i++)
			plan_run(tree, ranges, i, i + length, count, extra);
}

/* How many of the ranges lie below the place that halves their weight: at least one, not all. */
static size_t halve(const struct range *ranges, size_t count)
{
	double weight = 0, half = 0;
	size_t below = 0;

	for (size_t i = 0; i < count; i++)
		weight += ranges[i].weight;
	while (below < count - 1 && (half + ranges[below].weight / 2 <= weight / 2 || below == 0))
		half += ranges[below++].weight;
	return below;
}

double tree_cost(struct tree *tree, const struct range *ranges, size_t count)
{
	double weight = 0;
	size_t below;

	if (count <= PLANNED_MAX) {
		if (!tree_reserve(tree, count))
			return 0;
		plan(tree, ranges, count);
		return tree->cost[count - 1];
	}
	for (size_t i = 0; i < count; i++)
		weight += ranges[i].weight;
	below = halve(ranges, count);
	return weight + tree_cost(tree, ranges, below) + tree_cost(tree, ranges + below, count - below);
}

static uint32_t build_singles(struct steps *steps, const struct range *ranges, size_t count)
{
	const struct range *singles[SINGLES_MAX] = { 0 };
	size_t length = order_singles(ranges, count, singles);
	uint32_t step = ranges[0].step;

	while (length--)
		step = steps_compare(steps, BPF_JEQ, singles[length]->low, singles[length]->step, step);
	return step;
}

/* A cut below ranges[at]; where one side is a single number it is compared for equality, which reads better. */
static uint32_t build_cut(struct steps *steps, const struct range *ranges, size_t at, size_t count, uint32_t below,
			  uint32_t above)
{
	if (at == 1 && is_single(&ranges[0]))
		return steps_compare(steps, BPF_JEQ, ranges[0].low, below, above);
	if (at == count - 1 && is_single(&ranges[at]))
		return steps_compare(steps, BPF_JEQ, ranges[at].low, above, below);
	return steps_compare(steps, BPF_JGE, ranges[at].low, above, below);
}

static uint32_t build_run(const struct tree *tree, struct steps *steps, const struct range *ranges, size_t i, size_t j,
			  size_t stride)
{
	uint16_t cut = tree->cut[i * stride + j];

	if (i == j)
		return ranges[i].step;
	if (cut == TREE_SINGLES)
		return build_singles(steps, &ranges[i], j - i + 1);
	return build_cut(steps, &ranges[i], cut + 1u - i, j - i + 1, build_run(tree, steps, ranges, i, cut, stride),
			 build_run(tree, steps, ranges, cut + 1u, j, stride));
}

uint32_t tree_build(struct tree *tree, struct steps *steps, const struct range *ranges, size_t count)
{
	size_t below;
	uint32_t low, high;

	if (count <= PLANNED_MAX) {
		tree_cost(tree, ranges, count);
		return tree->failed ? STEP_NONE : build_run(tree, steps, ranges, 0, count - 1, count);
	}
	below = halve(ranges, count);
	low = tree_build(tree, steps, ranges, below);
	high = tree_build(tree, steps, ranges + below, count - below);
	return build_cut(steps, ranges, below, count, low, high);
}
