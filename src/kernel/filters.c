/*
 * A tracer reads the filters: it seizes the thread, stops it, asks for one filter after the other until the kernel
 * says that there are no more, and lets it go. Seizing, unlike attaching, sends the thread no signal; if the caller
 * dies in between, the kernel lets the thread go.
 */
#include "kernel/filters.h"

#include "base/error.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

static long get_filter(pid_t pid, size_t index, struct sock_filter *insns)
{
	return ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)(uintptr_t)index, insns);
}

static int fail_to_get(pid_t pid, struct callgate_error *err)
{
	int status;

	if (errno != EACCES && errno != EIO && errno != EINVAL)
		return fail_errno(err, "cannot read the filters of process %d", (int)pid);
	status = fail(err, CALLGATE_E_UNSUPPORTED, "the kernel does not hand out the filters of process %d", (int)pid);
	error_hint(err, "it takes CAP_SYS_ADMIN, a caller without filters, and CONFIG_CHECKPOINT_RESTORE; "
			"without them, 'show -- PROGRAM' shows what a program loads as it starts");
	return status;
}

static int read_all(pid_t pid, struct arena *arena, struct kernel_filters *filters, struct callgate_error *err)
{
	for (size_t index = 0;; index++) {
		long length = get_filter(pid, index, NULL);
		struct kernel_filter filter;

		if (length < 0 && errno == ENOENT)
			return CALLGATE_OK;
		/* A process without any filter is EINVAL, not ENOENT, as the first question is. */
		if (length < 0 && errno == EINVAL && index == 0)
			return CALLGATE_OK;
		if (length < 0)
			return fail_to_get(pid, err);
		filter.length = (size_t)length;
		filter.insns = arena_array(arena, filter.length, sizeof(*filter.insns));
		if (!filter.insns || !VEC_PUSH(arena, filters, filter))
			return fail_nomem(err);
		if (get_filter(pid, index, filter.insns) != length)
			return fail_to_get(pid, err);
	}
}

/* The stop that was asked for may come after one for a signal, which is handed on when the thread goes. */
static int stop(pid_t pid, int *ret_signal, struct callgate_error *err)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0) {
		bool absent = errno == ESRCH;
		int failed = fail_errno(err, "cannot trace process %d", (int)pid);

		error_hint(err, absent ? "no such process"
				       : "it is traced already, is not yours, or kernel.yama.ptrace_scope forbids it");
		return failed;
	}
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return fail_errno(err, "cannot stop process %d", (int)pid);
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for process %d", (int)pid);
	if (!WIFSTOPPED(status))
		return fail(err, CALLGATE_E_INVALID, "process %d ended while it was looked at", (int)pid);
	*ret_signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	return CALLGATE_OK;
}

int kernel_filters_read(pid_t pid, struct arena *arena, struct kernel_filters *ret_filters, struct callgate_error *err)
{
	struct kernel_filters filters = { 0 };
	int signal = 0, status = stop(pid, &signal, err);

	if (status == CALLGATE_OK) {
		status = read_all(pid, arena, &filters, err);
		ptrace(PTRACE_DETACH, pid, NULL, (void *)(uintptr_t)signal);
	}
	if (status == CALLGATE_OK)
		*ret_filters = filters;
	return status;
}
