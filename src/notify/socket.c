/*
 * Calls that a SIGSYS handler asks about. What a question names comes with it; only where its process stands (its root,
 * its folder, its rights) is asked of /proc, by the number that the kernel says has sent it. That number may have been
 * given away by then. So its process is held by a descriptor, and has to hold the asking socket itself; as long as it
 * lives its number is nobody else's, which is asked after every look.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/pidfd.h"
#include "notify/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_ended(int pidfd)
{
	struct pollfd process = { .fd = pidfd, .events = POLLIN };

	return poll(&process, 1, 0) != 0;
}

/* Whether this process has the target's end of the door. */
static bool holds_door(int pidfd, const struct question_door *door)
{
	cleanup_fd int fd = -1;

	return pidfd_fetch(pidfd, door->target_fd, &fd, NULL) == CALLGATE_OK && question_cookie(fd) == door->cookie;
}

/* Holds the process that asks, unless it is the one that asked last. Where that is in doubt nobody is held. */
static void hold_process(struct notify_worker *worker, const struct question_door *door, pid_t pid)
{
	int pidfd = -1;

	if (worker->known.pidfd >= 0 && worker->known.pid == pid && worker->known.door == door &&
	    !has_ended(worker->known.pidfd))
		return;
	pthread_mutex_lock(&worker->loop->lock);
	if (worker->known.pidfd >= 0)
		close(worker->known.pidfd);
	worker->known.pidfd = -1;
	pthread_mutex_unlock(&worker->loop->lock);
	if (pid <= 0 || pidfd_of(pid, &pidfd, NULL) != CALLGATE_OK)
		return;
	if (!holds_door(pidfd, door)) {
		close(pidfd);
		return;
	}
	worker->known.pid = pid;
	worker->known.door = door;
	worker->known.pidfd = pidfd;
}

static int socket_receive(struct notify_worker *worker, const struct notify_listener *listener,
			  struct callgate_error *err)
{
	const struct question_head *head = &worker->question.head;
	struct callgate_notify_target *target = &worker->target;
	int error, ignored;
	pid_t pid;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
	error = question_receive(listener->fd, &worker->question, &pid);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	if (error)
		return NOTIFY_GONE;
	hold_process(worker, listener->door, pid);
	target->is_own_reply = head->channel == QUESTION_OWN_CHANNEL;
	target->reply = target->is_own_reply ? worker->question.fds[0] : listener->door->channels[head->channel];
	target->process = worker->known.pidfd;
	target->call = (struct callgate_notify_call){
		.id = head->ticket,
		.tid = worker->known.pidfd >= 0 ? pid : 0,
		.audit = head->audit,
		.nr = head->nr,
		.ip = head->ip,
	};
	memcpy(target->call.args, head->args, sizeof(target->call.args));
	return NOTIFY_DONE;
}

static bool socket_is_waiting(const struct callgate_notify_target *target)
{
	struct pollfd look[2] = { { .fd = target->process, .events = POLLIN },
				  { .fd = target->is_own_reply ? target->reply : -1 } };

	return poll(look, 2, 0) == 0;
}

/* Drops what cannot be sent at once: a handler waits for its answer, so there is room unless somebody plays tricks. */
static int send_answer(const struct callgate_notify_target *target, const struct question_answer *answer, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = {
			      .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (void *)answer, sizeof(*answer) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (answer->has_fd) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(target->reply, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? NOTIFY_GONE : NOTIFY_DONE;
}

static int socket_answer(const struct callgate_notify_target *target, const struct callgate_notify_answer *answer,
			 struct callgate_error *err)
{
	/* The kernel cannot be told to carry out a call that it has trapped. */
	static const struct callgate_notify_answer cannot = { .error = ENOSYS };
	struct question_answer said = { .ticket = target->call.id, .value = -EPERM };

	answer = answer ? answer : &cannot;
	if (answer->kind == CALLGATE_NOTIFY_KILL && target->process >= 0 && pidfd_signal(target->process, SIGKILL) == 0)
		return NOTIFY_DONE;
	if (answer->kind == CALLGATE_NOTIFY_ERRNO && answer->error > 0)
		said.value = -answer->error;
	if (answer->kind == CALLGATE_NOTIFY_VALUE)
		said.value = answer->value;
	said.has_fd = answer->kind == CALLGATE_NOTIFY_FD;
	said.is_cloexec = said.has_fd && answer->is_cloexec;
	return send_answer(target, &said, answer->fd);
}

static ssize_t socket_copy(const struct callgate_notify_target *target, uint64_t address, void *bytes, size_t length)
{
	return question_copy(&target->worker->question, address, bytes, length);
}

static int socket_fetch(struct callgate_notify_target *target, int fd, int *ret_fd)
{
	const struct question *question = &target->worker->question;
	int copy;

	if (question->head.fd < 0 || question->head.fd != fd)
		return EBADF;
	copy = fcntl(question->fds[question->fd_count - 1], F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return errno;
	*ret_fd = copy;
	return 0;
}

static void socket_forget(struct notify_worker *worker)
{
	if (worker->question.fd_count == 0)
		return;
	/* The watcher may be looking at them. */
	pthread_mutex_lock(&worker->loop->lock);
	question_fini(&worker->question);
	pthread_mutex_unlock(&worker->loop->lock);
}

const struct notify_source notify_from_socket = {
	.receive = socket_receive,
	.is_waiting = socket_is_waiting,
	.answer = socket_answer,
	.copy = socket_copy,
	.fetch = socket_fetch,
	.forget = socket_forget,
};
