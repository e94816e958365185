/*
 * Each call costs two of ours: receive, go on. What has to be known about it is read while its thread still waits,
 * and written down when the kernel has agreed to carry it out, so that what was counted is what was done.
 *
 * A signal that finds a thread waiting for us to receive breaks its call off, and the kernel starts it again or gives
 * EINTR, as the handler asked for. WAIT_KILLABLE_RECV closes that gap from the moment on at which we received; before
 * it the call is not counted, and comes again. How often that was, the kernel's numbering of notifications shows: it
 * leaves out none, so that a number which was never let go is a call that was broken off.
 */
#include "observe/recorders.h"

#include "base/error.h"
#include "kernel/notify.h"
#include "kernel/probe.h"

#include <errno.h>
#include <poll.h>

static int by_notify_take(struct recorder *recorder, const struct seccomp_notif *notif)
{
	struct sighting sighting;
	int status = tasks_sight(&recorder->tasks, (pid_t)notif->pid, &notif->data, &sighting, &recorder->err);

	if (status < 0)
		return status;
	status = notify_continue(recorder->target.listener, notif->id, &recorder->err);
	if (status < 0 || status == NOTIFY_GONE)
		return status;
	recorder->let_go++;
	if (!sighting.task)
		return status;
	status = tasks_commit(&recorder->tasks, &sighting, &recorder->err);
	if (status < 0 || !recorder->tasks.evidence->blind.own_listener)
		return status;
	status = fail(&recorder->err, CALLGATE_E_UNSUPPORTED,
		      "the program asks for a seccomp listener of its own, and the recorder occupies the only one");
	error_hint(&recorder->err, "record it with --recorder trace");
	return status;
}

static void by_notify_number(struct recorder *recorder, uint64_t id)
{
	if (recorder->first_id == 0)
		recorder->first_id = recorder->last_id = id;
	/* They begin anywhere and may wrap. Threads' notifications come in turn, but are numbered a moment earlier. */
	if ((int64_t)(id - recorder->last_id) > 0)
		recorder->last_id = id;
}

/* One call; false when there will be no more. Before Linux 6.11 a receiver sleeps on when the last target is gone. */
static bool by_notify_step(struct recorder *recorder, bool polls)
{
	struct pollfd calls = { .fd = recorder->target.listener, .events = POLLIN };
	union notify_buffer *buffer = &recorder->guard.share->received;
	int status;

	if (polls && poll(&calls, 1, -1) == 1 && !(calls.revents & POLLIN))
		return !notify_is_over(recorder->target.listener);
	status = notify_receive(recorder->target.listener, buffer, &recorder->err);
	if (status == NOTIFY_GONE)
		return !notify_is_over(recorder->target.listener);
	if (status == NOTIFY_DONE)
		by_notify_number(recorder, buffer->notif.id);
	if (status == NOTIFY_DONE && watch_is_ending(&recorder->watch)) {
		kill((pid_t)buffer->notif.pid, SIGKILL);
		return true;
	}
	if (status == NOTIFY_DONE) {
		pthread_mutex_lock(&recorder->turn);
		status = by_notify_take(recorder, &buffer->notif);
		pthread_mutex_unlock(&recorder->turn);
	}
	buffer->notif.pid = 0;
	if (status < 0)
		recorder_fail(recorder, status);
	return status >= 0 || !notify_is_over(recorder->target.listener);
}

static void *by_notify_main(void *argument)
{
	struct recorder *recorder = argument;
	bool polls = probe_kernel_version() < ABI_KERNEL(6, 11);

	while (by_notify_step(recorder, polls))
		;
	return NULL;
}

/* The listener, and no error of its own where the kernel has none to give. */
static int by_notify_spawn(struct recorder *recorder, struct callgate_error *err)
{
	struct launch_spec *launch = &recorder->spec->launch;
	struct sock_filter insns[RECORD_FILTER_LENGTH];
	struct callgate_error failed = { 0 };
	int status = launch_secret(&launch->secret, err);

	if (status < 0)
		return status;
	recorder_watch_main(recorder, RECORD_NOTIFY, true);
	record_filter(launch->secret, SECCOMP_RET_USER_NOTIF, insns);
	launch->insns = insns;
	launch->insn_count = RECORD_FILTER_LENGTH;
	launch->want_listener = true;
	launch->trace_calls = false;
	launch->filter_flags = notify_filter_flags();
	status = launch_spawn(launch, &recorder->target, &failed);
	launch->insns = NULL;
	if (status == CALLGATE_E_OS && failed.os_errno == EBUSY)
		return fail(err, CALLGATE_E_UNSUPPORTED, "a filter with a listener is already in force here");
	if (status < 0 && err)
		*err = failed;
	return status;
}

int by_notify_start(struct recorder *recorder, struct callgate_error *err)
{
	int status = notify_check(err);
	int error;

	if (status == CALLGATE_OK)
		status = guard_start(&recorder->guard, recorder->tasks.processes_max, err);
	if (status < 0)
		return status;
	recorder->tasks.roll = recorder->guard.share->roll;
	status = by_notify_spawn(recorder, err);
	if (status < 0)
		return status;
	notify_sync_wake_up(recorder->target.listener);
	status = guard_arm(&recorder->guard, recorder->target.listener, err);
	if (status < 0)
		return status;
	error = pthread_create(&recorder->thread, NULL, by_notify_main, recorder);
	if (error) {
		errno = error;
		return fail_errno(err, "cannot start a thread");
	}
	return CALLGATE_OK;
}

void by_notify_finish(struct recorder *recorder)
{
	pthread_join(recorder->thread, NULL);
}

uint64_t by_notify_broken_off(const struct recorder *recorder)
{
	uint64_t numbered = recorder->last_id - recorder->first_id + 1;

	/* Where every handler asks for it, all were made again. */
	if (!recorder->tasks.gives_eintr || numbered < recorder->let_go)
		return 0;
	return numbered - recorder->let_go;
}
