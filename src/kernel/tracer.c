/*
 * A parent learns of a refused call only that SIGSYS ended its child. The registers that name the call are still there
 * at one moment, the exit event (docs/adr/0004-who-was-refused-what.md); this is what is needed to be there then.
 */
#include "kernel/tracer.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* asm-generic/siginfo.h: sent by a filter; libc's headers leave it out. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

#define TRACER_OPTIONS                                                                                             \
	(PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | \
	 PTRACE_O_TRACESYSGOOD)

/* process_vm_readv gives a whole iovec or nothing of it: pages are asked for one by one. */
#define TRACER_PAGE 4096

int tracer_seize(pid_t pid, unsigned wishes)
{
	long options = TRACER_OPTIONS;

	if (wishes & TRACER_WISH_CALLS)
		options |= PTRACE_O_TRACESECCOMP;
	if (wishes & TRACER_WISH_EXECS)
		options |= PTRACE_O_TRACEEXEC;
	return ptrace(PTRACE_SEIZE, pid, 0, options) < 0 ? -errno : 0;
}

enum tracer_event tracer_event(int status)
{
	if (!WIFSTOPPED(status))
		return TRACER_NONE;
	switch (status >> 16) {
	case 0:
		return WSTOPSIG(status) == TRACER_STEP_STOP ? TRACER_STEP : TRACER_SIGNAL;
	case PTRACE_EVENT_SECCOMP:
		return TRACER_CALL;
	case PTRACE_EVENT_EXIT:
		return TRACER_EXIT;
	case PTRACE_EVENT_EXEC:
		return TRACER_EXEC;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		return TRACER_PARENT;
	case PTRACE_EVENT_STOP:
		return WSTOPSIG(status) == SIGTRAP ? TRACER_CHILD : TRACER_GROUP;
	default:
		return TRACER_CHILD;
	}
}

static void continue_by(enum __ptrace_request how, pid_t pid, int status)
{
	enum tracer_event event = tracer_event(status);
	long signal = event == TRACER_SIGNAL ? WSTOPSIG(status) : 0;

	/* Either fails only when the target was killed meanwhile, and then its end comes next. */
	if (event == TRACER_GROUP && how != PTRACE_DETACH)
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	else
		ptrace(how, pid, 0, signal);
}

void tracer_continue(pid_t pid, int status)
{
	continue_by(PTRACE_CONT, pid, status);
}

void tracer_continue_to_step(pid_t pid, int status)
{
	continue_by(PTRACE_SYSCALL, pid, status);
}

void tracer_let_go(pid_t pid, int status)
{
	continue_by(PTRACE_DETACH, pid, status);
}

void tracer_interrupt_all(pid_t pid)
{
	char path[32];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			ptrace(PTRACE_INTERRUPT, (pid_t)strtol(entry->d_name, NULL, 10), 0, 0);
	if (folder)
		closedir(folder);
}

enum tracer_side tracer_step(pid_t pid, struct tracer_call *ret_call, int64_t *ret_result)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return TRACER_NOWHERE;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		*ret_result = info.exit.rval;
		return TRACER_RETURNS;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return TRACER_NOWHERE;
	*ret_call = (struct tracer_call){ .audit = info.arch,
					  .nr = (uint32_t)info.entry.nr,
					  .ip = info.instruction_pointer };
	for (int i = 0; i < 6; i++)
		ret_call->args[i] = info.entry.args[i];
	return TRACER_ENTERS;
}

static unsigned long tracer_message(pid_t pid)
{
	unsigned long message = 0;

	return ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) < 0 ? 0 : message;
}

int tracer_exit_status(pid_t pid)
{
	return (int)tracer_message(pid);
}

/* Whether the process has a handler of its own for the signal: SigCgt in its status. */
static bool catches(pid_t pid, int signal)
{
	char path[32], text[4096];
	cleanup_fd int fd = -1;
	const char *caught;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return false;
	text[got] = '\0';
	caught = strstr(text, "\nSigCgt:");
	return caught && strtoull(caught + strlen("\nSigCgt:"), NULL, 16) >> (signal - 1) & 1;
}

bool tracer_is_trapped(pid_t pid)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0 && info.si_signo == SIGSYS &&
	       info.si_code == SYS_SECCOMP && catches(pid, SIGSYS);
}

pid_t tracer_child(pid_t pid)
{
	return (pid_t)tracer_message(pid);
}

#ifdef __x86_64__

static bool tracer_call_registers(pid_t pid, struct tracer_call *ret_call)
{
	struct user_regs_struct regs;
	bool is_i386 = ret_call->audit == 0x40000003;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0 || (int)regs.orig_rax == -1)
		return false;
	ret_call->nr = (uint32_t)regs.orig_rax;
	if (is_i386) {
		const uint64_t args[6] = { regs.rbx, regs.rcx, regs.rdx, regs.rsi, regs.rdi, regs.rbp };

		for (int i = 0; i < 6; i++)
			ret_call->args[i] = (uint32_t)args[i];
	} else {
		const uint64_t args[6] = { regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9 };

		for (int i = 0; i < 6; i++)
			ret_call->args[i] = args[i];
	}
	return true;
}

bool tracer_registers(pid_t pid, uint64_t ret_registers[TRACER_REGISTERS])
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return false;
	memcpy(ret_registers,
	       (const uint64_t[TRACER_REGISTERS]){ regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi, regs.rbp,
						   regs.rsp, regs.r8, regs.r9, regs.r10, regs.r11, regs.r12, regs.r13,
						   regs.r14, regs.r15, regs.rip },
	       TRACER_REGISTERS * sizeof(*ret_registers));
	return true;
}

#else

bool tracer_registers(pid_t pid, uint64_t ret_registers[TRACER_REGISTERS])
{
	return false;
}

static bool tracer_call_registers(pid_t pid, struct tracer_call *ret_call)
{
	return false;
}

#endif

bool tracer_call(pid_t pid, struct tracer_call *ret_call)
{
	struct __ptrace_syscall_info info;
	struct tracer_call call = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return false;
	call.audit = info.arch;
	call.ip = info.instruction_pointer;
	if (info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
		call.nr = (uint32_t)info.seccomp.nr;
		for (int i = 0; i < 6; i++)
			call.args[i] = info.seccomp.args[i];
		*ret_call = call;
		return true;
	}
	if (!tracer_call_registers(pid, &call))
		return false;
	*ret_call = call;
	return true;
}

/* Whether the page is in memory, or swapped out: the upper two bits of its word in /proc/PID/pagemap. */
static bool tracer_has_page(pid_t pid, uint64_t address)
{
	uint64_t number = address / (uint64_t)sysconf(_SC_PAGESIZE), page;
	char path[32];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && pread(fd, &page, sizeof(page), (off_t)(number * sizeof(page))) == sizeof(page) && page >> 62;
}

/* Whether who reads the address waits until the target hands in a page (userfaultfd), which it need never do. */
static bool tracer_would_wait(pid_t pid, uint64_t address)
{
	cleanup_free char *line = NULL;
	bool within = false, waits = false;
	char path[32];
	size_t size = 0;
	FILE *smaps;

	if (tracer_has_page(pid, address))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	smaps = fopen(path, "re");
	while (smaps && !waits && getline(&line, &size, smaps) > 0) {
		uint64_t start, end;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			within = address >= start && address < end;
		else if (within && strncmp(line, "VmFlags:", strlen("VmFlags:")) == 0)
			waits = strstr(line, " um") || strstr(line, " ui") || strstr(line, " uw");
	}
	if (smaps)
		fclose(smaps);
	return waits;
}

size_t tracer_read(pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		uint64_t at = address + done;
		size_t room = TRACER_PAGE - at % TRACER_PAGE;
		size_t want = length - done < room ? length - done : room;
		struct iovec local = { (char *)ret_bytes + done, want };
		struct iovec remote = { (void *)(uintptr_t)at, want };

		if (tracer_would_wait(pid, at) || process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)want)
			break;
		done += want;
	}
	return done;
}
