/*
 * What an attacker tries once his code runs inside a program: one system call, chosen when this is compiled.
 *
 * Built twice for each call: as a library whose constructor makes the call, so that whatever loads it (a sqlite3
 * extension, an nginx module, a gcc plugin) is injected with it; and as a program, for targets that load nothing. The
 * calls are such that nothing happens to the machine where they are permitted. A call that returns, whatever it
 * returns, was not stopped by a kill: that is said and is status 99.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define X32_BIT 0x40000000

enum attack { execve_shell, ptrace_traceme, vm_writev, mount_nothing, raw_socket, x32_number, io_uring, read_file };

/* Calls that nearly every program makes: no filter of theirs can tell this from their own work. */
static long read_a_file(void)
{
	char text[64];
	long fd = syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY | O_CLOEXEC, 0);
	long length = syscall(SYS_read, fd, text, sizeof(text));

	return syscall(SYS_write, 1, text, length > 0 ? length : 0);
}

static long make_call(enum attack attack)
{
	char *shell[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char[]){ "echo a shell started" }, NULL };
	struct iovec shell_word = { .iov_base = shell[0], .iov_len = 1 };

	switch (attack) {
	case execve_shell:
		return syscall(SYS_execve, shell[0], shell, NULL);
	case ptrace_traceme:
		return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	case vm_writev:
		return syscall(SYS_process_vm_writev, getpid(), &shell_word, 1, &shell_word, 1, 0);
	case mount_nothing:
		return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
	case raw_socket:
		return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	case x32_number:
		return syscall(X32_BIT | SYS_getppid);
	case io_uring:
		return syscall(SYS_io_uring_setup, 0, NULL);
	case read_file:
		return read_a_file();
	}
	return 0;
}

static void attack(void)
{
	long result = make_call(ATTACK);

	dprintf(2, "attack: the call came back with %ld\n", result);
	_exit(99);
}

#ifdef ATTACK_LIBRARY
__attribute__((constructor)) static void on_load(void)
{
	attack();
}
#else
int main(void)
{
	attack();
}
#endif
