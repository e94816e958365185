#include "unit.h"

#include "learn/rules.h"

#include <callgate/policy.h>

#include <stdlib.h>
#include <string.h>

static enum evidence_phase phase_seen = EVIDENCE_START;

static int see_in(struct evidence *evidence, const char *path, const char *name, uint64_t a0, uint64_t a1, uint64_t a2)
{
	const struct abi_arch *arch = abi_arch(ABI_X86_64);
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	const uint64_t args[6] = { a0, a1, a2, 0, 0, 0 };
	struct evidence_call call = { .args = args, .count = 1, .phase = phase_seen };
	struct evidence_program *program;
	struct evidence_entry *entry;
	int status = evidence_program(evidence, path, "", &program, NULL);

	if (status == CALLGATE_OK)
		status =
			evidence_entry(evidence, program, arch->audit, (uint32_t)syscall->nr[ABI_X86_64], &entry, NULL);
	return status == CALLGATE_OK ? evidence_count(evidence, entry, &call, NULL) : status;
}

static int see(struct evidence *evidence, const char *name, uint64_t a0, uint64_t a1, uint64_t a2)
{
	return see_in(evidence, "/usr/bin/a", name, a0, a1, a2);
}

static int close_run(struct evidence *evidence)
{
	evidence->kernel = ABI_KERNEL(6, 1);
	return evidence_close_run(evidence, "trace", false, NULL);
}

/* The learned text, which must parse; the caller frees evidence. */
static char *learn(struct evidence *evidence)
{
	struct buf text = { 0 };
	struct learned learned;
	struct callgate_policy *policy;
	struct callgate_error err = { 0 };

	assert_int_equal(learn_rules(evidence, "a.policy.evidence", &learned, &err), CALLGATE_OK);
	learned_print(&learned, &text);
	learned_fini(&learned);
	if (callgate_policy_parse("learned", text.data, text.length, NULL, &policy, &err) != CALLGATE_OK)
		fail_msg("line %u: %s\n%s", err.line, err.message, text.data);
	callgate_policy_free(policy);
	return buf_take(&text);
}

static void expect_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return;
	fail_msg("no line '%s' in\n%s", line, text);
}

static void a_policy_reads_as_if_somebody_had_written_it(void **state)
{
	static const char wanted[] =
		"# Learned from 1 run, 10 calls, of:\n"
		"#   /usr/bin/a\n"
		"# Values, call sites and phases: a.policy.evidence\n"
		"\n"
		"kernel 6.1\n"
		"arch x86_64\n"
		"default kill-process\n"
		"\n"
		"# files: 5 calls\n"
		"allow close, read\n"
		"allow openat if flags & ~(O_CLOEXEC | O_DIRECTORY) == 0  # 2 calls\n"
		"allow write if fd in 0..2  # 1 call\n"
		"\n"
		"# memory: 3 calls\n"
		"allow mmap if not (prot & PROT_WRITE and prot & PROT_EXEC)  # 2 calls\n"
		"allow mprotect if not prot & PROT_EXEC  # 1 call\n"
		"\n"
		"# processes and programs: 2 calls\n"
		"allow exit_group, getpid\n"
		"\n"
		"# not seen, but any run may need them\n"
		"allow exit  # how a thread and a process end\n"
		"allow rt_sigreturn, restart_syscall  # the kernel's own way back from a signal\n"
		"allow clock_getres, clock_gettime, getcpu, gettimeofday, time  # the vDSO answers them, until it "
		"cannot\n"
		"allow brk, munmap, mremap, madvise  # malloc chooses between them by size and load\n"
		"allow futex, sched_yield  # made only when threads or locks meet\n"
		"allow rt_sigprocmask, rt_sigaction, gettid, tgkill  # abort() and raise()\n"
		"\n"
		"# not seen; libraries do without them when they are told that the kernel lacks them\n"
		"errno ENOSYS clone3, close_range, copy_file_range, epoll_pwait2, faccessat2, openat2, pidfd_open,\n"
		"    preadv2, pwritev2, rseq, statx\n";
	struct evidence *evidence = evidence_new();
	char *text;

	see(evidence, "openat", (uint64_t)-100, 0x7000, 02000000);
	see(evidence, "openat", (uint64_t)-100, 0x7000, 02200000);
	see(evidence, "read", 3, 0x7000, 100);
	see(evidence, "write", 1, 0x7000, 100);
	see(evidence, "close", 3, 0, 0);
	see(evidence, "mmap", 0, 4096, 1);
	see(evidence, "mmap", 0, 4096, 5);
	see(evidence, "mprotect", 0x7000, 4096, 1);
	see(evidence, "getpid", 0, 0, 0);
	see(evidence, "exit_group", 0, 0, 0);
	close_run(evidence);
	text = learn(evidence);
	assert_string_equal(text, wanted);
	free(text);
	evidence_free(evidence);
}

static void a_socket_is_constrained_to_what_was_seen(void **state)
{
	struct evidence *evidence = evidence_new();
	char *text;

	see(evidence, "socket", 2, 1 | 02000000, 6);
	close_run(evidence);
	text = learn(evidence);
	expect_line(
		text,
		"allow socket if domain == AF_INET and type == SOCK_CLOEXEC | SOCK_STREAM and protocol == 6  # 1 call");
	free(text);
	evidence_free(evidence);
}

static void memory_that_is_both_writable_and_executable_is_allowed_only_when_seen(void **state)
{
	struct evidence *evidence = evidence_new();
	char *text;

	see(evidence, "mmap", 0, 4096, 7);
	see(evidence, "mprotect", 0, 4096, 5);
	close_run(evidence);
	text = learn(evidence);
	expect_line(text, "allow mmap");
	expect_line(text, "allow mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)  # 1 call");
	free(text);
	evidence_free(evidence);
}

static void many_values_are_no_constraint(void **state)
{
	struct evidence *evidence = evidence_new();
	char *text;

	for (unsigned i = 0; i < 100; i++)
		see(evidence, "ioctl", 1, 0x1234 + i, 0);
	see(evidence, "write", 9, 0, 0);
	see(evidence, "write", 1, 0, 0);
	close_run(evidence);
	text = learn(evidence);
	expect_line(text, "allow ioctl, write");
	free(text);
	evidence_free(evidence);
}

static void several_runs_are_told_apart(void **state)
{
	struct evidence *evidence = evidence_new(), *other = evidence_new();
	char *text;

	see(evidence, "prctl", 15, 0, 0);
	close_run(evidence);
	see(other, "getpid", 0, 0, 0);
	close_run(other);
	assert_int_equal(evidence_merge(evidence, other, NULL), CALLGATE_OK);
	text = learn(evidence);
	expect_line(text, "# Learned from 2 runs, 2 calls, of:");
	expect_line(text, "allow prctl if option == PR_SET_NAME  # 1 call in 1 of 2 runs");
	free(text);
	evidence_free(evidence);
	evidence_free(other);
}

static void what_could_not_be_seen_is_said(void **state)
{
	struct evidence *evidence = evidence_new();
	char *text;

	see(evidence, "io_uring_setup", 0, 0, 0);
	evidence->blind.own_filters = 2;
	close_run(evidence);
	text = learn(evidence);
	expect_line(text, "# It uses io_uring, whose operations neither a recorder nor a filter sees.");
	assert_non_null(strstr(text, "filters of its own (2 attempts)"));
	free(text);
	evidence_free(evidence);
}

static void another_arch_is_named_and_nothing_of_it_constrained(void **state)
{
	struct evidence *evidence = evidence_new();
	const uint64_t args[6] = { 1, 0x5401, 0, 0, 0, 0 };
	struct evidence_call call = { .args = args, .count = 1 };
	struct evidence_program *program;
	struct evidence_entry *entry;
	char *text;

	see(evidence, "ioctl", 1, 0x5401, 0);
	assert_int_equal(evidence_program(evidence, "/usr/bin/a", "", &program, NULL), CALLGATE_OK);
	assert_int_equal(evidence_entry(evidence, program, abi_arch(ABI_I386)->audit,
					(uint32_t)abi_syscall_by_name("ioctl")->nr[ABI_I386], &entry, NULL),
			 CALLGATE_OK);
	assert_int_equal(evidence_count(evidence, entry, &call, NULL), CALLGATE_OK);
	close_run(evidence);
	text = learn(evidence);
	expect_line(text, "arch x86_64, i386");
	expect_line(text, "allow ioctl");
	assert_non_null(strstr(text, "# The kernel was also called as i386:"));
	free(text);
	evidence_free(evidence);
}

static void a_name_is_shown_and_cannot_write_rules(void **state)
{
	struct evidence *evidence = evidence_new();
	char *text;

	see_in(evidence, "/tmp/a\nallow ptrace\r#\x1b[31m\x7f", "read", 3, 0x7000, 100);
	close_run(evidence);
	text = learn(evidence);
	expect_line(text, "#   /tmp/a\\x0aallow ptrace\\x0d#\\x1b[31m\\x7f");
	free(text);
	evidence_free(evidence);
}

static char *learn_clone3_of(const char *path)
{
	struct evidence *evidence = evidence_new();
	uint64_t args[6] = { 0 };
	struct evidence_call call = { .args = args, .count = 1, .offset = 1 };
	const struct abi_syscall *clone3 = abi_syscall_by_name("clone3");
	struct evidence_program *program;
	struct evidence_entry *entry;
	char *text;

	assert_int_equal(evidence_module(evidence, path, &call.module, NULL), CALLGATE_OK);
	assert_int_equal(evidence_program(evidence, "/usr/bin/a", "", &program, NULL), CALLGATE_OK);
	assert_int_equal(evidence_entry(evidence, program, abi_arch(ABI_X86_64)->audit,
					(uint32_t)clone3->nr[ABI_X86_64], &entry, NULL),
			 CALLGATE_OK);
	assert_int_equal(evidence_count(evidence, entry, &call, NULL), CALLGATE_OK);
	close_run(evidence);
	text = learn(evidence);
	evidence_free(evidence);
	return text;
}

static void the_clone3_of_libc_becomes_a_clone_without_namespaces(void **state)
{
	char *text = learn_clone3_of("/lib/x86_64-linux-gnu/libc.so.6");

	expect_line(text, "errno ENOSYS clone3");
	expect_line(text, "allow clone");
	assert_non_null(strstr(text, "CLONE_NEWUSER | CLONE_NEWUTS) == 0\n"));
	free(text);
}

static void the_clone3_of_another_is_allowed(void **state)
{
	char *text = learn_clone3_of("/usr/bin/a");

	expect_line(text, "allow clone3");
	assert_null(strstr(text, "CLONE_NEWUSER"));
	free(text);
}

static void nothing_seen_is_nothing_learned(void **state)
{
	struct evidence *evidence = evidence_new();
	struct learned learned;
	struct callgate_error err;

	assert_int_equal(learn_rules(evidence, NULL, &learned, &err), CALLGATE_E_INVALID);
	evidence_free(evidence);
}

static void expect_syscalls(const char *words)
{
	char copy[4096];
	char *rest = copy;
	char *word;

	assert_true(strlen(words) < sizeof(copy));
	strcpy(copy, words);
	while ((word = strsep(&rest, " ")))
		if (!abi_syscall_by_name(word))
			fail_msg("no syscall has the name '%s'", word);
}

/* A name that nothing has would be passed over in silence. */
static void the_tables_name_nothing_that_is_not(void **state)
{
#define GROUP(heading, words) expect_syscalls(words);
#include "learn/groups.def"
#define COMPANIONS(seen, words, why)      \
	if (strcmp(#seen, "ALWAYS") != 0) \
		expect_syscalls(#seen);   \
	expect_syscalls(words);
#include "learn/companions.def"
#define FALLBACK(name) expect_syscalls(#name);
#include "learn/fallbacks.def"
#define CONSTRAINT(syscall, position, how) expect_syscalls(#syscall);
#include "policy/constraints.def"
#define X(name, effect) expect_syscalls(#name);
#include "observe/effects.def"
#undef X
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct evidence *evidence = evidence_new();
		struct learned learned = { 0 };
		struct buf text = { 0 };
		int status = evidence ? see(evidence, "socket", 2, 1, 0) : CALLGATE_E_NOMEM;

		if (status == CALLGATE_OK)
			status = see(evidence, "mmap", 0, 4096, 5);
		if (status == CALLGATE_OK)
			status = see(evidence, "write", 1, 0, 0);
		if (status == CALLGATE_OK)
			status = close_run(evidence);
		if (status == CALLGATE_OK)
			status = learn_rules(evidence, "e", &learned, NULL);
		if (status == CALLGATE_OK) {
			learned_print(&learned, &text);
			status = text.failed ? CALLGATE_E_NOMEM : CALLGATE_OK;
		}
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		learned_fini(&learned);
		evidence_free(evidence);
		buf_fini(&text);
	});
}

/* A run that sets its umask before main, opens nothing, and writes when it serves; execs: in main it starts a program. */
static int staged(struct evidence *evidence, bool has_main, bool execs)
{
	int status = see(evidence, "umask", 18, 0, 0);

	phase_seen = EVIDENCE_MAIN;
	if (status == CALLGATE_OK)
		status = see(evidence, "getcwd", 0, 0, 0);
	if (status == CALLGATE_OK && execs)
		status = see(evidence, "execve", 0, 0, 0);
	phase_seen = EVIDENCE_SERVE;
	if (status == CALLGATE_OK)
		status = see(evidence, "write", 1, 0, 0);
	phase_seen = EVIDENCE_START;
	evidence->has_main = has_main;
	evidence->kernel = ABI_KERNEL(6, 1);
	return status == CALLGATE_OK ? evidence_close_run(evidence, "trace", false, NULL) : status;
}

static int learn_staged(bool has_main, bool execs, struct buf *text)
{
	const struct learn_wishes wishes = { .phases = true };
	struct evidence *evidence = evidence_new();
	struct learned learned = { 0 };
	int status = evidence ? staged(evidence, has_main, execs) : CALLGATE_E_NOMEM;

	if (status == CALLGATE_OK)
		status = learn_rules_with(evidence, &wishes, &learned, NULL);
	if (status == CALLGATE_OK)
		learned_print(&learned, text);
	learned_fini(&learned);
	evidence_free(evidence);
	return status == CALLGATE_OK && text->failed ? CALLGATE_E_NOMEM : status;
}

static void what_came_before_a_mark_only_is_left_out_behind_it(void **state)
{
	struct buf text = { 0 };
	const char *running, *serving;

	assert_int_equal(learn_staged(true, false, &text), CALLGATE_OK);
	running = strstr(buf_text(&text), "phase running at main {");
	serving = strstr(buf_text(&text), "phase serving {");
	assert_non_null(running);
	assert_non_null(serving);
	assert_true(strstr(buf_text(&text), "umask") < running);
	assert_null(strstr(running, "umask"));
	assert_non_null(strstr(running, "getcwd"));
	assert_null(strstr(serving, "getcwd"));
	assert_non_null(strstr(serving, "write"));
	buf_fini(&text);
}

static void no_part_is_made_of_what_is_not_known(void **state)
{
	struct buf unseen = { 0 }, starts = { 0 };

	assert_int_equal(learn_staged(false, false, &unseen), CALLGATE_OK);
	assert_null(strstr(buf_text(&unseen), "phase running"));
	assert_non_null(strstr(buf_text(&unseen), "phase serving"));
	assert_int_equal(learn_staged(true, true, &starts), CALLGATE_OK);
	assert_null(strstr(buf_text(&starts), "phase running"));
	buf_fini(&unseen);
	buf_fini(&starts);
}

static void every_allocation_of_parts_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct buf text = { 0 };
		int status = learn_staged(true, false, &text);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		buf_fini(&text);
	});
}

UNIT_TESTS(test_learn_rules, cmocka_unit_test(a_policy_reads_as_if_somebody_had_written_it),
	   cmocka_unit_test(a_socket_is_constrained_to_what_was_seen),
	   cmocka_unit_test(memory_that_is_both_writable_and_executable_is_allowed_only_when_seen),
	   cmocka_unit_test(many_values_are_no_constraint), cmocka_unit_test(several_runs_are_told_apart),
	   cmocka_unit_test(what_could_not_be_seen_is_said),
	   cmocka_unit_test(another_arch_is_named_and_nothing_of_it_constrained),
	   cmocka_unit_test(a_name_is_shown_and_cannot_write_rules),
	   cmocka_unit_test(the_clone3_of_libc_becomes_a_clone_without_namespaces),
	   cmocka_unit_test(the_clone3_of_another_is_allowed), cmocka_unit_test(nothing_seen_is_nothing_learned),
	   cmocka_unit_test(the_tables_name_nothing_that_is_not), cmocka_unit_test(every_allocation_may_fail),
	   cmocka_unit_test(what_came_before_a_mark_only_is_left_out_behind_it),
	   cmocka_unit_test(no_part_is_made_of_what_is_not_known),
	   cmocka_unit_test(every_allocation_of_parts_may_fail), )
