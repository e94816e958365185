/*
 * prove/ranges.h - a function of some bits of the input, as ranges of the number that they are
 */
#ifndef CALLGATE_PROVE_RANGES_H
#define CALLGATE_PROVE_RANGES_H

#include "base/arena.h"
#include "diagram/diagram.h"

/* Consecutive variables, read as a number whose most significant bit comes first. */
struct field {
	unsigned first; /* variable */
	unsigned bits;	/* 1 to 64 */
};

struct field_range {
	uint64_t low, high; /* inclusive */
	uint32_t node;	    /* the function for these values: it tests no variable of the field */
};

struct field_ranges {
	VEC(struct field_range);
};

/*
 * All values of the field in ascending order, neighbours with equal functions joined. root must test no variable
 * before the field. E_LIMIT when there are more than `limit` ranges, E_NOMEM; without a message.
 */
int field_ranges(const struct diagram *diagram, uint32_t root, struct field field, size_t limit, struct arena *arena,
		 struct field_ranges *ret_ranges);

static inline uint64_t field_max(struct field field)
{
	return field.bits == 64 ? UINT64_MAX : (UINT64_C(1) << field.bits) - 1;
}

#endif
