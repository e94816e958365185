/*
 * notify/source.h - how calls come to a supervisor, and how their answers go back
 *
 * From the kernel by a listener, or from a SIGSYS handler in the target by a socket. All else is the same for both.
 */
#ifndef CALLGATE_NOTIFY_SOURCE_H
#define CALLGATE_NOTIFY_SOURCE_H

#include "notify/loop.h"

#include <sys/types.h>

struct notify_source {
	/* Waits for a call, and fills worker->target.call: NOTIFY_DONE, NOTIFY_GONE or a negative status. It may be
	 * cancelled while it sleeps. */
	int (*receive)(struct notify_worker *worker, const struct notify_listener *listener,
		       struct callgate_error *err);
	/* Whether the call still waits for its answer. */
	bool (*is_waiting)(const struct callgate_notify_target *target);
	/* The same outcomes. NULL: the kernel is to carry it out. The descriptor of an answer is not closed here. */
	int (*answer)(const struct callgate_notify_target *target, const struct callgate_notify_answer *answer,
		      struct callgate_error *err);
	/* Copies what lies at address: how many bytes of it are there, or a negative errno. */
	ssize_t (*copy)(const struct callgate_notify_target *target, uint64_t address, void *bytes, size_t length);
	/* As callgate_notify_fetch. */
	int (*fetch)(struct callgate_notify_target *target, int fd, int *ret_fd);
	/* The call is over for the worker: what it kept of it is let go. */
	void (*forget)(struct notify_worker *worker);
};

extern const struct notify_source notify_from_kernel, notify_from_socket;

#endif
