/*
 * filter/diff.h - the differences of two meanings that are at hand, and which numbers each is about
 */
#ifndef CALLGATE_FILTER_DIFF_H
#define CALLGATE_FILTER_DIFF_H

#include "base/arena.h"
#include "diagram/diagram.h"

#include <callgate/subject.h>

struct difference {
	struct callgate_difference said;
	const struct abi_arch *arch; /* NULL for arches that have no name */
	uint32_t low, high;	     /* the numbers, inclusive; several differences may be about the same ones */
};

struct callgate_diff {
	struct arena arena; /* all texts */
	struct {
		VEC(struct difference);
	} differences; /* in the order of arch and number; x86-64's and x32's stretches of numbers alternate */
};

/* As callgate_diff_new, for two functions of one diagram. */
int diff_meanings(struct diagram *diagram, uint32_t a, uint32_t b, struct callgate_diff **ret_diff,
		  struct callgate_error *err);

/* For the cleanup attribute. */
void diff_free_pointer(struct callgate_diff **diff);

#endif
