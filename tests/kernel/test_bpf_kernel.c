/*
 * The checker and the simulator against the kernel itself.
 *
 * A child tries to load one program after the other; a refusal leaves it unfiltered, so it goes on. Once one is loaded
 * the child can make no more system calls of its own choice, so it notes where it is in shared memory and ends by an
 * instruction that is none. The next child goes on behind it.
 */
#include "unit.h"

#include "random_bpf.h"

#include "bpf/opcode.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_LENGTH 24
#define PROGRAMS       6000
#define RUNS	       300
#define INPUTS	       16

/* What a child tells its parent. */
struct report {
	unsigned next; /* the program that is being tried */
	int os_errno;  /* why the kernel would not load it */
	unsigned done; /* inputs that were tried */
	long results[INPUTS];
};

static struct report *new_report(void)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(report, MAP_FAILED);
	return report;
}

static long load(struct sock_filter *insns, size_t length)
{
	struct sock_fprog program = { .len = (unsigned short)length, .filter = insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* cmocka's handlers are the parent's business: a child ends by its signal. */
static void prepare_child(void)
{
	signal(SIGILL, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
	alarm(60);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(3);
}

/* Ends by an instruction that is none, without a system call. The compiler is not told that nothing returns, for a
 * sanitizer makes system calls before what it knows not to return. */
static void end_by_signal(void)
{
	static volatile bool forever = true;

	while (forever) {
#ifdef __x86_64__
		__asm__ volatile("ud2");
#else
		__builtin_trap();
#endif
	}
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

/* Program number i: the same in every process. */
static size_t make_program(unsigned i, struct sock_filter *insns)
{
	struct random random = { 0x9e3779b97f4a7c15ull * (i + 1) };
	size_t length = 1 + random_below(&random, PROGRAM_LENGTH);

	random_program(&random, insns, length);
	for (unsigned mutations = i % 3; mutations; mutations--)
		random_mutation(&random, insns, length);
	return length;
}

static _Noreturn void try_programs(volatile struct report *report)
{
	struct sock_filter insns[PROGRAM_LENGTH];

	prepare_child();
	for (; report->next < PROGRAMS; report->next++) {
		size_t length = make_program(report->next, insns);
		long status = load(insns, length);

		if (status == 0)
			end_by_signal();
		if (bpf_check(insns, length, NULL) == CALLGATE_OK || errno != EINVAL) {
			report->os_errno = errno;
			_exit(1);
		}
	}
	_exit(0);
}

static void what_the_checker_says_is_what_the_kernel_does(void **state)
{
	struct report *report = new_report();
	struct sock_filter insns[PROGRAM_LENGTH];
	unsigned loaded = 0;

	while (report->next < PROGRAMS) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			try_programs(report);
		status = wait_for(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break;
		if (WIFEXITED(status) && (report->os_errno == ENOSYS || report->os_errno == EPERM))
			skip();
		if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGSYS)
			fail_msg("program %u: the kernel refuses what bpf_check accepts (errno %d)", report->next,
				 report->os_errno);
		if (bpf_check(insns, make_program(report->next, insns), NULL) != CALLGATE_OK)
			fail_msg("program %u: the kernel loads what bpf_check refuses", report->next);
		loaded++;
		report->next++;
	}
	assert_in_range(loaded, PROGRAMS / 20, PROGRAMS - PROGRAMS / 20);
	munmap(report, sizeof(*report));
}

/* A program that ends every call with an errno of its own making, so that nothing happens and the caller sees it. It
 * does not look at the instruction pointer, which the caller does not know. */
static size_t make_answering_program(unsigned i, struct sock_filter *insns)
{
	struct random random = { 0xd1342543de82ef95ull * (i + 1) };
	size_t length = 4 + random_below(&random, PROGRAM_LENGTH - 6);

	do {
		random_program(&random, insns, length);
		for (size_t at = 0; at < length; at++)
			if (insns[at].code == (BPF_LD | BPF_W | BPF_ABS) && (insns[at].k == 8 || insns[at].k == 12))
				insns[at].k += 8;
		for (size_t at = 0; at + 1 < length; at++)
			if (BPF_CLASS(insns[at].code) == BPF_RET)
				insns[at] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, insns[at].k);
		insns[length - 1] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff);
		insns[length] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
		insns[length + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	} while (bpf_check(insns, length + 2, NULL) != CALLGATE_OK);
	return length + 2;
}

static void make_input(unsigned i, unsigned input, struct seccomp_data *data)
{
	struct random random = { 0xd1342543de82ef95ull * (i + 1) + input };

	random_data(&random, data);
	data->nr &= 0x3fffffff;
	data->arch = 0xc000003e;
}

#ifdef __x86_64__
/* The raw instruction: libc's wrapper would fold the answers above 4095. */
static long call(const struct seccomp_data *data)
{
	register long r10 __asm__("r10") = (long)data->args[3];
	register long r8 __asm__("r8") = (long)data->args[4];
	register long r9 __asm__("r9") = (long)data->args[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((long)data->nr), "D"(data->args[0]), "S"(data->args[1]), "d"(data->args[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static _Noreturn void try_inputs(volatile struct report *report, unsigned i)
{
	struct sock_filter insns[PROGRAM_LENGTH];
	size_t length = make_answering_program(i, insns);

	prepare_child();
	if (load(insns, length)) {
		report->os_errno = errno;
		_exit(1);
	}
	for (report->done = 0; report->done < INPUTS; report->done++) {
		struct seccomp_data data;

		make_input(i, report->done, &data);
		report->results[report->done] = call(&data);
	}
	end_by_signal();
	_exit(2);
}

static void check_results(const struct report *report, unsigned i, int status)
{
	struct sock_filter insns[PROGRAM_LENGTH];
	size_t length = make_answering_program(i, insns);

	for (unsigned input = 0; input < INPUTS; input++) {
		struct seccomp_data data;
		uint32_t action;

		make_input(i, input, &data);
		action = bpf_simulate(insns, length, &data, NULL);
		if (input == report->done) {
			assert_int_equal(action, SECCOMP_RET_KILL_THREAD);
			assert_int_equal(WTERMSIG(status), SIGSYS);
			return;
		}
		if (report->results[input] != -(long)(action & SECCOMP_RET_DATA))
			fail_msg("program %u, input %u: the kernel answers %ld, bpf_simulate 0x%x", i, input,
				 report->results[input], action);
	}
	assert_int_not_equal(WTERMSIG(status), SIGSYS);
}

static void what_the_simulator_computes_is_what_the_kernel_answers(void **state)
{
	struct report *report = new_report();

	for (unsigned i = 0; i < RUNS; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			try_inputs(report, i);
		status = wait_for(pid);
		if (WIFEXITED(status) && (report->os_errno == ENOSYS || report->os_errno == EPERM))
			skip();
		assert_true(WIFSIGNALED(status));
		check_results(report, i, status);
	}
	munmap(report, sizeof(*report));
}
#else
static void what_the_simulator_computes_is_what_the_kernel_answers(void **state)
{
	print_message("not written for this arch\n");
	skip();
}
#endif

/* No instruction that seccomp takes is left out: each stands in many of the programs above. */
static void the_programs_have_every_instruction(void **state)
{
	static unsigned seen[256];
	struct sock_filter insns[PROGRAM_LENGTH];

	for (unsigned i = 0; i < RUNS; i++)
		for (size_t left = make_answering_program(i, insns); left > 0; left--)
			seen[insns[left - 1].code & 0xff]++;
	for (unsigned i = 0; i < PROGRAMS; i++) {
		size_t length = make_program(i, insns);

		for (size_t at = 0; at < length && bpf_check(insns, length, NULL) == CALLGATE_OK; at++)
			seen[insns[at].code & 0xff]++;
	}
	for (unsigned code = 0; code < 256; code++) {
		const struct bpf_opcode *opcode = bpf_opcode((uint16_t)code);

		if (opcode && opcode->seccomp && seen[code] < 10)
			fail_msg("instruction 0x%x stands in %u places", code, seen[code]);
	}
}

UNIT_TESTS(test_bpf_kernel, cmocka_unit_test(the_programs_have_every_instruction),
	   cmocka_unit_test(what_the_checker_says_is_what_the_kernel_does),
	   cmocka_unit_test(what_the_simulator_computes_is_what_the_kernel_answers), )
