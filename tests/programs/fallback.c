/*
 * Asks glibc for two things that it does by a new system call where the kernel has it and by an old one where the
 * kernel answers ENOSYS: a thread (clone3, then clone) and access by the effective ids (faccessat2, then stat). Says
 * what became of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *in_thread(void *argument)
{
	return argument;
}

static int start_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, in_thread, NULL);

	if (error == 0)
		pthread_join(thread, NULL);
	return error;
}

static int ask_access(void)
{
	return faccessat(AT_FDCWD, "/", R_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int main(void)
{
	int thread = start_thread();
	int access = ask_access();

	printf("thread: %s\n", strerror(thread));
	printf("access: %s\n", strerror(access));
	return thread || access;
}
