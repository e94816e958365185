/*
 * codegen/cost.h - what a filter costs a call, whoever wrote it
 */
#ifndef CALLGATE_CODEGEN_COST_H
#define CALLGATE_CODEGEN_COST_H

#include "bpf/bpf.h"

/* Of one arch and number, over all arguments. */
struct codegen_cost {
	bool cached;	/* the kernel's bitmap (since 5.11) answers it: the filter does not run, and costs nothing */
	unsigned least; /* instructions executed on the shortest way, where it does run */
	unsigned most;	/* and on the longest; some ways may be none that arguments could take */
	double mean;	/* where each comparison that arch and nr do not decide goes either way as often */
};

/* Costs a program that passed bpf_check. Fails with E_NOMEM. */
int codegen_cost(const struct sock_filter *insns, size_t length, uint32_t audit, uint32_t nr,
		 struct codegen_cost *ret_cost, struct callgate_error *err);

#endif
