/*
 * scan/starts.h - the programs that a program starts, as far as constants name them
 *
 * A filter survives exec, so what is started is confined with what starts it. A place that runs the C library's exec
 * functions with a constant path names a program; any other names none, and says so.
 */
#ifndef CALLGATE_SCAN_STARTS_H
#define CALLGATE_SCAN_STARTS_H

#include "scan/call_list.h"

enum start_how { START_PATH, START_SEARCH, START_SHELL, START_UNKNOWN };

struct start {
	const char *path; /* as it stands in the program; "/bin/sh" of SHELL; NULL where it is not known */
	enum start_how how;
	uint32_t module;
	uint64_t site; /* of the instruction that calls the function */
};

struct start_list {
	struct arena arena;
	struct {
		VEC(struct start);
	} starts;
};

/* Collects them. calls is what the same reach collected. ret_starts is empty, or to be freed, when it fails with
 * E_NOMEM. */
int start_list_collect(const struct reach *reach, const struct call_list *calls, struct start_list *ret_starts,
		       struct callgate_error *err);
void start_list_fini(struct start_list *starts);

#endif
