/*
 * Records of calls as policies: what strace writes, in all its forms, and what the kernel's audit log tells.
 */
#include "unit.h"

#include "base/cleanup.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOW = 0x7fff0000, ENOSYS_ = 0x00050026 };
#define KILL_PROCESS 0x80000000u

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static const char strace[] =
	"execve(\"/bin/true\", [\"true\"], 0x7ffd /* 5 vars */) = 0\n"
	"[pid    12] openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>\n"
	"12 fcntl(3, F_DUPFD, 10 <unfinished ...>\n"
	"13    write(1, \"a\"..., 1)              = 1\n"
	"12 <... fcntl resumed>)               = 10\n"
	"12 getsockopt(3, SOL_SOCKET <unfinished ...>\n"
	"12:04:59.123456 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3\n"
	"     0.000326 ioctl(3, _IOC(_IOC_READ|_IOC_WRITE, 0x12, 0x34, 0x8), 0x7ffd) = -1 ENOTTY (Not a tty)\n"
	"mprotect(0x7f0000, 4096, PROT_READ) = 0\n"
	"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---\n"
	"kill(12, SIGTERM) = 0\n"
	"12 +++ exited with 0 +++\n"
	"strace: Process 14 attached\n"
	"exit_group(0) = ?\n"
	"+++ killed by SIGTERM +++\n";

static const char summary[] = "% time     seconds  usecs/call     calls    errors syscall\n"
			      "------ ----------- ----------- --------- --------- ----------------\n"
			      " 67.18    0.000174           5        30           mmap\n"
			      "  8.11    0.000021           0        24         2 openat\n"
			      "------ ----------- ----------- --------- --------- ----------------\n"
			      "100.00    0.000259           2        54         2 total\n";

static const char audit[] =
	"----\n"
	"time->Thu Mar 28 12:00:00 2013\n"
	"type=PATH msg=audit(1364481363.243:24287): item=0 name=\"/etc/passwd\"\n"
	"node=a type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 "
	"a0=7fffd19c5592 a1=0 a2=7fffd19c4b50 a3=a items=1 comm=\"cat\" key=\"x\"\x1d"
	"ARCH=x86_64 SYSCALL=open\n"
	"type=SECCOMP msg=audit(1364481363.243:24288): auid=1000 pid=3538 comm=\"x\" sig=31 arch=c000003e "
	"syscall=165 compat=0 ip=0x7f code=0x80000000\n"
	"type=SYSCALL msg=audit(03/28/2013 12:00:00.1:5) : arch=x86_64 syscall=socket success=yes exit=3 a0=AF_UNIX "
	"a1=SOCK_STREAM|SOCK_CLOEXEC a2=0x0 a3=0x0\n"
	"[ 12.3] audit: type=1326 audit(1.2:3): auid=1 uid=1 arch=40000003 syscall=20 compat=1 ip=0x0\n";

static const struct {
	enum callgate_subject_kind kind;
	const char *text;
	const char *call;
	uint32_t ret;
} cases[] = {
	{ CALLGATE_SUBJECT_STRACE, strace, "execve()", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "openat(0, 0, O_RDONLY)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "openat(0, 0, O_RDWR)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "fcntl(4, F_DUPFD)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "fcntl(4, F_SETLK)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "write(2)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "write(3)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "getsockopt(9, SOL_SOCKET, SO_ERROR)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "getsockopt(9, SOL_TCP, SO_ERROR)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "ioctl(1, 0xc0081234)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "ioctl(1, TCGETS)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "mprotect(0, 0, PROT_EXEC)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "mprotect(0, 0, PROT_READ|PROT_WRITE)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "kill(1, SIGKILL)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "exit_group(1)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, strace, "mount()", KILL_PROCESS },
	{ CALLGATE_SUBJECT_STRACE, strace, "#9999()", ENOSYS_ },
	{ CALLGATE_SUBJECT_STRACE, summary, "mmap(0, 0, PROT_EXEC|PROT_WRITE)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, summary, "openat(0, 0, O_RDWR)", ALLOW },
	{ CALLGATE_SUBJECT_STRACE, summary, "read()", KILL_PROCESS },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x86_64:open(0, O_RDONLY)", ALLOW },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x86_64:open(0, O_RDWR)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x86_64:mount()", ALLOW },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x86_64:socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC)", ALLOW },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x86_64:socket(AF_UNIX, SOCK_DGRAM)", KILL_PROCESS },
	{ CALLGATE_SUBJECT_AUDIT, audit, "i386:getpid()", ALLOW },
	{ CALLGATE_SUBJECT_AUDIT, audit, "x32:getpid()", KILL_PROCESS },
};

static void what_was_called_passes_and_what_was_not_does_not(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		struct callgate_error err = { 0 };

		if (callgate_subject_parse("r", cases[i].text, strlen(cases[i].text), NULL, &subject, &err))
			fail_msg("%zu: %u:%u: %s", i, err.line, err.col, err.message);
		assert_int_equal(callgate_subject_kind(subject), cases[i].kind);
		assert_int_equal(callgate_subject_simulate(subject, cases[i].call, &action, &err), 0);
		if (action.ret != cases[i].ret)
			fail_msg("%s -> 0x%x", cases[i].call, action.ret);
	}
}

static void a_call_is_explained_by_the_line_that_tells_it(void **state)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL;
	struct callgate_explanation explanation;

	assert_int_equal(callgate_subject_parse("r", strace, sizeof(strace) - 1, NULL, &subject, NULL), 0);
	assert_int_equal(callgate_subject_explain(subject, "kill(1, 2)", &explanation, NULL), 0);
	assert_int_equal(explanation.line, 11);
	assert_string_equal(explanation.rule, "kill(12, SIGTERM) = 0");
}

static void what_a_record_does_not_tell_is_noted(void **state)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("r", summary, sizeof(summary) - 1, NULL, &subject, NULL), 0);
	assert_string_equal(callgate_subject_note(subject, 0),
			    "r: 2 calls are told without arguments, and on those is no condition");
}

static const struct {
	enum callgate_subject_kind kind;
	const char *text;
	unsigned line, col;
	const char *message;
} wrong[] = {
	{ CALLGATE_SUBJECT_STRACE, "read(0) = 1\nopne(1) = 2\n", 2, 1, "unknown syscall 'opne'" },
	{ CALLGATE_SUBJECT_STRACE, "read(0) = 1\n[ Process PID=1 runs in 32 bit mode. ]\n", 2, 1,
	  "the name of a call is expected" },
	{ CALLGATE_SUBJECT_STRACE, "openat(0, 0, O_WHAT) = 1\n", 1, 1, "unknown constant 'O_WHAT'" },
	{ CALLGATE_SUBJECT_STRACE, "ioctl(0, WHAT(1)) = 1\n", 1, 1, "what 'WHAT' makes of it is not known" },
	{ CALLGATE_SUBJECT_STRACE, "ioctl(0, _IOC(_IOC_READ, 1)) = 1\n", 1, 1, "',' is expected" },
	{ CALLGATE_SUBJECT_STRACE, "x86_64:#9999(0) = 1\n", 1, 1, "a call that has no name: number 9999 of x86_64" },
	{ CALLGATE_SUBJECT_STRACE, "# nothing\n", 0, 0, "not one call is told of" },
	{ CALLGATE_SUBJECT_STRACE, "% time\n 1.0 0.1 1 1 opne\n", 2, 14, "unknown syscall 'opne'" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SYSCALL msg=audit(1:1): syscall=2\n", 1, 1, "a record without 'arch='" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SYSCALL msg=audit(1:1): arch=c000003e\n", 1, 1, "a record without 'syscall='" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SYSCALL msg=audit(1:1): arch=vax syscall=2\n", 1, 35, "unknown arch 'vax'" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SYSCALL msg=audit(1:1): arch=x86_64 syscall=opne\n", 1, 50,
	  "unknown syscall 'opne'" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SYSCALL msg=audit(1:1): arch=x86_64 syscall=2 a0=1 a1=O_WHAT\n", 1, 60,
	  "'O_WHAT' is no value of a1" },
	{ CALLGATE_SUBJECT_AUDIT, "type=SECCOMP msg=audit(1:1): arch=deadbeef syscall=2\n", 1, 1,
	  "a call that has no name: number 2 of an arch that is not known" },
	{ CALLGATE_SUBJECT_AUDIT, "type=PATH msg=audit(1:1): item=0\nsomething else\n", 2, 1,
	  "this is no record of an audit log" },
	{ CALLGATE_SUBJECT_AUDIT, "type=PATH msg=audit(1:1): item=0\n", 0, 0, "not one call is told of" },
};

static void what_cannot_be_read_is_said_at_its_line(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const struct callgate_subject_options options = { .kind = wrong[i].kind };
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("r", wrong[i].text, strlen(wrong[i].text), &options, &subject,
						   &err) < 0);
		assert_null(subject);
		assert_string_equal(err.message, wrong[i].message);
		assert_int_equal(err.line, wrong[i].line);
		if (err.line)
			assert_int_equal(err.col, wrong[i].col);
	}
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} texts[] = { { strace, sizeof(strace) - 1 }, { summary, sizeof(summary) - 1 }, { audit, sizeof(audit) - 1 } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		FOR_EACH_ALLOCATION({
			const struct callgate_subject_options options = {
				.kind = i == 2 ? CALLGATE_SUBJECT_AUDIT : CALLGATE_SUBJECT_STRACE
			};
			struct callgate_subject *subject = NULL;
			int status = callgate_subject_parse("r", texts[i].text, texts[i].length, &options, &subject,
							    NULL);

			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
			callgate_subject_free(subject);
		});
}

UNIT_TESTS(test_filter_record, cmocka_unit_test(what_was_called_passes_and_what_was_not_does_not),
	   cmocka_unit_test(a_call_is_explained_by_the_line_that_tells_it),
	   cmocka_unit_test(what_a_record_does_not_tell_is_noted),
	   cmocka_unit_test(what_cannot_be_read_is_said_at_its_line),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
