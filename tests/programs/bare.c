/*
 * bare FILTER PROGRAM [ARGUMENT...]: executes a program under a raw BPF filter and nothing else, as a tool does that
 * thinks of system calls only: descriptors and environment stay as they are. What `callgate run` adds is seen beside it.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSNS_MAX 4096

static struct sock_filter insns[INSNS_MAX];

/* The number of instructions in the file, 0 when it cannot be read. */
static unsigned short read_filter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, insns, sizeof(insns));

	if (fd >= 0)
		close(fd);
	return size > 0 ? (unsigned short)((size_t)size / sizeof(*insns)) : 0;
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = insns };

	if (argc < 3) {
		fputs("usage: bare FILTER PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	program.len = read_filter(argv[1]);
	if (program.len == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
		perror("bare: cannot load the filter");
		return 1;
	}
	execvp(argv[2], argv + 2);
	perror("bare: cannot execute the program");
	return 127;
}
