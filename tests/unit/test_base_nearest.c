#include "unit.h"

#include "base/nearest.h"

#include <string.h>

static const char *nearest_of_three(const char *wrong)
{
	struct nearest nearest = nearest_to(wrong);

	nearest_try(&nearest, "openat");
	nearest_try(&nearest, "open");
	nearest_try(&nearest, "close");
	return nearest.name;
}

static void a_slip_finds_its_name(void **state)
{
	assert_string_equal(nearest_of_three("opne"), "open");
	assert_string_equal(nearest_of_three("opn"), "open");
	assert_string_equal(nearest_of_three("opennat"), "openat");
	assert_string_equal(nearest_of_three("cloze"), "close");
}

static void nothing_is_near_to_something_else(void **state)
{
	assert_null(nearest_of_three("mount"));
	assert_null(nearest_of_three("qq"));
}

static void a_name_of_any_length_is_compared(void **state)
{
	char name[500];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_null(nearest_of_three(name));
	assert_null(nearest_of_three(""));
}

UNIT_TESTS(test_base_nearest, cmocka_unit_test(a_slip_finds_its_name),
	   cmocka_unit_test(nothing_is_near_to_something_else), cmocka_unit_test(a_name_of_any_length_is_compared), )
