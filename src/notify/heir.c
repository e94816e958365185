/*
 * Forked twice, so that it is no child of ours: who waits for all children must not wait for it. Between fork and its
 * end it calls nothing that is not async-signal-safe, since the caller may have threads. Nobody of our user may write
 * its memory: the targets may be of the same.
 */
#include "notify/heir.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SLOTS_SIZE (NOTIFY_THREADS_MAX * sizeof(struct notify_slot))

static size_t shared_size(const struct notify_heir *heir)
{
	return SLOTS_SIZE + heir->roll_room * sizeof(struct notify_name);
}

/* Room for one descriptor in a message. */
union heir_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

struct heir_holding {
	int listeners[NOTIFY_LISTENERS_MAX];
	size_t count;
};

/* Takes listeners until the end of file. False when it was sent away: a message without one. */
static bool heir_wait(int socket, struct heir_holding *holding)
{
	for (;;) {
		union heir_control control;
		char byte;
		struct iovec data = { &byte, 1 };
		struct msghdr message = {
			.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

		if (got == 0 || (got < 0 && errno != EINTR))
			return true;
		if (got > 0 && !CMSG_FIRSTHDR(&message))
			return false;
		if (got > 0 && holding->count < NOTIFY_LISTENERS_MAX)
			memcpy(&holding->listeners[holding->count++], CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	}
}

static void heir_answer_received(const struct notify_heir *heir, const struct heir_holding *holding,
				 const struct callgate_notify_answer *answer)
{
	for (size_t i = 0; i < NOTIFY_THREADS_MAX; i++) {
		const struct notify_slot *slot = &heir->slots[i];
		const struct seccomp_notif *notif = &slot->received.notif;

		if (notif->id && slot->listener < holding->count)
			notify_answer(holding->listeners[slot->listener], notif->id, (int)notif->pid, answer, NULL);
	}
}

/* Until the last target of the last listener is gone. */
static void heir_answer(struct heir_holding *holding, const struct callgate_notify_answer *answer)
{
	union notify_buffer buffer;

	while (holding->count) {
		struct pollfd calls[NOTIFY_LISTENERS_MAX];

		for (size_t i = 0; i < holding->count; i++)
			calls[i] = (struct pollfd){ .fd = holding->listeners[i], .events = POLLIN };
		if (poll(calls, holding->count, -1) < 0)
			return;
		for (size_t i = holding->count; i-- > 0;) {
			if (calls[i].revents & POLLIN) {
				if (notify_receive(calls[i].fd, &buffer, NULL) == NOTIFY_DONE)
					notify_answer(calls[i].fd, buffer.notif.id, (int)buffer.notif.pid, answer,
						      NULL);
			} else if (calls[i].revents) {
				close(calls[i].fd);
				holding->listeners[i] = holding->listeners[--holding->count];
			}
		}
	}
}

static void __attribute__((noreturn))
heir_main(const struct notify_heir *heir, int socket, const struct callgate_notify_answer *answer)
{
	struct heir_holding holding = { .count = 0 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	if (socket > 0)
		syscall(SYS_close_range, 0U, (unsigned)socket - 1, 0U);
	syscall(SYS_close_range, (unsigned)socket + 1, ~0U, 0U);
	if (heir_wait(socket, &holding)) {
		notify_call_roll(heir->roll, heir->roll_room);
		heir_answer_received(heir, &holding, answer);
		heir_answer(&holding, answer);
	}
	_exit(0);
}

static int heir_fork(struct notify_heir *heir, const struct callgate_notify_answer *answer, struct callgate_error *err)
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
			heir_main(heir, theirs, answer);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	heir->socket = take_fd(ours);
	return CALLGATE_OK;
}

int heir_start(struct notify_heir *heir, const struct callgate_notify_answer *answer, size_t roll_room,
	       struct callgate_error *err)
{
	void *slots;
	int status;

	heir->roll_room = roll_room;
	slots = roll_room > NOTIFY_ROLL_MAX
			? MAP_FAILED
			: mmap(NULL, shared_size(heir), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		return fail(err, CALLGATE_E_LIMIT, "there is no memory to receive %d calls and to know %zu processes",
			    NOTIFY_THREADS_MAX, roll_room);
	heir->slots = slots;
	heir->roll = (struct notify_name *)(void *)(heir->slots + NOTIFY_THREADS_MAX);
	heir->socket = -1;
	status = answer ? heir_fork(heir, answer, err) : CALLGATE_OK;
	if (status != CALLGATE_OK)
		heir_end(heir);
	return status;
}

int heir_arm(struct notify_heir *heir, int listener, struct callgate_error *err)
{
	union heir_control control = {
		.header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	if (heir->socket < 0)
		return CALLGATE_OK;
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &listener, sizeof(listener));
	if (sendmsg(heir->socket, &message, MSG_NOSIGNAL) < 0)
		return fail_errno(err, "cannot reach the process that would take the supervisor's place");
	return CALLGATE_OK;
}

void heir_end(struct notify_heir *heir)
{
	char byte;

	if (heir->socket >= 0) {
		if (send(heir->socket, "", 1, MSG_NOSIGNAL) < 0)
			shutdown(heir->socket, SHUT_WR);
		while (read(heir->socket, &byte, 1) < 0 && errno == EINTR)
			;
		close(heir->socket);
	}
	if (heir->slots)
		munmap(heir->slots, shared_size(heir));
	*heir = NOTIFY_HEIR_NONE;
}
