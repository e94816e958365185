/*
 * launch/listen.h - tells of the refusals that a watched filter asks about, and gives the answers that the subject says
 *
 * The handler that answers looks at the call while its thread waits, puts what it saw into a queue and answers; a
 * thread of its own empties the queue. A target can so slow down nobody but itself.
 */
#ifndef CALLGATE_LAUNCH_LISTEN_H
#define CALLGATE_LAUNCH_LISTEN_H

#include "base/allowance.h"
#include "broker/broker.h"
#include "event/queue.h"
#include "filter/watch.h"

#include <callgate/notify.h>

#include <pthread.h>

enum { LISTEN_SITES_MAX = 64, LISTEN_THREADS_KNOWN = 64 };

/* A place in a program, and what it was refused. */
struct listen_site {
	uint64_t ip;
	uint32_t nr, ret;
};

struct listen {
	const struct callgate_subject *subject;
	struct filter_watch watch;
	struct broker *broker; /* who answers what the subject asks by itself, or NULL; the caller's */
	/* Tells of one, completed; from the teller's thread or, while the target waits, from the handler's. */
	void (*tell)(const struct callgate_event *event, void *context);
	void *context;
	unsigned sites_max; /* new ones at once */
	struct event_queue *queue;
	pthread_t teller;
	bool runs;
	pthread_mutex_t lock;			    /* of what follows */
	struct listen_site sites[LISTEN_SITES_MAX]; /* the latest… */
	unsigned site_count;			    /* …of so many; the next one's place is this number's */
	struct allowance new_sites;
	struct {
		int tid, pid;
	} threads[LISTEN_THREADS_KNOWN]; /* whose threads were seen, by number; may be stale */
	int ended;			 /* the last process that was ended for a call; 0: none */
};

/* *listen has subject, watch, tell and what else is wanted; it must not move. Fails with E_OS and E_NOMEM; listen_end
 * is due in any case. */
int listen_start(struct listen *listen, struct callgate_error *err);

/* When no handler runs any more: tells what is left. */
void listen_end(struct listen *listen);

struct callgate_notify_handler listen_handler(struct listen *listen);

#endif
