/*
 * Each hole twice: a filter that has it, and a twin of it that has it not. The rule must tell them apart, and the
 * call that it names as witness must do what it says, to the diagram and, where this machine can make the call, to the
 * running kernel.
 */
#include "unit.h"

#include <callgate/check.h>
#include <callgate/subject.h>

#include "bpf/bpf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "kernel 6.1\narch x86_64\ndefault kill-process\n"
#define DENY "kernel 6.1\narch x86_64\ndefault allow\n"
#define I386 "kernel 6.1\narch i386\ndefault kill-process\n"
#define S390 "kernel 6.1\narch s390x\ndefault kill-process\n"
/* Programs, as bpf_assemble reads them: arch is checked, the rest kills. */
#define ASM  "ld [4]\njeq #0xc000003e, ok, bad\nbad: ret #0x80000000\n"

static const struct pair {
	const char *rule, *holed, *sound;
} pairs[] = {
	{ "arch-unchecked", "ld [0]\njeq #1, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n",
	  ASM "ok: ld [0]\njeq #1, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n" },
	{ "compat-open",
	  "ld [4]\njeq #0xc000003e, ok, other\nother: ret #0x7fff0000\nok: ld [0]\njeq #1, a, b\na: ret "
	  "#0x7fff0000\nb: ret #0x80000000\n",
	  ASM "ok: ld [0]\njeq #1, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n" },
	{ "x32-open", ASM "ok: ld [0]\njge #500, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n",
	  ASM "ok: ld [0]\njge #500, b, a\na: ret #0x7fff0000\nb: ret #0x80000000\n" },
	{ "multiplexed", I386 "allow socketcall\n", I386 "allow socketcall if call == 13\nallow shutdown\n" },
	{ "truncated-argument", DENY "errno EPERM ioctl if arg1 == 0x5412\n",
	  DENY "errno EPERM ioctl if request == 0x5412\n" },
	{ "truncated-argument", HEAD "allow socket if arg0 > 16\n", HEAD "allow socket if domain > 16\n" },
	{ "half-compared",
	  ASM "ok: ld [0]\njeq #0, r, bad2\nbad2: ret #0x80000000\nr: ld [32]\njeq #5, a, b\na: ret #0x7fff0000\nb: "
	      "ret #0x80000000\n",
	  HEAD "allow read if count == 5\n" },
	{ "sign-confused", HEAD "allow setpriority if arg2 & 0xffffffff >= 5\n",
	  HEAD "allow setpriority if prio >= 5\n" },
	{ "masked-wrongly", DENY "errno EPERM unshare if flags == CLONE_NEWUSER\n",
	  DENY "errno EPERM unshare if flags & CLONE_NEWUSER\n" },
	{ "pointer-compared", HEAD "allow execve if arg0 == 0x1000\n", HEAD "allow execve if pathname != 0\n" },
	{ "ip-compared", ASM "ok: ld [8]\njeq #5, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n",
	  HEAD "allow read\n" },
	{ "clone-arg-order", S390 "allow clone if arg0 & 0x10000000 == 0\n",
	  S390 "allow clone if flags & 0x10000000 == 0\n" },
	{ "twin-open", HEAD "allow openat if flags & 3 == 0\nallow open\n",
	  HEAD "allow openat if flags & 3 == 0\nallow open if flags & 3 == 0\n" },
	{ "twin-open", DENY "errno EPERM mount\n",
	  DENY "errno EPERM mount, fsopen, fsconfig, fsmount, move_mount, open_tree, mount_setattr\n" },
	{ "twin-open", HEAD "errno EPERM fork\nallow clone\n",
	  HEAD "allow clone if flags & CLONE_NEWUSER == 0\nallow vfork\n" },
	{ "io-uring-open", HEAD "allow io_uring_setup, io_uring_enter\n",
	  HEAD "errno ENOSYS io_uring_setup, io_uring_enter\n" },
	{ "clone-flags-open", HEAD "allow clone if not flags & CLONE_NEWUSER\nallow clone3\n",
	  HEAD "allow clone if not flags & CLONE_NEWUSER\nerrno ENOSYS clone3\n" },
	{ "loader-open", HEAD "allow mmap\n", HEAD "allow mmap if not prot & PROT_EXEC\n" },
	{ "other-process", HEAD "allow process_vm_writev\n", HEAD "errno EPERM process_vm_writev\n" },
	{ "kernel-surface", HEAD "allow socket\n", HEAD "allow socket if domain == AF_UNIX\n" },
	{ "kernel-surface", HEAD "allow bpf\n", HEAD "errno EPERM bpf\n" },
	{ "tty-injection", HEAD "allow ioctl\n",
	  HEAD "errno EPERM ioctl if request in {TIOCSTI, TIOCLINUX}\nallow ioctl\n" },
	{ "shared-channels", HEAD "allow preadv2\n", HEAD "allow preadv2 if not flags & RWF_NOWAIT\n" },
	{ "wx-mmap", HEAD "allow mmap\n", HEAD "allow mmap if not (prot & PROT_WRITE and prot & PROT_EXEC)\n" },
	{ "wx-mprotect", HEAD "allow mprotect\n",
	  HEAD "allow mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)\n" },
	{ "wx-pkey", HEAD "allow pkey_mprotect\n",
	  HEAD "allow pkey_mprotect if not (prot & PROT_WRITE and prot & PROT_EXEC)\n" },
	{ "wx-later", HEAD "allow mprotect\n", HEAD "allow mprotect if not prot & PROT_EXEC\n" },
	{ "wx-shmat", HEAD "allow shmat\n", HEAD "allow shmat if not shmflg & SHM_EXEC\n" },
	{ "wx-personality", HEAD "allow personality\n", HEAD "allow personality if persona in {0, 0xffffffff}\n" },
	{ "wx-dual", HEAD "allow mmap, memfd_create\n", HEAD "allow mmap\n" },
	{ "wx-outside", HEAD "allow ptrace\n", HEAD "allow read\n" },
	{ "fallback-broken", HEAD "allow clone\nerrno EPERM clone3\n",
	  HEAD "allow clone, rseq\nerrno ENOSYS clone3\n" },
	{ "newer-refused", HEAD "newer errno EPERM\n", HEAD "newer errno ENOSYS\n" },
	{ "newer-open", DENY "newer allow\n", DENY "newer errno ENOSYS\n" },
	{ "cannot-exit", HEAD "allow exit, rt_sigreturn, restart_syscall\n",
	  HEAD "allow exit, exit_group, rt_sigreturn, restart_syscall\n" },
	{ "libc-start", HEAD "allow read\n", DENY "errno EPERM mount\n" },
	{ "vdso-fallback", HEAD "allow read\n",
	  HEAD "allow clock_gettime, clock_getres, gettimeofday, time, getcpu\n" },
	{ "errno-silent", HEAD "errno EPERM mount\n", HEAD "errno ENOSYS clone3\n" },
	{ "kill-thread", HEAD "kill-thread mount\n", HEAD "kill-process mount\n" },
	{ "errno-zero", HEAD "errno 0 setuid\n", HEAD "errno EPERM setuid\n" },
	{ "errno-range", ASM "ok: ret #0x0005ffff\n", ASM "ok: ret #0x00050001\n" },
	{ "trap-unhandled", HEAD "trap 1 mount\n", HEAD "allow read\n" },
	{ "notify-uninterruptible", HEAD "notify close\n", HEAD "notify connect\n" },
	{ "continue-on-pointer", HEAD "notify connect\n", HEAD "notify getppid\n" },
	{ "can-refilter", HEAD "allow seccomp\n", HEAD "allow prctl if option == PR_SET_NAME\n" },
	{ "tracer-first", "kernel 4.4\narch x86_64\ndefault kill-process\nallow ptrace\n", HEAD "allow ptrace\n" },
	{ "suspend-seccomp", "kernel 5.10\narch x86_64\ndefault kill-process\nallow ptrace\n", HEAD "allow ptrace\n" },
	{ "dead-code", ASM "ok: ret #0x7fff0000\nret #0\n", ASM "ok: ret #0x7fff0000\n" },
	{ "shadowed-rule", HEAD "allow read\nerrno EPERM read\n", HEAD "allow read if fd == 0\nerrno EPERM read\n" },
	{ "duplicate-rule", HEAD "allow read\nallow read if fd == 0\n",
	  HEAD "allow read if fd == 1\nallow read if fd == 0\n" },
	{ "duplicate-rule", HEAD "allow read\nallow read, write\nallow write, read\n",
	  HEAD "allow read\nallow read, write\n" },
	{ "no-effect-name", HEAD "allow waitpid\n", HEAD "allow wait4\n" },
	{ "uncacheable-allow",
	  "ld [4]\njeq #0xc000003e, ok, bad\nbad: ret #0x80000000\nok: ld [0]\nrsh #0\njeq #1, a, b\na: ret "
	  "#0x7fff0000\nb: ret #0x80000000\n",
	  ASM "ok: ld [0]\njeq #1, a, b\na: ret #0x7fff0000\nb: ret #0x80000000\n" },
};

static struct callgate_subject *open_subject(const char *text)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err = { 0 };
	struct bpf_program program = { 0 };
	int status;

	if (strncmp(text, "kernel", 6) == 0) {
		status = callgate_subject_parse("test.policy", text, strlen(text), NULL, &subject, &err);
	} else {
		status = bpf_assemble("test", text, strlen(text), &program, &err);
		if (status == CALLGATE_OK)
			status = callgate_subject_parse("test.bpf", program.insns,
							program.length * sizeof(*program.insns), NULL, &subject, &err);
		free(program.insns);
	}
	if (status < 0)
		fail_msg("%s:%u:%u: %s\n%.200s", err.file, err.line, err.col, err.message, text);
	return subject;
}

static unsigned replayed;

/* The kernel's word for it; a filter of another arch, or one beyond the kernel's limits, cannot be asked. */
static void replay(const struct callgate_subject *subject, const struct callgate_finding *finding)
{
	struct callgate_action action;
	struct callgate_error err;
	int status = callgate_subject_replay(subject, finding->witness, &action, &err);

	if (status != CALLGATE_OK && status != CALLGATE_E_UNSUPPORTED && status != CALLGATE_E_LIMIT)
		fail_msg("%s: %s: %s", finding->rule, finding->witness, err.message);
	replayed += status == CALLGATE_OK;
}

/* How often the rule finds something; each witness is put to the subject again. */
static unsigned count_findings(const char *text, const char *rule)
{
	struct callgate_subject *subject = open_subject(text);
	struct callgate_report *report = NULL;
	const struct callgate_finding *finding;
	unsigned count = 0;

	assert_int_equal(callgate_check(subject, &report, NULL), CALLGATE_OK);
	for (size_t i = 0; (finding = callgate_report_at(report, i)); i++) {
		struct callgate_action action;
		struct callgate_error err;
		char text_of_action[64];

		count += strcmp(finding->rule, rule) == 0;
		/* Calls of unknown arches and from given addresses have no text that can be read back. */
		if (!*finding->witness || strncmp(finding->witness, "0x", 2) == 0 || strstr(finding->witness, " at "))
			continue;
		if (callgate_subject_simulate(subject, finding->witness, &action, &err) < 0)
			fail_msg("%s: witness %s: %s", finding->rule, finding->witness, err.message);
		callgate_action_format(action, text_of_action, sizeof(text_of_action));
		if (strcmp(text_of_action, finding->action) != 0)
			fail_msg("%s: %s is %s, not %s", finding->rule, finding->witness, text_of_action,
				 finding->action);
		replay(subject, finding);
	}
	callgate_report_free(report);
	callgate_subject_free(subject);
	return count;
}

static void every_rule_tells_a_hole_from_its_twin(void **state)
{
	unsigned missed = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (!count_findings(pairs[i].holed, pairs[i].rule))
			missed += (print_error("%s misses:\n%s", pairs[i].rule, pairs[i].holed), 1);
		if (count_findings(pairs[i].sound, pairs[i].rule))
			missed += (print_error("%s is a false alarm for:\n%s", pairs[i].rule, pairs[i].sound), 1);
	}
	assert_int_equal(missed, 0);
	assert_true(replayed > sizeof(pairs) / sizeof(*pairs));
}

static void every_rule_has_a_pair(void **state)
{
	/* Rules about length need filters of length, below; those about a process are tested in test_check_process.c. */
	static const char *const elsewhere[] = { "too-long", "stack-budget", "leaked-descriptor", "no-new-privs",
						 "instruction-unfiltered" };
	const struct callgate_finding *rule;

	for (size_t i = 0; (rule = callgate_check_rule(i)); i++) {
		bool found = false;

		for (size_t j = 0; j < sizeof(pairs) / sizeof(*pairs); j++)
			found |= strcmp(pairs[j].rule, rule->rule) == 0;
		for (size_t j = 0; j < sizeof(elsewhere) / sizeof(*elsewhere); j++)
			found |= strcmp(elsewhere[j], rule->rule) == 0;
		if (!found)
			fail_msg("no pair for %s", rule->rule);
	}
}

/* A policy that compares one argument with count values, scattered so that no pattern is shared. */
static char *long_policy(unsigned count)
{
	size_t size = 64 + count * 24, used;
	char *text = malloc(size);

	used = (size_t)snprintf(text, size, HEAD "allow read if count in {0");
	for (unsigned i = 1; i <= count; i++)
		used += (size_t)snprintf(text + used, size - used, ",%s %u", i % 16 ? "" : "\n", i * 2654435761u);
	snprintf(text + used, size - used, "}\n");
	return text;
}

static void filters_that_are_too_long_are_found(void **state)
{
	char *small = long_policy(10), *large = long_policy(1500), *huge = long_policy(6000);

	assert_int_equal(count_findings(small, "stack-budget"), 0);
	assert_int_equal(count_findings(small, "too-long"), 0);
	assert_int_equal(count_findings(large, "stack-budget"), 1);
	assert_int_equal(count_findings(huge, "too-long"), 1);
	free(small);
	free(large);
	free(huge);
}

static void every_allocation_may_fail(void **state)
{
	struct callgate_subject *subject = open_subject(HEAD "allow read\nallow read if fd == 0\nallow ioctl\n");

	FOR_EACH_ALLOCATION({
		struct callgate_report *report = NULL;
		struct callgate_error err;

		if (callgate_check(subject, &report, &err) < 0) {
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
			assert_null(report);
		}
		callgate_report_free(report);
	});
	callgate_subject_free(subject);
}

UNIT_TESTS(test_check_rules, cmocka_unit_test(every_rule_tells_a_hole_from_its_twin),
	   cmocka_unit_test(every_rule_has_a_pair), cmocka_unit_test(filters_that_are_too_long_are_found),
	   cmocka_unit_test(every_allocation_may_fail), )
