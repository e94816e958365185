/*
 * The kernel's waitid gives a process's own resources, which glibc's wrapper leaves out and wait4 gives only for what
 * a number names.
 */
#include "kernel/pidfd.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int pidfd_of(pid_t pid, int *ret_pidfd, struct callgate_error *err)
{
	long pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return fail_errno(err, "cannot open process %d", (int)pid);
	*ret_pidfd = (int)pidfd;
	return CALLGATE_OK;
}

int pidfd_fetch(int pidfd, int fd, int *ret_fd, struct callgate_error *err)
{
	long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (copy < 0) {
		int status = fail_errno(err, "cannot fetch descriptor %d of another process", fd);

		if (err && err->os_errno == EPERM)
			error_hint(err, "pidfd_getfd needs the right to ptrace: see kernel.yama.ptrace_scope");
		return status;
	}
	*ret_fd = (int)copy;
	return CALLGATE_OK;
}

int pidfd_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int process_wait(idtype_t type, id_t id, int options, siginfo_t *ret_info, struct rusage *ret_usage)
{
	siginfo_t info;
	struct rusage usage;
	long result;

	memset(&info, 0, sizeof(info));
	do
		result = syscall(SYS_waitid, type, id, &info, options, &usage);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return -1;
	*ret_info = info;
	if (ret_usage)
		*ret_usage = usage;
	return 0;
}
