/*
 * diagram/condition.h - one bound condition as a diagram over the argument words
 */
#ifndef CALLGATE_DIAGRAM_CONDITION_H
#define CALLGATE_DIAGRAM_CONDITION_H

#include "diagram/diagram.h"
#include "policy/policy.h"

/* Terminals DIAGRAM_FALSE and DIAGRAM_TRUE. DIAGRAM_NONE as everywhere, and when arena, for scratch, has no memory.
 * POLICY_UNSEEN, which no condition can say, gives DIAGRAM_NONE too. */
uint32_t diagram_from_bound(struct diagram *diagram, const struct policy_bound *bound, bool big_endian,
			    struct arena *arena);

#endif
