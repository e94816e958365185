/*
 * filter/runs.h - a meaning laid out: which numbers of which arch have which function of their arguments
 *
 * A call with a name is a run of its own; numbers without one are joined as far as their function is the same.
 */
#ifndef CALLGATE_FILTER_RUNS_H
#define CALLGATE_FILTER_RUNS_H

#include "abi/abi.h"
#include "base/arena.h"
#include "diagram/diagram.h"

struct run {
	uint32_t audit_low, audit_high;	   /* the arch word, inclusive; equal but for arches that nothing tells apart */
	uint32_t low, high;		   /* the number, inclusive */
	uint32_t function;		   /* of the arguments and the instruction pointer */
	const struct abi_arch *arch;	   /* NULL where audit_low is none that is known, or is not alone */
	const struct abi_syscall *syscall; /* NULL for numbers without a name */
};

struct runs {
	VEC(struct run);
};

/* All runs in the order of the arch word and of the number; together they cover every call. E_LIMIT, E_NOMEM. */
int runs_of(struct diagram *diagram, uint32_t root, struct arena *arena, struct runs *ret_runs,
	    struct callgate_error *err);

/* "x86_64"; "other" where several arches share the run, "any" where all do, "0x…" for one that is not known. NULL
 * without memory. */
const char *run_arch_name(const struct run *run, struct arena *arena);

/* "openat", "#462", "#462..#500". NULL without memory. */
const char *run_name(const struct run *run, struct arena *arena);

/* Whether the arch is this machine's, whose name need not be said. */
bool run_is_native(const struct run *run);

#endif
