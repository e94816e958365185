/*
 * What the loop consists of is made before it runs, so that running fails for want of threads only. The heir is
 * started first: it is a fork, and who makes one wants few threads and few descriptors.
 */
#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/probe.h"
#include "notify/source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

static int loop_init(struct callgate_notify *loop, const struct callgate_notify_options *options, size_t roll_room,
		     struct callgate_error *err)
{
	loop->heir = NOTIFY_HEIR_NONE;
	loop->stop_fd = loop->grown_fd = -1;
	memset(loop->roots, -1, sizeof(loop->roots));
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->led, NULL);
	if (options)
		loop->options = *options;
	if (loop->options.threads_max == 0 || loop->options.threads_max > NOTIFY_THREADS_MAX)
		loop->options.threads_max = NOTIFY_THREADS_MAX;
	if (loop->options.late.error == 0)
		loop->options.late.error = ETIMEDOUT;
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd >= 0 && loop->options.grows)
		loop->grown_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd < 0 || (loop->options.grows && loop->grown_fd < 0))
		return fail_errno(err, "cannot make an eventfd");
	return heir_start(&loop->heir, loop->options.has_heir ? &loop->options.orphaned : NULL, roll_room, err);
}

int notify_new_with_roll(const struct callgate_notify_options *options, size_t room,
			 struct callgate_notify **ret_notify, struct notify_name **ret_roll, struct callgate_error *err)
{
	struct callgate_notify *loop;
	int status;

	if (options && (options->late.kind == CALLGATE_NOTIFY_FD || options->orphaned.kind == CALLGATE_NOTIFY_FD))
		return fail(err, CALLGATE_E_INVALID, "a descriptor is no answer for whoever comes too late");
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return fail_nomem(err);
	status = loop_init(loop, options, room, err);
	if (status != CALLGATE_OK) {
		callgate_notify_free(loop);
		return status;
	}
	*ret_roll = loop->heir.roll;
	*ret_notify = loop;
	return CALLGATE_OK;
}

int callgate_notify_new(const struct callgate_notify_options *options, struct callgate_notify **ret_notify,
			struct callgate_error *err)
{
	struct notify_name *none;

	return notify_new_with_roll(options, 0, ret_notify, &none, err);
}

static void door_free(struct question_door *door)
{
	for (size_t i = 0; door && i < QUESTION_CHANNELS; i++)
		if (door->channels[i] >= 0)
			close(door->channels[i]);
	free(door);
}

void callgate_notify_free(struct callgate_notify *notify)
{
	if (!notify)
		return;
	for (size_t i = 0; i < notify->listener_count; i++) {
		if (notify->listeners[i].fd >= 0)
			close(notify->listeners[i].fd);
		door_free(notify->listeners[i].door);
		if (notify->roots[i] >= 0)
			close(notify->roots[i]);
	}
	for (size_t i = 0; i < notify->worker_count; i++)
		if (notify->workers[i].known.pidfd >= 0)
			close(notify->workers[i].known.pidfd);
	heir_end(&notify->heir);
	if (notify->stop_fd >= 0)
		close(notify->stop_fd);
	if (notify->grown_fd >= 0)
		close(notify->grown_fd);
	pthread_cond_destroy(&notify->led);
	pthread_mutex_destroy(&notify->lock);
	free(notify);
}

/* A copy that is close-on-exec, and room for it. Under the lock, as is what follows. */
static int listener_copy(const struct callgate_notify *notify, int listener, int *ret_copy, struct callgate_error *err)
{
	if (notify->runs && !notify->options.grows)
		return fail(err, CALLGATE_E_INVALID, "the supervisor runs, and was not made to grow");
	if (notify->listener_count >= NOTIFY_LISTENERS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a supervisor holds at most %d listeners", NOTIFY_LISTENERS_MAX);
	*ret_copy = fcntl(listener, F_DUPFD_CLOEXEC, 3);
	return *ret_copy < 0 ? fail_errno(err, "cannot keep the listener") : CALLGATE_OK;
}

/* From here on it is served. */
static void listener_append(struct callgate_notify *notify, const struct notify_listener *listener)
{
	const uint64_t one = 1;

	notify->listeners[notify->listener_count] = *listener;
	__atomic_store_n(&notify->listener_count, notify->listener_count + 1, __ATOMIC_RELEASE);
	/* It is full only when nobody has looked for a long time, and then whoever looks sees all. */
	if (notify->grown_fd >= 0 && write(notify->grown_fd, &one, sizeof(one)) < 0)
		errno = 0;
}

static int listener_add(struct callgate_notify *notify, int listener, const struct callgate_notify_handler *handler,
			struct callgate_error *err)
{
	cleanup_fd int copy = -1;
	int status = listener_copy(notify, listener, &copy, err);

	if (status == CALLGATE_OK)
		status = heir_arm(&notify->heir, copy, err);
	if (status != CALLGATE_OK)
		return status;
	notify_sync_wake_up(copy);
	listener_append(notify, &(struct notify_listener){ .fd = take_fd(copy),
							   .source = &notify_from_kernel,
							   .handler = *handler,
							   .armed = notify->armed_count++ });
	return CALLGATE_OK;
}

int callgate_notify_add(struct callgate_notify *notify, int listener, const struct callgate_notify_handler *handler,
			struct callgate_error *err)
{
	int status = notify_check(err);

	if (status != CALLGATE_OK)
		return status;
	pthread_mutex_lock(&notify->lock);
	status = listener_add(notify, listener, handler, err);
	pthread_mutex_unlock(&notify->lock);
	return status;
}

static void door_free_pointer(struct question_door **door)
{
	door_free(*door);
}

static int door_copy(const struct question_door *door, struct question_door **ret_door, struct callgate_error *err)
{
	cleanup(door_free_pointer) struct question_door *copy = malloc(sizeof(*copy));

	if (!copy)
		return fail_nomem(err);
	*copy = *door;
	for (size_t i = 0; i < QUESTION_CHANNELS; i++)
		copy->channels[i] = -1;
	for (size_t i = 0; i < QUESTION_CHANNELS; i++) {
		copy->channels[i] = fcntl(door->channels[i], F_DUPFD_CLOEXEC, 3);
		if (copy->channels[i] < 0)
			return fail_errno(err, "cannot keep a socket");
	}
	*ret_door = take_ptr(copy);
	return CALLGATE_OK;
}

static int socket_add(struct callgate_notify *notify, int socket, const struct question_door *door,
		      const struct callgate_notify_handler *handler, struct callgate_error *err)
{
	struct question_door *kept = NULL;
	cleanup_fd int copy = -1;
	int status = listener_copy(notify, socket, &copy, err);

	if (status == CALLGATE_OK)
		status = door_copy(door, &kept, err);
	if (status != CALLGATE_OK)
		return status;
	listener_append(notify, &(struct notify_listener){ .fd = take_fd(copy),
							   .source = &notify_from_socket,
							   .handler = *handler,
							   .door = kept });
	return CALLGATE_OK;
}

int notify_add_socket(struct callgate_notify *notify, int socket, const struct question_door *door,
		      const struct callgate_notify_handler *handler, struct callgate_error *err)
{
	int status;

	pthread_mutex_lock(&notify->lock);
	status = socket_add(notify, socket, door, handler, err);
	pthread_mutex_unlock(&notify->lock);
	return status;
}

/* Whether one thread may sleep in the only listener's own call. */
static bool receives_directly(const struct callgate_notify *notify)
{
	return notify->listener_count == 1 && !notify->options.grows &&
	       (notify->listeners[0].source == &notify_from_socket || probe_kernel_version() >= ABI_KERNEL(6, 11));
}

/* False when there is nothing to do. */
static bool run_begin(struct callgate_notify *notify)
{
	bool has_work;

	pthread_mutex_lock(&notify->lock);
	has_work = notify->listener_count > 0 || notify->options.grows;
	notify->runs = has_work;
	notify->receives_directly = receives_directly(notify);
	pthread_mutex_unlock(&notify->lock);
	return has_work;
}

int callgate_notify_run(struct callgate_notify *notify, struct callgate_error *err)
{
	if (!run_begin(notify))
		return CALLGATE_OK;
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
