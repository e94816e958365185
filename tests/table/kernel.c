/*
 * The judge that is never wrong: a forked child under the filter makes the call, and tells by shared memory what came
 * back. No call is ever carried out: where the filter would let one run, the program that is loaded answers with an
 * errno that nothing else uses. Once the filter holds, the child may not even exit, so it ends by an illegal
 * instruction.
 */
#include "table.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Errnos of our own, above all of the kernel's and below its limit of 4095: one for each action, and for each of the
 * data of trace that the tables use. */
enum { HARMLESS_FIRST = 3000, HARMLESS_TRACE = HARMLESS_FIRST + 3, HARMLESS_END = HARMLESS_TRACE + 256 };

/* Of CPU time: a child that cannot end by itself is ended by the kernel. */
enum { CHILD_SECONDS = 10 };

enum outcome { OUTCOME_NONE, OUTCOME_NO_FILTER, OUTCOME_FILTERED, OUTCOME_RETURNED, OUTCOME_TRAPPED };

struct report {
	volatile int outcome;
	volatile int number; /* errno of the return, or of the trap */
};

static struct report *report;

static const uint32_t running[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_USER_NOTIF };

uint32_t harmless_action(uint32_t action, void *context)
{
	for (unsigned i = 0; i < sizeof(running) / sizeof(*running); i++)
		if (action == running[i])
			return SECCOMP_RET_ERRNO | (HARMLESS_FIRST + i);
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
		return SECCOMP_RET_ERRNO | (HARMLESS_TRACE + (action & 0xff));
	return action;
}

/* Under the filter even a sanitizer's own calls are refused, so what runs there is not instrumented. */
#define BARE __attribute__((no_sanitize("address", "undefined")))

BARE static void trapped(int number, siginfo_t *info, void *context)
{
	report->number = info->si_errno;
	report->outcome = OUTCOME_TRAPPED;
	__builtin_trap();
}

#ifdef __x86_64__
/* A call as a program of i386 makes it: six 32-bit words, and the sixth in the frame pointer. */
BARE static long call_i386(const struct seccomp_data *data)
{
	register uint64_t sixth asm("r8") = data->args[5];
	long result;

	asm volatile("sub $128, %%rsp\n\t" /* what lies below the stack pointer may be in use */
		     "push %%rbp\n\t"
		     "mov %%r8d, %%ebp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "add $128, %%rsp"
		     : "=a"(result), "+r"(sixth)
		     : "a"((long)(uint32_t)data->nr), "b"(data->args[0]), "c"(data->args[1]), "d"(data->args[2]),
		       "S"(data->args[3]), "D"(data->args[4])
		     : "memory", "cc", "r9", "r10", "r11");
	return (int)result;
}
#else
static long call_i386(const struct seccomp_data *data)
{
	return -ENOSYS;
}
#endif

BARE static int make_call(const struct seccomp_data *data)
{
	long result;

	if (data->arch != abi_arch_native()->audit) {
		result = call_i386(data);
		return result < 0 ? (int)-result : 0;
	}
	result = syscall((long)data->nr, data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
			 data->args[5]);
	return result == -1 ? errno : 0;
}

BARE __attribute__((noreturn)) static void child(const struct table_subject *subject, const struct seccomp_data *data)
{
	struct sock_fprog program = { (unsigned short)subject->harmless.length, subject->harmless.insns };
	struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };
	struct rlimit none = { 0, 0 }, seconds = { CHILD_SECONDS, CHILD_SECONDS };

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
	sigaction(SIGSYS, &action, NULL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		report->outcome = OUTCOME_NO_FILTER;
		_exit(0);
	}
	report->outcome = OUTCOME_FILTERED;
	report->number = make_call(data);
	report->outcome = OUTCOME_RETURNED;
	__builtin_trap();
}

static bool run_child(const struct table_subject *subject, const struct seccomp_data *data, int *ret_status)
{
	pid_t pid;

	report->outcome = OUTCOME_NONE;
	pid = fork();
	if (pid == 0)
		child(subject, data);
	if (pid < 0)
		return false;
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

/* What the harmless program's answer stands for. */
static uint32_t observed_action(int status, uint32_t expected)
{
	int number = report->number;

	if (report->outcome == OUTCOME_TRAPPED)
		return SECCOMP_RET_TRAP | (uint32_t)number;
	if (report->outcome == OUTCOME_FILTERED && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		/* One thread: the two kills look alike from outside. */
		return expected == SECCOMP_RET_KILL_THREAD ? SECCOMP_RET_KILL_THREAD : SECCOMP_RET_KILL_PROCESS;
	if (number >= HARMLESS_TRACE && number < HARMLESS_END)
		return SECCOMP_RET_TRACE | (uint32_t)(number - HARMLESS_TRACE);
	if (number >= HARMLESS_FIRST && number < HARMLESS_TRACE)
		return running[number - HARMLESS_FIRST];
	return SECCOMP_RET_ERRNO | (uint32_t)number;
}

/* Whether this kernel serves programs of i386 at all: asked once, by a child, which dies if not. */
static bool serves_i386(void)
{
	static int served = -1;
	int status;
	pid_t pid;

	if (served >= 0)
		return served;
	pid = fork();
	if (pid == 0) {
		struct seccomp_data getpid_call = { .nr = 20 };

		signal(SIGSEGV, SIG_DFL);
		_exit(call_i386(&getpid_call) == getpid() ? 0 : 1);
	}
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	served = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return served;
}

/* A call that a program on this machine could make: a word of i386 has 32 bits. */
static bool can_call(const struct seccomp_data *data)
{
	if (data->arch == abi_arch_native()->audit)
		return true;
	if (abi_arch_native()->id != ABI_X86_64 || data->arch != abi_arch(ABI_I386)->audit)
		return false;
	for (unsigned i = 0; i < 6; i++)
		if (data->args[i] > UINT32_MAX)
			return false;
	return true;
}

bool judge_kernel(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		  const char **ret_why)
{
	int status;

	if (!can_call(&call->data))
		return false;
	if (call->data.arch != abi_arch_native()->audit && !serves_i386()) {
		*ret_why = "this kernel serves no program of i386";
		return false;
	}
	if (!report) {
		void *shared = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (shared == MAP_FAILED) {
			*ret_why = "no shared memory";
			return false;
		}
		report = shared;
	}
	if (!run_child(subject, &call->data, &status) || report->outcome <= OUTCOME_NO_FILTER) {
		*ret_why = "this machine loads no filter";
		return false;
	}
	*ret_action = observed_action(status, call->expected);
	return true;
}
