/*
 * scan/summary.h - all that a program needs to know of a module's code
 *
 * A summary says of each function of a module what it does that others can notice. It depends on the module's bytes
 * only, never on what it is linked with, so it is made once and kept (scan/cache.h).
 */
#ifndef CALLGATE_SCAN_SUMMARY_H
#define CALLGATE_SCAN_SUMMARY_H

#include "elf/module.h"
#include "scan/effect.h"
#include "scan/pointers.h"

/* Raised with every change of what a summary says: older ones are made anew. */
#define SUMMARY_VERSION 11u

struct summary_function {
	uint64_t address;
	uint32_t first_effect, effect_count;
	uint32_t flags;	   /* FUNCTION_* */
	uint32_t interest; /* a bit for each argument that its effects depend on */
};

enum {
	FUNCTION_RETURNS = 1,
	FUNCTION_FROM_ANYWHERE = 2, /* it stands for every address inside a frame that data points to */
	FUNCTION_NO_CODE = 4,	    /* what was taken for a function is data: it does nothing */
};

struct summary {
	struct arena arena;
	void *kept;	    /* the bytes that it was read from, into which its arrays point; NULL when it was made */
	size_t kept_mapped; /* how many of them are a mapping, 0: malloc gave them */
	struct values values;
	struct {
		VEC(struct summary_function);
	} functions;  /* by address, ascending; those FROM_ANYWHERE behind the others */
	size_t exact; /* how many are not FROM_ANYWHERE */
	struct {
		VEC(struct effect);
	} effects;
	struct {
		VEC(uint64_t);
	} objects; /* where objects of data begin, ascending; each ends where the next begins */
};

#define SUMMARY_NONE UINT32_MAX

/* Reads all code of the module that anything refers to. The caller owns *ret_summary, for summary_free. Fails with
 * E_LIMIT (a function beyond CODE_INSNS_MAX) and E_NOMEM. */
int summary_make(const struct module *module, const struct pointers *pointers, struct summary **ret_summary,
		 struct callgate_error *err);
void summary_free(struct summary *summary);

/* The number of the function that begins exactly there, SUMMARY_NONE. */
uint32_t summary_function_at(const struct summary *summary, uint64_t address);

/* The one that a pointer to there means: that, or the one FROM_ANYWHERE of the frame around it; SUMMARY_NONE. */
uint32_t summary_function_for(const struct summary *summary, const struct module *module, uint64_t address);

#endif
