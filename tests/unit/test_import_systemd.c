/*
 * Units of systemd. What a running systemd loads is caught and compared in tests/programs/units.sh; here is what its
 * manual says of each line, for any machine, and what this reader refuses.
 */
#include "judge.h"

#include "base/cleanup.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ALLOW = 0x7fff0000,
	LOG = 0x7ffc0000,
	ERRNO = 0x00050000,
	KILL_THREAD = 0,
	EPERM_ = ERRNO | 1,
	EIO_ = ERRNO | 5
};
#define KILL_PROCESS  0x80000000u
#define EAFNOSUPPORT_ (ERRNO | 97)
#define ENOSYS_	      (ERRNO | 38)

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static const struct {
	const char *lines; /* of [Service] */
	const char *call;
	uint32_t ret;
} cases[] = {
	{ "", "ptrace()", ALLOW },
	{ "", "#999()", ALLOW },
	{ "SystemCallFilter=read", "read()", ALLOW },
	{ "SystemCallFilter=read", "write()", KILL_PROCESS },
	{ "SystemCallFilter=read", "#999()", KILL_PROCESS },
	{ "SystemCallFilter=read", "execve()", ALLOW },
	{ "SystemCallFilter=~read", "read()", KILL_PROCESS },
	{ "SystemCallFilter=~read", "write()", ALLOW },
	{ "SystemCallFilter=~ read", "read()", KILL_PROCESS },
	{ "SystemCallFilter=~read:EPERM write:kill kill:5", "read()", EPERM_ },
	{ "SystemCallFilter=~read:EPERM write:kill kill:5", "write()", KILL_PROCESS },
	{ "SystemCallFilter=~read:EPERM write:kill kill:5", "kill()", EIO_ },
	{ "SystemCallFilter=~read\nSystemCallErrorNumber=EPERM", "read()", EPERM_ },
	{ "SystemCallErrorNumber=EPERM\nSystemCallFilter=~read:kill", "read()", KILL_PROCESS },
	{ "SystemCallErrorNumber=EPERM\nSystemCallErrorNumber=\nSystemCallFilter=~read", "read()", KILL_PROCESS },
	{ "SystemCallErrorNumber=kill\nSystemCallFilter=~read", "read()", KILL_PROCESS },
	{ "SystemCallErrorNumber=EPERM\nSystemCallFilter=read", "#999()", EPERM_ },
	{ "SystemCallFilter=read write\nSystemCallFilter=~write", "write()", KILL_PROCESS },
	{ "SystemCallFilter=read write\nSystemCallFilter=~write:EPERM", "write()", EPERM_ },
	{ "SystemCallFilter=~read\nSystemCallFilter=read", "read()", ALLOW },
	{ "SystemCallFilter=~read\nSystemCallFilter=\nSystemCallFilter=write", "read()", KILL_PROCESS },
	{ "SystemCallFilter=~read\nSystemCallFilter=", "read()", ALLOW },
	{ "SystemCallFilter=~@clock", "settimeofday()", KILL_PROCESS },
	{ "SystemCallFilter=@system-service", "read()", ALLOW },
	{ "SystemCallFilter=@system-service", "mount()", KILL_PROCESS },
	{ "SystemCallFilter=read \\\n# between\n  write", "write()", ALLOW },
	{ "SystemCallLog=read", "read()", LOG },
	{ "SystemCallLog=read", "write()", ALLOW },
	{ "SystemCallLog=~read", "write()", LOG },
	{ "SystemCallLog=~read", "read()", ALLOW },
	{ "SystemCallLog=~read\nSystemCallFilter=~write", "write()", KILL_PROCESS },
	{ "SystemCallLog=~read\nSystemCallFilter=read write", "write()", LOG },
	{ "SystemCallLog=~read\nSystemCallFilter=read write", "kill()", KILL_PROCESS },
	{ "RestrictAddressFamilies=AF_UNIX", "socket(AF_UNIX)", ALLOW },
	{ "RestrictAddressFamilies=AF_UNIX", "socket(AF_INET)", EAFNOSUPPORT_ },
	{ "RestrictAddressFamilies=~AF_UNIX", "socket(AF_UNIX)", EAFNOSUPPORT_ },
	{ "RestrictAddressFamilies=~AF_UNIX", "socket(AF_INET)", ALLOW },
	{ "RestrictAddressFamilies=~AF_UNIX\nRestrictAddressFamilies=AF_UNIX", "socket(AF_UNIX)", ALLOW },
	{ "RestrictAddressFamilies=none", "socket(AF_UNIX)", EAFNOSUPPORT_ },
	{ "RestrictAddressFamilies=none\nRestrictAddressFamilies=", "socket(AF_UNIX)", ALLOW },
	{ "RestrictAddressFamilies=none\nSystemCallFilter=~socket:EPERM", "socket(AF_UNIX)", EPERM_ },
	{ "RestrictNamespaces=yes", "setns(0, CLONE_NEWNET)", EPERM_ },
	{ "RestrictNamespaces=yes", "clone3()", ENOSYS_ },
	{ "RestrictNamespaces=net", "unshare(CLONE_NEWNET)", ALLOW },
	{ "RestrictNamespaces=net", "unshare(CLONE_NEWUSER)", EPERM_ },
	{ "RestrictNamespaces=net", "setns(0, 0)", EPERM_ },
	{ "RestrictNamespaces=net", "setns(0, CLONE_NEWNET)", ALLOW },
	{ "RestrictNamespaces=~net", "unshare(CLONE_NEWNET)", EPERM_ },
	{ "RestrictNamespaces=~net\nRestrictNamespaces=net", "unshare(CLONE_NEWNET)", ALLOW },
	{ "RestrictNamespaces=yes\nRestrictNamespaces=", "unshare(CLONE_NEWNET)", ALLOW },
	{ "RestrictNamespaces=no\nRestrictNamespaces=uts", "unshare(CLONE_NEWNET)", ALLOW },
	{ "MemoryDenyWriteExecute=on", "mprotect(0, 0, PROT_EXEC)", EPERM_ },
	{ "MemoryDenyWriteExecute=on", "mmap(0, 0, PROT_EXEC)", ALLOW },
	{ "MemoryDenyWriteExecute=on", "mmap(0, 0, PROT_EXEC|PROT_WRITE)", EPERM_ },
	{ "MemoryDenyWriteExecute=on\nMemoryDenyWriteExecute=off", "mprotect(0, 0, PROT_EXEC)", ALLOW },
	{ "RestrictRealtime=1", "sched_setscheduler(0, SCHED_FIFO)", EPERM_ },
	{ "RestrictRealtime=1", "sched_setscheduler(0, SCHED_BATCH)", ALLOW },
	{ "RestrictSUIDSGID=true", "fchmodat(0, 0, 04755)", EPERM_ },
	{ "RestrictSUIDSGID=true", "fchmodat(0, 0, 0755)", ALLOW },
	{ "RestrictSUIDSGID=true", "openat(0, 0, O_CREAT, 02000)", EPERM_ },
	{ "RestrictSUIDSGID=true", "openat(0, 0, 0, 02000)", ALLOW },
	{ "DynamicUser=yes\nRestrictSUIDSGID=no", "openat2()", ENOSYS_ },
	{ "LockPersonality=yes", "personality(1)", EPERM_ },
	{ "LockPersonality=yes", "personality(0)", ALLOW },
	{ "ProtectHostname=yes", "sethostname()", EPERM_ },
	{ "ProtectKernelModules=yes", "finit_module()", EPERM_ },
	{ "ProtectKernelLogs=yes", "syslog()", EPERM_ },
	{ "ProtectClock=yes", "clock_settime()", EPERM_ },
	{ "PrivateDevices=yes", "read()", ALLOW },
	{ "ExecStart=/bin/true", "read()", ALLOW },
};

static void each_setting_means_what_the_manual_says(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		struct callgate_error err = { 0 };
		char text[500];

		snprintf(text, sizeof(text), "; a unit\n[Unit]\nDescription=a=b\n\n[Service]\n%s\n", cases[i].lines);
		if (callgate_subject_parse("u", text, strlen(text), NULL, &subject, &err))
			fail_msg("%s: %u:%u: %s", cases[i].lines, err.line, err.col, err.message);
		assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_SYSTEMD);
		assert_int_equal(callgate_subject_simulate(subject, cases[i].call, &action, &err), 0);
		judge_by_rules(subject, cases[i].call, action);
		if (action.ret != cases[i].ret)
			fail_msg("%s: %s -> 0x%x", cases[i].lines, cases[i].call, action.ret);
	}
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *message, *hint;
} wrong[] = {
	{ "[Service\n", 1, 1, "expected ']' behind the section's name", "" },
	{ "[Service]\nnonsense\n", 2, 1, "expected KEY=VALUE", "" },
	{ "[Service]\n=x\n", 2, 1, "expected KEY=VALUE", "" },
	{ "A=b\n", 1, 1, "an assignment before the first section", "" },
	{ "[Service]\nSystemCallFilter=opne\n", 2, 18, "unknown syscall 'opne'", "did you mean 'open'?" },
	{ "[Service]\nSystemCallFilter=read \\\n  opne\n", 3, 3, "unknown syscall 'opne'", "did you mean 'open'?" },
	{ "[Service]\nSystemCallFilter=@clok\n", 2, 18, "unknown group of syscalls '@clok'", "did you mean '@clock'?" },
	{ "[Service]\nSystemCallFilter=read:EPERM\n", 2, 18,
	  "only what is refused, behind a ~, has an errno: 'read:EPERM'", "" },
	{ "[Service]\nSystemCallFilter=~read:EPER\n", 2, 19, "expected an errno or 'kill', not 'EPER'",
	  "did you mean 'EPERM'?" },
	{ "[Service]\nSystemCallFilter=~read:4096\n", 2, 19, "expected an errno or 'kill', not '4096'", "" },
	{ "[Service]\nSystemCallLog=~read:1\n", 2, 16, "only what is refused, behind a ~, has an errno: 'read:1'", "" },
	{ "[Service]\nSystemCallErrorNumber=1 2\n", 2, 1, "SystemCallErrorNumber= takes an errno or 'kill'", "" },
	{ "[Service]\nSystemCallErrorNumber=-1\n", 2, 23, "expected an errno or 'kill', not '-1'", "" },
	{ "[Service]\nSystemCallArchitectures=x68\n", 2, 25, "unknown arch 'x68'", "" },
	{ "[Service]\nRestrictAddressFamilies=AF_UNX\n", 2, 25, "unknown address family 'AF_UNX'", "" },
	{ "[Service]\nRestrictAddressFamilies=O_CREAT\n", 2, 25, "unknown address family 'O_CREAT'", "" },
	{ "[Service]\nRestrictNamespaces=utz\n", 2, 20, "unknown kind of namespace 'utz'", "" },
	{ "[Service]\nLockPersonality=maybe\n", 2, 17, "expected yes or no, not 'maybe'", "" },
	{ "[Service]\nLockPersonality=\n", 2, 1, "LockPersonality= takes yes or no", "" },
	{ "[Service]\nPersonality=vax\n", 2, 13, "unknown personality 'vax'", "" },
	{ "[Service]\nSystemCalFilter=read\n", 2, 1, "unknown setting 'SystemCalFilter'",
	  "did you mean 'SystemCallFilter'?" },
	{ "[Unit]\nLockPersonality=yes\n", 2, 1,
	  "LockPersonality= has no effect in [Unit]: processes are of [Service], [Socket], [Mount] and [Swap]", "" },
};

static void what_systemd_would_ignore_is_refused_at_its_place(void **state)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_SYSTEMD };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("u", wrong[i].text, strlen(wrong[i].text), &options, &subject,
						   &err) < 0);
		assert_null(subject);
		assert_string_equal(err.message, wrong[i].message);
		assert_string_equal(err.hint, wrong[i].hint);
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(err.col, wrong[i].col);
	}
}

static void an_older_library_does_not_know_newer_names(void **state)
{
	static const char text[] = "[Service]\nSystemCallFilter=~openat2 mount\n";
	const struct callgate_subject_options options = { .kernel = 0x0505 };
	cleanup(free_subject) struct callgate_subject *subject = NULL;
	struct callgate_action action;

	assert_int_equal(callgate_subject_parse("u", text, sizeof(text) - 1, &options, &subject, NULL), 0);
	assert_int_equal(callgate_subject_simulate(subject, "openat2()", &action, NULL), 0);
	assert_int_equal(action.ret, ALLOW);
	assert_int_equal(callgate_subject_simulate(subject, "mount()", &action, NULL), 0);
	assert_int_equal(action.ret, KILL_PROCESS);
}

static const struct {
	const char *lines, *call;
	uint32_t ret;
} x86_cases[] = {
	{ "SystemCallFilter=read", "i386:write()", KILL_PROCESS },
	{ "SystemCallFilter=read", "x32:write()", KILL_PROCESS },
	{ "SystemCallFilter=read", "arm:write()", ALLOW },
	{ "SystemCallArchitectures=native", "i386:write()", KILL_THREAD },
	{ "SystemCallArchitectures=native", "x32:write()", KILL_THREAD },
	{ "SystemCallArchitectures=x86\nSystemCallArchitectures=", "x32:write()", ALLOW },
	{ "SystemCallArchitectures=x32", "x32:write()", ALLOW },
	{ "SystemCallArchitectures=arm ia64", "arm:write()", KILL_THREAD },
	{ "RestrictAddressFamilies=none", "i386:socket()", ALLOW },
	{ "MemoryDenyWriteExecute=yes", "i386:mmap()", EPERM_ },
	{ "MemoryDenyWriteExecute=yes", "i386:mmap2(0, 0, 4)", ALLOW },
	{ "MemoryDenyWriteExecute=yes", "x32:shmat(0, 0, SHM_EXEC)", EPERM_ },
	{ "PrivateDevices=yes", "iopl()", EPERM_ },
	{ "SystemCallFilter=~socket", "i386:socketcall(1)", KILL_PROCESS },
	{ "SystemCallFilter=~socket", "i386:socketcall(2)", ALLOW },
	{ "SystemCallFilter=~socket\nSystemCallFilter=~socketcall:EPERM", "i386:socketcall(1)", EPERM_ },
	{ "LockPersonality=yes\nPersonality=x86", "personality(8)", ALLOW },
	{ "LockPersonality=yes\nPersonality=x86", "personality(0)", EPERM_ },
};

static void arches_are_treated_as_systemd_does(void **state)
{
#if !defined(__x86_64__)
	skip();
#endif
	for (size_t i = 0; i < sizeof(x86_cases) / sizeof(*x86_cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		char text[500];

		snprintf(text, sizeof(text), "[Service]\n%s\n", x86_cases[i].lines);
		assert_int_equal(callgate_subject_parse("u", text, strlen(text), NULL, &subject, NULL), 0);
		assert_int_equal(callgate_subject_simulate(subject, x86_cases[i].call, &action, NULL), 0);
		judge_by_rules(subject, x86_cases[i].call, action);
		if (action.ret != x86_cases[i].ret)
			fail_msg("%s: %s -> 0x%x", x86_cases[i].lines, x86_cases[i].call, action.ret);
	}
}

static const struct {
	const char *path, *text; /* a folder when it has none */
} files[] = {
	{ "a-b.service", "[Service]\nSystemCallFilter=~read\n" },
	{ "a-b.service.d", NULL },
	{ "a-.service.d", NULL },
	{ "service.d", NULL },
	{ "service.d/10-both.conf", "[Service]\nSystemCallErrorNumber=EIO\n" },
	{ "service.d/90-last.conf", "[Service]\nSystemCallFilter=~mount:EIO\n" },
	{ "a-.service.d/20-clock.conf", "[Service]\nSystemCallFilter=~@clock\n" },
	{ "a-b.service.d/10-both.conf", "[Service]\nSystemCallErrorNumber=EPERM\nSystemCallFilter=\n" },
	{ "a-b.service.d/.hidden.conf", "[Service]\nSystemCallFilter=opne\n" },
	{ "a-b.service.d/other.txt", "[Service]\nSystemCallFilter=opne\n" },
};

enum { FILES = sizeof(files) / sizeof(*files) };

static void make_files(const char *folder)
{
	char path[200];

	for (size_t i = 0; i < FILES; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, files[i].path);
		if (!files[i].text) {
			assert_int_equal(mkdir(path, 0700), 0);
			continue;
		}
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(files[i].text, file);
		assert_int_equal(fclose(file), 0);
	}
}

static void remove_files(const char *folder)
{
	char path[200];

	for (size_t i = FILES; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].path);
		if (files[i].text)
			assert_int_equal(unlink(path), 0);
	}
	for (size_t i = FILES; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].path);
		if (!files[i].text)
			assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void drop_ins_are_read_by_name_and_the_most_specific_counts(void **state)
{
	cleanup(free_subject) struct callgate_subject *subject = NULL;
	char folder[] = "/tmp/callgate-systemd-XXXXXX", path[200];
	struct callgate_action action;
	struct callgate_error err = { 0 };

	assert_non_null(mkdtemp(folder));
	make_files(folder);
	snprintf(path, sizeof(path), "%s/a-b.service", folder);
	assert_int_equal(callgate_subject_open(path, NULL, &subject, &err), 0);
	assert_int_equal(callgate_subject_simulate(subject, "read()", &action, NULL), 0);
	assert_int_equal(action.ret, ALLOW); /* 10-both of the unit's own folder took it back */
	assert_int_equal(callgate_subject_simulate(subject, "settimeofday()", &action, NULL), 0);
	assert_int_equal(action.ret, EPERM_);
	assert_int_equal(callgate_subject_simulate(subject, "mount()", &action, NULL), 0);
	assert_int_equal(action.ret, EIO_);
	assert_non_null(strstr(callgate_subject_note(subject, 0), "a-b.service.d/10-both.conf"));
	assert_non_null(strstr(callgate_subject_note(subject, 1), "a-.service.d/20-clock.conf"));
	assert_non_null(strstr(callgate_subject_note(subject, 2), "service.d/90-last.conf"));
	assert_null(callgate_subject_note(subject, 3));
	remove_files(folder);
}

static void a_failing_allocation_fails_the_reading(void **state)
{
	static const char text[] =
		"[Service]\nSystemCallFilter=@clock read \\\n write\nSystemCallFilter=~write:EPERM kill\n"
		"SystemCallErrorNumber=EIO\nSystemCallLog=read\nSystemCallArchitectures=native\n"
		"RestrictAddressFamilies=AF_UNIX\nRestrictNamespaces=net\nRestrictSUIDSGID=yes\n"
		"MemoryDenyWriteExecute=yes\nRestrictRealtime=yes\nLockPersonality=yes\n";

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("u", text, sizeof(text) - 1, NULL, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
}

UNIT_TESTS(test_import_systemd, cmocka_unit_test(each_setting_means_what_the_manual_says),
	   cmocka_unit_test(what_systemd_would_ignore_is_refused_at_its_place),
	   cmocka_unit_test(an_older_library_does_not_know_newer_names),
	   cmocka_unit_test(arches_are_treated_as_systemd_does),
	   cmocka_unit_test(drop_ins_are_read_by_name_and_the_most_specific_counts),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
