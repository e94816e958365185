/*
 * scan/cache.h - summaries that are kept
 */
#ifndef CALLGATE_SCAN_CACHE_H
#define CALLGATE_SCAN_CACHE_H

#include "scan/summary.h"

/* The module's summary: from the folder where it holds a sound one, else made anew and put there as far as that goes.
 * folder may be NULL. Fails as summary_make does. */
int cache_summary(const char *folder, const struct module *module, const struct pointers *pointers,
		  struct summary **ret_summary, struct callgate_error *err);

#endif
