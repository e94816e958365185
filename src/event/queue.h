/*
 * event/queue.h - events on their way from who sees them to who tells them
 *
 * Who sees a call holds up its thread, and must never wait for a disk or a reader. So there is a queue; it is bounded,
 * and what does not fit is counted. Each target has a queue of its own, and they are emptied in turn: whoever makes ten
 * thousand a second loses his own events, and nobody else's. Nothing is lost without being counted.
 */
#ifndef CALLGATE_EVENT_QUEUE_H
#define CALLGATE_EVENT_QUEUE_H

#include <callgate/event.h>

#include <stdbool.h>
#include <stdint.h>

enum {
	EVENT_QUEUE_TARGETS_MAX = 256, /* that have something waiting; those beyond share one queue */
	EVENT_QUEUE_EACH_MAX = 64,     /* waiting events of one */
	EVENT_QUEUE_TELL_EVERY = 64,   /* events of a target, behind which it is told how many are suppressed */
};

struct event_queue;

/* NULL without memory. */
struct event_queue *event_queue_new(void);
/* When nobody uses it. */
void event_queue_free(struct event_queue *queue);

/* Whether one more event of this target fits now. When not it is counted, and there is no need to make it. */
bool event_queue_has_room(struct event_queue *queue, uint64_t target);

/* For who may wait, since what he reads does: until one more of this target fits. Whoever pops must go on. */
void event_queue_wait_room(struct event_queue *queue, uint64_t target);

/* Takes the event (of callgate_event_parse, or calloc), or frees and counts it where there is no room. NULL is one for
 * which there was no memory: it is counted. */
void event_queue_push(struct event_queue *queue, uint64_t target, struct callgate_event *event_take);

/*
 * The next one, which is the caller's, each target's in its turn: a refusal, or of kind SUPPRESSED with how many were
 * not taken since the last told. NULL when there is none: with waits, only once the queue was closed; without memory,
 * what is suppressed is kept for later.
 */
struct callgate_event *event_queue_pop(struct event_queue *queue, bool waits);

/* Nothing more will come: who waits is woken, and gets what is left. */
void event_queue_close(struct event_queue *queue);

/* All that were ever suppressed. */
uint64_t event_queue_suppressed(struct event_queue *queue);

#endif
