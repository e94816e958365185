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
	enum abi_arch_id abi;	/* whose system calls the program makes */
	struct link *link;	/* owned */
	struct reach *reach;	/* owned */
	struct call_list calls; /* those after main, where that was asked for */
	struct call_list whole; /* the program's from its start on, where `calls` are those after main; else none */
	bool after_main;
	struct start_list starts;
	const char *const **texts; /* of each argument's values, 6 a call; NULL where it may be anything */
};

/* All that the program can do from its start on. */
const struct call_list *scan_whole(const struct callgate_scan *scan);

/* The values of an argument of one of its calls as numbers, and how many; 0: anything. */
size_t scan_numbers(const struct callgate_scan *scan, const struct call *call, unsigned argument,
		    const int64_t **ret_numbers);

#endif
