/*
 * export/cubes.h - the clauses that any function has: masks of bits, disjoint
 */
#ifndef CALLGATE_EXPORT_CUBES_H
#define CALLGATE_EXPORT_CUBES_H

#include "export/clauses.h"

/* As clauses_of, of a function whose halves are in little-endian order. */
int cubes_of(const struct diagram *diagram, uint32_t function, uint32_t except, struct arena *arena,
	     struct clauses *ret_clauses, struct callgate_error *err);

#endif
