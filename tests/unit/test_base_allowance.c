#include "unit.h"

#include "base/allowance.h"

#define SECOND INT64_C(1000000000)

static void so_many_may_be_at_once(void **state)
{
	struct allowance allowance = { 0 };

	for (unsigned i = 0; i < 3; i++)
		assert_true(allowance_take(&allowance, 3, 100 * SECOND));
	assert_false(allowance_take(&allowance, 3, 100 * SECOND));
	assert_false(allowance_take(&allowance, 3, 101 * SECOND - 1));
}

static void and_then_one_a_second(void **state)
{
	struct allowance allowance = { 0 };

	while (allowance_take(&allowance, 3, 100 * SECOND))
		;
	for (unsigned i = 1; i <= 5; i++) {
		assert_true(allowance_take(&allowance, 3, (100 + i) * SECOND));
		assert_false(allowance_take(&allowance, 3, (100 + i) * SECOND + SECOND / 2));
	}
}

static void quiet_gives_all_back_and_no_more(void **state)
{
	struct allowance allowance = { 0 };
	unsigned count = 0;

	while (allowance_take(&allowance, 3, 100 * SECOND))
		;
	while (allowance_take(&allowance, 3, 9000 * SECOND))
		count++;
	assert_int_equal(count, 3);
	assert_false(allowance_take(&allowance, 0, 99000 * SECOND));
}

UNIT_TESTS(test_base_allowance, cmocka_unit_test(so_many_may_be_at_once), cmocka_unit_test(and_then_one_a_second),
	   cmocka_unit_test(quiet_gives_all_back_and_no_more), )
