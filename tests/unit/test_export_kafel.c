/*
 * What is written in Kafel means the same to its reader: conditions before what has none, names that Kafel may not know
 * as numbers.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "conversion.h"

#include <string.h>

static struct callgate_conversion *convert(const char *text)
{
	return conversion_of(text, CALLGATE_TARGET_KAFEL);
}

/* On the arch itself; what x32's numbers and other arches get, Kafel does not let one say. */
static void assert_equal_here(const struct callgate_conversion *conversion)
{
	const struct callgate_diff *diff = callgate_conversion_diff(conversion);

	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		if (callgate_diff_at(diff, i)->is_native && callgate_diff_at(diff, i)->syscall[0] != '#')
			fail_msg("%s: %s", callgate_diff_at(diff, i)->witness, callgate_conversion_text(conversion));
}

static void calls_are_blocks_by_action(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\ndefault errno EPERM\nnewer errno EPERM\nforeign kill-thread\n"
			"allow write, read\nerrno EACCES kill\nkill-process ptrace\nlog connect\n");

	assert_string_equal(callgate_conversion_text(conversion), "POLICY callgate {\n"
								  "\tLOG {\n\t\tconnect\n\t},\n"
								  "\tERRNO(13) {\n\t\tkill\n\t},\n"
								  "\tKILL_PROCESS {\n\t\tptrace\n\t},\n"
								  "\tALLOW {\n\t\tread,\n\t\twrite\n\t}\n"
								  "}\n\nUSE callgate DEFAULT ERRNO(1)\n");
	assert_equal_here(conversion);
}

static void conditions_come_first(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\ndefault kill-process\nnewer kill-process\n"
			"trap 3 kill if word1 == 9\nlog kill if word0 < 7\nerrno EPERM kill\n");

	assert_string_equal(callgate_conversion_text(conversion),
			    "POLICY callgate {\n"
			    "\tLOG {\n\t\tkill(a0, a1, a2, a3, a4, a5) {\n"
			    "\t\t\t(a0 <= 0x6 && a1 != 0x9)\n\t\t}\n\t},\n"
			    "\tTRAP(3) {\n\t\tkill(a0, a1, a2, a3, a4, a5) {\n\t\t\t(a1 == 0x9)\n\t\t}\n\t},\n"
			    "\tERRNO(1) {\n\t\tkill\n\t}\n"
			    "}\n\nUSE callgate DEFAULT KILL_PROCESS\n");
	assert_equal_here(conversion);
}

static void every_action_has_words(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion = convert(
		"kernel 7.1\ndefault trace 7\nnewer trace 7\nallow read\nlog write\nnotify close\ntrap 65535 dup\n"
		"errno 4095 pipe2\nkill-thread kill\nkill-process ptrace\nallow fchmodat2\n");

	assert_non_null(strstr(callgate_conversion_text(conversion), "DEFAULT TRACE(7)\n"));
	assert_non_null(strstr(callgate_conversion_text(conversion), "SYSCALL[452] /* fchmodat2 */"));
	assert_equal_here(conversion);
}

static void a_policy_may_have_no_rules(void **state)
{
	cleanup(conversion_free) struct callgate_conversion *conversion =
		convert("kernel 7.1\ndefault allow\nnewer allow\n");

	assert_string_equal(callgate_conversion_text(conversion),
			    "POLICY callgate {\n\n}\n\nUSE callgate DEFAULT ALLOW\n");
	assert_equal_here(conversion);
}

UNIT_TESTS(test_export_kafel, cmocka_unit_test(calls_are_blocks_by_action), cmocka_unit_test(conditions_come_first),
	   cmocka_unit_test(every_action_has_words), cmocka_unit_test(a_policy_may_have_no_rules), )
