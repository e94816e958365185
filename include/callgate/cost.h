/*
 * callgate/cost.h - what a filter costs: BPF instructions executed a call, which are exact where times are noisy
 *
 * The kernel (since 5.11) answers a call from a bitmap when the filter allows it whatever its arguments, in a way that
 * the kernel's own small emulation can follow: such a call costs nothing.
 */
#ifndef CALLGATE_COST_H
#define CALLGATE_COST_H

#include <callgate/action.h>
#include <callgate/error.h>
#include <callgate/filter.h>
#include <callgate/subject.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_cost {
	const char *arch; /* "x86_64" */
	bool is_native;
	const char *syscall; /* "openat" */
	unsigned low, high;  /* instructions executed: the least and the most of the cases that its arguments make */
	double mean;	     /* of the cases, each counted once */
	bool bitmap;	     /* the kernel answers it from the bitmap, and executes nothing */
	double count;	     /* how often it is made, as the frequency says; 0 when it does not */
};

struct callgate_costs;

/*
 * Measures the program that answers for a subject (a raw filter's own, a policy's compiled one, made for this
 * frequency) with every call that has a name, on every arch that it does not refuse as a whole. The caller frees
 * *ret_costs. frequency may be NULL. Fails as callgate_filter_compile does.
 */
CALLGATE_PUBLIC int callgate_costs_new(const struct callgate_subject *subject,
				       const struct callgate_frequency *frequency, struct callgate_costs **ret_costs,
				       struct callgate_error *err);
CALLGATE_PUBLIC void callgate_costs_free(struct callgate_costs *costs);
CALLGATE_PUBLIC size_t callgate_costs_count(const struct callgate_costs *costs);
CALLGATE_PUBLIC const struct callgate_cost *callgate_costs_at(const struct callgate_costs *costs, size_t index);

/* Instructions a call, expected under the frequency (calls of the bitmap cost 0); negative when it counts no call. */
CALLGATE_PUBLIC double callgate_costs_expected(const struct callgate_costs *costs);

/* Calls of one number that one rule (or default) of a filter would not let through, and how often they stood there. */
struct callgate_refused_call {
	const char *call; /* the first of them */
	struct callgate_action action;
	unsigned long count;
	unsigned long trace_line; /* where it stood first, from 1 */
	const char *file;	  /* of the rule that refuses it, "" when none does */
	unsigned line;
	const char *reason; /* as struct callgate_explanation has it */
};

/* A rule that decided no call of the trace. */
struct callgate_unfired {
	const char *file;
	unsigned line;
	const char *rule; /* the text of its line */
};

/* A line of the trace that is no call, or none that could be understood. */
struct callgate_unread {
	unsigned long trace_line;
	const char *message;
};

struct callgate_coverage {
	unsigned long calls;	   /* that were read, each as often as it counts */
	unsigned long permitted;   /* of them: allowed or logged */
	unsigned long from_bitmap; /* of them: answered without the filter */
	double instructions;	   /* executed a call, on average over all calls */
	const struct callgate_refused_call *refusals;
	size_t refusal_count;
	const struct callgate_unfired *unfired; /* none for a raw filter, which has no rules */
	size_t unfired_count;
	const struct callgate_unread *unread;
	size_t unread_count;
};

/*
 * Runs a recorded trace through a subject. Lines are `NAME(ARGUMENTS)` or `COUNT NAME(ARGUMENTS)`, the call as
 * callgate_subject_simulate reads it, or what `strace -f` writes: there a number before the call (or `[pid N] `) is a
 * process's, as the result behind the call shows. strace's lines about signals and ends are skipped, and of a call
 * that it tells in two lines the first one counts. The caller frees *ret_coverage with callgate_coverage_free.
 */
CALLGATE_PUBLIC int callgate_coverage_new(const struct callgate_subject *subject, const char *trace, size_t length,
					  struct callgate_coverage **ret_coverage, struct callgate_error *err);
CALLGATE_PUBLIC void callgate_coverage_free(struct callgate_coverage *coverage);

#ifdef __cplusplus
}
#endif

#endif
