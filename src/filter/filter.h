/*
 * filter/filter.h - a program that was proved, and the only ways to get one
 */
#ifndef CALLGATE_FILTER_FILTER_H
#define CALLGATE_FILTER_FILTER_H

#include "bpf/bpf.h"
#include "diagram/diagram.h"
#include "policy/policy.h"

#include <callgate/filter.h>

struct callgate_filter {
	struct bpf_program program; /* it owns the instructions; bpf_check holds, and prove_equal did */
};

/* What the options make of a policy's meaning: its root in this diagram. */
int filter_meaning(const struct policy *policy, const struct callgate_filter_options *options, struct diagram *diagram,
		   uint32_t *ret_root, struct callgate_error *err);

/* The filter of a meaning, proved equal to it. Fails with E_LIMIT, E_UNPROVED and E_NOMEM; options may be NULL. */
int filter_from_diagram(struct diagram *diagram, uint32_t root, const struct callgate_filter_options *options,
			struct callgate_filter **ret_filter, struct callgate_error *err);

int filter_from_policy(const struct policy *policy, const struct callgate_filter_options *options,
		       struct callgate_filter **ret_filter, struct callgate_error *err);

/* For the cleanup attribute. */
void filter_free_pointer(struct callgate_filter **filter);

#endif
