/*
 * kernel/filters.h - the filters that a live process carries
 *
 * PTRACE_SECCOMP_GET_FILTER gives the classic program of each; index 0 is the oldest (get_nth_filter in
 * kernel/seccomp.c, whatever ptrace(2) says). The kernel asks for CAP_SYS_ADMIN,
 * no filter on the caller itself, and the right to trace the process, which is stopped for a moment.
 */
#ifndef CALLGATE_KERNEL_FILTERS_H
#define CALLGATE_KERNEL_FILTERS_H

#include "base/arena.h"

#include <callgate/error.h>

#include <linux/filter.h>
#include <sys/types.h>

struct kernel_filter {
	struct sock_filter *insns;
	size_t length;
};

struct kernel_filters {
	VEC(struct kernel_filter); /* the oldest first */
};

/*
 * Reads the filters of the thread pid, none when it has none; memory comes from arena. The thread runs on afterwards
 * as it did. Fails with E_OS (no such process, or it may not be traced), E_UNSUPPORTED (no privilege, or a kernel
 * without CONFIG_CHECKPOINT_RESTORE; the hint says what works instead), E_NOMEM.
 */
int kernel_filters_read(pid_t pid, struct arena *arena, struct kernel_filters *ret_filters, struct callgate_error *err);

#endif
