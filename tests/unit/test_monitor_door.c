#include "unit.h"

#include "monitor/door.h"

static const struct door door = { .address = "127.0.0.1:8080", .token = "0123456789abcdef" };
static const struct door_request right = {
	.method = "GET", .path = "/state", .host = "127.0.0.1:8080", .authorization = "Bearer 0123456789abcdef"
};

static void who_has_the_token_sees_it(void **state)
{
	struct door_request request = right;

	assert_int_equal(door_judge(&door, &request), DOOR_STATE);
	request.path = "/events";
	assert_int_equal(door_judge(&door, &request), DOOR_EVENTS);
	request.origin = "http://127.0.0.1:8080";
	request.site = "same-origin";
	assert_int_equal(door_judge(&door, &request), DOOR_EVENTS);
}

static void who_has_not_gets_the_empty_page(void **state)
{
	static const char *const wrong[] = { "",
					     "Bearer",
					     "Bearer ",
					     "Bearer 0123456789abcde",
					     "Bearer 0123456789abcdef0",
					     "bearer 0123456789abcdef",
					     "Basic 0123456789abcdef" };
	struct door_request request = right;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		request.authorization = wrong[i];
		assert_int_equal(door_judge(&door, &request), DOOR_UNAUTHORIZED);
	}
	request.authorization = 0;
	assert_int_equal(door_judge(&door, &request), DOOR_UNAUTHORIZED);
	request.path = "/";
	assert_int_equal(door_judge(&door, &request), DOOR_PAGE);
}

static void a_name_that_leads_here_is_another_host(void **state)
{
	static const char *const wrong[] = {
		"evil.example:8080", "localhost:8080", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8080.evil.example", ""
	};
	struct door_request request = right;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		request.host = wrong[i];
		assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
	}
	request.host = 0;
	assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
}

static void another_page_is_turned_away(void **state)
{
	struct door_request request = right;

	request.origin = "http://evil.example";
	assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
	request.origin = "null";
	assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
	request.origin = 0;
	request.site = "cross-site";
	assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
	request.site = "same-site";
	assert_int_equal(door_judge(&door, &request), DOOR_FORBIDDEN);
}

static void nothing_can_be_changed(void **state)
{
	struct door_request request = right;

	request.method = "POST";
	assert_int_equal(door_judge(&door, &request), DOOR_BAD_METHOD);
	request.method = "GET";
	request.path = "/state/../events";
	assert_int_equal(door_judge(&door, &request), DOOR_NOT_FOUND);
}

UNIT_TESTS(test_monitor_door, cmocka_unit_test(who_has_the_token_sees_it),
	   cmocka_unit_test(who_has_not_gets_the_empty_page), cmocka_unit_test(a_name_that_leads_here_is_another_host),
	   cmocka_unit_test(another_page_is_turned_away), cmocka_unit_test(nothing_can_be_changed), )
