/*
 * prove/diff.h - where two filters differ, folded so that a person can read it
 */
#ifndef CALLGATE_PROVE_DIFF_H
#define CALLGATE_PROVE_DIFF_H

#include "abi/abi.h"
#include "base/arena.h"
#include "diagram/diagram.h"

#include <linux/seccomp.h>

struct diff_range {
	uint32_t low, high; /* inclusive */
};

struct diff_ranges {
	VEC(struct diff_range);
};

/* Calls whose action changes from one to another in the same way. */
struct diff_change {
	const struct abi_arch *arch; /* NULL: these arches have no name, or there are many */
	struct diff_ranges arches;   /* values of the arch word; one for each named arch */
	struct diff_ranges numbers;  /* ascending, not adjacent; with x32's bit */
	const char *calls;	     /* those in words: "read, write", "470..", "any call" */
	const char *condition;	     /* on the arguments, in the policy language; NULL for always */
	uint32_t old_action, new_action;
	struct seccomp_data witness; /* one such call */
};

struct diff_changes {
	VEC(struct diff_change);
};

/* Fills .calls from .arch and .numbers. */
int diff_spell_calls(struct diff_change *change, struct arena *arena, struct callgate_error *err);

/*
 * All that changes from older to newer, by arch and number; together the changes are exactly the inputs for which the
 * two functions differ. None when they are equal. Fails with E_NOMEM or E_LIMIT.
 */
int diff_functions(struct diagram *diagram, uint32_t older, uint32_t newer, struct arena *arena,
		   struct diff_changes *ret_changes, struct callgate_error *err);

#endif
