/*
 * learn/parts.h - the parts of a learned policy that are stacked later
 */
#ifndef CALLGATE_LEARN_PARTS_H
#define CALLGATE_LEARN_PARTS_H

#include "learn/subjects.h"
#include "policy/policy.h"

/* Adds to a policy that has its rules the phases `running` (at main) and `serving`, each where the evidence supports it
 * and it takes something away. Fails with E_NOMEM. */
int parts_add(const struct subjects *subjects, const struct evidence *evidence, struct policy *policy,
	      struct callgate_error *err);

#endif
