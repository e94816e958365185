/*
 * A namespace that was made cannot be given back, so a child asks. The kernel, a limit, a security module or an outer
 * sandbox may say no, in ways that only the attempt shows.
 */
#include "kernel/namespace.h"

#include "kernel/call.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

bool namespace_works(unsigned long flags)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(KERNEL_CALL(SYS_unshare, flags) == 0 ? 0 : 1);
	if (pid < 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) != pid)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
