/*
 * prove/cover.h - a condition on the bits of one field as a few comparisons
 *
 * A cube fixes some bits: (field & mask) == value. A condition is an "or" of cubes, exactly; for most that a policy's
 * author wrote, of one or two.
 */
#ifndef CALLGATE_PROVE_COVER_H
#define CALLGATE_PROVE_COVER_H

#include "base/arena.h"
#include "prove/ranges.h"

struct cube {
	uint64_t mask, value; /* value within mask */
};

struct cubes {
	VEC(struct cube);
};

/* The bits of the field that the condition reads. */
uint64_t cover_support(const struct diagram *diagram, uint32_t condition, struct field field);

/* The bits that are the same wherever the condition holds; support as above. */
struct cube cover_fixed_bits(struct diagram *diagram, uint32_t condition, struct field field, uint64_t support);

/* The cube as a condition. DIAGRAM_NONE as ever. */
uint32_t cover_cube(struct diagram *diagram, struct field field, struct cube cube);

/*
 * An irredundant "or" of cubes that is the condition, which tests nothing but the field. E_LIMIT when it has more than
 * `limit` of them, E_NOMEM, or the diagram's status; without a message.
 */
int cover_cubes(struct diagram *diagram, uint32_t condition, struct field field, size_t limit, struct arena *arena,
		struct cubes *ret_cubes);

#endif
