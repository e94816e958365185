/*
 * What doctor tells. A question that could leave a mark (a filter, a namespace) or kill who asks (a call that an outer
 * sandbox refuses, the 32-bit gate of a kernel that has none) is asked by a child: whatever ends it is a no.
 */
#include "kernel/call.h"
#include "kernel/probe.h"
#include "kernel/load.h"

#include "abi/abi.h"
#include "base/cleanup.h"

#include <callgate/doctor.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* The bit of a call number that makes it x32's. */
#define X32_BIT 0x40000000

/* What older headers lack; numbers that are the same on every arch. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#endif
#define LANDLOCK_VERSION_FLAG	  1
#define BPF_MAP_CREATE_COMMAND	  0
#define BPF_MAP_TYPE_ARRAY_NUMBER 2

enum fact_listener_feature { LISTENER_CONTINUE, LISTENER_ADD_FD, LISTENER_ADD_FD_SEND, LISTENER_SYNC_WAKE_UP };

/* Whether a child that asks ends with 0. */
static bool fact_in_child(bool (*ask)(unsigned long), unsigned long parameter)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		_exit(ask(parameter) ? 0 : 1);
	}
	if (pid < 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) != pid)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first line of a file; false when it cannot be read. */
static bool fact_read(const char *path, char *text, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (got < 0)
		return false;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static bool fact_version(struct callgate_fact *fact, unsigned long parameter)
{
	struct utsname name;

	if (uname(&name) < 0)
		return false;
	snprintf(fact->value, sizeof(fact->value), "%s", name.release);
	return true;
}

static bool fact_machine(struct callgate_fact *fact, unsigned long parameter)
{
	const struct abi_arch *arch = abi_arch_native();

	snprintf(fact->value, sizeof(fact->value), "%s", arch ? arch->name : "unknown");
	return arch != NULL;
}

static bool fact_since(struct callgate_fact *fact, unsigned long parameter)
{
	return probe_kernel_version() >= parameter;
}

static bool fact_seccomp(struct callgate_fact *fact, unsigned long parameter)
{
	return prctl(PR_GET_SECCOMP) >= 0 && probe_filter_flag(0);
}

static bool fact_no_new_privs(struct callgate_fact *fact, unsigned long parameter)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0;
}

static bool fact_under_filter(struct callgate_fact *fact, unsigned long parameter)
{
	static const char key[] = "Seccomp_filters:\t";
	cleanup_file FILE *file = fopen("/proc/self/status", "re");
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			snprintf(fact->value, sizeof(fact->value), "%.*s", (int)strcspn(line + sizeof(key) - 1, "\n"),
				 line + sizeof(key) - 1);
	return prctl(PR_GET_SECCOMP) > 0;
}

static bool fact_action(struct callgate_fact *fact, unsigned long parameter)
{
	return probe_action((uint32_t)parameter);
}

static bool fact_actions_logged(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_read("/proc/sys/kernel/seccomp/actions_logged", fact->value, sizeof(fact->value));
}

static bool fact_flag(struct callgate_fact *fact, unsigned long parameter)
{
	return probe_filter_flag((unsigned)parameter);
}

/* It is only valid together with a listener. */
static bool fact_wait_killable(struct callgate_fact *fact, unsigned long parameter)
{
	return probe_filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* Proposed, in no released kernel (Linux 7.0): a listener that may lay sealed memory into its target and have the call
 * carried out with arguments that point there. */
#define FILTER_FLAG_REDIRECT (1UL << 6)

static bool fact_redirect(struct callgate_fact *fact, unsigned long parameter)
{
	return probe_filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER | FILTER_FLAG_REDIRECT);
}

/* With an id that names nothing, so that a kernel which knows the question answers ENOENT. */
static bool fact_ask_listener(unsigned long feature)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct seccomp_notif_resp response = { .id = 1, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	struct seccomp_notif_addfd add = { .id = 1, .srcfd = STDIN_FILENO };
	int listener = -1;

	if (kernel_filter_load(&allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER, &listener, NULL) != CALLGATE_OK)
		return false;
	/* A descriptor that is sure to exist. */
	add.srcfd = (uint32_t)listener;
	switch ((enum fact_listener_feature)feature) {
	case LISTENER_CONTINUE:
		return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno == ENOENT;
	case LISTENER_ADD_FD_SEND:
		add.flags = SECCOMP_ADDFD_FLAG_SEND;
		return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno == ENOENT;
	case LISTENER_ADD_FD:
		return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno == ENOENT;
	case LISTENER_SYNC_WAKE_UP:
		return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL) == 0;
	}
	return false;
}

static bool fact_listener(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_listener, parameter);
}

static bool fact_jit(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_read("/proc/sys/net/core/bpf_jit_enable", fact->value, sizeof(fact->value)) &&
	       fact->value[0] != '0';
}

static bool fact_close_range(struct callgate_fact *fact, unsigned long parameter)
{
	/* A range that runs backwards closes nothing. */
	return KERNEL_CALL(SYS_close_range, 2, 1, 0) == -EINVAL;
}

static bool fact_clone3(struct callgate_fact *fact, unsigned long parameter)
{
	return KERNEL_CALL(SYS_clone3, 0, 0) == -EINVAL;
}

static bool fact_pidfd(struct callgate_fact *fact, unsigned long parameter)
{
	cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return pidfd >= 0;
}

static bool fact_pidfd_getfd(struct callgate_fact *fact, unsigned long parameter)
{
	cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	cleanup_fd int copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);

	return copy >= 0;
}

static bool fact_ptrace(struct callgate_fact *fact, unsigned long parameter)
{
	pid_t pid = fork();
	bool traced;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return false;
	traced = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
	kill(pid, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(pid, NULL, __WALL));
	return traced;
}

static bool fact_ptrace_scope(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_read("/proc/sys/kernel/yama/ptrace_scope", fact->value, sizeof(fact->value));
}

static bool fact_landlock(struct callgate_fact *fact, unsigned long parameter)
{
	long version = KERNEL_CALL(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_VERSION_FLAG);

	if (version > 0)
		snprintf(fact->value, sizeof(fact->value), "abi %ld", version);
	return version > 0;
}

static bool fact_ask_unshare(unsigned long flags)
{
	return KERNEL_CALL(SYS_unshare, flags) == 0;
}

static bool fact_user_namespaces(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_unshare, CLONE_NEWUSER);
}

static bool fact_cgroup(struct callgate_fact *fact, unsigned long parameter)
{
	struct statfs file_system;

	if (statfs("/sys/fs/cgroup", &file_system) < 0)
		return false;
	if (file_system.f_type == CGROUP2_SUPER_MAGIC)
		strcpy(fact->value, "v2");
	else if (access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0)
		strcpy(fact->value, "v1 and v2");
	else if (access("/sys/fs/cgroup/memory", F_OK) == 0 || access("/sys/fs/cgroup/pids", F_OK) == 0)
		strcpy(fact->value, "v1");
	return fact->value[0];
}

static bool fact_ask_ebpf(unsigned long parameter)
{
	/* BPF_MAP_CREATE takes type, key size, value size and number of entries first. */
	uint32_t attributes[32] = { BPF_MAP_TYPE_ARRAY_NUMBER, 4, 4, 1 };

	return KERNEL_CALL(SYS_bpf, BPF_MAP_CREATE_COMMAND, attributes, sizeof(attributes)) >= 0;
}

static bool fact_ebpf(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_ebpf, 0);
}

static bool fact_ask_io_uring(unsigned long parameter)
{
	/* No entries: EINVAL from a kernel that would set one up, EPERM or ENOSYS from one that would not. */
	unsigned char parameters[128] = { 0 };

	return KERNEL_CALL(SYS_io_uring_setup, 0, parameters) == -EINVAL;
}

static bool fact_io_uring(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_io_uring, 0);
}

/* IORING_REGISTER_BPF_FILTER for the task (linux/io_uring.h of Linux 7.0). */
#define REGISTER_BPF_FILTER 37

static bool fact_ask_io_uring_filters(unsigned long parameter)
{
	/* No filter: EFAULT or EACCES from a kernel that would take one, EINVAL from one that knows none. */
	long result = KERNEL_CALL(SYS_io_uring_register, -1, REGISTER_BPF_FILTER, NULL, 1);

	return result == -EFAULT || result == -EACCES;
}

static bool fact_io_uring_filters(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_io_uring_filters, 0);
}

#ifdef __x86_64__

static bool fact_ask_x32(unsigned long parameter)
{
	return KERNEL_CALL(X32_BIT | SYS_getpid) == getpid();
}

static bool fact_ask_i386(unsigned long parameter)
{
	const long i386_getpid = 20;
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(i386_getpid) : "memory", "r8", "r9", "r10", "r11");
	return result == getpid();
}

#else

static bool fact_ask_x32(unsigned long parameter)
{
	return false;
}

static bool fact_ask_i386(unsigned long parameter)
{
	return false;
}

#endif

static bool fact_x32(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_x32, 0);
}

static bool fact_i386(struct callgate_fact *fact, unsigned long parameter)
{
	return fact_in_child(fact_ask_i386, 0);
}

struct fact_row {
	const char *name, *group;
	enum callgate_fact_weight weight;
	bool (*probe)(struct callgate_fact *fact, unsigned long parameter);
	unsigned long parameter;
	const char *meaning, *advice;
};

static const struct fact_row fact_rows[] = {
#define FACT(name, group, weight, probe, parameter, meaning, advice) \
	{ name, group, CALLGATE_FACT_##weight, probe, parameter, meaning, advice },
#include "kernel/facts.def"
#undef FACT
};

size_t callgate_fact_count(void)
{
	return sizeof(fact_rows) / sizeof(*fact_rows);
}

void callgate_fact_find(size_t index, struct callgate_fact *ret_fact)
{
	const struct fact_row *row = &fact_rows[index];
	struct callgate_fact fact = {
		.name = row->name,
		.group = row->group,
		.weight = row->weight,
		.meaning = row->meaning,
		.advice = row->advice,
	};

	fact.present = row->probe(&fact, row->parameter);
	*ret_fact = fact;
}
