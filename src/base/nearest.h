/*
 * base/nearest.h - the right name that a wrong one was probably meant to be
 *
 *	struct nearest nearest = nearest_to("opne");
 *
 *	for (…)
 *		nearest_try(&nearest, names[i]);
 *	if (nearest.name)
 *		error_hint(err, "did you mean '%s'?", nearest.name);
 */
#ifndef CALLGATE_BASE_NEAREST_H
#define CALLGATE_BASE_NEAREST_H

#include <stddef.h>

/* Longer names are compared by this many bytes. */
#define NEAREST_LENGTH_MAX 63

struct nearest {
	const char *wrong;
	const char *name; /* the nearest so far, NULL while nothing was near */
	size_t distance;  /* of it; before that, one more than what still counts as near */
};

/* A search that has seen nothing: one slip in three letters is near. */
struct nearest nearest_to(const char *wrong);

/* Keeps name when it is nearer than what was kept; name must outlive the search. */
void nearest_try(struct nearest *nearest, const char *name);

#endif
