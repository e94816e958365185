/*
 * learn/gaps.h - what stands behind the public list of gaps
 */
#ifndef CALLGATE_LEARN_GAPS_H
#define CALLGATE_LEARN_GAPS_H

#include "learn/profile.h"

struct callgate_gaps {
	struct arena arena;
	struct {
		VEC(struct callgate_profile_gap);
	} list;
	size_t untimed; /* phases of the policy whose marks are not among the evidence's */
};

/*
 * Adds a gap about this call, whose syscall, rule and place are filled in here: the place that made it most often, of
 * gap.program where that is given. Fails with E_NOMEM.
 */
int gaps_add(struct callgate_gaps *gaps, const struct callgate_profile *profile, const struct evidence_entry *entry,
	     struct callgate_profile_gap gap, struct callgate_error *err);

/* By syscall, argument and value: evidence comes in no order. */
void gaps_sort(struct callgate_gaps *gaps);

/* For the cleanup attribute. */
void gaps_discard(struct callgate_gaps **gaps);

#endif
