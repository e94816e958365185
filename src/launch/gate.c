/*
 * What a launcher has open when it prepares a target is not what the target is to have when it runs: between the two
 * files are closed and others opened, and one that a waiting target held would keep a pipe from ending. So it holds
 * none, and gets them with the word to go on.
 */
#include "launch/gate.h"

#include "base/error.h"
#include "kernel/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

union gate_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * GATE_DESCRIPTORS_MAX)];
};

int gate_open(int *ret_ours, int *ret_theirs, struct callgate_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, "cannot make a socket");
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	return CALLGATE_OK;
}

int gate_send(int ours, const int *numbers, size_t count, int output, struct callgate_error *err)
{
	union gate_control control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	int *fds = (int *)(void *)CMSG_DATA(&control.header);
	int named[GATE_DESCRIPTORS_MAX + 1] = { 0 }; /* its length is first, so that a message is never empty */
	struct iovec data = { named, 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control };
	int used = 0;

	if (count > GATE_DESCRIPTORS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a prepared target takes %d descriptors", GATE_DESCRIPTORS_MAX);
	for (size_t i = 0; i < count; i++) {
		int fd = numbers[i] == 1 && output ? output : numbers[i];

		if (fd < 3 && fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			continue;
		fds[used] = fd;
		named[++used] = numbers[i];
	}
	named[0] = used;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)used);
	message.msg_controllen = used ? CMSG_SPACE(sizeof(int) * (size_t)used) : 0;
	data.iov_len = sizeof(int) * (size_t)(used + 1);
	if (sendmsg(ours, &message, MSG_NOSIGNAL) < 0)
		return fail_errno(err, "cannot hand the target its descriptors");
	return CALLGATE_OK;
}

/* Out of each other's way, above all numbers that are wanted, and then to these. */
static long gate_place(int *fds, const int *numbers, int count)
{
	int above = 0;

	for (int i = 0; i < count; i++)
		above = numbers[i] >= above ? numbers[i] + 1 : above;
	for (int i = 0; i < count; i++) {
		long moved = KERNEL_CALL(SYS_fcntl, fds[i], F_DUPFD_CLOEXEC, above);

		if (moved < 0)
			return moved;
		fds[i] = (int)moved;
	}
	for (int i = 0; i < count; i++) {
		long result = KERNEL_CALL(SYS_dup3, fds[i], numbers[i], 0);

		if (result < 0)
			return result;
	}
	return 0;
}

/* They come with the lowest numbers that are free, which are mostly those that they are to have. */
static bool gate_is_placed(const int *fds, const int *numbers, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] != numbers[i])
			return false;
	return true;
}

long gate_receive(int theirs)
{
	union gate_control control = { 0 };
	int named[GATE_DESCRIPTORS_MAX + 1] = { 0 }, *fds = (int *)(void *)CMSG_DATA(&control.header);
	struct iovec data = { named, sizeof(named) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	size_t length;
	long got;

	do
		got = KERNEL_CALL(SYS_recvmsg, theirs, &message, 0);
	while (got == -EINTR);
	if (got <= 0)
		return got < 0 ? got : -ECANCELED;
	length = message.msg_controllen ? control.header.cmsg_len - CMSG_LEN(0) : 0;
	/* Cut where this process may not have as many. */
	if ((size_t)got < sizeof(int) || message.msg_flags & MSG_CTRUNC || length != sizeof(int) * (size_t)named[0])
		return -EMFILE;
	return gate_is_placed(fds, named + 1, named[0]) ? 0 : gate_place(fds, named + 1, named[0]);
}
