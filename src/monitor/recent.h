/*
 * monitor/recent.h - how much of late: the last two minutes second by second, and the last minute of one count
 *
 * By the events' own times, so that a log that is read at once is no flood, and whoever looks later sees the same.
 */
#ifndef CALLGATE_MONITOR_RECENT_H
#define CALLGATE_MONITOR_RECENT_H

#include <jansson.h>
#include <stdint.h>

enum {
	RECENT_SECONDS = 120,
	RECENT_KINDS = 5, /* the outcomes, and what was only counted */
	RECENT_COUNTED = RECENT_KINDS - 1,
	RECENT_SPAN = 10, /* seconds */
	RECENT_SPANS = 6,
};

/* Second by second; a place is a second's as long as it names it. All zeros is empty. */
struct recent {
	int64_t seconds[RECENT_SECONDS];
	uint64_t counts[RECENT_SECONDS][RECENT_KINDS];
};

/* In spans of ten seconds, so that a thousand of them are small. All zeros is empty. */
struct recent_minute {
	int64_t spans[RECENT_SPANS];
	uint64_t counts[RECENT_SPANS];
};

/* amount more at a second of the clock; what is older than the window is not recent, and a time that has not come is
 * now. */
void recent_add(struct recent *recent, unsigned kind, int64_t second, int64_t now, uint64_t amount);
void recent_minute_add(struct recent_minute *minute, int64_t second, int64_t now, uint64_t amount);

/* Of the last 50 to 60 seconds. */
uint64_t recent_minute_sum(const struct recent_minute *minute, int64_t now);

/* An array of those seconds in which anything was, each as [SECONDS AGO, ENDED, FAILED, LET THROUGH, ANSWERED,
 * COUNTED], the oldest first; NULL without memory. */
json_t *recent_json(const struct recent *recent, int64_t now);

#endif
