/*
 * observe/maps.h - where a process's code came from: an address as a file and the offset in it
 *
 * Only executable mappings are kept, as /proc/PID/maps had them when it was read; the caller says when they may have
 * changed. A zeroed struct maps is empty and not known.
 */
#ifndef CALLGATE_OBSERVE_MAPS_H
#define CALLGATE_OBSERVE_MAPS_H

#include "observe/evidence.h"

#include <sys/types.h>

enum { MAPS_MAX = 16384 }; /* executable mappings of one process; those behind are not told apart */

struct maps_range {
	uint64_t start, end;  /* end is the first address behind */
	uint64_t file_offset; /* of start */
	const char *module;   /* interned in the evidence; "[anon]" for code that no file holds */
};

struct maps {
	struct maps_range *ranges; /* by address */
	size_t count;
	size_t last; /* the range that was found last */
	bool known;
};

/* Reads /proc/PID/maps. A process that cannot be read (it ended, or is not ours to look at) leaves maps known and
 * empty. Fails with E_NOMEM or E_LIMIT. */
int maps_read(struct maps *maps, pid_t pid, struct evidence *evidence, struct callgate_error *err);

/* The same from text, for tests and for maps_read; the text is written to. */
int maps_parse(struct maps *maps, char *text, struct evidence *evidence, struct callgate_error *err);

/* What fork does. Fails with E_NOMEM; ret_copy is then empty. */
int maps_copy(const struct maps *maps, struct maps *ret_copy, struct callgate_error *err);

/* The range that holds the address, or NULL. */
const struct maps_range *maps_find(struct maps *maps, uint64_t address);

/* Whether a range of maps overlaps these length bytes. */
bool maps_overlap(const struct maps *maps, uint64_t address, uint64_t length);

/* Whether the module is a dynamic loader: ld-linux*.so*, ld-musl-*.so* and the like. */
bool maps_is_loader(const char *module);

void maps_fini(struct maps *maps);

#endif
