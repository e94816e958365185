/*
 * scan/programs.h - which ELF programs the kernel runs when a path is executed
 *
 * A script names its interpreter in its first line, that one may be a script again, and `env` runs what its first
 * argument names: all of them run under the filter of who executed the script.
 */
#ifndef CALLGATE_SCAN_PROGRAMS_H
#define CALLGATE_SCAN_PROGRAMS_H

#include "base/arena.h"

#include <callgate/error.h>

struct program_list {
	VEC(const char *); /* paths as seen in the root, links followed */
};

/*
 * Appends the programs, in the order in which they run, to ret_programs (each once; strings are the arena's). A name
 * without a slash is looked for in the folders of search ("/usr/bin:/bin"). root is a folder that holds a system, NULL
 * for ours. Fails with E_NOT_FOUND (no such file, and the message has its name), E_NOT_EXECUTABLE (a folder, a device),
 * E_LIMIT (scripts that are their own interpreters), E_NOMEM.
 */
int program_list_add(struct arena *arena, const char *root, const char *search, const char *name,
		     struct program_list *ret_programs, struct callgate_error *err);

#endif
