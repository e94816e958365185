/*
 * Forked twice, so that it is no child of ours: who waits for all children must not wait for it. Between fork and its
 * end it calls nothing that is not async-signal-safe, since the caller may have threads.
 */
#include "observe/guard.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/notify.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Room for one descriptor in a message. */
union guard_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* Waits for the listener, then for the end of file: −1 when it ends without having sent one. */
static int guard_listener(int socket)
{
	int listener = -1;

	for (;;) {
		union guard_control control;
		char byte;
		struct iovec data = { &byte, 1 };
		struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
					  .msg_controllen = sizeof(control) };
		ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

		if (got == 0 || (got < 0 && errno != EINTR))
			return listener;
		if (got > 0 && CMSG_FIRSTHDR(&message))
			memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(listener));
	}
}

static void __attribute__((noreturn)) guard_main(int socket)
{
	union notify_buffer buffer;
	sigset_t all;
	int listener;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (socket > 0)
		syscall(SYS_close_range, 0U, (unsigned)socket - 1, 0U);
	syscall(SYS_close_range, (unsigned)socket + 1, ~0U, 0U);
	listener = guard_listener(socket);
	while (listener >= 0) {
		struct pollfd calls = { .fd = listener, .events = POLLIN };

		if (poll(&calls, 1, -1) != 1 || calls.revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
		if (notify_receive(listener, &buffer, NULL) == NOTIFY_DONE)
			kill((pid_t)buffer.notif.pid, SIGKILL);
	}
	_exit(0);
}

int guard_start(struct guard *guard, struct callgate_error *err)
{
	cleanup_fd int ours = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(err, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return fail_errno(err, "cannot start a process");
	if (pid == 0) {
		if (fork() == 0)
			guard_main(theirs);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	guard->socket = take_fd(ours);
	return CALLGATE_OK;
}

int guard_arm(struct guard *guard, int listener, struct callgate_error *err)
{
	union guard_control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
						    .cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &listener, sizeof(listener));
	if (sendmsg(guard->socket, &message, MSG_NOSIGNAL) < 0)
		return fail_errno(err, "cannot reach the process that guards the recording");
	return CALLGATE_OK;
}

void guard_end(struct guard *guard)
{
	char byte;

	if (guard->socket < 0)
		return;
	shutdown(guard->socket, SHUT_WR);
	while (read(guard->socket, &byte, 1) < 0 && errno == EINTR)
		;
	close(guard->socket);
	guard->socket = -1;
}
