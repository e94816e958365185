/*
 * What the recorders share: the filter that hands every call to them, which of them it is, and the order of a
 * recording's beginning and end.
 */
#include "observe/record.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/probe.h"
#include "launch/hold.h"
#include "observe/recorders.h"
#include "sandbox/sandbox.h"

#include <stddef.h>
#include <sys/syscall.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define RECORD_LOW(arg)	 (offsetof(struct seccomp_data, args) + 8 * (arg))
#define RECORD_HIGH(arg) (RECORD_LOW(arg) + 4)
#else
#define RECORD_HIGH(arg) (offsetof(struct seccomp_data, args) + 8 * (arg))
#define RECORD_LOW(arg)	 (RECORD_HIGH(arg) + 4)
#endif

void record_filter(uint64_t secret, uint32_t action, struct sock_filter insns[RECORD_FILTER_LENGTH])
{
	const struct sock_filter filter[RECORD_FILTER_LENGTH] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi_arch_native()->audit, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, RECORD_LOW(5)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)secret, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, RECORD_HIGH(5)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(secret >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};

	for (size_t i = 0; i < RECORD_FILTER_LENGTH; i++)
		insns[i] = filter[i];
}

void recorder_fail(struct recorder *recorder, int status)
{
	if (recorder->status < 0)
		return;
	recorder->status = status;
	watch_give_up(&recorder->watch);
}

static void recorder_executed(struct watch *watch, pid_t pid)
{
	mains_executed(&((struct recorder *)watch->context)->mains, pid);
}

static void recorder_forked(struct watch *watch, pid_t pid)
{
	mains_forked(&((struct recorder *)watch->context)->mains, pid);
}

static void recorder_exits(struct watch *watch, pid_t pid)
{
	mains_exit(&((struct recorder *)watch->context)->mains, pid);
}

static bool recorder_holds(struct watch *watch, pid_t pid)
{
	return mains_hold(&((struct recorder *)watch->context)->mains, pid);
}

static int recorder_reach_main(struct recorder *recorder, pid_t tid, pid_t pid)
{
	int status;

	recorder->tasks.evidence->has_main |= pid == recorder->target.pid;
	if (recorder->how == RECORD_BPF)
		return calls_reach_main(recorder->calls, pid, &recorder->err);
	pthread_mutex_lock(&recorder->turn);
	status = tasks_reach_main(&recorder->tasks, tid, &recorder->err);
	pthread_mutex_unlock(&recorder->turn);
	return status;
}

static enum watch_trap recorder_trapped(struct watch *watch, pid_t tid)
{
	struct recorder *recorder = watch->context;
	pid_t pid;
	enum main_mark_step step = mains_trapped(&recorder->mains, tid, &pid);
	int status = step == MAIN_MARK_REACHED ? recorder_reach_main(recorder, tid, pid) : CALLGATE_OK;

	if (status < 0)
		recorder_fail(recorder, status);
	if (step == MAIN_MARK_LEFT)
		return WATCH_WAIT;
	return step == MAIN_MARK_NOT_HERE ? WATCH_DELIVER : WATCH_GO_ON;
}

void recorder_watch_main(struct recorder *recorder, enum record_how how, bool lets_go)
{
	recorder->how = how;
	recorder->mains.lets_go = lets_go;
	recorder->watch.executed = recorder_executed;
	recorder->watch.forked = recorder_forked;
	recorder->watch.exits = recorder_exits;
	recorder->watch.trapped = recorder_trapped;
	recorder->watch.holds = lets_go ? recorder_holds : NULL;
	recorder->spec->launch.trace = true;
	recorder->spec->launch.trace_execs = true;
}

const char *const record_how_names[] = { "auto", "bpf", "notify", "trace" };

static const struct {
	enum record_how how;
	int (*start)(struct recorder *recorder, struct callgate_error *err);
	void (*finish)(struct recorder *recorder);
} recorders[] = {
	/* As AUTO tries them. */
	{ RECORD_BPF, by_bpf_start, by_bpf_finish },
	{ RECORD_TRACE, by_trace_start, NULL },
	{ RECORD_NOTIFY, by_notify_start, by_notify_finish },
};

enum { RECORDERS = sizeof(recorders) / sizeof(*recorders) };

/* *ret_which is the one that was asked for, or the first that works. */
static int recorder_start(struct recorder *recorder, size_t *ret_which, struct record_end *end,
			  struct callgate_error *err)
{
	int status = CALLGATE_E_UNSUPPORTED;

	for (size_t i = 0; i < RECORDERS && status == CALLGATE_E_UNSUPPORTED; i++) {
		if (recorder->spec->how != RECORD_AUTO && recorder->spec->how != recorders[i].how)
			continue;
		status = recorders[i].start(recorder, err);
		*ret_which = i;
		if (status == CALLGATE_E_UNSUPPORTED && recorders[i].how == RECORD_BPF && err)
			end->passed_over = *err;
	}
	return status;
}

/* Until nobody holds it back; one that is never started has nothing to show. */
static int recorder_hold(const struct recorder *recorder, struct callgate_error *err)
{
	struct hold_end hold;
	int status = hold_await(recorder->spec->launch.sandbox, NULL, &hold, err);

	if (status == CALLGATE_OK && hold.late)
		status = fail(err, CALLGATE_E_LIMIT, "the wall-time was over before the program was let go");
	if (status == CALLGATE_OK && hold.signal)
		status = fail(err, CALLGATE_E_OS, "signal %d came before the program was let go", hold.signal);
	return status;
}

static bool recorder_saw_tracer(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->entries.length; i++)
		if (evidence->entries.items[i]->effect == EVIDENCE_TRACER)
			return true;
	return false;
}

static int recorder_run(struct recorder *recorder, struct record_end *ret_end, struct callgate_error *err)
{
	struct record_end end = { 0 };
	size_t which = 0;
	int status = recorder_hold(recorder, err);

	if (status == CALLGATE_OK)
		status = recorder_start(recorder, &which, &end, err);
	if (status < 0)
		return status;
	end.how = recorders[which].how;
	status = limit_start(&recorder->limit, err);
	if (status == CALLGATE_OK)
		status = watch_target(&recorder->watch, &end.end, err);
	end.no_main = recorder->mains.unknown;
	if (!recorder->target.traced)
		error_set(&end.no_main, CALLGATE_E_UNSUPPORTED, "this process may not trace the target");
	end.cut_off = recorder->watch.cut_off || recorder->limit.hit;
	if (recorders[which].finish)
		recorders[which].finish(recorder);
	end.was_tracer =
		(end.how == RECORD_TRACE || recorder->spec->mains) && recorder_saw_tracer(recorder->tasks.evidence);
	if (end.how == RECORD_NOTIFY)
		end.broken_off = by_notify_broken_off(recorder);
	if (recorder->status < 0) {
		if (err)
			*err = recorder->err;
		return recorder->status;
	}
	*ret_end = end;
	return status;
}

static void recorder_fini(struct recorder *recorder)
{
	launch_target_fini(&recorder->target);
	limit_end(&recorder->limit);
	calls_free(recorder->calls);
	tasks_fini(&recorder->tasks);
	mains_fini(&recorder->mains);
	pthread_mutex_destroy(&recorder->turn);
	callgate_notify_free(recorder->notify);
	watch_end(&recorder->watch);
}

int record_run(struct record_spec *spec, struct evidence *evidence, struct record_end *ret_end,
	       struct callgate_error *err)
{
	struct recorder recorder = { .spec = spec, .target = LAUNCH_TARGET_NONE, .limit = { .output = OUTPUT_NONE } };
	size_t processes_max = spec->processes_max ? spec->processes_max : RECORD_PROCESSES_MAX;
	int status;

	tasks_init(&recorder.tasks, evidence, processes_max);
	pthread_mutex_init(&recorder.turn, NULL);
	evidence->has_main = false;
	evidence->kernel = probe_kernel_version();
	recorder.watch.target = &recorder.target;
	recorder.watch.lingers = spec->lingers;
	recorder.watch.dies_with_parent = spec->launch.sandbox && spec->launch.sandbox->die_with_parent;
	recorder.watch.context = &recorder;
	status = watch_begin(&recorder.watch, err);
	if (status < 0)
		return status;
	spec->launch.signal_mask = &recorder.watch.old_mask;
	status = limit_begin(&recorder.limit, &spec->launch, &recorder.watch, err);
	if (status == CALLGATE_OK)
		status = recorder_run(&recorder, ret_end, err);
	recorder_fini(&recorder);
	return status == CALLGATE_OK ? evidence_close_run(evidence, record_how_names[ret_end->how], false, err)
				     : status;
}
