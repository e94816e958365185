/*
 * A target's slot lives as long as something of it waits, a count included. Slots are looked for in an array: there are
 * few, and while they are many nobody is in a hurry.
 */
#include "event/queue.h"

#include "event/event.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct queue_slot {
	uint64_t target;
	struct callgate_event *events[EVENT_QUEUE_EACH_MAX]; /* a ring */
	size_t first, count;
	uint64_t suppressed;						  /* since that was last told */
	unsigned told;							  /* events, since then */
	char program[sizeof(((struct callgate_refusal *)NULL)->program)]; /* of the last one told */
	char policy[sizeof(((struct callgate_refusal *)NULL)->policy)];
	bool is_used;
};

struct event_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, drained;
	bool is_closed;
	size_t turn;	  /* the slot that was served last */
	size_t slots_end; /* behind the last that was ever used */
	uint64_t suppressed;
	struct queue_slot slots[EVENT_QUEUE_TARGETS_MAX + 1]; /* the last one is shared */
};

struct event_queue *event_queue_new(void)
{
	struct event_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->drained, NULL);
	return queue;
}

void event_queue_free(struct event_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; i < queue->slots_end; i++)
		for (size_t j = 0; j < queue->slots[i].count; j++)
			callgate_event_free(queue->slots[i].events[(queue->slots[i].first + j) % EVENT_QUEUE_EACH_MAX]);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->filled);
	pthread_cond_destroy(&queue->drained);
	free(queue);
}

/* The target's slot, a free one, or the one that all share. */
static struct queue_slot *find_slot(struct event_queue *queue, uint64_t target)
{
	size_t free_slot = EVENT_QUEUE_TARGETS_MAX;

	for (size_t i = 0; i < queue->slots_end && i < EVENT_QUEUE_TARGETS_MAX; i++) {
		if (queue->slots[i].is_used && queue->slots[i].target == target)
			return &queue->slots[i];
		if (!queue->slots[i].is_used && free_slot == EVENT_QUEUE_TARGETS_MAX)
			free_slot = i;
	}
	if (free_slot == EVENT_QUEUE_TARGETS_MAX && queue->slots_end < EVENT_QUEUE_TARGETS_MAX)
		free_slot = queue->slots_end;
	if (free_slot >= queue->slots_end)
		queue->slots_end = free_slot + 1;
	return &queue->slots[free_slot];
}

static void slot_take(struct queue_slot *slot, uint64_t target)
{
	if (!slot->is_used)
		*slot = (struct queue_slot){ .target = target, .is_used = true };
}

/* Counts one that does not fit; true when it fits. */
static bool slot_admits(struct event_queue *queue, struct queue_slot *slot)
{
	if (slot->count < EVENT_QUEUE_EACH_MAX)
		return true;
	slot->suppressed++;
	queue->suppressed++;
	return false;
}

bool event_queue_has_room(struct event_queue *queue, uint64_t target)
{
	struct queue_slot *slot;
	bool has_room;

	pthread_mutex_lock(&queue->lock);
	slot = find_slot(queue, target);
	has_room = !slot->is_used || slot_admits(queue, slot);
	pthread_mutex_unlock(&queue->lock);
	return has_room;
}

void event_queue_wait_room(struct event_queue *queue, uint64_t target)
{
	struct queue_slot *slot;

	pthread_mutex_lock(&queue->lock);
	while ((slot = find_slot(queue, target))->is_used && slot->count == EVENT_QUEUE_EACH_MAX)
		pthread_cond_wait(&queue->drained, &queue->lock);
	pthread_mutex_unlock(&queue->lock);
}

void event_queue_push(struct event_queue *queue, uint64_t target, struct callgate_event *event_take)
{
	struct queue_slot *slot;

	pthread_mutex_lock(&queue->lock);
	slot = find_slot(queue, target);
	slot_take(slot, target);
	if (!event_take) {
		slot->suppressed++;
		queue->suppressed++;
		pthread_cond_signal(&queue->filled);
	} else if (slot_admits(queue, slot)) {
		slot->events[(slot->first + slot->count++) % EVENT_QUEUE_EACH_MAX] = event_take;
		event_take = NULL;
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->lock);
	callgate_event_free(event_take);
}

static struct callgate_event *slot_suppressed(struct queue_slot *slot)
{
	struct callgate_event *event = calloc(1, sizeof(*event));

	if (!event)
		return NULL;
	event->kind = CALLGATE_EVENT_SUPPRESSED;
	event->count = slot->suppressed;
	event->refusal.time_ns = event_now();
	event->refusal.pid = (int)slot->target;
	memcpy(event->refusal.program, slot->program, sizeof(slot->program));
	memcpy(event->refusal.policy, slot->policy, sizeof(slot->policy));
	slot->suppressed = 0;
	slot->told = 0;
	return event;
}

static struct callgate_event *slot_pop(struct queue_slot *slot)
{
	struct callgate_event *event = NULL;

	if (slot->suppressed && (!slot->count || slot->told >= EVENT_QUEUE_TELL_EVERY))
		event = slot_suppressed(slot);
	if (!event && slot->count) {
		event = slot->events[slot->first];
		slot->first = (slot->first + 1) % EVENT_QUEUE_EACH_MAX;
		slot->count--;
		slot->told++;
		memcpy(slot->program, event->refusal.program, sizeof(slot->program));
		memcpy(slot->policy, event->refusal.policy, sizeof(slot->policy));
	}
	slot->is_used = slot->count || slot->suppressed;
	return event;
}

static struct callgate_event *queue_next(struct event_queue *queue)
{
	for (size_t i = 0; i < queue->slots_end; i++) {
		size_t at = (queue->turn + 1 + i) % queue->slots_end;
		struct callgate_event *event = queue->slots[at].is_used ? slot_pop(&queue->slots[at]) : NULL;

		if (event) {
			queue->turn = at;
			return event;
		}
	}
	return NULL;
}

struct callgate_event *event_queue_pop(struct event_queue *queue, bool waits)
{
	struct callgate_event *event;

	pthread_mutex_lock(&queue->lock);
	while (!(event = queue_next(queue)) && waits && !queue->is_closed)
		pthread_cond_wait(&queue->filled, &queue->lock);
	pthread_cond_broadcast(&queue->drained);
	pthread_mutex_unlock(&queue->lock);
	return event;
}

void event_queue_close(struct event_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}

uint64_t event_queue_suppressed(struct event_queue *queue)
{
	uint64_t suppressed;

	pthread_mutex_lock(&queue->lock);
	suppressed = queue->suppressed;
	pthread_mutex_unlock(&queue->lock);
	return suppressed;
}
