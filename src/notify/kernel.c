/*
 * Calls that the kernel notifies of. Its ids are never used twice, so a call that still waits after a look proves that
 * the look was at the right thread.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "notify/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static int kernel_receive(struct notify_worker *worker, const struct notify_listener *listener,
			  struct callgate_error *err)
{
	const struct seccomp_notif *notif = &worker->slot->received.notif;
	struct callgate_notify_call *call = &worker->target.call;
	int status, ignored;

	worker->slot->listener = listener->armed;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
	status = notify_receive(listener->fd, &worker->slot->received, err);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
	if (status != NOTIFY_DONE)
		return status;
	*call = (struct callgate_notify_call){ .id = notif->id,
					       .tid = (int)notif->pid,
					       .audit = notif->data.arch,
					       .nr = (uint32_t)notif->data.nr,
					       .ip = notif->data.instruction_pointer };
	for (int i = 0; i < 6; i++)
		call->args[i] = notif->data.args[i];
	return NOTIFY_DONE;
}

static bool kernel_is_waiting(const struct callgate_notify_target *target)
{
	return notify_id_is_valid(target->listener->fd, target->call.id);
}

/* The answer of kind FD, in one step with its descriptor. What the target has no room for is its own affair. */
static int kernel_answer_fd(const struct callgate_notify_target *target, const struct callgate_notify_answer *answer,
			    struct callgate_error *err)
{
	int listener = target->listener->fd;
	int status = notify_add_fd(listener, target->call.id, answer->fd, answer->is_cloexec ? O_CLOEXEC : 0, true,
				   NULL, err);

	if (status == CALLGATE_E_OS && (err->os_errno == EMFILE || err->os_errno == ENFILE))
		return notify_respond(listener, target->call.id, 0, err->os_errno, err);
	return status;
}

static int kernel_answer(const struct callgate_notify_target *target, const struct callgate_notify_answer *answer,
			 struct callgate_error *err)
{
	if (!answer)
		return notify_continue(target->listener->fd, target->call.id, err);
	if (answer->kind == CALLGATE_NOTIFY_FD)
		return kernel_answer_fd(target, answer, err);
	return notify_answer(target->listener->fd, target->call.id, target->call.tid, answer, err);
}

static ssize_t kernel_copy(const struct callgate_notify_target *target, uint64_t address, void *bytes, size_t length)
{
	struct iovec local = { bytes, length };
	struct iovec remote = { (void *)(uintptr_t)address, length };
	ssize_t got;

	if (target->call.tid == 0)
		return -EPERM;
	got = process_vm_readv(target->call.tid, &local, 1, &remote, 1, 0);
	return got < 0 ? -errno : got;
}

/* `Tgid:` of its status, 0 when that cannot be read. */
static pid_t process_of(pid_t tid)
{
	char path[48], text[512];
	const char *field;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file_glance(AT_FDCWD, path, text, sizeof(text));
	field = strstr(text, "\nTgid:");
	return field ? (pid_t)strtol(field + strlen("\nTgid:"), NULL, 10) : 0;
}

/* The thread's own table of descriptors where the kernel can name a thread (Linux 6.9), else that of its process. */
static int thread_pidfd(pid_t tid)
{
	long pidfd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (pidfd < 0 && errno == EINVAL)
		pidfd = syscall(SYS_pidfd_open, process_of(tid), 0);
	return (int)pidfd;
}

static int kernel_fetch(struct callgate_notify_target *target, int fd, int *ret_fd)
{
	cleanup_fd int pidfd = -1, copy = -1;
	int error;

	if (target->call.tid == 0)
		return EPERM;
	pidfd = thread_pidfd(target->call.tid);
	error = errno;
	if (!callgate_notify_is_waiting(target))
		return ESRCH;
	if (pidfd < 0)
		return error;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		return errno;
	*ret_fd = take_fd(copy);
	return 0;
}

static void kernel_forget(struct notify_worker *worker)
{
	worker->slot->received.notif.id = 0;
}

const struct notify_source notify_from_kernel = {
	.receive = kernel_receive,
	.is_waiting = kernel_is_waiting,
	.answer = kernel_answer,
	.copy = kernel_copy,
	.fetch = kernel_fetch,
	.forget = kernel_forget,
};
