#include "unit.h"

#include <callgate/callgate.h>

#include <stdio.h>
#include <string.h>

#define HEAD "kernel 6.1\narch x86_64\n"

static struct callgate_subject *policy(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	if (callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err))
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	return subject;
}

static struct callgate_diff *compared(const char *a, const char *b)
{
	struct callgate_subject *before = policy(a), *after = policy(b);
	struct callgate_diff *diff = NULL;

	assert_int_equal(callgate_diff_new(before, after, &diff, NULL), CALLGATE_OK);
	callgate_subject_free(before);
	callgate_subject_free(after);
	return diff;
}

/* Each difference as "NAME: " and a newline, without actions. */
static const char *names(const struct callgate_diff *diff)
{
	static char text[4096];
	size_t length = 0;

	for (size_t i = 0; i < callgate_diff_count(diff) && length < sizeof(text); i++) {
		const struct callgate_difference *said = callgate_diff_at(diff, i);

		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%s\n", said->syscall,
					   said->condition ? " if " : "", said->condition ? said->condition : "");
	}
	return text;
}

static void assert_folded(const char *a, const char *b, const char *expected)
{
	struct callgate_diff *diff = compared(a, b);

	assert_int_equal(callgate_diff_fold(diff, NULL), CALLGATE_OK);
	assert_string_equal(names(diff), expected);
	callgate_diff_free(diff);
}

static void a_few_changes_are_all_written(void **state)
{
	assert_folded(HEAD "default kill-process\n",
		      HEAD "default kill-process\nallow read, write, open, close, stat, fstat, lstat\n",
		      "read\nwrite\nopen\nclose\nstat\nfstat\nlstat\n");
}

static void many_of_one_kind_are_stretches_of_numbers(void **state)
{
	assert_folded(HEAD "default kill-process\n",
		      HEAD
		      "default kill-process\nallow read, write, open, close, stat, fstat, lstat, poll, lseek, mmap\n"
		      "allow pause, nanosleep, getpid\nerrno EPERM ioctl\nallow socket if domain == AF_UNIX\n",
		      "read..mmap, pause, nanosleep, getpid\nioctl\nsocket if domain == AF_UNIX\n");
}

/* 471 is the last number that the tables have. */
static void numbers_without_a_name_join_their_neighbours(void **state)
{
	assert_folded("kernel 6.1\narch x86_64\ndefault kill-process\n",
		      "kernel 6.1\narch x86_64\ndefault kill-process\nnewer errno EPERM\n",
		      "uretprobe, uprobe, #337..#423, cachestat..#1073741823, #2147483648..#3221225471\n");
}

static void an_arch_that_changes_as_a_whole_is_a_star(void **state)
{
	assert_folded(HEAD "default errno EPERM\nnewer errno EPERM\nallow read\n",
		      "kernel 6.1\narch x86_64, i386\ndefault errno EPERM\nnewer errno EPERM\nallow read\n",
		      "*\nread\n");
}

/* Left out are the calls that became stricter; "*" must not speak for them. */
static void what_was_left_out_is_in_no_star(void **state)
{
	struct callgate_diff *diff = compared("kernel 6.1\narch x86_64, i386\ndefault errno EPERM\nallow read\n",
					      "kernel 6.1\narch x86_64, i386\ndefault allow\nnewer allow\n"
					      "errno EACCES read\n");

	callgate_diff_keep_looser(diff);
	assert_int_equal(callgate_diff_fold(diff, NULL), CALLGATE_OK);
	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		assert_string_not_equal(callgate_diff_at(diff, i)->syscall, "*");
	callgate_diff_free(diff);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_diff *diff;
		size_t count;
		int status;

		unit_fail_allocation(-1);
		diff = compared(HEAD "default kill-process\n", HEAD "default errno EPERM\n");
		count = callgate_diff_count(diff);
		unit_fail_allocation(nth_);
		status = callgate_diff_fold(diff, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		if (status)
			assert_int_equal(callgate_diff_count(diff), count);
		callgate_diff_free(diff);
	});
}

UNIT_TESTS(test_filter_fold, cmocka_unit_test(a_few_changes_are_all_written),
	   cmocka_unit_test(many_of_one_kind_are_stretches_of_numbers),
	   cmocka_unit_test(numbers_without_a_name_join_their_neighbours),
	   cmocka_unit_test(an_arch_that_changes_as_a_whole_is_a_star),
	   cmocka_unit_test(what_was_left_out_is_in_no_star), cmocka_unit_test(every_allocation_may_fail), )
