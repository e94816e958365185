/*
 * Between its start and its end it calls nothing that is not async-signal-safe, since the caller may have threads.
 */
#include "observe/guard.h"

#include "base/error.h"
#include "kernel/notify.h"
#include "kernel/orphan.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { GUARD_ROLL_MAX = 1 << 22 /* the kernel's limit on process numbers */ };

/* Room for one descriptor in a message. */
union guard_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* Waits for the listener, then for the end of file: −1 when it ends without having sent one. */
static int guard_listener(const struct orphan *self)
{
	int listener = -1;

	while (orphan_is_told(self)) {
		union guard_control control;
		char byte;
		struct iovec data = { &byte, 1 };
		struct msghdr message = {
			.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		ssize_t got = recvmsg(self->socket, &message, MSG_CMSG_CLOEXEC);

		if (got > 0 && CMSG_FIRSTHDR(&message))
			memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(listener));
	}
	return listener;
}

/* Field 22 of /proc/PID/stat, 0 when there is none. Without memory from malloc: see above. */
static uint64_t guard_start_time(pid_t pid)
{
	char text[2048];
	const char *field;
	ssize_t got;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	field = strrchr(text, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field, NULL, 10) : 0;
}

static void guard_call_roll(const struct guard *guard)
{
	pid_t received = (pid_t)guard->share->received.notif.pid;

	for (size_t i = 0; i < guard->roll_room; i++) {
		const struct guard_name *name = &guard->share->roll[i];

		if (name->pid > 0 && guard_start_time(name->pid) == name->start_time)
			kill(name->pid, SIGKILL);
	}
	if (received > 0)
		kill(received, SIGKILL);
}

static void guard_work(const struct orphan *self, void *context)
{
	const struct guard *guard = context;
	union notify_buffer buffer;
	int listener = guard_listener(self);

	guard_call_roll(guard);
	while (listener >= 0) {
		struct pollfd calls = { .fd = listener, .events = POLLIN };

		if (poll(&calls, 1, -1) != 1 || calls.revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
		if (notify_receive(listener, &buffer, NULL) == NOTIFY_DONE)
			kill((pid_t)buffer.notif.pid, SIGKILL);
	}
}

static size_t guard_share_size(size_t room)
{
	return sizeof(struct guard_share) + room * sizeof(struct guard_name);
}

static int guard_make_share(struct guard *guard, size_t room, struct callgate_error *err)
{
	void *share = room > GUARD_ROLL_MAX ? MAP_FAILED
					    : mmap(NULL, guard_share_size(room), PROT_READ | PROT_WRITE,
						   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (share == MAP_FAILED)
		return fail(err, CALLGATE_E_LIMIT, "there is no memory to watch over %zu processes", room);
	guard->share = share;
	guard->roll_room = room;
	return CALLGATE_OK;
}

int guard_start(struct guard *guard, size_t roll_room, struct callgate_error *err)
{
	int status = guard_make_share(guard, roll_room, err);

	return status < 0 ? status : orphan_start(guard_work, guard, &guard->socket, err);
}

int guard_arm(struct guard *guard, int listener, struct callgate_error *err)
{
	union guard_control control = {
		.header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &listener, sizeof(listener));
	if (sendmsg(guard->socket, &message, MSG_NOSIGNAL) < 0)
		return fail_errno(err, "cannot reach the process that guards the recording");
	return CALLGATE_OK;
}

void guard_end(struct guard *guard)
{
	orphan_end(guard->socket);
	if (guard->share)
		munmap(guard->share, guard_share_size(guard->roll_room));
	*guard = GUARD_NONE;
}
