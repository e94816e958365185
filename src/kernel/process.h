/*
 * kernel/process.h - what /proc tells of a live process: how it is confined, and what it holds open
 *
 * All of it is a moment's view of something that goes on; a thread is named by its own number.
 */
#ifndef CALLGATE_KERNEL_PROCESS_H
#define CALLGATE_KERNEL_PROCESS_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* As `Seccomp:` in /proc/N/status has it (SECCOMP_MODE_* of linux/seccomp.h). */
enum kernel_seccomp { KERNEL_SECCOMP_NONE, KERNEL_SECCOMP_STRICT, KERNEL_SECCOMP_FILTER };

struct kernel_process {
	enum kernel_seccomp seccomp;
	bool no_new_privs;
	uint64_t capabilities; /* effective, bit CAP_* */
	uid_t user;	       /* effective */
};

/* Needs no privilege. Fails with E_OS (no such process; no /proc), E_UNSUPPORTED (a kernel that does not say). */
int kernel_process_read(pid_t pid, struct kernel_process *ret_process, struct callgate_error *err);

enum kernel_descriptor_kind {
	KERNEL_DESCRIPTOR_FILE,
	KERNEL_DESCRIPTOR_FOLDER,
	KERNEL_DESCRIPTOR_DEVICE,
	KERNEL_DESCRIPTOR_SOCKET,
	KERNEL_DESCRIPTOR_PIPE,
	KERNEL_DESCRIPTOR_OTHER, /* an epoll, an eventfd, a pidfd, a listener… */
};

struct kernel_descriptor {
	int fd;
	enum kernel_descriptor_kind kind;
	bool writable;
	const char *name; /* as the kernel spells it: a path, "socket:[123]" */
};

struct kernel_descriptors {
	VEC(struct kernel_descriptor); /* in no order */
};

/*
 * What the process holds open; memory comes from arena. One that is closed meanwhile is left out. Fails with E_OS
 * (no such process, or it is somebody else's) and E_NOMEM.
 */
int kernel_descriptors_read(pid_t pid, struct arena *arena, struct kernel_descriptors *ret_descriptors,
			    struct callgate_error *err);

#endif
