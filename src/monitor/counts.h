/*
 * monitor/counts.h - how often what was refused: for whoever draws curves
 *
 * The names come from strangers, so there is room for so many; the rest is counted under "other".
 */
#ifndef CALLGATE_MONITOR_COUNTS_H
#define CALLGATE_MONITOR_COUNTS_H

#include "base/buf.h"
#include "monitor/recent.h"

#include <callgate/monitor.h>

#include <jansson.h>
#include <pthread.h>

enum { COUNTS_MAX = 1024 };

struct count {
	char program[256];
	char syscall[48];
	char rule[288]; /* "web.policy:12", "" where it is not known */
	enum callgate_outcome outcome;
	uint64_t count;
	uint64_t suppressed;	     /* of a program: then syscall is "" */
	struct recent_minute minute; /* of both */
};

struct counts {
	pthread_mutex_t lock;
	struct count *rows; /* COUNTS_MAX, the last for the rest; owned */
	size_t length;
	struct recent recent;
	struct callgate_monitor_report report; /* atomic: totals, from any thread */
};

/* Fails with E_NOMEM. */
int counts_init(struct counts *counts, struct callgate_error *err);
void counts_fini(struct counts *counts);

void counts_add(struct counts *counts, const struct callgate_event *event);

/* In Prometheus's text format, version 0.0.4. */
void counts_text(struct counts *counts, struct buf *text);

/* Arrays: of rows, and as recent_json has it; NULL without memory. */
json_t *counts_json(struct counts *counts);
json_t *counts_recent_json(struct counts *counts);

#endif
