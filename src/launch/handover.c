/*
 * A listener could be fetched with pidfd_getfd too, but that needs the right to ptrace, which a launcher that hides
 * its memory does not have of a process which shares it.
 */
#include "launch/handover.h"

#include "base/error.h"
#include "kernel/call.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union handover_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int handover_open(int ends[2], struct callgate_error *err)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, "cannot make a socket");
	return CALLGATE_OK;
}

int handover_give(int end, int fd)
{
	union handover_control control = {
		.header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	long result;

	*(int *)(void *)CMSG_DATA(&control.header) = fd;
	result = KERNEL_CALL(SYS_sendmsg, end, &message, MSG_NOSIGNAL);
	return result < 0 ? (int)result : 0;
}

int handover_take(int end, int *ret_fd, struct callgate_error *err)
{
	union handover_control control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t got;

	do
		got = recvmsg(end, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got >= 0 && !CMSG_FIRSTHDR(&message)) {
		errno = EMFILE;
		got = -1;
	}
	if (got < 0)
		return fail_errno(err, "cannot take the listener over");
	memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*ret_fd));
	return CALLGATE_OK;
}
