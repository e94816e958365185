/*
 * What is written for systemd: nothing is let through that the policy refuses, the settings that know arguments are
 * used where they say enough, and the rest is told.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "conversion.h"

#include <string.h>

static struct callgate_conversion *convert(const char *text)
{
	return conversion_of(text, CALLGATE_TARGET_SYSTEMD);
}

static bool is_looser(const struct callgate_diff *diff)
{
	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		if (!callgate_action_refuses(callgate_diff_at(diff, i)->b) &&
		    callgate_action_overrides(callgate_diff_at(diff, i)->a, callgate_diff_at(diff, i)->b))
			return true;
	return false;
}

#ifdef __x86_64__
static void an_allow_list_holds_what_is_named(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\narch x86_64\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
			"allow write, read\nerrno EACCES kill\nkill-process ptrace\nlog connect\n");

	assert_string_equal(callgate_conversion_text(conversion), "[Service]\n"
								  "SystemCallArchitectures=native\n"
								  "SystemCallErrorNumber=EPERM\n"
								  "SystemCallFilter=@default\n"
								  "SystemCallFilter=~@default\n"
								  "SystemCallFilter=connect read write\n"
								  "SystemCallFilter=~kill:EACCES ptrace:kill\n"
								  "SystemCallLog=connect\n");
	assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
	assert_null(callgate_conversion_note(conversion, 0));
}

static void a_deny_list_is_one(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\narch x86_64, i386, x32\ndefault allow\nnewer allow\nforeign allow\n"
			"errno EPERM mount\nkill-process ptrace\n");

	assert_string_equal(callgate_conversion_text(conversion), "[Service]\nSystemCallFilter=~mount:EPERM ptrace\n");
	assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
}

static void settings_that_know_arguments_are_used(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\narch x86_64\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
			"allow mmap if not (word2 & 6 == 6)\nlog mprotect if not word2 & 4 == 4\n"
			"errno EAFNOSUPPORT socket if word0 != 1 and word0 != 2\nallow socket\n");

	assert_non_null(strstr(callgate_conversion_text(conversion), "\nMemoryDenyWriteExecute=yes\n"));
	assert_non_null(strstr(callgate_conversion_text(conversion), "\nRestrictAddressFamilies=AF_UNIX AF_INET\n"));
	assert_int_equal(callgate_diff_count(callgate_conversion_diff(conversion)), 0);
}

/* The setting does not hold for i386, which has socketcall. */
static void families_are_not_restricted_where_that_has_no_effect(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\narch x86_64, i386\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
			"allow socket if word0 == 1\nerrno EPERM socketcall\n");

	assert_null(strstr(callgate_conversion_text(conversion), "RestrictAddressFamilies"));
	assert_false(is_looser(callgate_conversion_diff(conversion)));
}

static void a_setting_that_refuses_more_is_not_used(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\narch x86_64\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
			"allow mmap if not (word2 & 6 == 6)\nallow mprotect\n");

	assert_null(strstr(callgate_conversion_text(conversion), "MemoryDenyWriteExecute"));
	assert_string_equal(callgate_conversion_note(conversion, 0),
			    "systemd has no words for the conditions of mmap: it is refused whatever its arguments "
			    "are");
	assert_true(callgate_diff_count(callgate_conversion_diff(conversion)) > 0);
	assert_false(is_looser(callgate_conversion_diff(conversion)));
}
#endif

static void what_it_has_no_words_for_is_stricter(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\ndefault errno EPERM\nnewer errno EPERM\n"
			"allow openat if flags & O_ACCMODE == O_RDONLY\nallow mmap if length == 7\n"
			"allow socket if type == 2\ntrap 3 kill\nnotify connect\n");

	assert_null(strstr(callgate_conversion_text(conversion), "openat"));
	assert_non_null(strstr(callgate_conversion_text(conversion), "kill:kill"));
	assert_false(is_looser(callgate_conversion_diff(conversion)));
}

static void a_default_without_words_is_an_error(void **state)
{
	conversion_is_refused("kernel 7.1\ndefault trap 1\nnewer trap 1\n", CALLGATE_TARGET_SYSTEMD,
			      "systemd has no words for 'trap 1' as a default");
}

UNIT_TESTS(test_export_systemd,
#ifdef __x86_64__
	   cmocka_unit_test(an_allow_list_holds_what_is_named), cmocka_unit_test(a_deny_list_is_one),
	   cmocka_unit_test(settings_that_know_arguments_are_used),
	   cmocka_unit_test(families_are_not_restricted_where_that_has_no_effect),
	   cmocka_unit_test(a_setting_that_refuses_more_is_not_used),
#endif
	   cmocka_unit_test(what_it_has_no_words_for_is_stricter),
	   cmocka_unit_test(a_default_without_words_is_an_error), )
