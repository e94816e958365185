/*
 * codegen/tree.h - the cheapest comparisons that tell ranges apart
 */
#ifndef CALLGATE_CODEGEN_TREE_H
#define CALLGATE_CODEGEN_TREE_H

#include "codegen/ranges.h"
#include "codegen/steps.h"

/* Exact planning is quadratic, and its tables hold a byte for each cut. */
#define TREE_PLAN_MAX 200u

/* The workings of the last tree that was planned. Zeroed but for plan_max it is empty; tree_fini releases it. Its
 * tables are not from an arena, which would clear them. */
struct tree {
	double *cost;	 /* [i * stride + j] and [j * stride + i]: of telling range i to j apart, in comparisons times
			  * weight */
	uint8_t *cut;	 /* [i * stride + j]: the last range of the lower part, where it is cut */
	double *weight;	 /* [i]: the sum of the ranges before i */
	uint8_t *reach;	 /* [i]: the last range of the longest interrupted run that starts with i; i where none does */
	size_t plan_max; /* ranges that are planned exactly: more are first halved by weight. At most TREE_PLAN_MAX */
	size_t capacity; /* ranges that there is room for */
	const struct range *planned; /* those that cost and cut are about, */
	size_t planned_count;	     /* and how many */
	bool failed;		     /* no memory; it stays so */
};

/*
 * What it costs to tell count ranges apart: comparisons executed times weight, plus a little for each comparison that
 * the program then has. Ranges have neighbours with different steps, and do not change before they are built.
 */
double tree_cost(struct tree *tree, const struct range *ranges, size_t count);

/* The comparisons themselves, on a value that A holds. STEP_NONE as for steps, or when tree->failed. */
uint32_t tree_build(struct tree *tree, struct steps *steps, const struct range *ranges, size_t count);

void tree_fini(struct tree *tree);

#endif
