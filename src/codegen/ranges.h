/*
 * codegen/ranges.h - what a function says of one word, as ranges of its value
 */
#ifndef CALLGATE_CODEGEN_RANGES_H
#define CALLGATE_CODEGEN_RANGES_H

#include "base/arena.h"
#include "diagram/diagram.h"

#include <stdbool.h>
#include <stdint.h>

/* A range of values with one outcome. Of a masked word: the values that the mask leaves, which keep their order. */
struct range {
	uint32_t low, high; /* inclusive, within the mask */
	uint32_t node;	    /* what the function is for them */
	uint32_t step;	    /* what is done for them */
	double weight;	    /* how often they occur, against the others */
};

struct ranges {
	VEC(struct range);
	uint32_t mask;
};

/* The bits of the word on which the function depends, and how many of its nodes test them. */
struct support {
	uint32_t bits;
	size_t nodes;
};

/* marks has a place for each node of the diagram; no place holds `mark` yet. */
struct support ranges_support(const struct diagram *diagram, uint32_t node, enum diagram_word word, uint32_t *marks,
			      uint32_t mark);

/*
 * The ranges of (word & mask), ascending and whole, neighbours different; mask holds every bit on which the function
 * depends. E_LIMIT when there are more than limit, E_NOMEM; err is not written.
 */
int ranges_collect(struct arena *arena, const struct diagram *diagram, uint32_t node, enum diagram_word word,
		   uint32_t mask, size_t limit, struct ranges *ret_ranges);

/*
 * A set of the word's bits, as large as was found, of which any may be set with the outcome that 0 has: those on which
 * the function does not depend (all but `bits`), and more, grown from the lowest.
 */
uint32_t ranges_zero_cube(const struct diagram *diagram, uint32_t node, enum diagram_word word, uint32_t bits);

#endif
