/*
 * A target is stopped where it is known to stand, so few registers have to be kept: all of them are read before and
 * written back after. What is placed in its memory is taken out again, and what lay there put back.
 */
#include "kernel/steer.h"

#include "base/cleanup.h"
#include "kernel/tracer.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/*
 * Waits until a target that was let go stops by itself: at the end of a step, at a call, or with SIGSTOP where told.
 * Any other stop, and its end, is left for whoever waits next: -ESRCH.
 */
static int await(pid_t tid, int *ret_signal)
{
	siginfo_t info = { .si_pid = 0 };
	int status;

	while (waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) < 0)
		if (errno != EINTR)
			return -ESRCH;
	if ((info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) ||
	    (info.si_status != SIGTRAP && info.si_status != TRACER_STEP_STOP && info.si_status != SIGSTOP))
		return -ESRCH;
	*ret_signal = info.si_status;
	return waitpid(tid, &status, __WALL) == tid ? 0 : -ESRCH;
}

#ifdef __x86_64__

enum {
	STEER_BREAK = 0xcc,	/* int3 */
	STEER_SYSCALL = 0x050f, /* syscall, its two bytes as a number */
	STEER_SYSCALL_SIZE = 2,
};

/* What was written into a target's memory, and what had been there. */
struct placed {
	uint64_t address;
	uint8_t *before; /* owned */
	size_t size;
};

/* The far end of the first thread's stack, which grows towards it; 0 when it is not to be found. */
static uint64_t stack_end(pid_t tid)
{
	cleanup_free char *line = NULL;
	uint64_t start = 0, found = 0;
	char path[32];
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
	maps = fopen(path, "re");
	while (maps && !found && getline(&line, &size, maps) > 0)
		if (strstr(line, "[stack]") && sscanf(line, "%" SCNx64 "-", &start) == 1)
			found = start;
	if (maps)
		fclose(maps);
	return found;
}

static bool write_back(pid_t tid, struct placed *placed)
{
	struct iovec ours = { placed->before, placed->size };
	struct iovec theirs = { (void *)(uintptr_t)placed->address, placed->size };
	bool done = process_vm_writev(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)placed->size;

	free(placed->before);
	placed->before = NULL;
	return done;
}

/* The program, with its struct sock_fprog before it; false when the target's memory cannot take it. */
static bool place_filter(pid_t tid, const struct sock_filter *insns, size_t count, struct placed *placed)
{
	size_t size = count * sizeof(*insns);
	struct sock_fprog program = { .len = (unsigned short)count };
	struct iovec parts[] = { { &program, sizeof(program) }, { (void *)(uintptr_t)insns, size } };
	struct iovec theirs, before;

	*placed = (struct placed){ .address = stack_end(tid), .size = sizeof(program) + size };
	placed->before = malloc(placed->size);
	theirs = (struct iovec){ (void *)(uintptr_t)placed->address, placed->size };
	before = (struct iovec){ placed->before, placed->size };
	program.filter = (struct sock_filter *)(uintptr_t)(placed->address + sizeof(program));
	if (placed->address && placed->before &&
	    process_vm_readv(tid, &before, 1, &theirs, 1, 0) == (ssize_t)placed->size &&
	    process_vm_writev(tid, parts, 2, &theirs, 1, 0) == (ssize_t)placed->size)
		return true;
	free(placed->before);
	return false;
}

/* Lets the call that it enters be made, and waits for its return: its result, or -ESRCH when the target was killed. */
static int64_t make_entered_call(pid_t tid)
{
	struct tracer_call unused;
	int64_t result;
	int signal;

	if (ptrace(PTRACE_SYSCALL, tid, 0, 0) < 0 || await(tid, &signal) < 0 || signal != TRACER_STEP_STOP ||
	    tracer_step(tid, &unused, &result) != TRACER_RETURNS)
		return -ESRCH;
	return result;
}

static void ask_for_filter(struct user_regs_struct *regs, uint64_t address, uint64_t secret)
{
	regs->rax = SYS_seccomp;
	regs->rdi = SECCOMP_SET_MODE_FILTER;
	regs->rsi = SECCOMP_FILTER_FLAG_TSYNC;
	regs->rdx = address;
	regs->r9 = secret;
}

/* A positive result is the thread that could not follow. */
static int loaded(int64_t result)
{
	return result > 0 ? -EAGAIN : (int)result;
}

int steer_load_filter(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret, bool skips_call)
{
	struct user_regs_struct before, loading;
	struct placed placed;
	int64_t result;

	if (ptrace(PTRACE_GETREGS, tid, 0, &before) < 0)
		return -errno;
	if (!place_filter(tid, insns, count, &placed))
		return -EFAULT;
	loading = before;
	ask_for_filter(&loading, placed.address, secret);
	loading.orig_rax = SYS_seccomp;
	if (ptrace(PTRACE_SETREGS, tid, 0, &loading) < 0)
		result = -errno;
	else
		result = make_entered_call(tid);
	if (skips_call) {
		before.rax = 0;
	} else {
		before.rax = before.orig_rax;
		before.rip -= STEER_SYSCALL_SIZE;
	}
	/* Nothing is to be started again. */
	before.orig_rax = UINT64_MAX;
	if (!write_back(tid, &placed) || ptrace(PTRACE_SETREGS, tid, 0, &before) < 0)
		return -EFAULT;
	return loaded(result);
}

/* Has a target make the call of these registers by an instruction that is put in place for it. */
static int64_t make_call_here(pid_t tid, struct user_regs_struct *regs)
{
	int64_t result = -ESRCH;
	long word, call;
	int signal;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, regs->rip, 0);
	if (errno)
		return -errno;
	call = (word & ~0xffffL) | STEER_SYSCALL;
	regs->orig_rax = UINT64_MAX;
	if (ptrace(PTRACE_POKETEXT, tid, regs->rip, call) < 0 || ptrace(PTRACE_SETREGS, tid, 0, regs) < 0)
		return -errno;
	if (ptrace(PTRACE_SYSCALL, tid, 0, 0) == 0 && await(tid, &signal) == 0 && signal == TRACER_STEP_STOP)
		result = make_entered_call(tid);
	if (ptrace(PTRACE_POKETEXT, tid, regs->rip, word) < 0)
		return -errno;
	return result;
}

/* Holds back every signal that can be but SIGTRAP, which a step ends with. False when the target is gone. */
static bool hold_signals(pid_t tid, uint64_t *ret_before)
{
	uint64_t all = ~(UINT64_C(1) << (SIGTRAP - 1));

	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*ret_before), ret_before) == 0 &&
	       ptrace(PTRACE_SETSIGMASK, tid, sizeof(all), &all) == 0;
}

static void let_signals(pid_t tid, uint64_t before)
{
	ptrace(PTRACE_SETSIGMASK, tid, sizeof(before), &before);
}

int steer_load_filter_here(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret)
{
	struct user_regs_struct before, loading;
	struct placed placed;
	uint64_t mask;
	int64_t result;

	if (ptrace(PTRACE_GETREGS, tid, 0, &before) < 0 || !hold_signals(tid, &mask))
		return -ESRCH;
	if (!place_filter(tid, insns, count, &placed))
		return -EFAULT;
	loading = before;
	ask_for_filter(&loading, placed.address, secret);
	result = make_call_here(tid, &loading);
	before.orig_rax = UINT64_MAX;
	if (!write_back(tid, &placed) || ptrace(PTRACE_SETREGS, tid, 0, &before) < 0)
		return -EFAULT;
	let_signals(tid, mask);
	return loaded(result);
}

/* Exchanges the byte at an address of a stopped target. */
static int exchange_byte(pid_t tid, uint64_t address, uint8_t byte, uint8_t *ret_before)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, address, 0);
	if (errno)
		return -errno;
	*ret_before = (uint8_t)word;
	return ptrace(PTRACE_POKETEXT, tid, address, (word & ~0xffL) | byte) < 0 ? -errno : 0;
}

int steer_stop_at(pid_t tid, uint64_t address, struct steer_stop *ret_stop)
{
	struct steer_stop stop = { .address = address };
	int error = exchange_byte(tid, address, STEER_BREAK, &stop.byte);

	if (error == 0)
		*ret_stop = stop;
	return error;
}

bool steer_is_at(pid_t tid, const struct steer_stop *stop)
{
	struct user_regs_struct regs;

	return stop->address && ptrace(PTRACE_GETREGS, tid, 0, &regs) == 0 && regs.rip == stop->address + 1;
}

bool steer_is_there(pid_t pid, const struct steer_stop *stop)
{
	uint8_t byte = 0;
	struct iovec ours = { &byte, 1 }, theirs = { (void *)(uintptr_t)stop->address, 1 };

	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) == 1 ? byte == STEER_BREAK : errno == ESRCH;
}

int steer_take_out(pid_t tid, struct steer_stop *stop)
{
	struct user_regs_struct regs;
	uint8_t is_there;
	int error = exchange_byte(tid, stop->address, stop->byte, &is_there);

	if (error < 0)
		return error;
	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -errno;
	if (regs.rip == stop->address + 1) {
		regs.rip = stop->address;
		if (ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0)
			return -errno;
	}
	*stop = (struct steer_stop){ .address = 0 };
	return 0;
}

static bool is_code(const struct steer_code *codes, size_t code_count, uint64_t address)
{
	for (size_t i = 0; i < code_count; i++)
		if (address >= codes[i].start && address < codes[i].end)
			return true;
	return false;
}

/* Back before the call that it stopped at and that is not made. */
static int unmake_call(pid_t tid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -ESRCH;
	regs.rip -= STEER_SYSCALL_SIZE;
	regs.rax = regs.orig_rax;
	regs.orig_rax = UINT64_MAX;
	return ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0 ? -ESRCH : -ENOENT;
}

/* One instruction, which a call is not: whoever makes one on the way has started in another way. */
static int step(pid_t tid, struct user_regs_struct *regs, bool *ret_was_stopped)
{
	int signal;

	if (ptrace(PTRACE_SYSEMU_SINGLESTEP, tid, 0, 0) < 0 || await(tid, &signal) < 0)
		return -ESRCH;
	*ret_was_stopped |= signal == SIGSTOP;
	if (signal == TRACER_STEP_STOP)
		return unmake_call(tid);
	return ptrace(PTRACE_GETREGS, tid, 0, regs) < 0 ? -ESRCH : 0;
}

static int walk(pid_t tid, const struct steer_code *codes, size_t code_count, uint64_t *ret_main, bool *ret_was_stopped)
{
	struct user_regs_struct regs;
	uint64_t stack;
	long argc;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return -ESRCH;
	stack = regs.rsp;
	errno = 0;
	argc = ptrace(PTRACE_PEEKDATA, tid, stack, 0);
	if (errno)
		return -ENOENT;
	for (int i = 0; i < STEER_STEPS_MAX; i++) {
		int error = step(tid, &regs, ret_was_stopped);

		if (error < 0)
			return error;
		if ((uint32_t)regs.rsi != (uint32_t)argc || regs.rdx != stack + sizeof(uint64_t) ||
		    !is_code(codes, code_count, regs.rdi))
			continue;
		*ret_main = regs.rdi;
		return 0;
	}
	return -ENOENT;
}

int steer_to_main(pid_t tid, const struct steer_code *codes, size_t code_count, uint64_t *ret_main)
{
	bool was_stopped = false;
	uint64_t mask;
	int error;

	if (!hold_signals(tid, &mask))
		return -ESRCH;
	error = walk(tid, codes, code_count, ret_main, &was_stopped);
	let_signals(tid, mask);
	if (was_stopped)
		syscall(SYS_tkill, tid, SIGSTOP);
	return error;
}

#else

int steer_load_filter(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret, bool skips_call)
{
	return -ENOSYS;
}

int steer_load_filter_here(pid_t tid, const struct sock_filter *insns, size_t count, uint64_t secret)
{
	return -ENOSYS;
}

int steer_stop_at(pid_t tid, uint64_t address, struct steer_stop *ret_stop)
{
	return -ENOSYS;
}

bool steer_is_at(pid_t tid, const struct steer_stop *stop)
{
	return false;
}

bool steer_is_there(pid_t pid, const struct steer_stop *stop)
{
	return false;
}

int steer_take_out(pid_t tid, struct steer_stop *stop)
{
	return -ENOSYS;
}

int steer_to_main(pid_t tid, const struct steer_code *codes, size_t code_count, uint64_t *ret_main)
{
	return -ENOSYS;
}

#endif
