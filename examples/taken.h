/*
 * examples/taken.h - what somebody tries who has taken over the part of an example that reads what strangers send
 *
 * It is there to be tried, in the place of a hole that nobody knows yet. Under the example's filter none of it returns,
 * or it fails.
 */
#ifndef EXAMPLES_TAKEN_H
#define EXAMPLES_TAKEN_H

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* call is execve, socket, fork, kill or open (of /etc/shadow); any other is none of these. */
static inline void taken_try(const char *call)
{
	static char shell[] = "/bin/sh";
	char *argv[] = { shell, NULL };

	if (strcmp(call, "execve") == 0)
		execve(shell, argv, argv + 1);
	if (strcmp(call, "socket") == 0)
		socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(call, "fork") == 0)
		syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (strcmp(call, "kill") == 0)
		syscall(SYS_kill, 1, 0);
	if (strcmp(call, "open") == 0)
		open("/etc/shadow", O_RDONLY);
}

#endif
