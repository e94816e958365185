/*
 * scan/cache.h - summaries that are kept
 */
#ifndef CALLGATE_SCAN_CACHE_H
#define CALLGATE_SCAN_CACHE_H

#include "scan/summary.h"

/* What a folder may hold after a pruning, and how long a file stays that nobody uses. */
#define CACHE_BYTES_MAX ((uint64_t)512 << 20)
#define CACHE_AGE_MAX_S ((int64_t)90 * 24 * 60 * 60)

/* The module's summary: from the folder where it holds a sound one, else made anew and put there as far as that goes.
 * folder may be NULL; it is made where the one above it, or that one's, is there. Sets *ret_saved when something was
 * put there, and leaves it else. Fails as summary_make does. */
int cache_summary(const char *folder, const struct module *module, const struct pointers *pointers,
		  struct summary **ret_summary, bool *ret_saved, struct callgate_error *err);

/* Takes summaries out of a folder that were not used for age_max_s seconds, and then the longest unused ones until the
 * rest has at most bytes_max. Who has one open keeps it, and who puts one there meanwhile is not disturbed. */
void cache_prune(const char *folder, uint64_t bytes_max, int64_t age_max_s);

#endif
