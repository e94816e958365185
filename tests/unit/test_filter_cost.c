#include "unit.h"

#include <callgate/callgate.h>

#include <string.h>

static struct callgate_subject *policy(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };

	if (callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err))
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
	return subject;
}

static const struct callgate_cost *cost_of(const struct callgate_costs *costs, const char *syscall)
{
	for (size_t i = 0; i < callgate_costs_count(costs); i++)
		if (strcmp(callgate_costs_at(costs, i)->syscall, syscall) == 0 &&
		    strcmp(callgate_costs_at(costs, i)->arch, "x86_64") == 0)
			return callgate_costs_at(costs, i);
	fail_msg("%s has no cost", syscall);
	return NULL;
}

static void an_unconditional_allow_costs_nothing(void **state)
{
	static const char counts[] = "read 90\nopenat 10\n";
	struct callgate_subject *subject = policy("kernel 6.1\narch x86_64\ndefault kill-process\nallow read\n"
						  "allow openat if flags & O_ACCMODE == O_RDONLY\n");
	struct callgate_frequency *frequency = NULL;
	struct callgate_costs *costs = NULL;

	assert_int_equal(callgate_frequency_parse("counts", counts, strlen(counts), &frequency, NULL), CALLGATE_OK);
	assert_int_equal(callgate_costs_new(subject, frequency, &costs, NULL), CALLGATE_OK);
	assert_true(cost_of(costs, "read")->bitmap);
	assert_false(cost_of(costs, "openat")->bitmap);
	assert_false(cost_of(costs, "ptrace")->bitmap);
	assert_true(cost_of(costs, "openat")->low <= cost_of(costs, "openat")->high);
	assert_true(cost_of(costs, "openat")->low > 0);
	assert_float_equal(callgate_costs_expected(costs), 0.1 * cost_of(costs, "openat")->mean, 1e-6);
	callgate_costs_free(costs);
	callgate_frequency_free(frequency);
	callgate_subject_free(subject);
}

static void a_trace_shows_what_was_not_needed_and_what_is_refused(void **state)
{
	static const char trace[] = "# a comment\n"
				    "[pid 77] read(3, \"abc\"..., 3) = 3\n"
				    "5 read(3, \"abc\"..., 3)\n"
				    "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
				    "openat(AT_FDCWD, \"x\", O_RDWR) = -1 EPERM (Operation not permitted)\n"
				    "write(1, \"x\", 1 <unfinished ...>\n"
				    "<... write resumed>) = 1\n"
				    "gibberish(\n"
				    "+++ exited with 0 +++\n";
	struct callgate_subject *subject = policy("kernel 6.1\ndefault kill-process\nallow read, write\n"
						  "errno EPERM openat if flags & O_ACCMODE == O_RDWR\nallow close\n");
	struct callgate_coverage *coverage = NULL;

	assert_int_equal(callgate_coverage_new(subject, trace, strlen(trace), &coverage, NULL), CALLGATE_OK);
	assert_int_equal(coverage->calls, 8);
	assert_int_equal(coverage->permitted, 7);
	assert_int_equal(coverage->from_bitmap, 7);
	assert_int_equal(coverage->refusal_count, 1);
	assert_int_equal(coverage->refusals[0].line, 4);
	assert_int_equal(coverage->refusals[0].trace_line, 5);
	assert_int_equal(coverage->unfired_count, 1);
	assert_int_equal(coverage->unfired[0].line, 5);
	assert_string_equal(coverage->unfired[0].rule, "allow close");
	assert_int_equal(coverage->unread_count, 1);
	assert_int_equal(coverage->unread[0].trace_line, 8);
	assert_true(coverage->instructions > 0);
	callgate_coverage_free(coverage);
	callgate_subject_free(subject);
}

static void every_allocation_may_fail(void **state)
{
	static const char text[] =
		"kernel 6.1\narch x86_64\ndefault kill-process\nallow read\nallow dup if arg0 == 3\n";
	static const char trace[] = "x86_64:read()\nnothing\nx86_64:ptrace()\n";

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		struct callgate_costs *costs = NULL;
		struct callgate_coverage *coverage = NULL;
		struct callgate_error err = { 0 };

		if (!callgate_subject_parse("x", text, strlen(text), NULL, &subject, &err) &&
		    !callgate_costs_new(subject, NULL, &costs, &err))
			callgate_coverage_new(subject, trace, strlen(trace), &coverage, &err);
		assert_true(err.status == CALLGATE_OK || err.status == CALLGATE_E_NOMEM);
		assert_true(unit_allocation_failed() == (err.status == CALLGATE_E_NOMEM));
		callgate_costs_free(costs);
		callgate_coverage_free(coverage);
		callgate_subject_free(subject);
	});
}

UNIT_TESTS(test_filter_cost, cmocka_unit_test(an_unconditional_allow_costs_nothing),
	   cmocka_unit_test(a_trace_shows_what_was_not_needed_and_what_is_refused),
	   cmocka_unit_test(every_allocation_may_fail), )
