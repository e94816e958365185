/*
 * The kernel counts (observe/calls.h) and the target runs as if nobody looked: no filter, no tracer, nothing that a
 * call waits for. So nothing can be broken off, and the target's own filters, listeners and tracers are its own.
 *
 * The launcher's execve shows the target to the recorder by its secret, the same that opens a filter's launch door.
 */
#include "observe/recorders.h"

int by_bpf_start(struct recorder *recorder, struct callgate_error *err)
{
	struct launch_spec *launch = &recorder->spec->launch;
	struct calls_spec calls = { .processes_max = recorder->tasks.processes_max };
	int status = launch_secret(&launch->secret, err);

	calls.secret = launch->secret;
	if (status == CALLGATE_OK)
		status = calls_new(&calls, &recorder->calls, err);
	if (status < 0)
		return status;
	launch->insns = NULL;
	launch->want_listener = false;
	recorder_watch_main(recorder, RECORD_BPF, !recorder->spec->mains);
	return launch_spawn(launch, &recorder->target, err);
}

void by_bpf_finish(struct recorder *recorder)
{
	int status = calls_finish(recorder->calls, recorder->tasks.evidence, &recorder->err);

	if (status < 0)
		recorder->status = status;
}
