/*
 * What the loop consists of is made before it runs, so that running fails for want of threads only. The heir is
 * started first: it is a fork, and who makes one wants few threads and few descriptors.
 */
#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/probe.h"
#include "notify/loop.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

static int loop_init(struct callgate_notify *loop, const struct callgate_notify_options *options,
		     struct callgate_error *err)
{
	loop->heir = NOTIFY_HEIR_NONE;
	loop->stop_fd = -1;
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->led, NULL);
	if (options)
		loop->options = *options;
	if (loop->options.threads_max == 0 || loop->options.threads_max > NOTIFY_THREADS_MAX)
		loop->options.threads_max = NOTIFY_THREADS_MAX;
	if (loop->options.late.error == 0)
		loop->options.late.error = ETIMEDOUT;
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd < 0)
		return fail_errno(err, "cannot make an eventfd");
	return heir_start(&loop->heir, loop->options.has_heir ? &loop->options.orphaned : NULL, err);
}

int callgate_notify_new(const struct callgate_notify_options *options, struct callgate_notify **ret_notify,
			struct callgate_error *err)
{
	struct callgate_notify *loop;
	int status = notify_check(err);

	if (status != CALLGATE_OK)
		return status;
	if (options && (options->late.kind == CALLGATE_NOTIFY_FD || options->orphaned.kind == CALLGATE_NOTIFY_FD))
		return fail(err, CALLGATE_E_INVALID, "a descriptor is no answer for whoever comes too late");
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return fail_nomem(err);
	status = loop_init(loop, options, err);
	if (status != CALLGATE_OK) {
		callgate_notify_free(loop);
		return status;
	}
	*ret_notify = loop;
	return CALLGATE_OK;
}

void callgate_notify_free(struct callgate_notify *notify)
{
	if (!notify)
		return;
	for (size_t i = 0; i < notify->listener_count; i++)
		if (notify->listeners[i].fd >= 0)
			close(notify->listeners[i].fd);
	heir_end(&notify->heir);
	if (notify->stop_fd >= 0)
		close(notify->stop_fd);
	pthread_cond_destroy(&notify->led);
	pthread_mutex_destroy(&notify->lock);
	free(notify);
}

int callgate_notify_add(struct callgate_notify *notify, int listener, const struct callgate_notify_handler *handler,
			struct callgate_error *err)
{
	cleanup_fd int copy = -1;
	int status;

	if (notify->listener_count >= NOTIFY_LISTENERS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a supervisor holds at most %d listeners", NOTIFY_LISTENERS_MAX);
	copy = fcntl(listener, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return fail_errno(err, "cannot keep the listener");
	status = heir_arm(&notify->heir, copy, err);
	if (status != CALLGATE_OK)
		return status;
	notify_sync_wake_up(copy);
	notify->listeners[notify->listener_count++] =
		(struct notify_listener){ .fd = take_fd(copy), .handler = *handler };
	return CALLGATE_OK;
}

int callgate_notify_run(struct callgate_notify *notify, struct callgate_error *err)
{
	if (notify->listener_count == 0)
		return CALLGATE_OK;
	notify->receives_directly = notify->listener_count == 1 && probe_kernel_version() >= ABI_KERNEL(6, 11);
	if (!loop_promote(notify))
		return fail_errno(err, "cannot start a thread");
	watcher_run(notify);
	if (notify->status != CALLGATE_OK && err)
		*err = notify->err;
	return notify->status;
}

void callgate_notify_stop(struct callgate_notify *notify)
{
	loop_end(notify, CALLGATE_OK, NULL);
}
