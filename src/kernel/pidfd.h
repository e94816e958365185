/*
 * kernel/pidfd.h - processes by descriptor, which cannot come to mean another process as a number can
 */
#ifndef CALLGATE_KERNEL_PIDFD_H
#define CALLGATE_KERNEL_PIDFD_H

#include <callgate/error.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

/* A descriptor (close-on-exec) of the process; the caller closes *ret_pidfd. Fails with E_OS. */
int pidfd_of(pid_t pid, int *ret_pidfd, struct callgate_error *err);

/* A copy (close-on-exec) of that process's descriptor fd. Needs what ptrace(2) needs. Fails with E_OS. */
int pidfd_fetch(int pidfd, int fd, int *ret_fd, struct callgate_error *err);

/* 0, or -1 with errno: ESRCH when the process has ended. */
int pidfd_signal(int pidfd, int signal);

/*
 * waitid(2) as the kernel has it, with the resources that this one process (and what it waited for) used; ret_usage
 * may be NULL. Tries again after EINTR. 0, or -1 with errno.
 */
int process_wait(idtype_t type, id_t id, int options, siginfo_t *ret_info, struct rusage *ret_usage);

#endif
