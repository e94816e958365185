/*
 * filter/diff.h - the differences of two meanings that are at hand
 */
#ifndef CALLGATE_FILTER_DIFF_H
#define CALLGATE_FILTER_DIFF_H

#include "diagram/diagram.h"

#include <callgate/subject.h>

/* As callgate_diff_new, for two functions of one diagram. */
int diff_meanings(struct diagram *diagram, uint32_t a, uint32_t b, struct callgate_diff **ret_diff,
		  struct callgate_error *err);

/* For the cleanup attribute. */
void diff_free_pointer(struct callgate_diff **diff);

#endif
