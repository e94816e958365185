/*
 * scan/branch.h - what a comparison says on either side of a branch
 */
#ifndef CALLGATE_SCAN_BRANCH_H
#define CALLGATE_SCAN_BRANCH_H

#include "scan/state.h"

/* The state on that side of the branch, given that at it: the same where nothing is learnt by going there, else in
 * room; NULL: it cannot go there. */
const struct state *branch_take(struct values *values, const struct state *state, const struct insn *insn, bool taken,
				struct state *room);

#endif
