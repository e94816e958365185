#include "unit.h"

#include "bpf/bpf.h"
#include "filter/watch.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

static const char policy[] =
	"kernel 6.1\narch x86_64\ndefault kill-process\nnewer errno ENOSYS\nallow read\nerrno EPERM write\n"
	"errno ENOSYS openat2\ntrap 1 open\nkill-thread close\n";
static const char before[] = "kernel 6.1\narch x86_64\ndefault kill-process\nallow read, write\n";

static struct callgate_subject *subject_of(const char *text)
{
	struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, NULL), 0);
	return subject;
}

/* What a filter that is watched so says to the call of this number. */
static uint32_t answer(const struct filter_watch *watch, int nr)
{
	struct callgate_subject *subject = subject_of(policy);
	const struct seccomp_data data = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };
	struct callgate_filter_options options = { 0 };
	struct callgate_filter *filter = NULL;
	const struct sock_filter *insns;
	size_t count;
	uint32_t ret;

	assert_int_equal(filter_compile_watched(subject, &options, watch, &filter, NULL), 0);
	insns = callgate_filter_program(filter, &count);
	ret = bpf_simulate(insns, count, &data, NULL);
	callgate_filter_free(filter);
	callgate_subject_free(subject);
	return ret;
}

static void errnos_are_asked_and_all_else_stays(void **state)
{
	const struct filter_watch watch = { 0 };

	assert_int_equal(answer(&watch, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&watch, 1), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&watch, 437), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(answer(&watch, 2), SECCOMP_RET_TRAP | 1);
	assert_int_equal(answer(&watch, 3), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(answer(&watch, 101), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(&watch, 100000), SECCOMP_RET_ERRNO | ENOSYS);
}

static void ends_are_asked_where_nobody_traces(void **state)
{
	const struct filter_watch watch = { .ends = true };

	assert_int_equal(answer(&watch, 101), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&watch, 3), SECCOMP_RET_KILL_THREAD);
}

static void an_observer_is_asked_of_all_that_is_refused(void **state)
{
	const struct filter_watch watch = { .observe = true };

	for (int nr = 1; nr <= 3; nr++)
		assert_int_equal(answer(&watch, nr), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&watch, 437), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(filter_watched(&watch, (struct callgate_action){ SECCOMP_RET_TRAP },
					(struct callgate_action){ SECCOMP_RET_KILL_PROCESS }),
			 FILTER_LET_THROUGH);
}

static void what_is_newly_refused_is_let_through_and_the_rest_is_not(void **state)
{
	struct callgate_subject *since = subject_of(before);
	const struct filter_watch watch = { .since = since };
	const struct callgate_action allow = { SECCOMP_RET_ALLOW }, kill = { SECCOMP_RET_KILL_PROCESS };

	assert_int_equal(answer(&watch, 1), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&watch, 101), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(filter_watched(&watch, kill, allow), FILTER_LET_THROUGH);
	assert_int_equal(filter_watched(&watch, kill, kill), FILTER_UNWATCHED);
	assert_int_equal(filter_watched(&watch, (struct callgate_action){ SECCOMP_RET_ERRNO | EPERM }, kill),
			 FILTER_ANSWERED);
	callgate_subject_free(since);
}

UNIT_TESTS(test_filter_watch, cmocka_unit_test(errnos_are_asked_and_all_else_stays),
	   cmocka_unit_test(ends_are_asked_where_nobody_traces),
	   cmocka_unit_test(an_observer_is_asked_of_all_that_is_refused),
	   cmocka_unit_test(what_is_newly_refused_is_let_through_and_the_rest_is_not), )
