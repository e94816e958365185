#include "unit.h"

#include "base/cleanup.h"
#include "event/event.h"
#include "monitor/counts.h"
#include "monitor/feed.h"

#include <stdio.h>
#include <string.h>

static struct callgate_event refusal_of(const char *program, const char *syscall)
{
	struct callgate_event event = { .kind = CALLGATE_EVENT_REFUSED };

	snprintf(event.refusal.program, sizeof(event.refusal.program), "%s", program);
	snprintf(event.refusal.syscall, sizeof(event.refusal.syscall), "%s", syscall);
	strcpy(event.refusal.explanation.file, "a.policy");
	event.refusal.explanation.line = 3;
	return event;
}

static void what_is_alike_is_counted_together(void **state)
{
	const struct callgate_event event = refusal_of("/bin/a\"b\\\n", "mkdir");
	struct callgate_event suppressed = { .kind = CALLGATE_EVENT_SUPPRESSED, .count = 40 };
	cleanup(buf_fini) struct buf text = { 0 };
	struct counts counts = { 0 };

	strcpy(suppressed.refusal.program, "/bin/c");
	assert_int_equal(counts_init(&counts, NULL), 0);
	counts_add(&counts, &event);
	counts_add(&counts, &event);
	counts_add(&counts, &suppressed);
	counts_text(&counts, &text);
	assert_non_null(strstr(buf_text(&text),
			       "callgate_refusals_total{program=\"/bin/a\\\"b\\\\?\",syscall=\"mkdir\","
			       "rule=\"a.policy:3\",outcome=\"ended\"} 2\n"));
	assert_non_null(strstr(buf_text(&text), "callgate_suppressed_total{program=\"/bin/c\"} 40\n"));
	assert_int_equal(counts.report.refused, 2);
	assert_int_equal(counts.report.suppressed, 40);
	counts_fini(&counts);
}

static void names_without_end_are_counted_as_other(void **state)
{
	struct counts counts = { 0 };
	uint64_t all = 0;

	assert_int_equal(counts_init(&counts, NULL), 0);
	for (unsigned i = 0; i < 3 * COUNTS_MAX; i++) {
		char name[32];
		struct callgate_event event;

		snprintf(name, sizeof(name), "/bin/%u", i);
		event = refusal_of(name, "mkdir");
		counts_add(&counts, &event);
	}
	assert_int_equal(counts.length, COUNTS_MAX);
	for (size_t i = 0; i < counts.length; i++)
		all += counts.rows[i].count;
	assert_int_equal(all, 3 * COUNTS_MAX);
	assert_string_equal(counts.rows[COUNTS_MAX - 1].program, "other");
	counts_fini(&counts);
}

static void the_last_minute_is_told_by_the_events_own_times(void **state)
{
	struct callgate_event event = refusal_of("/bin/a", "mkdir"), old = event;
	struct counts counts = { 0 };
	json_t *rows, *seconds;

	event.refusal.time_ns = event_now();
	old.refusal.time_ns = event_now() - INT64_C(3600) * 1000000000;
	assert_int_equal(counts_init(&counts, NULL), 0);
	counts_add(&counts, &event);
	counts_add(&counts, &old);
	rows = counts_json(&counts);
	seconds = counts_recent_json(&counts);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "count")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "minute")), 1);
	assert_int_equal(json_array_size(seconds), 1);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(seconds, 0), 1)), 1);
	json_decref(rows);
	json_decref(seconds);
	counts_fini(&counts);
}

static void numbers_of_messages_are_read(void **state)
{
	assert_int_equal(feed_serial("audit(1795819033.695:65930): pid=1"), 65930);
	assert_int_equal(feed_serial("type=SECCOMP"), 0);
}

static void each_allocation_may_fail(void **state)
{
	const struct callgate_event event = refusal_of("/bin/a", "mkdir");

	FOR_EACH_ALLOCATION({
		cleanup(buf_fini) struct buf text = { 0 };
		struct counts counts = { 0 };

		if (counts_init(&counts, NULL) == CALLGATE_OK) {
			counts_add(&counts, &event);
			counts_text(&counts, &text);
			json_decref(counts_json(&counts));
			json_decref(counts_recent_json(&counts));
		}
		counts_fini(&counts);
	})
}

UNIT_TESTS(test_monitor_counts, cmocka_unit_test(what_is_alike_is_counted_together),
	   cmocka_unit_test(names_without_end_are_counted_as_other), cmocka_unit_test(numbers_of_messages_are_read),
	   cmocka_unit_test(the_last_minute_is_told_by_the_events_own_times),
	   cmocka_unit_test(each_allocation_may_fail), )
