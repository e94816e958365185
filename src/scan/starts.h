/*
 * scan/starts.h - the programs that a program starts, as far as constants name them
 *
 * A filter survives exec, so what is started is confined with what starts it. A place that runs the C library's exec
 * functions with a constant path names a program, one that gives the shell a constant command names the shell and what
 * that starts. Any other names none, and says so; so does a place that lets the address of such a function go, since
 * nobody knows what whoever has it starts.
 */
#ifndef CALLGATE_SCAN_STARTS_H
#define CALLGATE_SCAN_STARTS_H

#include "scan/call_list.h"

struct start {
	const char *path; /* as it stands in the program, or in a command; "/bin/sh" for the shell; NULL where it is not
			   * known */
	bool is_searched; /* path is looked for in PATH when it has no slash */
	uint32_t module;
	uint64_t site; /* of the instruction that calls the function or hands it on, or of the pointer to it */
};

struct start_list {
	struct arena arena;
	struct {
		VEC(struct start);
	} starts; /* a place may have several, each once */
};

/* Collects them. calls is what the same reach collected. ret_starts is empty, or to be freed, when it fails with
 * E_NOMEM. */
int start_list_collect(const struct reach *reach, const struct call_list *calls, struct start_list *ret_starts,
		       struct callgate_error *err);
void start_list_fini(struct start_list *starts);

#endif
