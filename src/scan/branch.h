/*
 * scan/branch.h - what a comparison says on either side of a branch
 */
#ifndef CALLGATE_SCAN_BRANCH_H
#define CALLGATE_SCAN_BRANCH_H

#include "scan/state.h"

/* Whether the branch can go that way, given the state at it; the state learns what it means that it did. */
bool branch_take(struct values *values, struct state *state, const struct insn *insn, bool taken);

#endif
