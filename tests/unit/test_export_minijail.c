/*
 * What is written for Minijail: lines that both of its readers take as long as there are words for them, and a meaning
 * that its importer finds equal.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "conversion.h"

#include <string.h>

static struct callgate_conversion *convert(const char *text)
{
	return conversion_of(text, CALLGATE_TARGET_MINIJAIL);
}

static void assert_written(const char *policy, const char *expected)
{
	cleanup(conversion_free) struct callgate_conversion *conversion = convert(policy);
	const struct callgate_diff *diff = callgate_conversion_diff(conversion);

	assert_string_equal(callgate_conversion_text(conversion), expected);
	if (callgate_diff_count(diff))
		fail_msg("%s", callgate_diff_at(diff, 0)->witness);
}

static void calls_are_lines_that_both_readers_take(void **state)
{
	assert_written("kernel 7.1\ndefault kill-process\nnewer kill-process\nallow write, read\nerrno EPERM kill\n"
		       "allow socket if domain in {AF_UNIX, AF_INET}\n"
		       "allow lseek if word2 >= 3\nerrno EACCES lseek\n",
		       "kill: return EPERM\n"
		       "lseek: arg2 >= 0x3; return EACCES\n"
		       "read: allow\n"
		       "socket: arg0 in 0xffffffff00000001 && arg0 & 0x1 || arg0 in 0xffffffff00000002 && arg0 & 0x2\n"
		       "write: allow\n");
}

static void more_actions_stand_in_braces(void **state)
{
	assert_written("kernel 7.1\ndefault errno EPERM\nnewer errno EPERM\nlog kill if word1 == 9\ntrap 0 kill if "
		       "word1 == 15\n",
		       "@default return EPERM\n"
		       "kill: { arg1 == 0x9; log, arg1 == 0xf; trap }\n");
}

static void a_deny_list_is_one(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\ndefault allow\nnewer allow\nerrno EPERM kill if word1 & 3 == 2\n");

	assert_string_equal(callgate_conversion_text(conversion),
			    "@denylist\nkill: { arg1 in 0xfffffffffffffffe && arg1 & 0x2; return EPERM }\n");
	assert_non_null(callgate_conversion_note(conversion, 0));
	assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
}

static void what_it_has_no_words_for_is_an_error(void **state)
{
	static const struct {
		const char *policy, *message;
	} cases[] = {
		{ "kernel 7.1\ndefault kill-process\nnewer kill-process\ntrace 3 kill\n",
		  "Minijail has no words for 'trace 3'" },
		{ "kernel 7.1\ndefault log\nnewer log\n",
		  "Minijail has no words for a default that is neither allow nor a refusal" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		conversion_is_refused(cases[i].policy, CALLGATE_TARGET_MINIJAIL, cases[i].message);
}

static void other_arches_are_a_difference(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion = convert(
		"kernel 7.1\narch x86_64, aarch64, s390x\ndefault kill-process\nnewer kill-process\nallow read\n");

	assert_true(callgate_diff_count(callgate_conversion_diff(conversion)) >= 2);
}

UNIT_TESTS(test_export_minijail, cmocka_unit_test(calls_are_lines_that_both_readers_take),
	   cmocka_unit_test(more_actions_stand_in_braces), cmocka_unit_test(a_deny_list_is_one),
	   cmocka_unit_test(what_it_has_no_words_for_is_an_error), cmocka_unit_test(other_arches_are_a_difference), )
