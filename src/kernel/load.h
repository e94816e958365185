/*
 * kernel/load.h - putting a filter on the calling process
 *
 * A filter once loaded can be neither taken off nor loosened: it holds for this thread (with TSYNC for every thread
 * of the process), for all that it forks, and over exec. A second filter can only take more away.
 */
#ifndef CALLGATE_KERNEL_LOAD_H
#define CALLGATE_KERNEL_LOAD_H

#include <callgate/error.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* The kernel's limit on the instructions of one filter (BPF_MAXINSNS). */
#define KERNEL_INSNS_MAX 4096

/*
 * seccomp(2), SECCOMP_SET_MODE_FILTER: 0, a listener's descriptor (which is close-on-exec) when flags hold
 * SECCOMP_FILTER_FLAG_NEW_LISTENER, or a negative errno. Async-signal-safe.
 */
int kernel_filter_load_raw(const struct sock_filter *insns, size_t count, unsigned flags);

/* prctl(PR_SET_NO_NEW_PRIVS): 0 or a negative errno. Async-signal-safe. */
int kernel_no_new_privs_set(void);

/*
 * Sets no_new_privs, which the kernel demands of whoever lacks CAP_SYS_ADMIN, and loads the filter with these
 * SECCOMP_FILTER_FLAG_*. With TSYNC either every thread has the filter afterwards or none.
 *
 * The listener goes to *ret_listener, which the caller closes; ret_listener is NULL unless flags ask for one.
 * Fails with E_LIMIT (no instruction, or more than KERNEL_INSNS_MAX), E_INVALID (the kernel's checker refuses the
 * program, or its flags), E_UNSUPPORTED (no seccomp here), E_OS.
 */
int kernel_filter_load(const struct sock_filter *insns, size_t count, unsigned flags, int *ret_listener,
		       struct callgate_error *err);

/* Says what a negative errno of kernel_filter_load_raw means; count and flags are what was loaded. The status. */
int kernel_filter_load_error(int error, size_t count, unsigned flags, struct callgate_error *err);

#endif
