/*
 * The filter stops every call for a tracer, and watch_target, which is that tracer, shows each one here before it goes
 * on. Nothing can break a call off in between, so nothing comes twice.
 */
#include "observe/recorders.h"

#include <string.h>

static void by_trace_called(struct watch *watch, pid_t pid, const struct tracer_call *call)
{
	struct recorder *recorder = watch->context;
	struct seccomp_data data = { .nr = (int)call->nr, .arch = call->audit, .instruction_pointer = call->ip };
	struct sighting sighting;
	int status;

	for (int i = 0; i < 6; i++)
		data.args[i] = call->args[i];
	status = tasks_sight(&recorder->tasks, pid, &data, &sighting, &recorder->err);
	if (status == CALLGATE_OK && sighting.task)
		status = tasks_commit(&recorder->tasks, &sighting, &recorder->err);
	if (status < 0)
		recorder_fail(recorder, status);
}

static void by_trace_returned(struct watch *watch, pid_t pid, int64_t result)
{
	struct recorder *recorder = watch->context;
	int status = tasks_return(&recorder->tasks, pid, result, &recorder->err);

	if (status < 0)
		recorder_fail(recorder, status);
}

/* Only from a call to its return: the next call is seen by the filter. */
static bool by_trace_steps(struct watch *watch, pid_t pid)
{
	return tasks_awaits(&((struct recorder *)watch->context)->tasks, pid);
}

int by_trace_start(struct recorder *recorder, struct callgate_error *err)
{
	struct launch_spec *launch = &recorder->spec->launch;
	struct sock_filter insns[RECORD_FILTER_LENGTH];
	int status = launch_secret(&launch->secret, err);

	if (status < 0)
		return status;
	record_filter(launch->secret, SECCOMP_RET_TRACE, insns);
	launch->insns = insns;
	launch->insn_count = RECORD_FILTER_LENGTH;
	launch->want_listener = false;
	launch->filter_flags = 0;
	recorder_watch_main(recorder, RECORD_TRACE, false);
	launch->trace_calls = true;
	recorder->watch.called = by_trace_called;
	recorder->watch.is_busy = true;
	if (recorder->spec->results) {
		recorder->tasks.sees_results = true;
		recorder->watch.by_step = true;
		recorder->watch.returned = by_trace_returned;
		recorder->watch.steps = by_trace_steps;
	}
	status = launch_spawn(launch, &recorder->target, err);
	launch->insns = NULL;
	return status;
}
