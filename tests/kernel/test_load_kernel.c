/*
 * A loaded filter holds: over fork, over exec, in every thread, against whoever would loosen it and against a tracer.
 * Each case is a child, since nobody gets rid of a filter.
 */
#include "unit.h"

#include "kernel/load.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the children say with their exit status. */
#define HELD	   0
#define NOT_HELD   1
#define NOT_SET_UP 2

/* Gives getppid this action and allows all else. */
static int load_for_getppid(unsigned action, unsigned flags)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), flags, NULL, NULL);
}

static bool getppid_is_refused(void)
{
	errno = 0;
	return syscall(SYS_getppid) == -1 && errno == ENOTNAM;
}

/* The wait status of a child that does this. */
static int in_child(int (*act)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	assert_true(pid > 0);
	assert_int_equal(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), pid);
	return status;
}

static int fork_and_look(void)
{
	int status;
	pid_t pid;

	if (load_for_getppid(SECCOMP_RET_ERRNO | ENOTNAM, 0) != CALLGATE_OK)
		return NOT_SET_UP;
	pid = fork();
	if (pid == 0)
		_exit(getppid_is_refused() ? HELD : NOT_HELD);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : NOT_SET_UP;
}

static void it_holds_over_fork(void **state)
{
	assert_int_equal(in_child(fork_and_look), 0);
}

static int awake_in_a_shell(void)
{
	/* chdir kills; the shell, which may be started, meets it again, and so does the one that it starts. */
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	if (kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), 0, NULL, NULL) != CALLGATE_OK)
		return NOT_SET_UP;
	execl("/bin/sh", "sh", "-c", "! cd / 2>/dev/null && sh -c '! cd / 2>/dev/null'", (char *)NULL);
	return NOT_SET_UP;
}

static void a_shell_that_may_be_started_awakes_in_the_same_cage(void **state)
{
	assert_int_equal(in_child(awake_in_a_shell), 0);
}

static pthread_barrier_t barrier;

static void *look_in_thread(void *argument)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return getppid_is_refused() ? argument : NULL;
}

static int look_from_another_thread(unsigned flags)
{
	pthread_t thread;
	void *refused = NULL;
	int here;

	if (pthread_barrier_init(&barrier, NULL, 2) || pthread_create(&thread, NULL, look_in_thread, &here))
		return NOT_SET_UP;
	pthread_barrier_wait(&barrier);
	if (load_for_getppid(SECCOMP_RET_ERRNO | ENOTNAM, flags) != CALLGATE_OK)
		return NOT_SET_UP;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, &refused);
	return refused && getppid_is_refused() ? HELD : NOT_HELD;
}

static int look_with_tsync(void)
{
	return look_from_another_thread(SECCOMP_FILTER_FLAG_TSYNC);
}

static int look_without_tsync(void)
{
	return look_from_another_thread(0);
}

static void tsync_brings_every_thread_along(void **state)
{
	assert_int_equal(in_child(look_with_tsync), W_EXITCODE(HELD, 0));
	assert_int_equal(in_child(look_without_tsync), W_EXITCODE(NOT_HELD, 0));
}

static void *diverge_in_thread(void *argument)
{
	int *loaded = argument;

	*loaded = load_for_getppid(SECCOMP_RET_LOG, 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* A thread with a filter of its own cannot be brought along; then nobody gets the new one. */
static int all_or_none(void)
{
	struct callgate_error err;
	pthread_t thread;
	int loaded = -1;
	const struct sock_filter refuse[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) };

	if (pthread_barrier_init(&barrier, NULL, 2) || pthread_create(&thread, NULL, diverge_in_thread, &loaded))
		return NOT_SET_UP;
	pthread_barrier_wait(&barrier);
	if (loaded != CALLGATE_OK)
		return NOT_SET_UP;
	if (kernel_filter_load(refuse, 1, SECCOMP_FILTER_FLAG_TSYNC, NULL, &err) != CALLGATE_E_OS || !err.hint[0])
		return NOT_HELD;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return HELD;
}

static void either_all_threads_have_it_or_none(void **state)
{
	assert_int_equal(in_child(all_or_none), W_EXITCODE(HELD, 0));
}

static int try_to_loosen(void)
{
	if (load_for_getppid(SECCOMP_RET_ERRNO | ENOTNAM, 0) != CALLGATE_OK || !getppid_is_refused())
		return NOT_SET_UP;
	if (load_for_getppid(SECCOMP_RET_ALLOW, 0) != CALLGATE_OK || !getppid_is_refused())
		return NOT_HELD;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_DISABLED, 0) == 0 || !getppid_is_refused())
		return NOT_HELD;
	if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return NOT_HELD;
	return getppid_is_refused() ? HELD : NOT_HELD;
}

static void nothing_loosens_it(void **state)
{
	assert_int_equal(in_child(try_to_loosen), W_EXITCODE(HELD, 0));
}

static void a_bad_program_is_refused_with_its_reason(void **state)
{
	struct callgate_error err;
	const struct sock_filter falls_off[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };

	/* Refused before anything is loaded, so that no child is needed. */
	assert_int_equal(kernel_filter_load(falls_off, 0, 0, NULL, &err), CALLGATE_E_LIMIT);
	assert_int_equal(kernel_filter_load(falls_off, KERNEL_INSNS_MAX + 1, 0, NULL, &err), CALLGATE_E_LIMIT);
	assert_int_equal(kernel_filter_load(falls_off, 1, 0, NULL, &err), CALLGATE_E_INVALID);
	assert_int_equal(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
}

#ifdef __x86_64__

static int call_getpid_under(unsigned getpid_action)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, getpid_action),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	raise(SIGSTOP);
	if (kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), 0, NULL, NULL) != CALLGATE_OK)
		return NOT_SET_UP;
	syscall(SYS_getpid);
	return NOT_HELD;
}

/* The stop of `event` (0: a system call's entry) in which the call is getpid; it is made getppid there. */
static bool rewrite_at(pid_t pid, int event, int *ret_status)
{
	while (waitpid(pid, ret_status, __WALL) == pid && WIFSTOPPED(*ret_status)) {
		struct user_regs_struct regs;
		bool is_it = *ret_status >> 8 == (event ? SIGTRAP | event << 8 : (SIGTRAP | 0x80));

		if (is_it && ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0 && regs.orig_rax == SYS_getpid) {
			regs.orig_rax = SYS_getppid;
			return ptrace(PTRACE_SETREGS, pid, 0, &regs) == 0;
		}
		ptrace(event ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, 0);
	}
	return false;
}

/* How a target ends whose tracer makes an allowed call into a refused one. */
static int end_of_rewritten(unsigned getpid_action, int event)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call_getpid_under(getpid_action));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(
		ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), 0);
	kill(pid, SIGCONT);
	assert_true(rewrite_at(pid, event, &status));
	do
		ptrace(PTRACE_CONT, pid, 0, 0);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
	return status;
}

static void a_tracer_cannot_change_a_call_past_it(void **state)
{
	int status = end_of_rewritten(SECCOMP_RET_ALLOW, 0);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void nor_can_one_that_the_filter_asked(void **state)
{
	int status = end_of_rewritten(SECCOMP_RET_TRACE, PTRACE_EVENT_SECCOMP);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

#else

static void a_tracer_cannot_change_a_call_past_it(void **state)
{
	skip();
}

static void nor_can_one_that_the_filter_asked(void **state)
{
	skip();
}

#endif

UNIT_TESTS(test_load_kernel, cmocka_unit_test(it_holds_over_fork),
	   cmocka_unit_test(a_shell_that_may_be_started_awakes_in_the_same_cage),
	   cmocka_unit_test(tsync_brings_every_thread_along), cmocka_unit_test(either_all_threads_have_it_or_none),
	   cmocka_unit_test(nothing_loosens_it), cmocka_unit_test(a_bad_program_is_refused_with_its_reason),
	   cmocka_unit_test(a_tracer_cannot_change_a_call_past_it),
	   cmocka_unit_test(nor_can_one_that_the_filter_asked), )
