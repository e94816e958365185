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
#include "notify/roll.h"

#include <errno.h>
#include <sys/prctl.h>

static void by_notify_number(struct recorder *recorder, uint64_t id)
{
	if (recorder->first_id == 0)
		recorder->first_id = recorder->last_id = id;
	/* They begin anywhere and may wrap. Threads' notifications come in turn, but are numbered a moment earlier. */
	if ((int64_t)(id - recorder->last_id) > 0)
		recorder->last_id = id;
}

static struct callgate_notify_decision by_notify_end(struct recorder *recorder, int status)
{
	if (status < 0)
		recorder_fail(recorder, status);
	return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_ANSWERED,
						  .answer = { .kind = CALLGATE_NOTIFY_KILL } };
}

/* There is one thread that does so, which goes on with by_notify_answered: the turn is its until then. */
static struct callgate_notify_decision by_notify_decide(const struct callgate_notify_call *call, void *context)
{
	struct recorder *recorder = context;
	int status;

	by_notify_number(recorder, call->id);
	if (watch_is_ending(&recorder->watch))
		return by_notify_end(recorder, CALLGATE_OK);
	recorder->received = (struct seccomp_data){ (int)call->nr, call->audit, call->ip, { 0 } };
	for (int i = 0; i < 6; i++)
		recorder->received.args[i] = call->args[i];
	pthread_mutex_lock(&recorder->turn);
	status = tasks_sight(&recorder->tasks, call->tid, &recorder->received, &recorder->sighting, &recorder->err);
	if (status == CALLGATE_OK)
		return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_CONTINUE };
	pthread_mutex_unlock(&recorder->turn);
	return by_notify_end(recorder, status);
}

static int by_notify_count(struct recorder *recorder)
{
	int status;

	recorder->let_go++;
	status = recorder->sighting.task ? tasks_commit(&recorder->tasks, &recorder->sighting, &recorder->err)
					 : CALLGATE_OK;
	if (status < 0 || !recorder->tasks.evidence->blind.own_listener)
		return status;
	status = fail(&recorder->err, CALLGATE_E_UNSUPPORTED,
		      "the program asks for a seccomp listener of its own, and the recorder occupies the only one");
	error_hint(&recorder->err, "record it with --recorder trace");
	return status;
}

static void by_notify_answered(const struct callgate_notify_call *call, const struct callgate_notify_answer *answer,
			       bool is_over, void *context)
{
	struct recorder *recorder = context;
	int status = CALLGATE_OK;

	if (answer)
		return;
	if (!is_over)
		status = by_notify_count(recorder);
	pthread_mutex_unlock(&recorder->turn);
	if (status < 0)
		recorder_fail(recorder, status);
}

static void *by_notify_main(void *argument)
{
	struct recorder *recorder = argument;
	struct callgate_error err = { 0 };
	int status = callgate_notify_run(recorder->notify, &err);

	if (status < 0) {
		recorder->err = err;
		recorder_fail(recorder, status);
	}
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
	recorder_watch_main(recorder, RECORD_NOTIFY, !recorder->spec->mains);
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

/* The heir is an orphan, and orphans come to us: it is to be init's, and where it is not, none of the target's. */
static int by_notify_loop(struct recorder *recorder, const struct callgate_notify_options *options,
			  struct callgate_error *err)
{
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	status = notify_new_with_roll(options, recorder->tasks.processes_max, &recorder->notify, &recorder->tasks.roll,
				      err);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	watch_spare_children(&recorder->watch);
	return status;
}

/* The loop, whose heir is started before there are threads, and the process that it answers. */
static int by_notify_prepare(struct recorder *recorder, struct callgate_error *err)
{
	const struct callgate_notify_options options = {
		.has_heir = true,
		.orphaned = { .kind = CALLGATE_NOTIFY_KILL },
		.threads_max = 1,
		.answered = by_notify_answered,
		.context = recorder,
	};
	const struct callgate_notify_handler handler = { .decide = by_notify_decide, .context = recorder };
	int status = by_notify_loop(recorder, &options, err);

	if (status == CALLGATE_OK)
		status = by_notify_spawn(recorder, err);
	return status == CALLGATE_OK ? callgate_notify_add(recorder->notify, recorder->target.listener, &handler, err)
				     : status;
}

int by_notify_start(struct recorder *recorder, struct callgate_error *err)
{
	int status, error;

	if (recorder->spec->results) {
		status = fail(err, CALLGATE_E_UNSUPPORTED,
			      "a listener lets calls go on, and is never told what came of them");
		error_hint(err, "--recorder trace sees results, and so does bpf");
		return status;
	}
	status = by_notify_prepare(recorder, err);
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
	/* Else it ends with the last of its targets. */
	if (recorder->target.pid > 0)
		callgate_notify_stop(recorder->notify);
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
