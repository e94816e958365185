#include "unit.h"

#include "monitor/recent.h"

static const int64_t now = 1800000007;

static void a_second_is_counted_by_kind(void **state)
{
	struct recent recent = { 0 };
	json_t *seconds, *row;

	recent_add(&recent, 1, now - 3, now, 1);
	recent_add(&recent, 1, now - 3, now, 1);
	recent_add(&recent, RECENT_COUNTED, now - 3, now, 40);
	recent_add(&recent, 0, now, now, 1);
	seconds = recent_json(&recent, now);
	assert_int_equal(json_array_size(seconds), 2);
	row = json_array_get(seconds, 0);
	assert_int_equal(json_integer_value(json_array_get(row, 0)), 3);
	assert_int_equal(json_integer_value(json_array_get(row, 1)), 0);
	assert_int_equal(json_integer_value(json_array_get(row, 2)), 2);
	assert_int_equal(json_integer_value(json_array_get(row, 1 + RECENT_COUNTED)), 40);
	json_decref(seconds);
}

static void what_is_old_is_not_recent_and_what_is_to_come_is_now(void **state)
{
	struct recent recent = { 0 };
	json_t *seconds;

	recent_add(&recent, 0, now - RECENT_SECONDS, now, 1);
	recent_add(&recent, 0, 0, now, 1);
	recent_add(&recent, 0, -5, now, 1);
	recent_add(&recent, 0, INT64_MAX, now, 7);
	seconds = recent_json(&recent, now);
	assert_int_equal(json_array_size(seconds), 1);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(seconds, 0), 0)), 0);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(seconds, 0), 1)), 7);
	json_decref(seconds);
}

static void a_place_is_taken_by_a_later_second(void **state)
{
	struct recent recent = { 0 };
	json_t *seconds;

	recent_add(&recent, 0, now, now, 9);
	recent_add(&recent, 0, now + RECENT_SECONDS, now + RECENT_SECONDS, 1);
	seconds = recent_json(&recent, now + RECENT_SECONDS);
	assert_int_equal(json_array_size(seconds), 1);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(seconds, 0), 1)), 1);
	json_decref(seconds);
	seconds = recent_json(&recent, now + 3 * RECENT_SECONDS);
	assert_int_equal(json_array_size(seconds), 0);
	json_decref(seconds);
}

static void a_minute_forgets(void **state)
{
	struct recent_minute minute = { 0 };

	recent_minute_add(&minute, now, now, 5);
	recent_minute_add(&minute, now - 45, now, 2);
	recent_minute_add(&minute, now - 3600, now, 100);
	recent_minute_add(&minute, -3600, now, 100);
	assert_int_equal(recent_minute_sum(&minute, now), 7);
	assert_int_equal(recent_minute_sum(&minute, now + 30), 5);
	assert_int_equal(recent_minute_sum(&minute, now + 61), 0);
	recent_minute_add(&minute, now + 600, now + 600, 1);
	assert_int_equal(recent_minute_sum(&minute, now + 600), 1);
}

UNIT_TESTS(test_monitor_recent, cmocka_unit_test(a_second_is_counted_by_kind),
	   cmocka_unit_test(what_is_old_is_not_recent_and_what_is_to_come_is_now),
	   cmocka_unit_test(a_place_is_taken_by_a_later_second), cmocka_unit_test(a_minute_forgets), )
