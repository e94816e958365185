/*
 * export/calls.h - the calls that a target names: those that do not get what is said once for all others
 */
#ifndef CALLGATE_EXPORT_CALLS_H
#define CALLGATE_EXPORT_CALLS_H

#include "export/clauses.h"
#include "export/export.h"

struct calls {
	VEC(const struct run *); /* one a call, in the order of names */
};

/*
 * Of the outline's arches, every call that some of them gives another function than numbers without a name have: as it
 * is on an arch that does, at best a wide one. In the export's arena. E_NOMEM.
 */
int calls_collect(struct export *export, struct calls *ret_calls);

/* The same of this machine alone, for targets that know no other. */
int calls_collect_native(struct export *export, struct calls *ret_calls);

/* The clauses of a call, as clauses_of, whose failures then name the call. */
int calls_clauses(struct export *export, const struct run *run, uint32_t except, struct clauses *ret_clauses);

/* How a call is said where rules that are tried in order end in one that has no condition. */
struct cases {
	struct clauses clauses; /* those of one action next to each other, disjoint from those of others */
	bool has_rest;
	uint32_t rest; /* the action where no clause holds; without has_rest, that of every call */
};

/* common is the action of every call; what a call's function never ends in is no rest of it. An errno is the rest at
 * best, since that is what dialects say most easily. Fails as calls_clauses does. */
int calls_cases(struct export *export, const struct run *run, uint32_t common, struct cases *ret_cases);

/* Whether anything of the function is this action. False too without memory, which the diagram then says. */
bool calls_can_be(struct export *export, uint32_t function, uint32_t action);

#endif
