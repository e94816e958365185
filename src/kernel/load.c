/*
 * The way in. The kernel's answer is one errno for several causes (EINVAL is a bad program, a bad flag or a kernel
 * without the action), so what it means is told here once, for whoever loads a filter in whatever process.
 */
#include "kernel/load.h"

#include "base/error.h"
#include "kernel/call.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif

int kernel_filter_load_raw(const struct sock_filter *insns, size_t count, unsigned flags)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = (struct sock_filter *)insns };

	if (count == 0 || count > KERNEL_INSNS_MAX)
		return -EINVAL;
	return (int)KERNEL_CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int kernel_no_new_privs_set(void)
{
	return (int)KERNEL_CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
}

int kernel_filter_load_error(int error, size_t count, unsigned flags, struct callgate_error *err)
{
	int status;

	if (count == 0 || count > KERNEL_INSNS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a filter has 1 to %d instructions, this one %zu", KERNEL_INSNS_MAX,
			    count);
	if (error == -ENOSYS) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "this kernel has no seccomp(2)");
		error_hint(err, "it needs Linux 3.17 with CONFIG_SECCOMP_FILTER; an outer sandbox may hide it");
		return status;
	}
	if (error == -EBUSY && flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "a filter with a listener is already in force");
		error_hint(err, "the kernel allows one listener a process; start the program outside of the other one");
		return status;
	}
	if (error == -EINVAL) {
		status = fail(err, CALLGATE_E_INVALID, "the kernel refuses this filter or its flags 0x%x", flags);
		error_hint(err, "callgate doctor shows which flags this kernel knows");
		return status;
	}
	errno = -error;
	status = fail_errno(err, "cannot load the filter");
	if (error == -ESRCH || error == -ENOMEM)
		error_hint(err, error == -ESRCH ? "another thread has a filter of its own, so they cannot share one"
						: "all filters of a process may hold 32768 instructions together");
	return status;
}

int kernel_filter_load(const struct sock_filter *insns, size_t count, unsigned flags, int *ret_listener,
		       struct callgate_error *err)
{
	int result;

	/* With both, a thread's number could not be told from a listener. */
	if (flags & SECCOMP_FILTER_FLAG_TSYNC && flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	result = kernel_no_new_privs_set();
	if (result == 0)
		result = kernel_filter_load_raw(insns, count, flags);
	/* The number of the thread that could not be brought along. */
	if (result > 0 && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		result = -ESRCH;
	if (result < 0)
		return kernel_filter_load_error(result, count, flags, err);
	if (ret_listener)
		*ret_listener = result;
	return CALLGATE_OK;
}
