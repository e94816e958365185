/*
 * What strace and the kernel's audit log wrote, as evidence.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "observe/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void discard(struct evidence **evidence)
{
	evidence_free(*evidence);
}

static int read_two(enum log_kind kind, const char *const names[2], const char *const texts[2],
		    struct evidence *evidence, struct log_end *end, struct callgate_error *err)
{
	struct log_text list[2] = { 0 };
	size_t count = 0;

	for (; count < 2 && texts[count]; count++)
		list[count] =
			(struct log_text){ .name = names[count], .text = texts[count], .length = strlen(texts[count]) };
	return log_read(kind, list, count, evidence, end, err);
}

static int read_one(enum log_kind kind, const char *text, struct evidence *evidence, struct log_end *end,
		    struct callgate_error *err)
{
	return read_two(kind, (const char *const[]){ "log", NULL }, (const char *const[]){ text, NULL }, evidence, end,
			err);
}

/* All that is known of a call by a program; NULL: it made none. */
static const struct evidence_entry *entry_of(const struct evidence *evidence, const char *program, const char *syscall)
{
	for (size_t i = 0; i < evidence->entries.length; i++) {
		const struct evidence_entry *entry = evidence->entries.items[i];

		if (strcmp(entry->program->path, program) == 0 && entry->syscall &&
		    strcmp(entry->syscall->name, syscall) == 0)
			return entry;
	}
	return NULL;
}

static uint64_t count_of(const struct evidence *evidence, const char *program, const char *syscall)
{
	const struct evidence_entry *entry = entry_of(evidence, program, syscall);

	return entry ? entry->count : 0;
}

/* A shell that is no file here starts a child, which executes; a thread of that; a signal; halves of calls. */
static const char follow[] =
	"10 execve(\"/none/sh\", [\"sh\"], 0x7ffd /* 5 vars */) = 0\n"
	"10 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)\n"
	"10 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>\n"
	"11 getpid()                          = 11\n"
	"10 <... clone resumed>, child_tidptr=0x7f) = 11\n"
	"11 execve(\"/none/a\\142\", [\"ab\"], 0x7ffd /* 5 vars */ <unfinished ...>\n"
	"10 wait4(-1,  <unfinished ...>\n"
	"11 <... execve resumed>)             = 0\n"
	"11 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, exit_signal=0}, 88 => {parent_tid=[12]}, 88) = 12\n"
	"12 poll([{fd=0, events=POLLIN}], 1, -1) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)\n"
	"12 --- SIGUSR1 {si_signo=SIGUSR1} ---\n"
	"12 restart_syscall(<... resuming interrupted poll ...>) = 0\n"
	"12 syscall_0x7ff(0x1, 0x2)            = -1 ENOSYS (Function not implemented)\n"
	"11 getppid()                         = 10\n"
	"11 exit_group(0)                     = ?\n"
	"12 +++ exited with 0 +++\n"
	"11 +++ exited with 0 +++\n"
	"10 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 11\n"
	"10 read(0,  <unfinished ...>\n"
	"10 +++ killed by SIGKILL +++\n";

static void strace_tells_who_made_each_call(void **state)
{
	cleanup(discard) struct evidence *evidence = evidence_new();
	const struct evidence_entry *opened, *polled;
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, follow, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(evidence->calls, 12);
	assert_int_equal(count_of(evidence, "/none/sh", "execve"), 1);
	assert_int_equal(count_of(evidence, "/none/sh", "clone"), 1);
	assert_int_equal(count_of(evidence, "/none/sh", "getpid"), 1);
	assert_int_equal(count_of(evidence, "/none/sh", "read"), 1);
	assert_int_equal(count_of(evidence, "/none/ab", "getppid"), 1);
	assert_int_equal(count_of(evidence, "/none/ab", "restart_syscall"), 1);
	opened = entry_of(evidence, "/none/sh", "openat");
	assert_int_equal(opened->errors.length, 1);
	assert_int_equal(opened->errors.items[0].value, 2);
	assert_int_equal(opened->answered, 1);
	assert_int_equal(opened->args[2].items[0].value, 02000000);
	assert_true(opened->args[3].many);
	polled = entry_of(evidence, "/none/ab", "poll");
	assert_int_equal(polled->errors.items[0].value, 516);
	assert_int_equal(polled->phases[EVIDENCE_SERVE], 1);
	/* The thread shares its process's phase. */
	assert_int_equal(entry_of(evidence, "/none/ab", "getppid")->phases[EVIDENCE_SERVE], 1);
	assert_int_equal(entry_of(evidence, "/none/sh", "getpid")->phases[EVIDENCE_START], 1);
	assert_false(end.attached);
	assert_false(end.cut_off);
	assert_false(evidence->run_list.items[0].has_main);
	assert_string_equal(evidence->run_list.items[0].recorder, "strace");
}

static void a_place_and_a_time_are_taken_where_they_stand(void **state)
{
	static const char text[] = "12:04:59.5 execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				   " > /lib64/ld-linux-x86-64.so.2(_start+0x0) [0x1ab70]\n"
				   "12:04:59.6 brk(NULL) = 0x55ac\n"
				   " > /lib64/ld-linux-x86-64.so.2(brk+0x7) [0x1fc47]\n"
				   " > /lib64/ld-linux-x86-64.so.2(more+0x7) [0x1fc48]\n"
				   "12:05:01.6 getpid() = 3\n"
				   " > /lib/libc.so.6(getpid+0x7) [0xd7]\n"
				   "12:05:01.6 exit_group(0) = ?\n"
				   "12:05:01.6 +++ exited with 0 +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	const struct evidence_entry *entry;
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, text, evidence, &end, &err), CALLGATE_OK);
	entry = entry_of(evidence, "/none/a", "brk");
	assert_int_equal(entry->phases[EVIDENCE_LOAD], 1);
	assert_int_equal(entry->sites.length, 1);
	assert_string_equal(entry->sites.items[0].module, "/lib64/ld-linux-x86-64.so.2");
	assert_int_equal(entry->sites.items[0].offset, 0x1fc47);
	entry = entry_of(evidence, "/none/a", "getpid");
	assert_int_equal(entry->phases[EVIDENCE_START], 1);
	assert_int_equal(end.wall_ns, 2000000000);
	assert_int_equal(evidence->run_list.items[0].times.length, 3);
}

static void files_of_one_process_each_are_read_in_the_order_of_births(void **state)
{
	static const char child[] = "getpid() = 12\n"
				    "exit_group(0) = ?\n"
				    "+++ exited with 0 +++\n";
	static const char parent[] = "execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				     "vfork() = 12\n"
				     "exit_group(0) = ?\n"
				     "+++ exited with 0 +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_two(LOG_STRACE, (const char *const[]){ "out.12", "out.11" },
				  (const char *const[]){ child, parent }, evidence, &end, &err),
			 CALLGATE_OK);
	assert_int_equal(count_of(evidence, "/none/a", "getpid"), 1);
	assert_int_equal(count_of(evidence, "/none/a", "exit_group"), 2);
	assert_false(end.attached);
}

/* A thread executes, and its own file says so as its last word; another's end is told by a file that is read later. */
static void files_of_threads_are_one_process(void **state)
{
	static const char leader[] = "execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				     "clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD) = 11\n"
				     "+++ superseded by execve in pid 11 +++\n"
				     "<... execve resumed>) = 0\n"
				     "exit_group(0) = ?\n"
				     "+++ exited with 0 +++\n";
	static const char thread[] = "getpid() = 10\n"
				     "execve(\"/proc/self/exe\", [\"a\"], 0x7ffd <pid changed to 10 ...>\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_two(LOG_STRACE, (const char *const[]){ "out.11", "out.10" },
				  (const char *const[]){ thread, leader }, evidence, &end, &err),
			 CALLGATE_OK);
	assert_int_equal(evidence->calls, 4);
	assert_int_equal(evidence->programs.length, 1);
	assert_int_equal(count_of(evidence, "/none/a", "execve"), 1);
	assert_int_equal(count_of(evidence, "/none/a", "getpid"), 1);
	assert_false(end.cut_off);
}

static void on_a_terminal_the_first_process_has_no_number_at_first(void **state)
{
	static const char text[] = "execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				   "fork()  = 12\n"
				   "strace: Process 12 attached\n"
				   "[pid    11] getppid() = 1\n"
				   "[pid    12] getpid() = 12\n"
				   "[pid    12] exit_group(0) = ?\n"
				   "[pid    12] +++ exited with 0 +++\n"
				   "exit_group(0) = ?\n"
				   "+++ exited with 0 +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, text, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(evidence->programs.length, 1);
	assert_int_equal(evidence->calls, 5);
	assert_false(end.cut_off);
}

static void an_exec_in_a_thread_takes_the_first_ones_number(void **state)
{
	static const char text[] = "10 execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				   "10 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD) = 11\n"
				   "11 execve(\"/none/b\", [\"b\"], 0x7ffd <unfinished ...>\n"
				   "10 +++ superseded by execve in pid 11 +++\n"
				   "10 <... execve resumed>) = 0\n"
				   "10 exit_group(0) = ?\n"
				   "10 +++ exited with 0 +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, text, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(count_of(evidence, "/none/a", "execve"), 1);
	assert_int_equal(count_of(evidence, "/none/b", "exit_group"), 1);
	assert_false(end.cut_off);
}

static void arguments_that_nobody_understands_are_told(void **state)
{
	static const char text[] = "execve(\"/none/a\", [\"a\"], 0x7ffd) = 0\n"
				   "ioctl(1, WHAT_IS_THIS, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl for device)\n"
				   "exit_group(0) = ?\n"
				   "+++ exited with 0 +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	const struct evidence_entry *entry;
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, text, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(end.untold, 1);
	assert_int_equal(end.first_untold.line, 2);
	assert_non_null(strstr(end.first_untold.message, "WHAT_IS_THIS"));
	entry = entry_of(evidence, "/none/a", "ioctl");
	assert_int_equal(entry->args[0].items[0].value, 1);
	assert_true(entry->args[1].many);
	assert_int_equal(entry->args[1].length, 0);
	assert_int_equal(entry->errors.items[0].value, 25);
}

#define AUDIT(event, rest) "type=SYSCALL msg=audit(1364481363." event "): arch=c000003e " rest "\n"

/* A cat that was there already, and an execve whose record has the name of what was executed. */
static const char audit[] =
	AUDIT("243:7",
	      "syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffd a2=80000 a3=0 ppid=1 pid=9 "
	      "exe=\"/none/cat\"") "type=SECCOMP msg=audit(1364481363.300:8): pid=9 comm=\"cat\" "
				   "exe=\"/none/cat\" sig=0 arch=c000003e syscall=41 "
				   "compat=0 ip=0x7f code=0x7ffc0000\n" AUDIT(
					   "300:8",
					   "syscall=41 success=yes exit=3 a0=1 a1=80001 a2=0 a3=a ppid=1 pid=9 "
					   "exe=\"/none/cat\"") "type=SECCOMP msg=audit(1364481363.310:9): "
								"pid=9 exe=2F6E6F6E652F6361742064 sig=31 "
								"arch=c000003e syscall=165 "
								"compat=0 ip=0x7f code=0x80000000\n" AUDIT(
									"400:10", "syscall=59 success=yes exit=0 a0=1 "
										  "a1=2 a2=3 a3=4 ppid=1 pid=9 "
										  "exe=\"/none/ls\"")
									AUDIT("500:11",
									      "syscall=231 a0=0 a1=0 a2=0 a3=0 "
									      "ppid=1 pid=9 exe=\"/none/ls\"")
										AUDIT("243:7", "syscall=257 success=no "
											       "exit=-13 a0=ffffff9c "
											       "a1=7ffd a2=80000 a3=0 "
											       "ppid=1 pid=9 "
											       "exe=\"/none/cat\"");

static void the_audit_log_tells_each_call_once(void **state)
{
	cleanup(discard) struct evidence *evidence = evidence_new();
	const struct evidence_entry *entry;
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_AUDIT, audit, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(evidence->calls, 5);
	entry = entry_of(evidence, "/none/cat", "openat");
	assert_int_equal(entry->count, 1);
	assert_int_equal(entry->errors.items[0].value, 13);
	assert_int_equal(entry->args[2].items[0].value, 0x80000);
	entry = entry_of(evidence, "/none/cat", "socket");
	assert_int_equal(entry->count, 1);
	assert_int_equal(entry->args[0].items[0].value, 1);
	/* A name with a blank stands there in hexadecimal; a filter's record has no arguments and no result. */
	entry = entry_of(evidence, "/none/cat d", "mount");
	assert_int_equal(entry->count, 1);
	assert_int_equal(entry->answered, 0);
	/* Whoever called execve was the program before. */
	assert_int_equal(count_of(evidence, "/none/ls", "execve"), 0);
	assert_int_equal(count_of(evidence, "/none/cat d", "execve"), 1);
	assert_int_equal(count_of(evidence, "/none/ls", "exit_group"), 1);
	assert_true(end.attached);
	assert_false(end.cut_off);
	assert_int_equal(end.wall_ns, 257000000);
	assert_string_equal(evidence->run_list.items[0].recorder, "audit");
}

static void what_is_lost_fails_the_reading(void **state)
{
	static const struct {
		enum log_kind kind;
		const char *text;
		unsigned line;
		const char *message;
	} cases[] = {
		{ LOG_STRACE, "read(0) = 1\nopne(1) = 1\n", 2, "unknown syscall 'opne'" },
		{ LOG_STRACE, "1 read(0) = 1\n1 <... write resumed>) = 1\n", 2, "whose beginning is not there" },
		{ LOG_STRACE, "1 read(0 <unfinished ...>\n1 getpid() = 1\n", 2, "before the last one has ended" },
		{ LOG_STRACE, "read(0) = 1\nread(0", 2, "cut off" },
		{ LOG_STRACE, "read(0) = 1\nread(0)\n", 2, "what came of this call" },
		{ LOG_STRACE, "1 execve(\"/a\", 0, 0) = 0\n1 +++ exited with 0 +++\n", 2, "left out" },
		{ LOG_STRACE, "1 getpid() = 1\n1 +++ exited with 0 +++\n", 2, "left out" },
		{ LOG_STRACE,
		  "1 ??"
		  "?( <unfinished ...>\n1 getpid() = 1\n",
		  1, "could not see" },
		{ LOG_STRACE, "1 getpid() = 1\n2 getpid() = 2\ngetpid() = 3\n", 3, "which process" },
		{ LOG_STRACE, "% time     seconds  usecs/call     calls    errors syscall\n", 1, "strace -c" },
		{ LOG_STRACE, "read(0) = 1\n\xff\xfe\n", 2, "expected" },
		{ LOG_AUDIT, "audit: audit_lost=3 audit_rate_limit=0 audit_backlog_limit=64\n", 1, "lost records" },
		{ LOG_AUDIT, "kauditd_printk_skb: 12 callbacks suppressed\n", 1, "lost records" },
		{ LOG_AUDIT, "type=CONFIG_CHANGE msg=audit(1.2:3): op=set lost=0 old=5 auid=0\n", 1, "lost records" },
		{ LOG_AUDIT, "type=SYSCALL msg=audit(1.2:3): arch=c000003e syscall=2 a0=", 1, "cut off" },
		{ LOG_AUDIT, "type=SYSCALL msg=audit(1.2:3): arch=c000003e\n", 1, "without 'syscall='" },
		{ LOG_AUDIT, "type=SYSCALL arch=c000003e syscall=2\n", 1, "the number of its event" },
		{ LOG_AUDIT, "eth0: link up\n", 1, "no record" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(discard) struct evidence *evidence = evidence_new();
		struct callgate_error err = { 0 };
		struct log_end end;

		assert_int_equal(read_one(cases[i].kind, cases[i].text, evidence, &end, &err), CALLGATE_E_SYNTAX);
		if (!strstr(err.message, cases[i].message) || err.line != cases[i].line)
			fail_msg("case %zu: line %u: %s", i, err.line, err.message);
		assert_string_equal(err.file, "log");
		assert_int_equal(evidence->run_list.length, 0);
	}
}

/* It was killed before strace could ask it what it wanted, so nothing came of that. */
static void a_call_that_nobody_could_see_is_none_where_its_thread_is_killed(void **state)
{
	static const char text[] = "1 getpid() = 1\n"
				   "1 ??"
				   "?( <unfinished ...>\n"
				   "1 <... ??? resumed>) = ?\n"
				   "1 +++ killed by SIGKILL +++\n";
	cleanup(discard) struct evidence *evidence = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, text, evidence, &end, &err), CALLGATE_OK);
	assert_int_equal(evidence->calls, 1);
}

static void a_log_without_calls_is_no_recording(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "1 --- SIGCONT {si_signo=SIGCONT} ---\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(discard) struct evidence *evidence = evidence_new();
		struct callgate_error err = { 0 };
		struct log_end end;

		assert_int_equal(read_one(LOG_STRACE, texts[i], evidence, &end, &err), CALLGATE_E_INVALID);
	}
}

static void the_same_log_is_the_same_recording(void **state)
{
	cleanup(discard) struct evidence *one = evidence_new();
	cleanup(discard) struct evidence *again = evidence_new();
	struct callgate_error err = { 0 };
	struct log_end end;

	assert_int_equal(read_one(LOG_STRACE, follow, one, &end, &err), CALLGATE_OK);
	assert_int_equal(read_one(LOG_STRACE, follow, again, &end, &err), CALLGATE_OK);
	assert_int_equal(evidence_merge(one, again, &err), CALLGATE_E_INVALID);
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	static const struct {
		enum log_kind kind;
		const char *text;
	} cases[] = { { LOG_STRACE, follow }, { LOG_AUDIT, audit } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		FOR_EACH_ALLOCATION({
			cleanup(discard) struct evidence *evidence = evidence_new();
			struct callgate_error err = { 0 };
			struct log_end end;
			int status = evidence ? read_one(cases[i].kind, cases[i].text, evidence, &end, &err)
					      : CALLGATE_E_NOMEM;

			assert_true(status == CALLGATE_OK || status == CALLGATE_E_NOMEM);
			assert_true(status == CALLGATE_OK || unit_allocation_failed());
		})
}

UNIT_TESTS(test_observe_log, cmocka_unit_test(strace_tells_who_made_each_call),
	   cmocka_unit_test(a_place_and_a_time_are_taken_where_they_stand),
	   cmocka_unit_test(files_of_one_process_each_are_read_in_the_order_of_births),
	   cmocka_unit_test(files_of_threads_are_one_process),
	   cmocka_unit_test(on_a_terminal_the_first_process_has_no_number_at_first),
	   cmocka_unit_test(an_exec_in_a_thread_takes_the_first_ones_number),
	   cmocka_unit_test(arguments_that_nobody_understands_are_told),
	   cmocka_unit_test(the_audit_log_tells_each_call_once), cmocka_unit_test(what_is_lost_fails_the_reading),
	   cmocka_unit_test(a_call_that_nobody_could_see_is_none_where_its_thread_is_killed),
	   cmocka_unit_test(a_log_without_calls_is_no_recording), cmocka_unit_test(the_same_log_is_the_same_recording),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
