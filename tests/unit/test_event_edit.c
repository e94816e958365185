#include "unit.h"

#include <callgate/event.h>

#include <string.h>

static struct callgate_subject *subject_of(const char *policy)
{
	struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("test.policy", policy, strlen(policy), NULL, &subject, NULL), 0);
	return subject;
}

static const struct callgate_refusal refused_socket = {
	.arch = "x86_64", .syscall = "socket", .nr = 41, .has_args = true, .args = { 2, 0x80001, 6 }
};
static const struct callgate_refusal refused_ptrace = {
	.arch = "x86_64", .syscall = "ptrace", .nr = 101, .has_args = true, .args = { 16, 1 }
};

static struct callgate_edit edit_of(const char *policy, const struct callgate_refusal *refusal)
{
	struct callgate_subject *subject = subject_of(policy);
	struct callgate_edit edit;

	assert_int_equal(callgate_edit_find(subject, refusal, &edit, NULL), 0);
	callgate_subject_free(subject);
	return edit;
}

static void an_edit_is_as_narrow_as_the_call(void **state)
{
	struct callgate_edit edit =
		edit_of("kernel 6.1\narch x86_64\ndefault kill-process\nallow read\n", &refused_socket);

	assert_string_equal(edit.rule, "allow socket if domain == AF_INET and type == SOCK_CLOEXEC | SOCK_STREAM and "
				       "protocol == 6");
	assert_int_equal(edit.line, 0);
}

static void it_stands_before_what_decided(void **state)
{
	struct callgate_edit edit = edit_of("kernel 6.1\narch x86_64\ndefault allow\nerrno EPERM ptrace\n"
					    "errno EACCES socket if domain != AF_UNIX\n",
					    &refused_socket);

	assert_int_equal(edit.line, 5);
	assert_string_equal(edit.file, "test.policy");
}

static void it_says_what_it_opens(void **state)
{
	struct callgate_edit edit =
		edit_of("kernel 6.1\narch x86_64, i386\ndefault kill-process\nallow read\n", &refused_ptrace);

	assert_non_null(strstr(edit.rule, "allow ptrace"));
	assert_non_null(strstr(edit.opens, "the same call of i386"));
	assert_non_null(strstr(edit.opens, "ptrace"));
}

static void a_hole_that_stood_open_is_not_opened(void **state)
{
	const struct callgate_refusal refused_connect = {
		.arch = "x86_64", .syscall = "connect", .nr = 42, .has_args = true, .args = { 3, 0x1000, 16 }
	};
	struct callgate_edit edit =
		edit_of("kernel 6.1\narch x86_64\ndefault allow\nerrno EPERM mkdirat\nerrno EACCES connect\n",
			&refused_connect);

	assert_string_equal(edit.opens, "every connect, whatever its arguments");
}

static void a_hole_of_two_arches_is_told_once(void **state)
{
	const struct callgate_refusal refused_name = {
		.arch = "x86_64", .syscall = "sethostname", .nr = 170, .has_args = true, .args = { 0x1000, 4 }
	};
	struct callgate_edit edit = edit_of("kernel 6.1\narch x86_64, aarch64\ndefault allow\n"
					    "errno EPERM sethostname, setdomainname\n",
					    &refused_name);
	const char *first = strstr(edit.opens, "twin-open: setdomainname");

	assert_non_null(first);
	assert_null(strstr(first + 1, "twin-open: setdomainname"));
}

static void where_there_is_none_to_propose_it_is_empty(void **state)
{
	struct callgate_refusal unknown = refused_socket;

	assert_string_equal(edit_of("kernel 6.1\narch x86_64\ndefault allow\n", &refused_socket).rule, "");
	assert_string_equal(edit_of("kernel 6.1\narch i386\ndefault kill-process\n", &refused_socket).rule, "");
	unknown.has_args = false;
	assert_string_equal(edit_of("kernel 6.1\narch x86_64\ndefault kill-process\n", &unknown).rule, "");
}

static void each_allocation_may_fail(void **state)
{
	struct callgate_subject *subject = subject_of("kernel 6.1\narch x86_64\ndefault kill-process\nallow read\n");

	FOR_EACH_ALLOCATION({
		struct callgate_edit edit = { .line = 77 };

		if (callgate_edit_find(subject, &refused_socket, &edit, NULL) != CALLGATE_OK)
			assert_int_equal(edit.line, 77);
	})
	callgate_subject_free(subject);
}

UNIT_TESTS(test_event_edit, cmocka_unit_test(an_edit_is_as_narrow_as_the_call),
	   cmocka_unit_test(it_stands_before_what_decided), cmocka_unit_test(it_says_what_it_opens),
	   cmocka_unit_test(a_hole_that_stood_open_is_not_opened), cmocka_unit_test(a_hole_of_two_arches_is_told_once),
	   cmocka_unit_test(where_there_is_none_to_propose_it_is_empty), cmocka_unit_test(each_allocation_may_fail), )
