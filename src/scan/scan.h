/*
 * scan/scan.h - what stands behind the public handle of a scan
 */
#ifndef CALLGATE_SCAN_SCAN_H
#define CALLGATE_SCAN_SCAN_H

#include "scan/call_list.h"
#include "scan/starts.h"

#include <callgate/scan.h>

struct callgate_scan {
	struct arena arena;
	const char *program;
	struct link *link;   /* owned */
	struct reach *reach; /* owned */
	struct call_list calls;
	struct start_list starts;
	const char *const **texts; /* of each argument's values, 6 a call; NULL where it may be anything */
};

/* The argument's values as numbers, and how many; 0: anything. */
size_t scan_numbers(const struct callgate_scan *scan, size_t index, unsigned argument, const int64_t **ret_numbers);

#endif
