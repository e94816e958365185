/*
 * What a handler may ask of a target. Every answer could be about somebody else: the thread may have died and its
 * number been given away, before or while we looked. An id is never used twice, so a call that still waits after the
 * look proves that the look was at the right thread, and only then is anything given out.
 */
#include "base/cleanup.h"
#include "notify/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

enum { TARGET_PAGE = 4096 /* no page is smaller: memory is whole or missing within one */ };

const struct callgate_notify_call *callgate_notify_call(const struct callgate_notify_target *target)
{
	return &target->call;
}

bool callgate_notify_is_waiting(struct callgate_notify_target *target)
{
	const struct notify_worker *worker = target->worker;

	return notify_load(&worker->given_up) != worker->sequence &&
	       notify_id_is_valid(target->listener, target->call.id);
}

/* 0 when what was just looked at was the target. */
static int target_confirm(struct callgate_notify_target *target)
{
	return callgate_notify_is_waiting(target) ? 0 : ESRCH;
}

static int target_copy(struct callgate_notify_target *target, uint64_t address, void *bytes, size_t length)
{
	struct iovec local = { bytes, length };
	struct iovec remote = { (void *)(uintptr_t)address, length };
	ssize_t got;

	if (target->call.tid == 0)
		return EPERM;
	got = process_vm_readv(target->call.tid, &local, 1, &remote, 1, 0);
	if (got < 0)
		return errno;
	return (size_t)got == length ? 0 : EFAULT;
}

int callgate_notify_read(struct callgate_notify_target *target, uint64_t address, void *ret_bytes, size_t length)
{
	cleanup_free void *bytes = malloc(length ? length : 1);
	int error, gone;

	if (!bytes)
		return ENOMEM;
	error = target_copy(target, address, bytes, length);
	gone = target_confirm(target);
	if (error || gone)
		return gone ? gone : error;
	memcpy(ret_bytes, bytes, length);
	return 0;
}

/* Page by page, since the text may end right before one that is not there. */
static int target_copy_text(struct callgate_notify_target *target, uint64_t address, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t room = TARGET_PAGE - (size_t)((address + done) % TARGET_PAGE);
		size_t want = size - done < room ? size - done : room;
		int error = target_copy(target, address + done, text + done, want);

		if (error)
			return error;
		if (memchr(text + done, '\0', want))
			return 0;
		done += want;
	}
	return ENAMETOOLONG;
}

int callgate_notify_read_text(struct callgate_notify_target *target, uint64_t address, char *ret_text, size_t size)
{
	int error = size ? target_copy_text(target, address, ret_text, size) : ENAMETOOLONG;
	int gone = target_confirm(target);

	if ((error || gone) && size)
		ret_text[0] = '\0';
	return gone ? gone : error;
}

/* `Tgid:` of its status, 0 when that cannot be read. */
static pid_t target_process(pid_t tid)
{
	char path[48], text[512];
	cleanup_fd int fd = -1;
	const char *field;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	field = strstr(text, "\nTgid:");
	return field ? (pid_t)strtol(field + strlen("\nTgid:"), NULL, 10) : 0;
}

/* The thread's own table of descriptors where the kernel can name a thread (Linux 6.9), else that of its process. */
static int target_pidfd(struct callgate_notify_target *target)
{
	pid_t tid = target->call.tid;
	long pidfd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (pidfd < 0 && errno == EINVAL)
		pidfd = syscall(SYS_pidfd_open, target_process(tid), 0);
	return (int)pidfd;
}

int callgate_notify_fetch(struct callgate_notify_target *target, int fd, int *ret_fd)
{
	cleanup_fd int pidfd = -1, copy = -1;
	int error, gone;

	if (target->call.tid == 0)
		return EPERM;
	pidfd = target_pidfd(target);
	error = errno;
	gone = target_confirm(target);
	if (gone || pidfd < 0)
		return gone ? gone : error;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		return errno;
	*ret_fd = take_fd(copy);
	return 0;
}

int callgate_notify_open(struct callgate_notify_target *target, const char *name, int flags, int *ret_fd)
{
	char path[64];
	cleanup_fd int fd = -1;
	int error, gone;

	if (target->call.tid == 0)
		return EPERM;
	snprintf(path, sizeof(path), "/proc/%d/%s", target->call.tid, name);
	fd = open(path, flags | O_CLOEXEC);
	error = errno;
	gone = target_confirm(target);
	if (gone || fd < 0)
		return gone ? gone : error;
	*ret_fd = take_fd(fd);
	return 0;
}

void callgate_notify_will_block(struct callgate_notify_target *target, int socket)
{
	struct notify_worker *worker = target->worker;
	struct callgate_notify *loop = target->loop;

	if (socket >= 0) {
		pthread_mutex_lock(&loop->lock);
		if (worker->breaks >= 0)
			close(worker->breaks);
		worker->breaks = fcntl(socket, F_DUPFD_CLOEXEC, 0);
		pthread_mutex_unlock(&loop->lock);
	}
	if (__atomic_load_n(&loop->leader, __ATOMIC_ACQUIRE) == worker)
		loop_promote(loop);
}
