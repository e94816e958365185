/*
 * Printing rules that no text held: what learn and importers do.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "lang/lang.h"
#include "lang/print.h"

#include <string.h>

static const struct policy_condition always = { .kind = POLICY_ALWAYS };
static const struct policy_value three = { .kind = POLICY_VALUE_NUMBER, .number = 3 };
static const struct policy_value big = { .kind = POLICY_VALUE_NUMBER, .number = 0x12345678 };
static const struct policy_value minus = { .kind = POLICY_VALUE_NUMBER, .number = 5, .negative = true };
static const struct policy_value name = { .kind = POLICY_VALUE_NAME, .name = "O_CLOEXEC" };

static void says(struct buf *out, const char *expected)
{
	assert_false(out->failed);
	assert_string_equal(buf_text(out), expected);
	buf_fini(out);
}

static void actions_are_spelt_as_they_are_read(void **state)
{
	struct buf out = { 0 };

	print_action(&out, &(struct policy_action){ .kind = POLICY_ERRNO, .errno_name = "EPERM" });
	says(&out, "errno EPERM");
	print_action(&out, &(struct policy_action){ .kind = POLICY_ERRNO, .data = 38 });
	says(&out, "errno 38");
	print_action(&out, &(struct policy_action){ .kind = POLICY_TRACE, .data = 7 });
	says(&out, "trace 7");
	print_action(&out, &(struct policy_action){ .kind = POLICY_KILL_PROCESS });
	says(&out, "kill-process");
}

static void values_get_the_brackets_that_they_need(void **state)
{
	struct policy_value both = { .kind = POLICY_VALUE_OR, .left = &name, .right = &big };
	struct policy_value not_both = { .kind = POLICY_VALUE_NOT, .left = &both };
	struct policy_value masked = { .kind = POLICY_VALUE_AND, .left = &both, .right = &minus };
	struct buf out = { 0 };

	print_value(&out, &not_both);
	says(&out, "~(O_CLOEXEC | 0x12345678)");
	print_value(&out, &masked);
	says(&out, "(O_CLOEXEC | 0x12345678) & -5");
}

static void conditions_get_the_brackets_that_they_need(void **state)
{
	struct policy_range ranges[] = { { &three, &three }, { &three, &big } };
	struct policy_condition equal = { .kind = POLICY_COMPARE, .arg = "arg0", .op = POLICY_OP_EQ, .value = &three };
	struct policy_condition any = { .kind = POLICY_COMPARE, .arg = "flags", .op = POLICY_OP_ANY, .value = &name };
	struct policy_condition in = { .kind = POLICY_COMPARE,
				       .arg = "arg1",
				       .mask = &big,
				       .op = POLICY_OP_IN,
				       .ranges = ranges,
				       .range_count = 2 };
	struct policy_condition either = { .kind = POLICY_OR, .left = &equal, .right = &any };
	struct policy_condition both = { .kind = POLICY_AND, .left = &either, .right = &in };
	struct policy_condition negated = { .kind = POLICY_NOT, .left = &both };
	struct buf out = { 0 };

	print_condition(&out, &negated);
	says(&out, "not ((arg0 == 3 or flags & O_CLOEXEC) and arg1 & 0x12345678 in {3, 3..0x12345678})");
}

static void a_rule_is_a_line(void **state)
{
	struct policy_name names[] = { { .syscall = abi_syscall_by_name("read") },
				       { .syscall = abi_syscall_by_name("write") } };
	struct policy_rule rule = {
		.action = { .kind = POLICY_ALLOW }, .names = names, .name_count = 2, .condition = &always
	};
	struct buf out = { 0 };

	print_rule(&out, &rule, NULL);
	says(&out, "allow read, write\n");
	print_rule(&out, &rule, "seen 12 times");
	says(&out, "allow read, write  # seen 12 times\n");
}

static void comments_are_wrapped_between_words(void **state)
{
	struct buf out = { 0 };
	char text[300] = "";
	const char *line;

	print_comment(&out, "one\ntwo");
	says(&out, "# one\n# two\n");
	print_comment(&out, "");
	says(&out, "#\n");
	for (unsigned i = 0; i < 40; i++)
		strcat(text, "words ");
	print_comment(&out, text);
	for (line = out.data; *line; line = strchr(line, '\n') + 1) {
		assert_memory_equal(line, "# words", 7);
		assert_in_range(strcspn(line, "\n"), 1, PRINT_WIDTH);
	}
	buf_fini(&out);
}

static void the_header_says_newer_only_when_it_is_not_usual(void **state)
{
	struct policy *policy = policy_new();
	struct buf out = { 0 };

	policy->kernel = ABI_KERNEL(6, 1);
	policy->arches[ABI_X86_64] = policy->arches[ABI_I386] = true;
	print_header(&out, policy);
	says(&out, "kernel 6.1\narch x86_64, i386\ndefault kill-process\n");
	policy->newer_action = (struct policy_action){ .kind = POLICY_ALLOW };
	print_header(&out, policy);
	says(&out, "kernel 6.1\narch x86_64, i386\ndefault kill-process\nnewer allow\n");
	policy_free(policy);
}

static void a_failing_allocation_is_told_by_the_buf(void **state)
{
	static const char text[] = "kernel 6.1\narch x86_64\ndefault allow\n\nlog read, write if fd in {1, 2..3}\n";
	struct callgate_policy *policy = NULL;

	assert_int_equal(callgate_policy_parse("x", text, sizeof(text) - 1, NULL, &policy, NULL), CALLGATE_OK);
	FOR_EACH_ALLOCATION({
		struct buf out = { 0 };

		print_policy(&out, policy->policy);
		if (unit_allocation_failed())
			assert_true(out.failed);
		else
			assert_string_equal(buf_text(&out), text);
		buf_fini(&out);
	});
	callgate_policy_free(policy);
}

UNIT_TESTS(test_lang_print, cmocka_unit_test(actions_are_spelt_as_they_are_read),
	   cmocka_unit_test(values_get_the_brackets_that_they_need),
	   cmocka_unit_test(conditions_get_the_brackets_that_they_need), cmocka_unit_test(a_rule_is_a_line),
	   cmocka_unit_test(comments_are_wrapped_between_words),
	   cmocka_unit_test(the_header_says_newer_only_when_it_is_not_usual),
	   cmocka_unit_test(a_failing_allocation_is_told_by_the_buf), )
