/*
 * callgate/doctor.h - what this kernel offers to confine programs with
 *
 * Each fact is found by asking the kernel, in a child where the question would leave a mark; the few that cannot be
 * asked are told by its version and say so.
 */
#ifndef CALLGATE_DOCTOR_H
#define CALLGATE_DOCTOR_H

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum callgate_fact_weight {
	CALLGATE_FACT_NEEDED, /* nothing can be enforced without */
	CALLGATE_FACT_USEFUL, /* something works less well without */
	CALLGATE_FACT_NOTE,   /* neither good nor bad; worth knowing */
};

struct callgate_fact {
	const char *name;  /* "action-kill-process": stable, for scripts */
	const char *group; /* "actions" */
	enum callgate_fact_weight weight;
	bool present;
	char value[96];	     /* "6.18", "abi 7"; "" when yes or no is all */
	const char *meaning; /* what it is for, one clause */
	const char *advice;  /* what to do when it is absent */
};

CALLGATE_PUBLIC size_t callgate_fact_count(void);

/* Finds fact `index`, below callgate_fact_count(). May start a child and wait for it. */
CALLGATE_PUBLIC void callgate_fact_find(size_t index, struct callgate_fact *ret_fact);

#ifdef __cplusplus
}
#endif

#endif
