/*
 * A program that loads filters in every way that there is, and what is caught of it.
 */
#include "unit.h"

#include <callgate/capture.h>

#include <linux/seccomp.h>
#include <string.h>

enum { WAYS_MAX = 8 };

static int capture(const char *const *ways, size_t enough, struct callgate_captured **ret_captured,
		   struct callgate_capture_report *ret_report, struct callgate_error *err)
{
	const char *argv[WAYS_MAX + 2] = { TEST_LOADS };
	const char *const environment[] = { NULL };
	const struct callgate_capture_options options = { .argv = argv, .environment = environment, .enough = enough };

	for (size_t i = 0; ways[i]; i++)
		argv[i + 1] = ways[i];
	return callgate_capture(&options, ret_captured, ret_report, err);
}

static struct callgate_captured *captured(const char *const *ways, size_t enough,
					  struct callgate_capture_report *report)
{
	struct callgate_captured *result = NULL;
	struct callgate_error err = { 0 };
	int status = capture(ways, enough, &result, report, &err);

	if (status == CALLGATE_E_UNSUPPORTED) {
		print_message("# %s\n", err.message);
		skip();
	}
	if (status)
		fail_msg("%s", err.message);
	return result;
}

/* The data of the second instruction tells who loaded it. */
static void assert_filter(const struct callgate_captured *result, size_t index, unsigned mark, unsigned flags)
{
	const struct callgate_captured_filter *filter = callgate_captured_at(result, index);

	assert_string_equal(filter->program, TEST_LOADS);
	assert_int_equal(filter->length, 2);
	assert_int_equal(filter->insns[1].k, SECCOMP_RET_TRACE | mark);
	assert_int_equal(filter->flags, flags);
	assert_int_equal(filter->count, 1);
	assert_true(filter->pid > 0);
}

static void every_way_to_load_a_filter_is_caught(void **state)
{
	static const char *const ways[] = { "unseen", "prctl", "seccomp", "tsync", "thread", "child", NULL };
	struct callgate_capture_report report;
	struct callgate_captured *result = captured(ways, 0, &report);

	assert_false(report.signalled);
	assert_int_equal(report.status, 0);
	assert_int_equal(report.refused, 0);
	assert_int_equal(callgate_captured_count(result), 5);
	assert_int_equal(callgate_captured_at(result, 0)->length, 1);
	assert_filter(result, 1, 0, 0);
	assert_filter(result, 2, 1, SECCOMP_FILTER_FLAG_TSYNC);
	assert_filter(result, 3, 2, 0);
	assert_filter(result, 4, 3, 0);
	callgate_captured_free(result);
}

static void what_was_not_loaded_is_not(void **state)
{
	static const char *const ways[] = { "refused", NULL };
	struct callgate_capture_report report;
	struct callgate_captured *result = captured(ways, 0, &report);

	assert_int_equal(report.status, 0);
	assert_int_equal(callgate_captured_count(result), 0);
	assert_int_equal(report.refused, 1);
	callgate_captured_free(result);
}

static void the_same_filter_is_counted(void **state)
{
	static const char *const ways[] = { "seccomp", "seccomp", "child", "seccomp", NULL };
	struct callgate_capture_report report;
	struct callgate_captured *result = captured(ways, 0, &report);

	assert_int_equal(callgate_captured_count(result), 2);
	assert_int_equal(callgate_captured_at(result, 0)->count, 3);
	callgate_captured_free(result);
}

static void strict_mode_is_caught(void **state)
{
	static const char *const ways[] = { "strict", NULL };
	struct callgate_capture_report report;
	struct callgate_captured *result = captured(ways, 0, &report);

	assert_int_equal(report.status, 0);
	assert_int_equal(callgate_captured_count(result), 1);
	assert_true(callgate_captured_at(result, 0)->strict);
	assert_int_equal(callgate_captured_at(result, 0)->length, 0);
	callgate_captured_free(result);
}

static void a_program_is_ended_when_there_are_enough(void **state)
{
	static const char *const ways[] = { "seccomp", "child", "wait", NULL };
	struct callgate_capture_report report;
	struct callgate_captured *result = captured(ways, 2, &report);

	assert_true(report.ended_by_us);
	assert_int_equal(callgate_captured_count(result), 2);
	callgate_captured_free(result);
}

static void without_memory_nothing_is_left(void **state)
{
	static const char *const ways[] = { "seccomp", "child", NULL };
	struct callgate_captured *result = NULL;
	struct callgate_capture_report report;
	int status;

	callgate_captured_free(captured(ways, 0, &report));
	FOR_EACH_ALLOCATION({
		status = capture(ways, 0, &result, &report, NULL);
		assert_true(status == CALLGATE_OK ? result != NULL : status == CALLGATE_E_NOMEM && !result);
		callgate_captured_free(result);
		result = NULL;
	})
}

static void a_program_that_is_not_there_is_told(void **state)
{
	const char *const argv[] = { "/nonexistent/program", NULL };
	const char *const environment[] = { NULL };
	const struct callgate_capture_options options = { .argv = argv, .environment = environment };
	struct callgate_captured *result = NULL;
	struct callgate_capture_report report;

	assert_int_equal(callgate_capture(&options, &result, &report, NULL), CALLGATE_E_NOT_FOUND);
	assert_null(result);
}

UNIT_TESTS(test_capture_kernel, cmocka_unit_test(every_way_to_load_a_filter_is_caught),
	   cmocka_unit_test(what_was_not_loaded_is_not), cmocka_unit_test(the_same_filter_is_counted),
	   cmocka_unit_test(strict_mode_is_caught), cmocka_unit_test(a_program_is_ended_when_there_are_enough),
	   cmocka_unit_test(without_memory_nothing_is_left), cmocka_unit_test(a_program_that_is_not_there_is_told), )
