/*
 * elf/place.h - where a path leads, in this system or in a folder that holds another one
 */
#ifndef CALLGATE_ELF_PLACE_H
#define CALLGATE_ELF_PLACE_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdint.h>

struct place {
	const char *host;   /* where we can open it; NULL when nothing is there */
	const char *path;   /* as seen from inside the root, links followed */
	const char *folder; /* in which it was named, links not followed */
	uint64_t device, inode;
};

/*
 * Follows path as a process with that root would (NULL: ours; else as realpath(3) has it). Whatever lies there is
 * found; what is not there is no failure. Strings are the arena's. Fails with E_NOMEM.
 */
int place_find(struct arena *arena, const char *root, const char *path, struct place *ret_place,
	       struct callgate_error *err);

#endif
