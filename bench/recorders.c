/*
 * The least that it takes to have another process see every call, for bench/run: a listener that lets each call go, and
 *a tracer that looks at each call and lets it go. Neither remembers anything.
 *
 *	bench-recorders listener|tracer PROGRAM [ARGUMENT...]
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static int load(unsigned action, unsigned flags)
{
	/* write says where the listener is, before there is anybody to ask. */
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog program = { sizeof(insns) / sizeof(*insns), insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* The child of a fork that shares its descriptors with us. */
static pid_t begin(char **argv, unsigned action, unsigned flags, int said)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		int listener;

		if (said < 0)
			raise(SIGSTOP);
		listener = load(action, flags);
		if (said >= 0 && write(said, &listener, sizeof(listener)) != sizeof(listener))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int listen_to(char **argv)
{
	int said[2], listener;
	pid_t pid;

	if (pipe(said) < 0)
		return 1;
	pid = begin(argv, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER, said[1]);
	if (read(said[0], &listener, sizeof(listener)) != sizeof(listener) || listener < 0)
		return 1;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		struct seccomp_notif notif = { 0 };
		struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				return 0;
			continue;
		}
		response.id = notif.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

static int trace(char **argv)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE;
	pid_t pid = begin(argv, SECCOMP_RET_TRACE, 0, -1), stopped;
	int status;

	waitpid(pid, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
		return 1;
	kill(pid, SIGCONT);
	while ((stopped = wait4(-1, &status, __WALL, NULL)) > 0) {
		struct __ptrace_syscall_info info;
		int signal = WIFSTOPPED(status) && status >> 16 == 0 ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status) && stopped == pid)
			return 0;
		if (status >> 16 == PTRACE_EVENT_SECCOMP)
			ptrace(PTRACE_GET_SYSCALL_INFO, stopped, sizeof(info), &info);
		ptrace(PTRACE_CONT, stopped, 0, signal == SIGSTOP || signal == SIGTRAP ? 0 : signal);
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "listener") == 0)
		return listen_to(argv + 2);
	if (argc > 2 && strcmp(argv[1], "tracer") == 0)
		return trace(argv + 2);
	fprintf(stderr, "bench-recorders listener|tracer PROGRAM [ARGUMENT...]\n");
	return 2;
}
