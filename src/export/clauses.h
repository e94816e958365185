/*
 * export/clauses.h - a function of arguments as rules that have no order
 *
 * A clause has at most one test of each argument, all of which hold. Clauses that end in different actions are
 * disjoint, so that tools whose rules are a union cannot get them wrong.
 */
#ifndef CALLGATE_EXPORT_CLAUSES_H
#define CALLGATE_EXPORT_CLAUSES_H

#include "base/arena.h"
#include "diagram/diagram.h"

/* Of one call; more than this is neither for a person nor for a filter. */
#define CLAUSES_MAX 512

enum clause_op { CLAUSE_NOTHING, CLAUSE_EQ, CLAUSE_NE, CLAUSE_LT, CLAUSE_LE, CLAUSE_GT, CLAUSE_GE };

/* "==", "<=": as C and most dialects spell it. */
const char *clause_operator(enum clause_op op);

struct clause_test {
	enum clause_op op;    /* EQ when mask is not all bits */
	uint64_t mask, value; /* unsigned; value within mask */
};

struct clause {
	uint32_t action;
	struct clause_test tests[6]; /* of each argument as the arch's number */
};

struct clauses {
	VEC(struct clause);
};

/*
 * Those that end in another action than this one. Fails with E_LIMIT beyond CLAUSES_MAX, with E_UNSUPPORTED when the
 * function looks at the instruction pointer, E_NOMEM.
 */
int clauses_of(struct diagram *diagram, uint32_t function, bool big_endian, uint32_t except, struct arena *arena,
	       struct clauses *ret_clauses, struct callgate_error *err);

#endif
