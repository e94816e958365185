/*
 * diagram/condition.h - one bound condition as a diagram over the argument words
 */
#ifndef CALLGATE_DIAGRAM_CONDITION_H
#define CALLGATE_DIAGRAM_CONDITION_H

#include "diagram/diagram.h"
#include "policy/policy.h"

/*
 * If the condition holds then yes else no; DIAGRAM_TRUE and DIAGRAM_FALSE make it a condition of diagrams. Gives
 * DIAGRAM_NONE as everywhere, when arena, for scratch, has no memory, and for POLICY_UNSEEN, which nobody can tell.
 */
uint32_t diagram_choose(struct diagram *diagram, const struct policy_bound *bound, bool big_endian, uint32_t yes,
			uint32_t no, struct arena *arena);

#endif
