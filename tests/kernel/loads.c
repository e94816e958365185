/*
 * loads WAY...: loads a filter (which allows everything) in each of these ways, for a test that watches it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Filters are told apart by what they do not reach. */
static int load(unsigned mark, unsigned flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | mark),
	};
	struct sock_fprog program = { sizeof(insns) / sizeof(*insns), insns };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void *load_in_thread(void *failed)
{
	*(int *)failed = load(2, 0);
	return NULL;
}

static int by_prctl(void)
{
	struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, insns };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static int in_thread(void)
{
	pthread_t thread;
	int failed = 1;

	return pthread_create(&thread, NULL, load_in_thread, &failed) || pthread_join(thread, NULL) || failed;
}

static int in_child(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(load(3, 0) != 0);
	return waitpid(pid, &status, 0) != pid || status;
}

/* The kernel refuses flags that nobody knows, and a program that cannot be read. */
static int refused(void)
{
	struct sock_fprog nowhere = { 1, (struct sock_filter *)8 };

	return load(4, 1u << 31) != -1 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) != -1 ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere) != -1;
}

static int strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		return 1;
	syscall(SYS_exit, 0);
	return 1;
}

static int unseen(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0;
}

static int load_with(const char *way)
{
	if (strcmp(way, "unseen") == 0)
		return unseen();
	if (strcmp(way, "prctl") == 0)
		return by_prctl();
	if (strcmp(way, "seccomp") == 0)
		return load(0, 0);
	if (strcmp(way, "tsync") == 0)
		return load(1, SECCOMP_FILTER_FLAG_TSYNC);
	if (strcmp(way, "thread") == 0)
		return in_thread();
	if (strcmp(way, "child") == 0)
		return in_child();
	if (strcmp(way, "refused") == 0)
		return refused();
	if (strcmp(way, "wait") == 0)
		for (;;)
			pause();
	return strcmp(way, "strict") == 0 ? strict() : 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (load_with(argv[i]))
			return i;
	return 0;
}
