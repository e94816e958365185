/*
 * scan/start_family.h - the functions of starts.def where modules define them, and what the C library makes them of
 *
 * execvp is made of execve, posix_spawn of a thread that is given a pointer to it, popen of posix_spawn: inside the C
 * library these pass on what they were given, which counts where it is given first. So a function belongs to the family
 * when it is one of the table, or when nothing but the family calls it and knows its address. The same functions of
 * another library (one that is preloaded to watch them) are of no family: what they do themselves counts.
 */
#ifndef CALLGATE_SCAN_START_FAMILY_H
#define CALLGATE_SCAN_START_FAMILY_H

#include "scan/reach.h"

/* What a row says its argument is. */
enum start_how { START_PATH, START_SEARCH, START_SHELL, START_WORDS, START_UNKNOWN };

struct start_row {
	const char *name;
	unsigned argument;
	enum start_how how;
};

/* A function of the table where a module defines it. libc has some of them twice, for programs of other times. */
struct start_function {
	uint32_t module, number;
	const struct start_row *row;
};

struct start_family {
	struct arena arena;
	const struct reach *reach;
	struct {
		VEC(struct start_function);
	} functions;
	bool *defines;			  /* by module: it has some of them */
	const struct start_row ***behind; /* by module and function: start_family_behind */
	bool **inner; /* by module and function: it belongs to the family; NULL for a module without any */
};

/* Finds it in what was reached. False: memory is out. ret_family is to be freed all the same. */
bool start_family_find(const struct reach *reach, struct start_family *ret_family);
void start_family_fini(struct start_family *family);

/* The row of a name, of a function, of what a pointer at a slot leads to; NULL for any other. */
const struct start_row *start_row_named(const char *name);
const struct start_row *start_family_row(const struct start_family *family, uint32_t module, uint32_t number);
const struct start_row *start_family_slot(const struct start_family *family, uint32_t module, uint64_t slot);

/* The row of a function, or of what a stub of the linkage table jumps to. */
const struct start_row *start_family_behind(const struct start_family *family, uint32_t module, uint32_t number);

static inline bool start_family_has(const struct start_family *family, uint32_t module, uint32_t number)
{
	return family->inner[module] && family->inner[module][number];
}

#endif
