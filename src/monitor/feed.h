/*
 * monitor/feed.h - where events come from, each in a thread of its own
 */
#ifndef CALLGATE_MONITOR_FEED_H
#define CALLGATE_MONITOR_FEED_H

#include "event/queue.h"
#include "monitor/counts.h"

#include <pthread.h>

struct feed {
	const char *name; /* a file, "-"; NULL: the kernel's audit messages */
	unsigned place;	  /* among all: whose processes are told apart from those of others */
	bool follows;
	int fd;		/* −1: none */
	int stop, ends; /* it ends when one of them can be read; −1: never */
	struct event_queue *queue;
	struct counts *counts;
	void (*ended)(void *context); /* in its thread, as the last thing */
	void *context;
	pthread_t thread;
	bool runs;
	uint32_t serial;    /* audit: of the last record; 0: there was none */
	bool knows_numbers; /* audit: the kernel's numbers of processes are ours */
};

/* Opens it. Fails with E_OS, E_UNSUPPORTED (no audit messages here). */
int feed_open(struct feed *feed, struct callgate_error *err);

/* Begins to read. Fails with E_OS. */
int feed_start(struct feed *feed, struct callgate_error *err);

/* When it has ended, or was stopped: waits for its thread, closes. */
void feed_close(struct feed *feed);

/* The number of an audit message's record, "audit(SECONDS.MILLIS:SERIAL)", 0 where there is none. */
uint32_t feed_serial(const char *record);

#endif
