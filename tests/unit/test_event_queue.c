#include "unit.h"

#include "event/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void push(struct event_queue *queue, int pid, const char *program)
{
	struct callgate_event *event = calloc(1, sizeof(*event));

	assert_non_null(event);
	event->refusal.pid = pid;
	strcpy(event->refusal.program, program);
	event_queue_push(queue, (uint64_t)pid, event);
}

static void a_flood_hides_nobody_else(void **state)
{
	struct event_queue *queue = event_queue_new();
	struct callgate_event *event;
	uint64_t told = 0, suppressed = 0, quiet = 0;
	size_t place = 0;

	for (int i = 0; i < 100000; i++)
		push(queue, 1, "/bin/flood");
	push(queue, 2, "/bin/quiet");
	for (; (event = event_queue_pop(queue, false)); place++) {
		told += event->kind == CALLGATE_EVENT_REFUSED && event->refusal.pid == 1;
		suppressed += event->kind == CALLGATE_EVENT_SUPPRESSED ? event->count : 0;
		if (event->kind == CALLGATE_EVENT_SUPPRESSED) {
			assert_int_equal(event->refusal.pid, 1);
			assert_string_equal(event->refusal.program, "/bin/flood");
		}
		if (event->refusal.pid == 2) {
			quiet++;
			assert_true(place < 2);
		}
		callgate_event_free(event);
	}
	assert_int_equal(quiet, 1);
	assert_int_equal(told, EVENT_QUEUE_EACH_MAX);
	assert_int_equal(told + suppressed, 100000);
	assert_int_equal(event_queue_suppressed(queue), suppressed);
	event_queue_free(queue);
}

static void more_targets_than_queues_share_one_and_are_counted(void **state)
{
	struct event_queue *queue = event_queue_new();
	struct callgate_event *event;
	uint64_t all = 0;

	for (int pid = 1; pid <= 4 * EVENT_QUEUE_TARGETS_MAX; pid++)
		push(queue, pid, "/bin/many");
	while ((event = event_queue_pop(queue, false))) {
		all += event->kind == CALLGATE_EVENT_SUPPRESSED ? event->count : 1;
		callgate_event_free(event);
	}
	assert_int_equal(all, 4 * EVENT_QUEUE_TARGETS_MAX);
	event_queue_free(queue);
}

static void a_lasting_flood_is_told_of_meanwhile(void **state)
{
	struct event_queue *queue = event_queue_new();
	struct callgate_event *event;
	unsigned told_of = 0;

	for (int i = 0; i < 1000; i++) {
		push(queue, 1, "/bin/flood");
		push(queue, 1, "/bin/flood");
		event = event_queue_pop(queue, false);
		told_of += event->kind == CALLGATE_EVENT_SUPPRESSED;
		callgate_event_free(event);
	}
	assert_true(told_of >= 5);
	event_queue_free(queue);
}

static void an_event_without_memory_is_counted(void **state)
{
	struct event_queue *queue = event_queue_new();
	struct callgate_event *event;

	assert_true(event_queue_has_room(queue, 9));
	event_queue_push(queue, 9, NULL);
	event = event_queue_pop(queue, false);
	assert_int_equal(event->kind, CALLGATE_EVENT_SUPPRESSED);
	assert_int_equal(event->count, 1);
	callgate_event_free(event);
	assert_null(event_queue_pop(queue, false));
	event_queue_free(queue);
}

enum { WRITERS = 4, EACH = 5000 };

static void *write_many(void *queue)
{
	static int next = 1;
	int pid = __atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST);

	for (int i = 0; i < EACH; i++)
		if (event_queue_has_room(queue, (uint64_t)pid))
			push(queue, pid, "/bin/thread");
	return NULL;
}

static void *close_when_written(void *argument)
{
	struct event_queue *queue = argument;
	pthread_t writers[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, write_many, queue);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	event_queue_close(queue);
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	struct event_queue *queue = event_queue_new();
	struct callgate_event *event;
	uint64_t all = 0;
	pthread_t closer;

	pthread_create(&closer, NULL, close_when_written, queue);
	while ((event = event_queue_pop(queue, true))) {
		all += event->kind == CALLGATE_EVENT_SUPPRESSED ? event->count : 1;
		callgate_event_free(event);
	}
	pthread_join(closer, NULL);
	assert_int_equal(all, WRITERS * EACH);
	event_queue_free(queue);
}

UNIT_TESTS(test_event_queue, cmocka_unit_test(a_flood_hides_nobody_else),
	   cmocka_unit_test(more_targets_than_queues_share_one_and_are_counted),
	   cmocka_unit_test(a_lasting_flood_is_told_of_meanwhile), cmocka_unit_test(an_event_without_memory_is_counted),
	   cmocka_unit_test(nothing_is_lost_between_threads), )
