/*
 * monitor/filters.h - which processes of this machine carry filters
 */
#ifndef CALLGATE_MONITOR_FILTERS_H
#define CALLGATE_MONITOR_FILTERS_H

#include <jansson.h>

/* Of each process that has any: pid, name, filters (how many; null on kernels before 5.9), no_new_privs, started
 * (seconds since 1970, 0 where that is not known). An array, at most FILTERS_MAX of them; NULL without memory. */
enum { FILTERS_MAX = 256 };
json_t *filters_in_force(void);

#endif
