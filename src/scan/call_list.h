/*
 * scan/call_list.h - the system calls of a program: which, with what, from where
 */
#ifndef CALLGATE_SCAN_CALL_LIST_H
#define CALLGATE_SCAN_CALL_LIST_H

#include "scan/reach.h"

#define CALL_ARGUMENTS 6

/* A place that makes a call. Where a wrapper was told the number, it is the place that told it. */
struct call_site {
	uint32_t module;
	uint32_t number;		/* the function */
	uint64_t site;			/* the address of the instruction */
	uint32_t given[CALL_ARGUMENTS]; /* in reach->values: numbers, or UNKNOWN */
};

struct call {
	uint32_t nr;
	const char *name;		/* "openat", "syscall_4242" */
	uint32_t given[CALL_ARGUMENTS]; /* of all sites together */
	struct {
		VEC(struct call_site);
	} sites; /* none: the kernel makes it, or a program cannot end without it */
};

/* A live place of which nobody knows what it asks for: a system call, or a dlsym that may find any function. */
struct call_unresolved {
	uint32_t module;
	uint32_t number;
	uint64_t site;
	const char *why; /* static text */
};

struct call_list {
	struct arena arena;
	struct {
		VEC(struct call);
	} calls; /* by number */
	struct {
		VEC(struct call_unresolved);
	} unresolved;
};

/* Collects what a program's live functions ask of the kernel, or (only_late) those alone that are live after main.
 * ret_calls is empty, or to be freed, when it fails with E_NOMEM. */
int call_list_collect(struct reach *reach, bool only_late, struct call_list *ret_calls, struct callgate_error *err);
void call_list_fini(struct call_list *calls);

/* The call with that number, NULL. */
const struct call *call_list_find(const struct call_list *calls, uint32_t nr);

#endif
