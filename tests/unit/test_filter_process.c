#include "unit.h"

#include <callgate/callgate.h>

#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char first_text[] = "kernel 6.1\ndefault allow\nerrno EPERM socket\nerrno EACCES mount\n";
static const char second_text[] = "kernel 6.1\ndefault allow\nerrno ENOSYS socket\nkill-process ptrace\n";

static struct callgate_filter *compiled(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;

	if (callgate_subject_parse("text", text, strlen(text), NULL, &subject, &err) ||
	    callgate_subject_compile(subject, NULL, &filter, &err))
		fail_msg("%s", err.message);
	callgate_subject_free(subject);
	return filter;
}

/* A child under these filters, which waits until `hold` is closed; NULL is none. */
static pid_t start_child(struct callgate_filter *const filters[2], int *ret_hold)
{
	int ready[2], hold[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(hold[1]);
		for (int i = 0; i < 2; i++)
			if (filters[i] && callgate_filter_load(filters[i], 0, NULL, NULL))
				_exit(1);
		if (write(ready[1], &byte, 1) != 1 || read(hold[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(hold[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_hold = hold[1];
	return pid;
}

static void end_child(pid_t pid, int hold)
{
	int status;

	close(hold);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The subject of a process, or NULL where this machine does not let us read it. */
static struct callgate_subject *process(pid_t pid, struct callgate_error *err)
{
	struct callgate_subject *subject = NULL;
	char name[32];

	snprintf(name, sizeof(name), "pid:%d", (int)pid);
	callgate_subject_open(name, NULL, &subject, err);
	return subject;
}

static void assert_action(const struct callgate_subject *subject, const char *call, uint32_t ret)
{
	struct callgate_action action;

	assert_int_equal(callgate_subject_simulate(subject, call, &action, NULL), CALLGATE_OK);
	assert_int_equal(action.ret, ret);
}

static void check_stack(const struct callgate_subject *subject)
{
	struct callgate_explanation why;
	char *text = NULL;

	assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_PROCESS);
	assert_action(subject, "mount()", SECCOMP_RET_ERRNO | 13);
	assert_action(subject, "socket()", SECCOMP_RET_ERRNO | 38);
	assert_action(subject, "ptrace()", SECCOMP_RET_KILL_PROCESS);
	assert_action(subject, "read()", SECCOMP_RET_ALLOW);
	assert_int_equal(callgate_subject_explain(subject, "mount()", &why, NULL), CALLGATE_OK);
	assert_non_null(strstr(why.reason, "of 2 filters, number 1 decides"));
	assert_int_equal(callgate_subject_explain(subject, "socket()", &why, NULL), CALLGATE_OK);
	assert_non_null(strstr(why.reason, "of 2 filters, number 2 decides"));
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(text, "2 filters"));
	assert_null(strstr(text, "decides nothing"));
	free(text);
}

static void the_filters_of_a_process_are_one_meaning(void **state)
{
	struct callgate_filter *filters[2] = { compiled(first_text), compiled(second_text) };
	struct callgate_subject *subject;
	struct callgate_error err;
	int hold;
	pid_t pid = start_child(filters, &hold);

	subject = process(pid, &err);
	end_child(pid, hold);
	callgate_filter_free(filters[0]);
	callgate_filter_free(filters[1]);
	if (!subject) {
		assert_true(err.status == CALLGATE_E_UNSUPPORTED || err.status == CALLGATE_E_OS);
		assert_true(err.hint[0]);
		print_message("skipped: %s\n", err.message);
		skip();
	}
	check_stack(subject);
	callgate_subject_free(subject);
}

static void a_filter_that_decides_nothing_is_named(void **state)
{
	struct callgate_filter *filter = compiled(first_text);
	struct callgate_filter *filters[2] = { filter, filter };
	struct callgate_subject *subject;
	struct callgate_error err;
	char *text = NULL;
	int hold;
	pid_t pid = start_child(filters, &hold);

	subject = process(pid, &err);
	end_child(pid, hold);
	callgate_filter_free(filter);
	if (!subject) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	assert_int_equal(callgate_subject_show(subject, CALLGATE_FORM_TABLE, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(text, "decides nothing"));
	free(text);
	callgate_subject_free(subject);
}

static void what_is_no_process_is_refused(void **state)
{
	static const char *const names[] = { "pid:", "pid:x", "pid:0", "pid:-1", "pid:1x", "pid:99999999999999999999" };
	struct callgate_subject *subject = NULL;
	struct callgate_error err;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(callgate_subject_open(names[i], NULL, &subject, &err), CALLGATE_E_SYNTAX);
	assert_int_equal(callgate_subject_open("pid:2147483647", NULL, &subject, &err), CALLGATE_E_OS);
	assert_true(err.hint[0]);
	assert_null(subject);
}

UNIT_TESTS(test_filter_process, cmocka_unit_test(the_filters_of_a_process_are_one_meaning),
	   cmocka_unit_test(a_filter_that_decides_nothing_is_named), cmocka_unit_test(what_is_no_process_is_refused), )
