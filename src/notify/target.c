/*
 * What a handler may ask of a target. Every answer could be about somebody else: the thread may have died and its
 * number been given away, before or while we looked. An id is never used twice, so a call that still waits after the
 * look proves that the look was at the right thread, and only then is anything given out.
 */
#include "base/cleanup.h"
#include "notify/loop.h"
#include "notify/inside.h"
#include "notify/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { TARGET_PAGE = 4096 /* no page is smaller: memory is whole or missing within one */ };

const struct callgate_notify_call *callgate_notify_call(const struct callgate_notify_target *target)
{
	return &target->call;
}

bool callgate_notify_is_waiting(struct callgate_notify_target *target)
{
	const struct notify_worker *worker = target->worker;

	return notify_load(&worker->given_up) != worker->sequence && target->listener->source->is_waiting(target);
}

/* 0 when what was just looked at was the target. */
static int target_confirm(struct callgate_notify_target *target)
{
	return callgate_notify_is_waiting(target) ? 0 : ESRCH;
}

int callgate_notify_read(struct callgate_notify_target *target, uint64_t address, void *ret_bytes, size_t length)
{
	cleanup_free void *bytes = malloc(length ? length : 1);
	ssize_t got;
	int gone;

	if (!bytes)
		return ENOMEM;
	got = target->listener->source->copy(target, address, bytes, length);
	gone = target_confirm(target);
	if (gone || got < 0)
		return gone ? gone : (int)-got;
	if ((size_t)got < length)
		return EFAULT;
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
		ssize_t got = target->listener->source->copy(target, address + done, text + done, want);

		if (got < 0)
			return (int)-got;
		if (memchr(text + done, '\0', (size_t)got))
			return 0;
		if ((size_t)got < want)
			return EFAULT;
		done += want;
	}
	return ENAMETOOLONG;
}

int notify_read_text_unconfirmed(struct callgate_notify_target *target, uint64_t address, char *ret_text, size_t size)
{
	int error = size ? target_copy_text(target, address, ret_text, size) : ENAMETOOLONG;

	if (error && size)
		ret_text[0] = '\0';
	return error;
}

int callgate_notify_read_text(struct callgate_notify_target *target, uint64_t address, char *ret_text, size_t size)
{
	int error = notify_read_text_unconfirmed(target, address, ret_text, size);
	int gone = target_confirm(target);

	if (gone && size)
		ret_text[0] = '\0';
	return gone ? gone : error;
}

int callgate_notify_fetch(struct callgate_notify_target *target, int fd, int *ret_fd)
{
	return target->listener->source->fetch(target, fd, ret_fd);
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

int notify_root(struct callgate_notify_target *target, int *ret_root)
{
	int *kept = &target->loop->roots[target->listener - target->loop->listeners], none = -1, root = -1;
	int error = 0;

	*ret_root = __atomic_load_n(kept, __ATOMIC_ACQUIRE);
	if (*ret_root >= 0)
		return 0;
	error = callgate_notify_open(target, "root", O_PATH | O_DIRECTORY, &root);
	if (error)
		return error;
	if (!__atomic_compare_exchange_n(kept, &none, root, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		close(root);
		root = none;
	}
	*ret_root = root;
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
