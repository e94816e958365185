#include "unit.h"

#include <callgate/callgate.h>

#include <stdlib.h>
#include <string.h>

static const char text[] = "kernel 6.1\narch x86_64\ndefault kill-process\nallow read\n"
			   "allow openat if flags & O_ACCMODE == O_RDONLY\n";

static struct callgate_policy *policy(void)
{
	struct callgate_policy *parsed = NULL;
	struct callgate_error err;

	if (callgate_policy_parse("test.policy", text, sizeof(text) - 1, NULL, &parsed, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return parsed;
}

static void assert_compiles(const struct callgate_filter_options *options, int status)
{
	struct callgate_policy *parsed = policy();
	struct callgate_filter *filter = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(callgate_filter_compile(parsed, options, &filter, &err), status);
	assert_int_equal(err.status, status);
	assert_int_equal(filter == NULL, status != CALLGATE_OK);
	callgate_filter_free(filter);
	callgate_policy_free(parsed);
}

static void a_policy_becomes_a_program(void **state)
{
	struct callgate_policy *parsed = policy();
	struct callgate_filter *filter = NULL;
	size_t length = 0;

	assert_int_equal(callgate_filter_compile(parsed, NULL, &filter, NULL), CALLGATE_OK);
	assert_non_null(callgate_filter_program(filter, &length));
	assert_in_range(length, 3, 40);
	callgate_filter_free(filter);
	callgate_policy_free(parsed);
}

static void arches_take_the_place_of_the_policys(void **state)
{
	assert_compiles(&(struct callgate_filter_options){ .arches = "x86_64, i386,aarch64" }, CALLGATE_OK);
	assert_compiles(&(struct callgate_filter_options){ .arches = "x87" }, CALLGATE_E_UNKNOWN);
	assert_compiles(&(struct callgate_filter_options){ .arches = "" }, CALLGATE_E_UNKNOWN);
	assert_compiles(&(struct callgate_filter_options){ .arches = "x86_64," }, CALLGATE_E_UNKNOWN);
	assert_compiles(&(struct callgate_filter_options){ .arches = "x86_64 i386" }, CALLGATE_E_UNKNOWN);
	assert_compiles(&(struct callgate_filter_options){ .arches =
								   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
			CALLGATE_E_UNKNOWN);
}

static void a_launch_secret_opens_one_door(void **state)
{
	assert_compiles(&(struct callgate_filter_options){ .has_launch_secret = true,
							   .launch_secret = 0x123456789abcdef },
			CALLGATE_OK);
}

static void the_program_is_text_and_c(void **state)
{
	struct callgate_policy *parsed = policy();
	struct callgate_filter *filter = NULL;
	char *listing = NULL, *array = NULL;

	assert_int_equal(callgate_filter_compile(parsed, NULL, &filter, NULL), CALLGATE_OK);
	assert_int_equal(callgate_filter_disassemble(filter, &listing, NULL), CALLGATE_OK);
	assert_int_equal(callgate_filter_format_c(filter, &array, NULL), CALLGATE_OK);
	assert_non_null(strstr(listing, "ret"));
	assert_non_null(strstr(array, "struct sock_fprog callgate_filter"));
	free(listing);
	free(array);
	callgate_filter_free(filter);
	callgate_policy_free(parsed);
}

static void every_allocation_may_fail(void **state)
{
	struct callgate_policy *parsed = policy();

	FOR_EACH_ALLOCATION({
		struct callgate_filter *filter = NULL;
		struct callgate_error err = { 0 };

		callgate_filter_compile(parsed, NULL, &filter, &err);
		assert_true((filter == NULL) == (err.status == CALLGATE_E_NOMEM));
		assert_true(unit_allocation_failed() == (filter == NULL));
		callgate_filter_free(filter);
	});
	callgate_policy_free(parsed);
}

UNIT_TESTS(test_filter_filter, cmocka_unit_test(a_policy_becomes_a_program),
	   cmocka_unit_test(arches_take_the_place_of_the_policys), cmocka_unit_test(a_launch_secret_opens_one_door),
	   cmocka_unit_test(the_program_is_text_and_c), cmocka_unit_test(every_allocation_may_fail), )
