/*
 * A thread takes one of the channels that were made when the process entered, writes its question to the door that all
 * share, and waits at its channel. Where none is free, or this is a process that was forked since, it makes a channel
 * of its own and sends the other end along. Several threads, a child that shares memory (vfork) and one that does not
 * can ask at the same time, and nobody waits for a lock.
 *
 * The kernel copies the bytes behind the pointers into the message. Whether they are there is asked of it first, by a
 * call that looks and does nothing.
 */
#include "trap/ask.h"

#include "kernel/call.h"
#include "trap/handler.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

enum { ASK_PAGE = 4096 /* no page is smaller */ };

/* What a call's arguments are, as far as they have to be sent: an argument's place, −1 for none. */
struct ask_shape {
	long nr;
	int8_t text;		  /* a path */
	int8_t block, block_size; /* bytes, and how many */
	int8_t fd;		  /* a descriptor that is used */
	int8_t flags;		  /* open(2)'s, of a descriptor that comes back */
};

static const struct ask_shape shapes[] = {
#ifdef SYS_open
	{ SYS_open, 0, -1, -1, -1, 1 },
#endif
#ifdef SYS_creat
	{ SYS_creat, 0, -1, -1, -1, -1 },
#endif
	{ SYS_openat, 1, -1, -1, 0, 2 },
#ifdef SYS_openat2
	{ SYS_openat2, 1, 2, 3, 0, -1 },
#endif
	{ SYS_connect, -1, 1, 2, 0, -1 }, { SYS_bind, -1, 1, 2, 0, -1 },
};

static const struct ask_shape *shape_of(uint32_t nr)
{
	static const struct ask_shape plain = { -1, -1, -1, -1, -1, -1 };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (shapes[i].nr == (long)nr)
			return &shapes[i];
	return &plain;
}

bool ask_can_read(uint64_t address)
{
	uint64_t aligned = address & ~UINT64_C(7);

	/* It reads eight bytes, and says that there is no such `how` only after it has. NULL would be no set for it. */
	return KERNEL_CALL(SYS_rt_sigprocmask, TRAP_PROBE, aligned ? aligned : 8, 0, 8) != -EFAULT;
}

/* How much of a text is there, its NUL included; at most a part's size. */
static uint64_t text_length(uint64_t address)
{
	uint64_t length = 0;

	while (length < QUESTION_PART_BYTES_MAX) {
		uint64_t room = ASK_PAGE - (address + length) % ASK_PAGE;
		const char *text = (const char *)(uintptr_t)(address + length);

		if (!ask_can_read(address + length))
			return length;
		room = room < QUESTION_PART_BYTES_MAX - length ? room : QUESTION_PART_BYTES_MAX - length;
		for (uint64_t i = 0; i < room; i++)
			if (((const volatile char *)text)[i] == '\0')
				return length + i + 1;
		length += room;
	}
	return length;
}

/* The same of bytes whose number is known. */
static uint64_t block_length(uint64_t address, uint64_t size)
{
	uint64_t length = 0;

	size = size < QUESTION_PART_BYTES_MAX ? size : QUESTION_PART_BYTES_MAX;
	while (length < size && ask_can_read(address + length))
		length += ASK_PAGE - (address + length) % ASK_PAGE;
	return length < size ? length : size;
}

struct ask_message {
	struct question_head head;
	struct iovec data[1 + QUESTION_PARTS_MAX];
	int fds[QUESTION_FDS_MAX];
	size_t fd_count;
};

static void add_part(struct ask_message *message, size_t index, uint64_t address, uint64_t length)
{
	message->head.parts[index] = (struct question_part){ .address = address, .length = length };
	message->data[1 + index] = (struct iovec){ (void *)(uintptr_t)address, (size_t)length };
}

static void fill_message(struct ask_message *message, const struct ask_call *call, const struct ask_shape *shape)
{
	message->head.audit = call->audit;
	message->head.nr = call->nr;
	message->head.ip = call->ip;
	message->head.fd = -1;
	for (int i = 0; i < 6; i++)
		message->head.args[i] = call->args[i];
	message->data[0] = (struct iovec){ &message->head, sizeof(message->head) };
	if (shape->text >= 0)
		add_part(message, 0, call->args[shape->text], text_length(call->args[shape->text]));
	if (shape->block >= 0)
		add_part(message, 1, call->args[shape->block],
			 block_length(call->args[shape->block], (uint32_t)call->args[shape->block_size]));
	/* A folder that is not looked at need not be there. */
	if (shape->fd >= 0 && (int)call->args[shape->fd] >= 0 &&
	    (shape->text < 0 || message->head.parts[0].length == 0 ||
	     *(const char *)(uintptr_t)call->args[shape->text] != '/')) {
		message->head.fd = (int)call->args[shape->fd];
		message->fds[message->fd_count++] = message->head.fd;
	}
}

static long send_message(int door, struct ask_message *message)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(QUESTION_FDS_MAX * sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr header = { .msg_iov = message->data, .msg_iovlen = 1 + QUESTION_PARTS_MAX };
	long result;

	if (message->fd_count) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(message->fd_count * sizeof(int));
		control.header.cmsg_len = CMSG_LEN(message->fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), message->fds, message->fd_count * sizeof(int));
	}
	do
		result = KERNEL_CALL(SYS_sendmsg, door, &header, MSG_NOSIGNAL);
	while (result == -EINTR);
	return result;
}

/* With the descriptor that the call names, or without where it has none. */
static long send_question(int door, struct ask_message *message)
{
	long result = send_message(door, message);

	if (result != -EBADF || message->head.fd < 0)
		return result;
	message->head.fd = -1;
	message->fd_count--;
	return send_message(door, message);
}

/* The answer with this ticket; one that came too late for its question is thrown away. *ret_fd is −1 for none. */
static long receive_answer(int channel, uint64_t ticket, int flags, struct question_answer *answer, int *ret_fd)
{
	for (;;) {
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(sizeof(int))];
		} control;
		struct iovec data = { answer, sizeof(*answer) };
		struct msghdr header = {
			.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		long got = KERNEL_CALL(SYS_recvmsg, channel, &header, flags);

		if (got == -EINTR)
			continue;
		*ret_fd = -1;
		if (got > 0 && header.msg_controllen >= CMSG_LEN(sizeof(int)))
			memcpy(ret_fd, CMSG_DATA(&control.header), sizeof(int));
		if (got != sizeof(*answer))
			return got < 0 ? got : -EPIPE;
		if (answer->ticket == ticket)
			return 0;
		if (*ret_fd >= 0)
			KERNEL_CALL(SYS_close, *ret_fd);
	}
}

static int take_channel(struct ask_channels *channels)
{
	for (int i = 0; channels->is_mine && i < QUESTION_CHANNELS; i++) {
		uint32_t is_free = 0;

		if (__atomic_compare_exchange_n(&channels->taken[i], &is_free, 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return i;
	}
	return -1;
}

struct ask_reply {
	struct question_answer answer;
	int fd, flags;
};

static bool ask_by_channel(int door, struct ask_channels *channels, int channel, struct ask_message *message,
			   struct ask_reply *reply)
{
	long error;

	message->head.channel = (uint32_t)channel;
	message->head.ticket = ++channels->tickets[channel];
	error = send_question(door, message);
	if (error >= 0)
		error = receive_answer(door + 1 + channel, message->head.ticket, reply->flags, &reply->answer,
				       &reply->fd);
	__atomic_store_n(&channels->taken[channel], 0, __ATOMIC_RELEASE);
	return error >= 0;
}

/* A descriptor gets the lowest number that is free, as the kernel gives it: that is the one our own end has. */
static void move_down(struct ask_reply *reply, int lowest)
{
	if (reply->fd < lowest) {
		KERNEL_CALL(SYS_close, lowest);
		return;
	}
	KERNEL_CALL(SYS_dup3, reply->fd, lowest, reply->flags ? O_CLOEXEC : 0);
	KERNEL_CALL(SYS_close, reply->fd);
	reply->fd = lowest;
}

static bool ask_by_own(int door, struct ask_message *message, struct ask_reply *reply)
{
	int ends[2] = { -1, -1 };
	long error = KERNEL_CALL(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);

	if (error < 0) {
		reply->answer = (struct question_answer){ .value = error };
		return true;
	}
	message->head.channel = QUESTION_OWN_CHANNEL;
	message->fds[1] = message->fds[0];
	message->fds[0] = ends[1];
	message->fd_count++;
	error = send_question(door, message);
	KERNEL_CALL(SYS_close, ends[1]);
	if (error >= 0)
		error = receive_answer(ends[0], 0, reply->flags, &reply->answer, &reply->fd);
	if (error >= 0 && reply->fd >= 0)
		move_down(reply, ends[0]);
	else
		KERNEL_CALL(SYS_close, ends[0]);
	return error >= 0;
}

bool ask_supervisor(int door, struct ask_channels *channels, const struct ask_call *call, int64_t *ret_result)
{
	const struct ask_shape *shape = shape_of(call->nr);
	struct ask_message message = { .fd_count = 0 };
	bool is_open = shape->flags >= 0 && !(call->args[shape->flags] & O_CLOEXEC);
	struct ask_reply reply = { .fd = -1, .flags = is_open ? 0 : MSG_CMSG_CLOEXEC };
	int channel;

	fill_message(&message, call, shape);
	channel = take_channel(channels);
	if (!(channel >= 0 ? ask_by_channel(door, channels, channel, &message, &reply)
			   : ask_by_own(door, &message, &reply)))
		return false;
	*ret_result = reply.answer.value;
	if (!reply.answer.has_fd)
		return true;
	*ret_result = reply.fd >= 0 ? reply.fd : -EMFILE;
	if (reply.fd >= 0 && reply.flags && !reply.answer.is_cloexec)
		KERNEL_CALL(SYS_fcntl, reply.fd, F_SETFD, 0);
	return true;
}
