/*
 * The reader of questions believes nothing: lengths are counted, descriptors that are too many are closed, and what
 * does not hold together is no question.
 */
#include "notify/question.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One descriptor more than is taken, so that more are seen, and who sent it. */
union question_control {
	struct cmsghdr header;
	char room[CMSG_SPACE((QUESTION_FDS_MAX + 1) * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

uint64_t question_cookie(int socket)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &length) < 0 ? 0 : cookie;
}

bool question_is_whole(const struct question *question, size_t length)
{
	const struct question_head *head = &question->head;
	size_t expected = sizeof(*head), fds = (head->channel == QUESTION_OWN_CHANNEL) + (head->fd >= 0);

	if (length < sizeof(*head))
		return false;
	for (size_t i = 0; i < QUESTION_PARTS_MAX; i++) {
		if (head->parts[i].length > QUESTION_PART_BYTES_MAX)
			return false;
		expected += head->parts[i].length;
	}
	if (head->channel >= QUESTION_CHANNELS && head->channel != QUESTION_OWN_CHANNEL)
		return false;
	return length == expected && fds == question->fd_count;
}

ssize_t question_copy(const struct question *question, uint64_t address, void *bytes, size_t length)
{
	size_t at = 0;

	for (size_t i = 0; i < QUESTION_PARTS_MAX; i++) {
		const struct question_part *part = &question->head.parts[i];
		uint64_t skip = address - part->address;

		if (address >= part->address && skip < part->length) {
			size_t rest = (size_t)(part->length - skip);

			length = length < rest ? length : rest;
			memcpy(bytes, question->bytes + at + skip, length);
			return (ssize_t)length;
		}
		at += part->length;
	}
	return length ? -EFAULT : 0;
}

/* Takes the descriptors over, and who sent them; false when there are more than fit. */
static bool take_control(struct msghdr *message, struct question *question, pid_t *ret_pid)
{
	bool fits = !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC));

	question->fd_count = 0;
	*ret_pid = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		const unsigned char *data = CMSG_DATA(part);
		struct ucred sender;
		int fd;

		if (part->cmsg_level != SOL_SOCKET)
			continue;
		if (part->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, data, sizeof(sender));
			*ret_pid = sender.pid;
		}
		for (size_t at = 0; part->cmsg_type == SCM_RIGHTS && CMSG_LEN(at + sizeof(fd)) <= part->cmsg_len;
		     at += sizeof(fd)) {
			memcpy(&fd, data + at, sizeof(fd));
			if (question->fd_count < QUESTION_FDS_MAX)
				question->fds[question->fd_count++] = fd;
			else
				fits = close(fd) < 0; /* which it does not */
		}
	}
	return fits;
}

int question_receive(int socket, struct question *ret_question, pid_t *ret_pid)
{
	union question_control control;
	struct iovec data[2] = { { &ret_question->head, sizeof(ret_question->head) },
				 { ret_question->bytes, sizeof(ret_question->bytes) } };
	struct msghdr message = {
		.msg_iov = data, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

	ret_question->fd_count = 0;
	if (got < 0)
		return errno;
	if (take_control(&message, ret_question, ret_pid) && question_is_whole(ret_question, (size_t)got))
		return 0;
	question_fini(ret_question);
	return EBADMSG;
}

void question_fini(struct question *question)
{
	for (size_t i = 0; i < question->fd_count; i++)
		close(question->fds[i]);
	question->fd_count = 0;
}
