#include "unit.h"

#include <callgate/monitor.h>

#include <stdlib.h>
#include <string.h>

static const char policy[] =
	"kernel 6.1\narch x86_64\ndefault kill-process\nallow read\nerrno EPERM write if fd == 2\n";

static struct callgate_refusal explained(const char *syscall, uint32_t nr, bool has_args, uint64_t first)
{
	struct callgate_subject *subject = NULL;
	struct callgate_refusal refusal = { .arch = "x86_64", .nr = nr, .has_args = has_args, .args = { first } };

	strcpy(refusal.syscall, syscall);
	assert_int_equal(callgate_subject_parse("a.policy", policy, strlen(policy), NULL, &subject, NULL), 0);
	assert_int_equal(callgate_refusal_explain(subject, &refusal, NULL), 0);
	assert_string_equal(refusal.policy, "a.policy");
	callgate_subject_free(subject);
	return refusal;
}

static void the_line_that_decides_is_named(void **state)
{
	struct callgate_refusal refusal = explained("write", 1, true, 2);

	assert_int_equal(refusal.explanation.line, 5);
	assert_true(refusal.explanation.by_rule);
	assert_string_equal(refusal.edit.rule, "allow write if fd in 0..2");
	assert_int_equal(refusal.edit.line, 5);
}

static void without_arguments_only_what_is_certain_is_said(void **state)
{
	struct callgate_refusal refusal = explained("write", 1, false, 0);

	assert_int_equal(refusal.explanation.line, 0);
	assert_non_null(strstr(refusal.explanation.reason, "depends on arguments"));
	refusal = explained("uname", 63, false, 0);
	assert_int_equal(refusal.explanation.line, 3);
}

static void each_allocation_may_fail(void **state)
{
	const struct callgate_refusal seen = { .arch = "x86_64", .syscall = "uname", .nr = 63, .has_args = true };
	struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("a.policy", policy, strlen(policy), NULL, &subject, NULL), 0);
	FOR_EACH_ALLOCATION({
		struct callgate_refusal refusal = seen;

		if (callgate_refusal_explain(subject, &refusal, NULL) != CALLGATE_OK)
			assert_string_equal(refusal.policy, "");
	})
	callgate_subject_free(subject);
}

UNIT_TESTS(test_monitor_explain, cmocka_unit_test(the_line_that_decides_is_named),
	   cmocka_unit_test(without_arguments_only_what_is_certain_is_said),
	   cmocka_unit_test(each_allocation_may_fail), )
