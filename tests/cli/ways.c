/*
 * Machinery of the kernel's that others came out of a container by, or that reaches what is outside: each is asked for
 * in the plainest form that would serve. What it gives is closed at once, and nothing of it is used.
 */
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What older headers lack. */
#ifndef SYS_open_tree
#define SYS_open_tree	  428
#define SYS_move_mount	  429
#define SYS_fsopen	  430
#define SYS_mount_setattr 442
#endif

static pid_t outer;

static long try_io_uring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 2, &params);
}

static long try_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
}

static long try_fanotify(void)
{
	return syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}

/* Of everything that happens on the file system that the questioner lies on. */
static long try_fanotify_filesystem(void)
{
	int fd = (int)try_fanotify();

	return fd < 0 ? -1
		      : syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD,
				"/inside");
}

static long try_fanotify_permission(void)
{
	return syscall(SYS_fanotify_init, FAN_CLASS_CONTENT, O_RDONLY);
}

static long try_perf(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE,
					      .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_CPU_CLOCK,
					      .exclude_kernel = 1 };

	return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

/* A kernel probe, whose program would see all. */
static long try_bpf(void)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_KPROBE,
				      .insns = (uint64_t)(uintptr_t)insns,
				      .insn_cnt = 2,
				      .license = (uint64_t)(uintptr_t) "GPL" };

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

static long try_key(void)
{
	return syscall(SYS_add_key, "user", "callgate-way", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

/* By its number a file of outside is opened, whatever the root (shocker, 2014). */
static long try_handle(void)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, "/inside", &handle.head, &mount_id, 0) < 0) {
		/* A file system without numbers: a made up one does to be refused. */
		handle.head = (struct file_handle){ .handle_bytes = 8, .handle_type = 1 };
		memset(handle.head.f_handle, 2, 8);
	}
	return open_by_handle_at(folder, &handle.head, O_RDONLY);
}

static long try_open_tree(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */);
}

static long try_fsopen(void)
{
	return syscall(SYS_fsopen, "proc", 0);
}

static long try_mount(void)
{
	return mount("none", "/", "tmpfs", 0, NULL);
}

static long try_writable(void)
{
	uint64_t attributes[4] = { 0, 1 /* MOUNT_ATTR_RDONLY, cleared */, 0, 0 };

	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, attributes, sizeof(attributes));
}

static long try_pivot_root(void)
{
	return syscall(SYS_pivot_root, "/", "/");
}

static long try_chroot(void)
{
	return chroot("/");
}

static long try_unshare_mounts(void)
{
	return unshare(CLONE_NEWNS);
}

static long try_unshare_user(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
	waitpid(pid, &status, 0);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static long try_clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_outer_namespace(void)
{
	int fd = (int)syscall(SYS_pidfd_open, outer, 0);

	return fd < 0 ? -1 : setns(fd, CLONE_NEWNS);
}

static long try_outer_trace(void)
{
	return ptrace(PTRACE_SEIZE, outer, NULL, NULL);
}

static long try_outer_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", outer);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static long try_outer_read(void)
{
	char bytes[8];
	struct iovec here = { bytes, sizeof(bytes) }, there = { (void *)0x400000, sizeof(bytes) };

	return syscall(SYS_process_vm_readv, outer, &here, 1, &there, 1, 0);
}

/* What the kernel starts outside, as root, when a program crashes. */
static long try_core_pattern(void)
{
	return open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
}

static long try_modprobe(void)
{
	return open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
}

static long try_sysrq(void)
{
	return open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
}

static long try_device(void)
{
	return mknod("/tmp/device", S_IFBLK | 0600, makedev(8, 0));
}

static long try_module(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

static long try_kexec(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long try_swap(void)
{
	return syscall(SYS_swapoff, "/no/such/file");
}

static long try_clock(void)
{
	return syscall(SYS_settimeofday, NULL, (int[2]){ 0, 0 });
}

static long try_log(void)
{
	char text[16];

	return syscall(SYS_syslog, 3, text, sizeof(text));
}

static const struct {
	const char *name;
	long (*attempt)(void);
} ways[] = {
	{ "io-uring", try_io_uring },
	{ "userfaultfd", try_userfaultfd },
	{ "fanotify", try_fanotify },
	{ "fanotify-filesystem", try_fanotify_filesystem },
	{ "fanotify-permission", try_fanotify_permission },
	{ "perf", try_perf },
	{ "bpf", try_bpf },
	{ "key", try_key },
	{ "handle", try_handle },
	{ "open-tree", try_open_tree },
	{ "fsopen", try_fsopen },
	{ "mount", try_mount },
	{ "writable", try_writable },
	{ "pivot-root", try_pivot_root },
	{ "chroot", try_chroot },
	{ "unshare-mounts", try_unshare_mounts },
	{ "unshare-user", try_unshare_user },
	{ "clone-user", try_clone_user },
	{ "outer-namespace", try_outer_namespace },
	{ "outer-trace", try_outer_trace },
	{ "outer-memory", try_outer_memory },
	{ "outer-read", try_outer_read },
	{ "core-pattern", try_core_pattern },
	{ "modprobe", try_modprobe },
	{ "sysrq", try_sysrq },
	{ "device", try_device },
	{ "module", try_module },
	{ "kexec", try_kexec },
	{ "swap", try_swap },
	{ "clock", try_clock },
	{ "log", try_log },
};

int ask_ways(char **arguments)
{
	outer = atoi(arguments[0]);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		long result = ways[i].attempt();
		const char *error = result >= 0 ? "yes" : strerrorname_np(errno);

		printf("%s %s\n", ways[i].name, error ? error : "?");
		if (result > STDERR_FILENO)
			close((int)result);
	}
	return 0;
}
