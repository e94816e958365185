/*
 * The socket keeps messages apart (SOCK_SEQPACKET), so that neither side can be brought to take the end of one for the
 * beginning of another. What does not fit the buffers is refused whole, and descriptors that came with it are closed:
 * a worker must not be able to fill its supervisor's table.
 */
#include "privsep/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One more than is taken, so that more are seen. */
union message_control {
	struct cmsghdr header;
	char room[CMSG_SPACE((CALLGATE_PRIVSEP_FDS_MAX + 1) * sizeof(int))];
};

int message_send(int socket, uint32_t word, const void *bytes, size_t length, const int *fds, size_t fd_count,
		 int flags)
{
	union message_control control;
	struct iovec data[2] = { { &word, sizeof(word) }, { (void *)bytes, length } };
	struct msghdr message = { .msg_iov = data, .msg_iovlen = length ? 2 : 1 };
	ssize_t sent;

	if (length > CALLGATE_PRIVSEP_BYTES_MAX || fd_count > CALLGATE_PRIVSEP_FDS_MAX)
		return EMSGSIZE;
	if (fd_count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	return errno == ECONNRESET ? EPIPE : errno;
}

void message_close_fds(struct message *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		close(message->fds[i]);
	message->fd_count = 0;
}

/* Takes the descriptors over; false, and none is open, when there are more than fit. */
static bool take_fds(struct msghdr *header, struct message *message)
{
	bool fits = !(header->msg_flags & (MSG_TRUNC | MSG_CTRUNC));

	message->fd_count = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		const unsigned char *data = CMSG_DATA(part);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
			if (message->fd_count < CALLGATE_PRIVSEP_FDS_MAX) {
				message->fds[message->fd_count++] = fd;
				continue;
			}
			close(fd);
			fits = false;
		}
	}
	if (!fits)
		message_close_fds(message);
	return fits;
}

int message_receive(int socket, struct message *ret_message)
{
	union message_control control;
	struct iovec data[2] = { { &ret_message->word, sizeof(ret_message->word) },
				 { ret_message->bytes, sizeof(ret_message->bytes) } };
	struct msghdr header = {
		.msg_iov = data, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t got;

	do
		got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	ret_message->fd_count = 0;
	if (got < 0)
		return errno == ECONNRESET ? EPIPE : errno;
	if (!take_fds(&header, ret_message))
		return EBADMSG;
	/* Nothing at all is the end; an empty message looks like it, and is no better. */
	if (got == 0)
		return EPIPE;
	if ((size_t)got < sizeof(ret_message->word)) {
		message_close_fds(ret_message);
		return EBADMSG;
	}
	ret_message->length = (size_t)got - sizeof(ret_message->word);
	return 0;
}
