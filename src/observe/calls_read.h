/*
 * observe/calls_read.h - what was counted in the kernel, as evidence
 */
#ifndef CALLGATE_OBSERVE_CALLS_READ_H
#define CALLGATE_OBSERVE_CALLS_READ_H

#include "observe/evidence.h"

/* Descriptors of the maps of calls.bpf. */
struct calls_maps {
	int calls, totals, errors, files, times;
};

/* Adds all of it. Nothing may count any more. Fails with E_OS, E_LIMIT, E_NOMEM. */
int calls_read(const struct calls_maps *maps, struct evidence *evidence, struct callgate_error *err);

#endif
