/*
 * diagram/union.h - conditions of rules with one action that stand one after the other: whichever holds, the same is
 * done, so their order is free
 */
#ifndef CALLGATE_DIAGRAM_UNION_H
#define CALLGATE_DIAGRAM_UNION_H

#include "diagram/diagram.h"
#include "policy/policy.h"

enum { UNION_ARGS = 6 };

struct diagram_union_part {
	const struct policy_bound *bound;
};

struct diagram_union {
	struct arena *arena; /* for scratch */
	bool big_endian;
	size_t count;
	struct {
		VEC(struct diagram_union_part);
	} by_arg[UNION_ARGS]; /* by the first argument that each looks at */
};

/* False without memory. bound is neither POLICY_UNSEEN nor POLICY_ALWAYS. */
bool diagram_union_add(struct diagram_union *joined, const struct policy_bound *bound);

/* If any of them holds then yes else no. The union is empty afterwards. DIAGRAM_NONE as diagram_choose. */
uint32_t diagram_union_choose(struct diagram *diagram, struct diagram_union *joined, uint32_t yes, uint32_t no);

#endif
