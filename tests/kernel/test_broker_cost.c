/*
 * What an answer costs is counted, in calls of the supervisor: times are noise, and a call more at each of a program's
 * opens would go unseen. A traced supervisor answers twice, the second time a known number more; what both do once
 * cancels out. The watcher, who looks at slow calls, is not counted, nor what a thread does to begin; a thread that was
 * made since a call was slow makes a few at its end, which are none for each answer.
 */
#include "unit.h"

#include "abi/abi.h"
#include "asked.h"
#include "broker/broker.h"
#include "kernel/probe.h"
#include "lang/lang.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW = 20, MORE = 320, NO_TRACE = 77, NOBODY = 65534 };

static char scratch[64];
static __attribute__((aligned(256))) char path[256]; /* within one page */
static int opens;

static int open_again(void)
{
	for (int i = 0; i < opens; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

		if (fd < 0)
			return errno;
		close(fd);
	}
	return 0;
}

static int signal_again(void)
{
	for (int i = 0; i < opens; i++)
		if (syscall(SYS_kill, 0, 0) != -1 || errno != EACCES)
			return 1;
	return 0;
}

struct cost {
	const char *rules; /* % stands for the scratch folder */
	unsigned nr;
	int (*act)(void);
	bool is_user; /* an ordinary one, who has no capability to lend */
	long calls;   /* of the supervisor, for one answer */
};

static void become_nobody(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_DUMPABLE, 1)))
		_exit(1);
}

static void __attribute__((noreturn)) supervise(const struct cost *cost)
{
	struct callgate_policy *policy = NULL;
	struct callgate_notify_handler handler;
	struct callgate_notify *notify = NULL;
	struct broker *broker = NULL;
	struct asked asked;
	char text[512] = "";

	for (const char *from = cost->rules; *from; from++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), *from == '%' ? "%s" : "%.1s",
			 *from == '%' ? scratch : from);
	if (cost->is_user)
		become_nobody();
	if (callgate_policy_parse("test", text, strlen(text), NULL, &policy, NULL) != CALLGATE_OK ||
	    broker_new(policy->policy, &broker, NULL) != CALLGATE_OK ||
	    callgate_notify_new(NULL, &notify, NULL) != CALLGATE_OK)
		_exit(1);
	handler = broker_handler(broker);
	asked = asked_start(cost->nr, cost->act);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		_exit(NO_TRACE);
	raise(SIGSTOP);
	if (callgate_notify_add(notify, asked.listener, &handler, NULL) != CALLGATE_OK ||
	    callgate_notify_run(notify, NULL) != CALLGATE_OK)
		_exit(1);
	_exit(asked_end(&asked));
}

static bool is_counted(uint64_t nr)
{
	static const long others[] = { SYS_futex,	SYS_mmap,   SYS_munmap,		 SYS_mprotect,
				       SYS_madvise,	SYS_rseq,   SYS_set_robust_list, SYS_rt_sigprocmask,
				       SYS_exit,	SYS_brk,    SYS_clone3,		 SYS_clone,
				       SYS_sigaltstack, SYS_gettid, SYS_rt_sigreturn,	 SYS_sched_getaffinity };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (nr == (uint64_t)others[i])
			return false;
	return true;
}

/* Whether a stopped thread begins a call that counts. */
static bool begins_call(pid_t pid, pid_t tid)
{
	struct __ptrace_syscall_info info = { 0 };

	if (tid == pid || ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return false;
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && is_counted(info.entry.nr);
}

/* Lets a traced process and its threads run to the end: how many calls they made but for its first thread. */
static long count_calls(pid_t pid, int *ret_status)
{
	long calls = 0;

	for (;;) {
		int status, signal = 0;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0)
			return -1;
		if (!WIFSTOPPED(status)) {
			*ret_status = status;
			if (tid == pid)
				return calls;
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			calls += begins_call(pid, tid);
		else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
			signal = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, tid, 0, signal);
	}
}

static long calls_of(const struct cost *cost, int count)
{
	int status = 0;
	long calls;
	pid_t pid;

	opens = count;
	pid = fork();
	if (pid == 0)
		supervise(cost);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_TRACE) {
		print_message("skipped: nothing may be traced here\n");
		skip();
	}
	assert_true(WIFSTOPPED(status));
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL), 0);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	calls = count_calls(pid, &status);
	assert_int_equal(status, 0);
	assert_true(calls > 0);
	return calls;
}

#define FILES "notify openat via files { read \"%/**\" }\n"

static const struct cost costs[] = {
	/* Receive, answer. */
	{ "kernel 6.1\ndefault kill-process\nnotify kill own-children\n", SYS_kill, signal_again, true, 2 },
	/* Receive, read, open, two so that a FIFO blocks nobody, hand over, close. */
	{ "kernel 6.1\ndefault kill-process\n" FILES, SYS_openat, open_again, true, 7 },
	/* The root is opened, confirmed and closed; and whatever was opened might be of a procfs. */
	{ "kernel 6.1\ndefault allow\n" FILES, SYS_openat, open_again, true, 11 },
};

static void an_answer_costs_as_many_calls_as_are_said(void **state)
{
	int fd;

	strcpy(scratch, "/tmp/callgate-cost-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chmod(scratch, 0755), 0);
	snprintf(path, sizeof(path), "%s/file", scratch);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
		/* Before Linux 6.11 poll comes before each. */
		long each = costs[i].calls + (probe_kernel_version() < ABI_KERNEL(6, 11));
		long few = calls_of(&costs[i], FEW), more = calls_of(&costs[i], MORE);

		if (labs(more - few - each * (MORE - FEW)) >= (MORE - FEW) / 2)
			fail_msg("%s: %ld calls for %d answers more", costs[i].rules, more - few, MORE - FEW);
	}
	unlink(path);
	rmdir(scratch);
}

UNIT_TESTS(test_broker_cost, cmocka_unit_test(an_answer_costs_as_many_calls_as_are_said), )
