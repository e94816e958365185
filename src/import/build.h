/*
 * import/build.h - conditions that no text spells
 *
 * What a setting means is built of raw words, "word0" to "word5", and numbers. All are in the arena and NULL without
 * memory; a NULL part gives NULL.
 */
#ifndef CALLGATE_IMPORT_BUILD_H
#define CALLGATE_IMPORT_BUILD_H

#include "policy/policy.h"

extern const struct policy_condition build_always;

const struct policy_value *build_number(struct arena *arena, uint64_t number);
struct policy_condition *build_compare(struct arena *arena, const char *arg, enum policy_op op, uint64_t number);
/* The same of the argument's bits that are in mask. */
struct policy_condition *build_masked(struct arena *arena, const char *arg, uint64_t mask, enum policy_op op,
				      uint64_t number);
/* AND or OR. */
struct policy_condition *build_both(struct arena *arena, enum policy_condition_kind kind,
				    const struct policy_condition *left, const struct policy_condition *right);
struct policy_condition *build_not(struct arena *arena, const struct policy_condition *condition);

/* arg is one of the numbers whose bit is in set, which has one. */
struct policy_condition *build_in_set(struct arena *arena, const char *arg, uint64_t set);

#endif
