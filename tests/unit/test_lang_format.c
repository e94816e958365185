/*
 * The formatter: one form, comments and order kept, and a second time changes nothing.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "lang/lang.h"

#include <string.h>

static char *format(const char *text)
{
	struct callgate_error err = { 0 };
	char *formatted = NULL;
	int status = callgate_policy_format("test.policy", text, strlen(text), &formatted, &err);

	if (status)
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return formatted;
}

static void becomes(const char *text, const char *expected)
{
	cleanup_free char *once = format(text);
	cleanup_free char *twice = format(once);

	assert_string_equal(once, expected);
	assert_string_equal(twice, expected);
}

static void blanks_are_one_space_and_empty_lines_one(void **state)
{
	becomes("\n\n  kernel   6.1\n\n\n\tdefault\tkill-process   \n  allow read,write ,  close\n\n",
		"kernel 6.1\n\ndefault kill-process\nallow read, write, close\n");
}

static void comments_stay(void **state)
{
	becomes("# top   \n\n#second\nkernel 6.1# why\n\n# before\nallow read   # behind\n\n# last",
		"# top\n\n#second\nkernel 6.1  # why\n\n# before\nallow read  # behind\n\n# last\n");
}

static void a_comment_inside_a_statement_moves_above_it(void **state)
{
	becomes("kernel 6.1\n\nallow read, # one\n  write # two\n  if fd == 1 # three\nallow close\n",
		"kernel 6.1\n\n# one\n# two\nallow read, write if fd == 1  # three\nallow close\n");
}

static void only_needed_brackets_stay(void **state)
{
	becomes("allow f if ((a & (A)) == (B | C)) and ((b == 1) or (c == 2))\n",
		"allow f if a & A == B | C and (b == 1 or c == 2)\n");
	becomes("allow f if not (not (a & (A | B)))\n", "allow f if not not a & (A | B)\n");
	becomes("allow f if (a == 1 and b == 2) or (c == ~(1|2)) and (d has (A|B))\n",
		"allow f if a == 1 and b == 2 or c == ~(1 | 2) and d has A | B\n");
	becomes("allow f if not (a==1 or b==2)\n", "allow f if not (a == 1 or b == 2)\n");
}

static void numbers_keep_their_spelling(void **state)
{
	becomes("allow f if a in {0x1F,0o17,-3..  7 , } and b in (1)..(2)\n",
		"allow f if a in {0x1F, 0o17, -3..7} and b in 1..2\n");
}

static void every_statement_has_its_form(void **state)
{
	becomes("kernel 6.1\narch x86_64,i386\ndefault errno   EPERM\nnewer trap 3\ninclude   \"@base\"\nkill-thread "
		"a\n"
		"trace 5 b\nnotify c\nlog d\nerrno 1 e\n",
		"kernel 6.1\narch x86_64, i386\ndefault errno EPERM\nnewer trap 3\ninclude \"@base\"\nkill-thread a\n"
		"trace 5 b\nnotify c\nlog d\nerrno 1 e\n");
}

static void long_statements_are_wrapped_and_parse_again(void **state)
{
	becomes("allow aaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccccc, "
		"dddddddddddddddddddddd if flags & O_CLOEXEC and mode in {AAAAAAAAAAAAAAAAAAAAAAAAA, "
		"BBBBBBBBBBBBBBBBBBBBBBBBBBBB, CCCCCCCCCCCCCCCCCCCCCCCC}\n",
		"allow aaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccccc,\n"
		"    dddddddddddddddddddddd\n"
		"    if flags & O_CLOEXEC and mode in {AAAAAAAAAAAAAAAAAAAAAAAAA, BBBBBBBBBBBBBBBBBBBBBBBBBBBB,\n"
		"    CCCCCCCCCCCCCCCCCCCCCCCC}\n");
}

static void nothing_is_an_empty_text(void **state)
{
	becomes("", "");
	becomes("\n\n", "");
	becomes("# only", "# only\n");
}

static void names_are_not_looked_up(void **state)
{
	becomes("kernel 99.7\narch pdp11\ninclude \"nowhere\"\nallow opne if nothing == NO_SUCH\n",
		"kernel 99.7\narch pdp11\ninclude \"nowhere\"\nallow opne if nothing == NO_SUCH\n");
}

static void an_error_leaves_the_output_alone(void **state)
{
	struct callgate_error err = { 0 };
	char *text = NULL;

	assert_int_equal(callgate_policy_format("x", "allow", 5, &text, &err), CALLGATE_E_SYNTAX);
	assert_null(text);
	assert_int_equal(err.line, 1);
}

static void a_failing_allocation_is_an_error(void **state)
{
	static const char text[] = "# a\nkernel 6.1\nallow read, write if a in {1, 2..3} and b & (C | D) # e\n";

	FOR_EACH_ALLOCATION({
		struct callgate_error err = { 0 };
		char *formatted = NULL;
		int status = callgate_policy_format("x", text, sizeof(text) - 1, &formatted, &err);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(formatted);
	});
}

UNIT_TESTS(test_lang_format, cmocka_unit_test(blanks_are_one_space_and_empty_lines_one),
	   cmocka_unit_test(comments_stay), cmocka_unit_test(a_comment_inside_a_statement_moves_above_it),
	   cmocka_unit_test(only_needed_brackets_stay), cmocka_unit_test(numbers_keep_their_spelling),
	   cmocka_unit_test(every_statement_has_its_form),
	   cmocka_unit_test(long_statements_are_wrapped_and_parse_again), cmocka_unit_test(nothing_is_an_empty_text),
	   cmocka_unit_test(names_are_not_looked_up), cmocka_unit_test(an_error_leaves_the_output_alone),
	   cmocka_unit_test(a_failing_allocation_is_an_error), )
