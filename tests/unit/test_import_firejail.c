/*
 * Profiles of firejail. What a running firejail loads is read and compared in tests/programs/profiles.sh; here is what
 * its manual says of each line, and what this reader refuses.
 */
#include "judge.h"

#include "base/cleanup.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ALLOW = 0x7fff0000,
	LOG = 0x7ffc0000,
	KILL_THREAD = 0,
	ERRNO = 0x00050000,
	EPERM_ = ERRNO | 1,
	EACCES_ = ERRNO | 13,
	ENOSYS_ = ERRNO | 38,
	EOPNOTSUPP_ = ERRNO | 95,
};

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

#if defined(__x86_64__)
static const struct {
	const char *text;
	const char *call;
	uint32_t ret;
} cases[] = {
	{ "seccomp", "mount()", EPERM_ },
	{ "seccomp", "ptrace()", EPERM_ },
	{ "seccomp", "read()", ALLOW },
	{ "seccomp", "i386:mount()", EPERM_ },
	{ "seccomp", "i386:read()", ALLOW },
	{ "seccomp", "x32:read()", EPERM_ },
	{ "seccomp", "arm:mount()", ALLOW },
	{ "seccomp\nallow-debuggers", "ptrace()", ALLOW },
	{ "seccomp getpid,!mount", "getpid()", EPERM_ },
	{ "seccomp getpid,!mount", "mount()", ALLOW },
	{ "seccomp getpid,!mount", "umount2()", EPERM_ },
	{ "seccomp.drop mount,@swap", "swapon()", EPERM_ },
	{ "seccomp.drop mount,@swap", "ptrace()", ALLOW },
	{ "seccomp.drop mount,@swap", "i386:mount()", ALLOW },
	{ "seccomp.drop mount:ENOSYS,umount2:kill,read:log", "mount()", ENOSYS_ },
	{ "seccomp.drop mount:ENOSYS,umount2:kill,read:log", "umount2()", KILL_THREAD },
	{ "seccomp.drop mount:ENOSYS,umount2:kill,read:log", "read()", LOG },
	{ "seccomp.drop @mount,!chroot", "chroot()", ALLOW },
	{ "seccomp.drop $165", "mount()", EPERM_ },
	{ "seccomp.drop mount\nseccomp.drop umount2", "mount()", ALLOW },
	{ "seccomp\nseccomp.drop mount", "ptrace()", ALLOW },
	{ "seccomp.keep read\nseccomp.drop read", "read()", ALLOW },
	{ "seccomp.keep read", "write()", EPERM_ },
	{ "seccomp.keep read", "#999()", EPERM_ },
	{ "seccomp.keep read", "execve()", ALLOW },
	{ "seccomp.keep @basic-io,!read,close:ENOSYS", "read()", EPERM_ },
	{ "seccomp.keep @basic-io,!read,close:ENOSYS", "close()", ENOSYS_ },
	{ "seccomp.keep @basic-io,!read,close:ENOSYS", "write()", ALLOW },
	{ "seccomp.drop mount\nseccomp-error-action kill", "mount()", KILL_THREAD },
	{ "seccomp.drop mount\nseccomp-error-action log", "x32:read()", LOG },
	{ "seccomp-error-action EACCES\nseccomp.drop mount", "mount()", EACCES_ },
	{ "seccomp-error-action EACCES", "mount()", ALLOW },
	{ "seccomp.block-secondary", "i386:read()", EPERM_ },
	{ "seccomp.block-secondary", "arm:read()", EPERM_ },
	{ "seccomp.block-secondary", "personality(8)", EPERM_ },
	{ "seccomp.block-secondary\nallow-debuggers", "personality(8)", EPERM_ },
	{ "seccomp.block-secondary\nallow-debuggers", "personality(0)", ALLOW },
	{ "seccomp.block-secondary\nallow-debuggers", "personality(0xffffffff)", ALLOW },
	{ "seccomp.block-secondary\nseccomp.drop read\nseccomp-error-action EACCES", "x32:read()", EPERM_ },
	{ "protocol unix,inet", "socket(AF_UNIX)", ALLOW },
	{ "protocol unix,inet", "socket(AF_INET6)", EOPNOTSUPP_ },
	{ "protocol unix\nprotocol inet6", "socket(AF_INET6)", ALLOW },
	{ "protocol unix", "i386:socket(AF_INET)", EOPNOTSUPP_ },
	{ "protocol unix", "i386:socketcall(1)", ALLOW },
	{ "protocol unix\nseccomp.drop socket", "socket(AF_INET)", EOPNOTSUPP_ },
	{ "protocol unix\nseccomp.drop socket", "socket(AF_UNIX)", EPERM_ },
	{ "memory-deny-write-execute", "mprotect(0, 0, PROT_EXEC)", EPERM_ },
	{ "memory-deny-write-execute", "mmap(0, 0, PROT_EXEC|PROT_WRITE)", EPERM_ },
	{ "memory-deny-write-execute", "mmap(0, 0, PROT_EXEC)", ALLOW },
	{ "memory-deny-write-execute", "memfd_create()", EPERM_ },
	{ "memory-deny-write-execute", "i386:mmap()", EPERM_ },
	{ "restrict-namespaces", "unshare(CLONE_NEWNET)", EPERM_ },
	{ "restrict-namespaces", "setns(0, 0)", EPERM_ },
	{ "restrict-namespaces", "clone3()", ENOSYS_ },
	{ "restrict-namespaces net\nrestrict-namespaces user", "unshare(CLONE_NEWUSER)", EPERM_ },
	{ "restrict-namespaces net", "unshare(CLONE_NEWUSER)", ALLOW },
	{ "restrict-namespaces\nseccomp.drop clone3", "clone3()", EPERM_ },
	{ "ignore seccomp\nseccomp", "mount()", ALLOW },
	{ "ignore seccomp\nseccomp.drop mount", "mount()", EPERM_ },
	{ "ignore seccomp.drop\nseccomp.drop mount", "mount()", ALLOW },
	{ "seccomp.drop mount\nignore seccomp.drop", "mount()", EPERM_ },
	{ "  seccomp.drop\tmount # why", "mount()", EPERM_ },
	{ "# a profile\ninclude none.local\nquiet\nseccomp.drop mount", "mount()", EPERM_ },
	{ "?HAS_NET: netfilter\nseccomp.drop mount", "mount()", EPERM_ },
	{ "caps.drop all", "mount()", ALLOW },
};
#endif

static void each_line_means_what_the_manual_says(void **state)
{
#if defined(__x86_64__)
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_FIREJAIL };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(free_subject) struct callgate_subject *subject = NULL;
		struct callgate_action action = { 1 };
		struct callgate_error err = { 0 };

		if (callgate_subject_parse("f", cases[i].text, strlen(cases[i].text), &options, &subject, &err))
			fail_msg("%s: %u:%u: %s", cases[i].text, err.line, err.col, err.message);
		assert_int_equal(callgate_subject_simulate(subject, cases[i].call, &action, &err), 0);
		judge_by_rules(subject, cases[i].call, action);
		if (action.ret != cases[i].ret)
			fail_msg("%s: %s -> 0x%x", cases[i].text, cases[i].call, action.ret);
	}
#else
	skip();
#endif
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *message, *hint;
} wrong[] = {
	{ "seccomp.drop opne", 1, 14, "unknown syscall 'opne'", "did you mean 'open'?" },
	{ "seccomp.drop mount,opne", 1, 20, "unknown syscall 'opne'", "did you mean 'open'?" },
	{ "seccomp.drop @what", 1, 14, "unknown group of syscalls '@what'", "" },
	{ "seccomp.drop mount:EPER", 1, 14, "unknown errno 'EPER'", "did you mean 'EPERM'?" },
	{ "seccomp.drop mount:5", 1, 14, "unknown errno '5'", NULL },
	{ "seccomp.drop $9999", 1, 14, "unknown number '$9999'", "" },
	{ "seccomp.drop $x", 1, 14, "unknown number '$x'", "" },
	{ "seccomp.drop mount, read", 1, 20, "expected NAME, NAME:ERRNO, !NAME, $NUMBER or @GROUP between commas", "" },
	{ "seccomp.drop mount,,read", 1, 20, "expected NAME, NAME:ERRNO, !NAME, $NUMBER or @GROUP between commas", "" },
	{ "seccomp.drop !@clock", 1, 14, "expected NAME, NAME:ERRNO, !NAME, $NUMBER or @GROUP between commas", "" },
	{ "seccomp.drop", 1, 1, "'seccomp.drop' takes a list", "" },
	{ "\n  memory-deny-write-execute yes", 2, 3, "'memory-deny-write-execute' takes nothing", "" },
	{ "seccomp-error-action EPER", 1, 22, "expected kill, log or an errno by its name, not 'EPER'",
	  "did you mean 'EPERM'?" },
	{ "protocol unix,inett", 1, 15, "unknown protocol 'inett'", "" },
	{ "restrict-namespaces nett", 1, 21, "unknown kind of namespace 'nett'", "" },
	{ "seccmp.drop mount", 1, 1, "unknown command 'seccmp.drop'", "did you mean 'seccomp.drop'?" },
	{ "seccomp.32.drop mount", 1, 1, "lists for 32-bit programs alone are not read",
	  "firejail heeds them only where another list stands: load it, and read pid:N" },
	{ "?HAS_NET: seccomp", 1, 1, "whether this line holds is known only when firejail starts", "" },
	{ "include", 1, 1, "'include' takes a file", "" },
	{ "include no-such-profile.inc", 1, 9, "there is no 'no-such-profile.inc' beside this file or in /etc/firejail",
	  "" },
};

static void what_is_wrong_is_said_at_its_place(void **state)
{
#if defined(__x86_64__)
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_FIREJAIL };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_true(callgate_subject_parse("f", wrong[i].text, strlen(wrong[i].text), &options, &subject,
						   &err) < 0);
		assert_null(subject);
		assert_string_equal(err.message, wrong[i].message);
		if (wrong[i].hint)
			assert_string_equal(err.hint, wrong[i].hint);
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(err.col, wrong[i].col);
	}
#else
	skip();
#endif
}

static void a_profile_is_recognised(void **state)
{
#if defined(__x86_64__)
	static const char text[] = "# one\n\ninclude my.local\nignore net\nblacklist /tmp\nseccomp.drop mount\n";
	cleanup(free_subject) struct callgate_subject *subject = NULL;

	assert_int_equal(callgate_subject_parse("f", text, sizeof(text) - 1, NULL, &subject, NULL), 0);
	assert_int_equal(callgate_subject_kind(subject), CALLGATE_SUBJECT_FIREJAIL);
#else
	skip();
#endif
}

static const char *const files[][2] = {
	{ "a.profile", "include a.local\ninclude b.inc\n" },
	{ "a.local", "ignore seccomp.drop umount2\n" },
	{ "b.inc", "seccomp.drop mount\nseccomp.drop umount2\n" },
	{ "c.profile", "include c.profile\n" },
};

enum { FILES = sizeof(files) / sizeof(*files) };

static void profiles_are_included_from_where_they_are(void **state)
{
#if defined(__x86_64__)
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_FIREJAIL };
	cleanup(free_subject) struct callgate_subject *subject = NULL, *again = NULL;
	char folder[] = "/tmp/callgate-firejail-XXXXXX", path[200];
	struct callgate_action action;

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < FILES; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(files[i][1], file);
		assert_int_equal(fclose(file), 0);
	}
	snprintf(path, sizeof(path), "%s/a.profile", folder);
	assert_int_equal(callgate_subject_open(path, &options, &subject, NULL), 0);
	assert_int_equal(callgate_subject_simulate(subject, "mount()", &action, NULL), 0);
	assert_int_equal(action.ret, EPERM_);
	assert_int_equal(callgate_subject_simulate(subject, "umount2()", &action, NULL), 0);
	assert_int_equal(action.ret, ALLOW);
	snprintf(path, sizeof(path), "%s/c.profile", folder);
	assert_int_equal(callgate_subject_open(path, &options, &again, NULL), CALLGATE_E_LIMIT);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
#else
	skip();
#endif
}

static void a_failing_allocation_fails_the_reading(void **state)
{
#if defined(__x86_64__)
	static const char text[] = "include none.local\nignore net\nseccomp mount:ENOSYS,!read,@swap\nprotocol unix\n"
				   "memory-deny-write-execute\nrestrict-namespaces net\nseccomp.block-secondary\n";
	static const char keep[] = "seccomp.keep read,!mount,@clock\nseccomp-error-action EACCES\n";
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_FIREJAIL };

	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("f", text, sizeof(text) - 1, &options, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
	FOR_EACH_ALLOCATION({
		struct callgate_subject *subject = NULL;
		int status = callgate_subject_parse("f", keep, sizeof(keep) - 1, &options, &subject, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_subject_free(subject);
	});
#else
	skip();
#endif
}

UNIT_TESTS(test_import_firejail, cmocka_unit_test(each_line_means_what_the_manual_says),
	   cmocka_unit_test(what_is_wrong_is_said_at_its_place), cmocka_unit_test(a_profile_is_recognised),
	   cmocka_unit_test(profiles_are_included_from_where_they_are),
	   cmocka_unit_test(a_failing_allocation_fails_the_reading), )
