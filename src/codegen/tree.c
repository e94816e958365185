/*
 * The optimal search tree over ranges, by dynamic programming over all runs of neighbours (Knuth 1971: the best place
 * to cut a run lies between those of the two runs that are shorter by one, so that the whole is quadratic).
 *
 * Cutting alone spends two comparisons to take one number out of a range. Where single numbers interrupt one outcome,
 * they are compared for equality instead, the frequent ones first, and what remains is one outcome: that run is a leaf
 * to the search. This is most of what two-way comparisons gain over an alphabetic tree, in length and in time.
 *
 * Beyond plan_max ranges a run is halved by weight until its parts can be planned, which keeps the whole near linear.
 */
#include "codegen/tree.h"

#include <stdlib.h>

/* The weight of an instruction that is only there, against one executed by every call. */
#define LENGTH_WEIGHT 1e-4

/* So many singles may be compared one after the other. */
#define SINGLES_MAX 4u

void tree_fini(struct tree *tree)
{
	free(tree->cost);
	free(tree->cut);
	free(tree->weight);
	free(tree->reach);
	*tree = (struct tree){ .plan_max = tree->plan_max, .failed = tree->failed };
}

static bool tree_reserve(struct tree *tree, size_t count)
{
	size_t capacity = count < 16 ? 16 : count;

	if (tree->failed || count <= tree->capacity)
		return !tree->failed;
	tree_fini(tree);
	tree->cost = malloc(capacity * capacity * sizeof(*tree->cost));
	tree->cut = malloc(capacity * capacity * sizeof(*tree->cut));
	tree->weight = malloc((capacity + 1) * sizeof(*tree->weight));
	tree->reach = calloc(capacity, sizeof(*tree->reach));
	tree->failed = !tree->cost || !tree->cut || !tree->weight || !tree->reach;
	tree->capacity = tree->failed ? 0 : capacity;
	return !tree->failed;
}

static bool is_single(const struct range *range)
{
	return range->low == range->high;
}

/* Finds runs of one outcome that is interrupted by single numbers at the odd places. */
static void find_interrupted(struct tree *tree, const struct range *ranges, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		size_t reach = i, most = i + 2 * SINGLES_MAX;

		if (i + 2 < count && is_single(&ranges[i + 1]) && ranges[i + 2].step == ranges[i].step)
			reach = tree->reach[i + 2];
		tree->reach[i] = (uint8_t)(reach < most ? reach : most);
	}
}

static bool is_interrupted(const struct tree *tree, size_t i, size_t j)
{
	return j <= tree->reach[i] && (j - i) % 2 == 0;
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

/* The cheapest cost of both parts of a run that is cut not before *first and not behind last; *first becomes where.
 * cost[k] is of the run up to k, above[k] of the one from k on. */
static inline double cheapest_cut(const double *cost, const double *above, size_t *first, size_t last)
{
	size_t cut = *first;
	double best = cost[cut] + above[cut + 1];

	for (size_t k = cut + 1; k <= last; k++) {
		double sum = cost[k] + above[k + 1];

		if (sum < best) {
			best = sum;
			cut = k;
		}
	}
	*first = cut;
	return best;
}

/* Plans the runs that start with range i, shortest first; those that start behind it are planned. */
static void plan_from(struct tree *tree, const struct range *ranges, size_t i, size_t count, double extra)
{
	const double *weight = tree->weight + 1, before = tree->weight[i];
	double *cost = tree->cost + i * count, *above = cost;
	uint8_t *cut = tree->cut + i * count;
	size_t reach = tree->reach[i], first = i, j;

	cost[i] = 0;
	cut[i] = (uint8_t)(i ? i - 1 : 0); /* bounds that of the run from i - 1 to i */
	for (j = i + 1; j <= reach; j++) {
		double best, singles;

		above += count;
		best = cheapest_cut(cost, above, &first, cut[count + j]) + (weight[j] - before + extra);
		singles = (j - i) % 2 ? best : singles_cost(&ranges[i], j - i + 1, weight[j] - before, extra);
		cost[j] = above[i] = singles < best ? singles : best;
		cut[j] = (uint8_t)first;
	}
	/* Nearly all of them; a call in this loop would keep its numbers out of registers. */
	for (; j < count; j++) {
		above += count;
		cost[j] = above[i] = cheapest_cut(cost, above, &first, cut[count + j]) + (weight[j] - before + extra);
		cut[j] = (uint8_t)first;
	}
}

/* Plans all of them: at most plan_max. */
static void plan(struct tree *tree, const struct range *ranges, size_t count)
{
	double extra;

	tree->planned = ranges;
	tree->planned_count = count;
	tree->weight[0] = 0;
	for (size_t i = 0; i < count; i++)
		tree->weight[i + 1] = tree->weight[i] + ranges[i].weight;
	extra = (tree->weight[count] + 1) * LENGTH_WEIGHT;
	find_interrupted(tree, ranges, count);
	for (size_t i = count; i-- > 0;)
		plan_from(tree, ranges, i, count, extra);
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

	if (count <= tree->plan_max) {
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

/* Whether the plan compares the run's singles one after the other. */
static bool compares_singles(const struct tree *tree, const struct range *ranges, size_t i, size_t j, size_t stride)
{
	double extra = (tree->weight[stride] + 1) * LENGTH_WEIGHT;
	double weight = tree->weight[j + 1] - tree->weight[i];

	return is_interrupted(tree, i, j) &&
	       singles_cost(&ranges[i], j - i + 1, weight, extra) <= tree->cost[i * stride + j];
}

static uint32_t build_run(const struct tree *tree, struct steps *steps, const struct range *ranges, size_t i, size_t j,
			  size_t stride)
{
	size_t cut = tree->cut[i * stride + j];
	uint32_t below, above;

	if (i == j)
		return ranges[i].step;
	if (compares_singles(tree, ranges, i, j, stride))
		return build_singles(steps, &ranges[i], j - i + 1);
	below = build_run(tree, steps, ranges, i, cut, stride);
	above = build_run(tree, steps, ranges, cut + 1, j, stride);
	return build_cut(steps, &ranges[i], cut + 1 - i, j - i + 1, below, above);
}

uint32_t tree_build(struct tree *tree, struct steps *steps, const struct range *ranges, size_t count)
{
	size_t below;
	uint32_t low, high;

	if (count <= tree->plan_max) {
		if (tree->planned != ranges || tree->planned_count != count)
			tree_cost(tree, ranges, count);
		return tree->failed ? STEP_NONE : build_run(tree, steps, ranges, 0, count - 1, count);
	}
	below = halve(ranges, count);
	low = tree_build(tree, steps, ranges, below);
	high = tree_build(tree, steps, ranges + below, count - below);
	return build_cut(steps, ranges, below, count, low, high);
}
