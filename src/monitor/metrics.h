/*
 * monitor/metrics.h - counts on a local socket, for whoever scrapes them
 *
 * `curl --unix-socket PATH http://localhost/metrics`; who sends nothing gets the text alone. The socket is its owner's.
 */
#ifndef CALLGATE_MONITOR_METRICS_H
#define CALLGATE_MONITOR_METRICS_H

#include "monitor/counts.h"

#include <sys/stat.h>

struct metrics {
	struct counts *counts;
	const char *path;
	int listener, stop; /* −1: none */
	dev_t device;	    /* of what was made at path… */
	ino_t inode;	    /* …which is removed in the end, and nothing else */
	pthread_t thread;
	bool runs;
};

#define METRICS_NONE ((struct metrics){ .listener = -1, .stop = -1 })

/* Listens; fails with E_OS (also where somebody listens there), E_LIMIT; metrics_stop is due in any case. */
int metrics_open(struct metrics *metrics, const char *path, struct counts *counts, struct callgate_error *err);

/* Begins to answer, in a thread of its own. Fails with E_OS. */
int metrics_start(struct metrics *metrics, struct callgate_error *err);
void metrics_stop(struct metrics *metrics);

#endif
