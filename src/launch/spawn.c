/*
 * The parent's part of a launch: what can be found out beforehand, the clone (cloning.c), the word to go on, and the
 * wait until the child has executed its program or says why not.
 *
 * It is in two halves. Between them the child makes its namespaces and its root, which takes longest, and the caller
 * reads a policy or compiles a filter; or nothing happens for a long time, and the child is one of a pool.
 */
#include "launch/spawn.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/call.h"
#include "kernel/futex.h"
#include "kernel/load.h"
#include "kernel/pidfd.h"
#include "kernel/tracer.h"
#include "launch/descriptors.h"
#include "launch/gate.h"
#include "launch/guard.h"
#include "launch/handover.h"
#include "launch/search.h"
#include "sandbox/limits.h"
#include "sandbox/score.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_SIGSET_SIZE 8

static const char *const start_step_text[CHILD_STEP_COUNT] = {
	[CHILD_SIGNALS] = "reset the signal handlers",
	[CHILD_DEATH_SIGNAL] = "have the target end with its parent",
	[CHILD_SESSION] = "start a new session",
	[CHILD_CORE_LIMIT] = "forbid core files",
	[CHILD_FOLDER] = "enter the folder",
	[CHILD_NO_NEW_PRIVS] = "set no_new_privs",
	[CHILD_GATE] = "take its descriptors",
	[CHILD_KEEP] = "keep a descriptor that was asked for",
	[CHILD_CLOSE] = "close the other descriptors",
	[CHILD_HOLD] = "hold what is handed on to what it is open for",
	[CHILD_MASK] = "set the signal mask",
	[CHILD_AWAIT_GO] = "wait for the launcher",
	[CHILD_HIDE_LAUNCHER] = "hide the launcher's memory",
	[CHILD_GUARD] = "load the filter of write-xor-execute or no-tsc",
	[CHILD_FILTER] = "load the filter",
	[CHILD_EXEC] = "execute the program",
};

int launch_secret(uint64_t *ret_secret, struct callgate_error *err)
{
	uint64_t secret = 0;

	while ((uint32_t)secret == 0 || secret >> 32 == 0)
		if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret) && errno != EINTR)
			return fail_errno(err, "cannot get random bytes");
	*ret_secret = secret;
	return CALLGATE_OK;
}

static int start_folder(struct launch_start *start, struct callgate_error *err)
{
	const char *folder = start->spec.folder;

	if (!folder || start->plan.own_root)
		return CALLGATE_OK;
	start->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return start->folder_fd < 0 ? fail_errno(err, "cannot enter the folder '%s'", folder) : CALLGATE_OK;
}

/* What stays open in the child: the porter's end too, since the two have one table. It is close-on-exec. */
static int start_list_descriptors(struct launch_start *start, struct callgate_error *err)
{
	const struct launch_spec *spec = &start->spec;
	size_t count = spec->keep_fd_count;
	cleanup_free int *keep = calloc(count + 1, sizeof(*keep));
	int status = CALLGATE_OK;

	if (!keep)
		return fail_nomem(err);
	if (count)
		memcpy(keep, spec->keep_fds, count * sizeof(*keep));
	if (spec->want_listener)
		status = handover_open(start->handover, err);
	if (spec->want_listener)
		keep[count++] = start->handover[1];
	if (status == CALLGATE_OK)
		status = descriptors_list(keep, count, &start->open_fds, &start->child.open_fd_count, err);
	start->child.open_fds = start->open_fds;
	return status;
}

static int start_guard(struct launch_start *start, struct callgate_error *err)
{
	int status = guard_make(start->spec.sandbox, &start->guard, err);

	if (status == CALLGATE_OK && start->guard)
		start->child.guard = callgate_filter_program(start->guard, &start->child.guard_count);
	return status;
}

static int start_prepare(struct launch_start *start, struct callgate_error *err)
{
	const struct launch_spec *spec = &start->spec;
	int status = CALLGATE_OK;

	if (spec->sandbox) {
		start->child.plan = &start->plan;
		status = plan_make(&start->plan, spec->sandbox, spec->folder, err);
	}
	if (status == CALLGATE_OK)
		status = start_guard(start, err);
	if (status == CALLGATE_OK)
		status = start_folder(start, err);
	if (status == CALLGATE_OK)
		status =
			spec->gated ? gate_open(&start->gate, &start->theirs, err) : start_list_descriptors(start, err);
	start->child.gate = start->theirs;
	start->child.folder_fd = start->folder_fd;
	start->child.parent = getpid();
	start->child.mask = &start->mask;
	return status;
}

/* Until it has a table of its own the child would run our handlers: all signals are blocked, and stay so in there. */
static int start_block_signals(struct launch_start *start, struct callgate_error *err)
{
	const sigset_t *wanted = start->spec.signal_mask;
	uint64_t all = UINT64_MAX;
	long result = KERNEL_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, &start->old_mask, KERNEL_SIGSET_SIZE);

	if (result < 0) {
		errno = (int)-result;
		return fail_errno(err, "cannot block signals");
	}
	/* libc's sigset begins with the kernel's. */
	memcpy(&start->mask, wanted ? (const void *)wanted : &start->old_mask, sizeof(start->mask));
	return CALLGATE_OK;
}

static void start_unblock_signals(const struct launch_start *start)
{
	KERNEL_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &start->old_mask, 0, KERNEL_SIGSET_SIZE);
}

static void start_wipe(struct launch_spec *spec)
{
	explicit_bzero(&spec->secret, sizeof(spec->secret));
	if (spec->insns)
		explicit_bzero(spec->insns, spec->insn_count * sizeof(*spec->insns));
}

void launch_start_free(struct launch_start *start)
{
	if (!start)
		return;
	cloning_end(start);
	launch_target_fini(&start->target);
	plan_fini(&start->plan);
	for (int i = 0; i < 2; i++)
		if (start->handover[i] >= 0)
			close(start->handover[i]);
	if (start->gate >= 0)
		close(start->gate);
	if (start->theirs >= 0)
		close(start->theirs);
	if (start->folder_fd >= 0)
		close(start->folder_fd);
	callgate_filter_free(start->guard);
	free(start->path);
	free(start->open_fds);
	start_wipe(&start->spec);
	free(start);
}

static void start_free_pointer(struct launch_start **start)
{
	launch_start_free(*start);
}

int launch_begin(const struct launch_spec *spec, struct launch_start **ret_start, struct callgate_error *err)
{
	cleanup(start_free_pointer) struct launch_start *start = malloc(sizeof(*start));
	int status;

	if (!start)
		return fail_nomem(err);
	memset(start, 0, offsetof(struct launch_start, child_stack));
	start->spec = *spec;
	start->child = (struct child){ .spec = &start->spec, .gate = -1, .listener = -1, .folder_fd = -1 };
	start->target = LAUNCH_TARGET_NONE;
	start->porter_pidfd = start->gate = start->theirs = start->folder_fd = start->plan.launcher = -1;
	start->handover[0] = start->handover[1] = -1;
	status = start_prepare(start, err);
	/* One with a listener is not begun before all is there: its porter waits for the end. */
	if (status == CALLGATE_OK && !spec->want_listener)
		status = start_block_signals(start, err);
	if (status == CALLGATE_OK && !spec->want_listener) {
		status = cloning_start(start, err);
		start_unblock_signals(start);
	}
	if (status != CALLGATE_OK)
		return status;
	if (start->theirs >= 0)
		close(take_fd(start->theirs));
	*ret_start = take_ptr(start);
	return CALLGATE_OK;
}

static bool target_has_ended(const struct launch_start *start)
{
	struct pollfd ended = { .fd = start->target.pidfd, .events = POLLIN };

	return start->target.pid <= 0 || poll(&ended, 1, 0) != 0;
}

bool launch_start_has_ended(struct launch_start *start)
{
	return cloning_is_settled(start) && target_has_ended(start);
}

bool launch_start_waits(struct launch_start *start)
{
	return cloning_is_settled(start) && __atomic_load_n(&start->child.arrived, __ATOMIC_ACQUIRE) &&
	       !start->child.error && !target_has_ended(start);
}

bool launch_start_is_dead(struct launch_start *start)
{
	return launch_start_has_ended(start) && !start->child.error;
}

bool launch_start_has(struct launch_start *start, pid_t pid)
{
	(void)cloning_settle(start, NULL);
	return pid == start->target.pid || pid == start->target.init;
}

void start_let_go(struct launch_start *start)
{
	futex_set(&start->child.go);
}

/* Waits until the child has given our memory up: it has executed its program or is dead. */
static void start_await_exec(struct launch_start *start)
{
	pid_t tid;

	while ((tid = __atomic_load_n(&start->tid, __ATOMIC_ACQUIRE)) != 0)
		futex_wait(&start->tid, tid);
}

/*
 * The same for a traced child. A stop for the tracer at each exec would cost two changes of process, so only the
 * memory is waited for; a child that stops or dies before, which is rare, is found when our patience ends.
 */
bool start_await_exec_traced(struct launch_start *start)
{
	const struct timespec patience = { .tv_nsec = 10 * 1000 * 1000 };
	pid_t tid;

	while ((tid = __atomic_load_n(&start->tid, __ATOMIC_ACQUIRE)) != 0) {
		siginfo_t info;
		int status;

		if (KERNEL_CALL(SYS_futex, &start->tid, FUTEX_WAIT, tid, &patience) != -ETIMEDOUT)
			continue;
		if (process_wait(P_PID, (id_t)start->target.pid, WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL, &info,
				 NULL) < 0)
			return false;
		/* One that stands still cannot execute anything meanwhile; if it has, its stop is not ours to take. */
		if (info.si_pid == 0 || __atomic_load_n(&start->tid, __ATOMIC_ACQUIRE) == 0)
			continue;
		if (waitpid(start->target.pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return false;
		tracer_continue(start->target.pid, status);
		if (tracer_event(status) == TRACER_EXIT)
			return false;
	}
	return true;
}

/*
 * Tracing must not be what a launch fails of: without it a refusal is only told as SIGSYS. But where the filter leaves
 * calls to the tracer, nothing may run without one.
 */
int start_trace(struct launch_start *start, struct callgate_error *err)
{
	const struct launch_spec *spec = &start->spec;
	unsigned wishes = (spec->trace_calls ? TRACER_WISH_CALLS : 0) | (spec->trace_execs ? TRACER_WISH_EXECS : 0);

	start->target.traced = tracer_seize(start->target.pid, wishes) == 0;
	if (!start->target.traced && spec->trace_calls) {
		int status = fail(err, CALLGATE_E_UNSUPPORTED, "this process may not trace the target");

		error_hint(err, "an outer sandbox or a tracer forbids it: record outside of it");
		return status;
	}
	start_let_go(start);
	return CALLGATE_OK;
}

/* The descriptors and the word to go on; the child goes on alone then. */
static int start_release(struct launch_start *start, struct callgate_error *err)
{
	const struct child *child = &start->child;
	struct callgate_error why;
	int status = CALLGATE_OK;

	if (start->spec.trace && start->target.pid > 0)
		status = start_trace(start, err);
	else
		start_let_go(start);
	if (status != CALLGATE_OK || start->gate < 0)
		return status;
	status = gate_send(start->gate, child->open_fds, child->open_fd_count, start->spec.output, &why);
	/* Of one that ended before it could be sent, what it reported is told. */
	if (status == CALLGATE_E_OS && (child->error || why.os_errno == EPIPE || why.os_errno == ECONNRESET))
		return CALLGATE_OK;
	if (status != CALLGATE_OK && err)
		*err = why;
	return status;
}

/* It did not say why: it was killed, or its first process ended and took it along. */
int start_fail_ended(const struct launch_start *start, struct callgate_error *err)
{
	int status;

	if (start->plan.init_error)
		return plan_init_failure(&start->plan, err);
	status = fail(err, CALLGATE_E_UNCONFINED, "the target was ended before its program was executed");
	/* A hard limit of no time at all ends it at the kernel's next tick, wherever it is. */
	if (limit_of(start->spec.sandbox, RLIMIT_CPU))
		error_hint(err, "its limit of 'cpu' may be too low for it");
	return status;
}

static int start_directly(struct launch_start *start, struct callgate_error *err)
{
	int status = cloning_settle(start, err);

	if (status == CALLGATE_OK && start->target.pid > 0)
		status = start_release(start, err);
	if (status != CALLGATE_OK || start->target.pid <= 0)
		return status;
	if (!start->target.traced)
		start_await_exec(start);
	else if (!start_await_exec_traced(start) && start->child.error == 0)
		return start_fail_ended(start, err);
	return CALLGATE_OK;
}

static int start_exec_failed(const struct launch_start *start, struct callgate_error *err)
{
	int error = -start->child.error;

	errno = error;
	error_set_errno(err, "cannot execute '%s'", start->path ? start->path : start->plan.program);
	if (error == ENOEXEC)
		error_hint(err, "a script needs a first line such as #!/bin/sh");
	if (error == ENOENT)
		error_hint(err, "the file is there: the interpreter that it names is not");
	if (limits_exec_error(start->spec.sandbox, error))
		error_hint(err, "its limits may be too low for it: %s",
			   error == EAGAIN ? "--rlimit nproc, --pids" : "--rlimit as, data or stack, --memory");
	if (err)
		err->status = CALLGATE_E_NOT_EXECUTABLE;
	return CALLGATE_E_NOT_EXECUTABLE;
}

/* What the child reported, as an error. */
static int start_reported(const struct launch_start *start, struct callgate_error *err)
{
	const struct child *child = &start->child;

	if (child->error == 0 && child->step == CHILD_EXEC)
		return CALLGATE_OK;
	if (child->error == 0)
		return start_fail_ended(start, err);
	if (child->step == CHILD_EXEC && child->error == -ECANCELED)
		return CALLGATE_OK;
	if (child->step == CHILD_IDENTITY || child->step == CHILD_ENTER || child->step == CHILD_CONFINE ||
	    child->step == CHILD_PROGRAM || child->step == CHILD_LIMITS)
		return plan_failure(child->plan, child->spec->argv[0], child->error, err);
	if (child->step == CHILD_FILTER && child->error == -EMFILE && limit_of(child->spec->sandbox, RLIMIT_NOFILE))
		return fail(err, CALLGATE_E_UNCONFINED,
			    "the target was not started: its limit of 'nofile' leaves no descriptor for the listener");
	if (child->step == CHILD_FILTER)
		return kernel_filter_load_error(child->error, child->spec->insn_count, child->spec->filter_flags, err);
	if (child->step == CHILD_EXEC)
		return start_exec_failed(start, err);
	errno = -child->error;
	error_set_errno(err, "the target was not started: cannot %s", start_step_text[child->step]);
	if (child->step == CHILD_CLOSE && child->error == -ENOSYS)
		error_hint(err, "close_range(2) needs Linux 5.9");
	if (err)
		err->status = CALLGATE_E_UNCONFINED;
	return CALLGATE_E_UNCONFINED;
}

/* The program, where it is found in the root that we have, or where to look in the new one. */
static int start_find_program(struct launch_start *start, struct callgate_error *err)
{
	const struct launch_spec *spec = &start->spec;
	int status;

	if (start->plan.own_root)
		return plan_programs(&start->plan, spec->argv[0], spec->envp, err);
	status = search_program(spec->argv[0], spec->envp, start->folder_fd >= 0 ? start->folder_fd : AT_FDCWD,
				&start->path, err);
	start->child.path = start->path;
	return status;
}

/* Of a limit for each process its exec tells. */
static int start_check_memory(const struct launch_start *start, struct callgate_error *err)
{
	if (!start->plan.group)
		return CALLGATE_OK;
	return limits_check_memory(start->plan.sandbox, start->plan.mount_count, start->spec.argv, start->spec.envp,
				   err);
}

static void start_describe(struct launch_start *start, struct launch_target *target)
{
	target->started_ns = start->child.started_ns;
	if (!start->spec.sandbox)
		return;
	target->enforced = plan_enforced(&start->plan);
	target->degraded = start->plan.degraded;
	target->group = take_ptr(start->plan.group);
	plan_describe_missing(&start->plan, target->weaker, sizeof(target->weaker));
}

/* A dry run's target has ended; what stood around it is still to be told. */
static void start_forget(struct launch_target *target)
{
	struct launch_target told = *target;

	launch_target_fini(target);
	told.pid = told.init = 0;
	told.group = NULL;
	told.init_stack = NULL;
	told.pidfd = told.listener = -1;
	*target = told;
}

/* What launch_begin knew stays as it was. */
static void start_take_spec(struct launch_start *start, struct launch_spec *spec)
{
	struct launch_spec begun = start->spec;

	start->spec = *spec;
	start->spec.sandbox = begun.sandbox;
	start->spec.folder = begun.folder;
	start->spec.new_session = begun.new_session;
	start->spec.die_with_parent = begun.die_with_parent;
	start->spec.no_core = begun.no_core;
	start->spec.hide_launcher = begun.hide_launcher;
	start->spec.gated = begun.gated;
	/* The child wipes the copy. */
	explicit_bzero(&spec->secret, sizeof(spec->secret));
}

int launch_finish(struct launch_start *start_take, struct launch_spec *spec, struct launch_target *ret_target,
		  struct callgate_error *err)
{
	cleanup(start_free_pointer) struct launch_start *start = start_take;
	int status;

	start_take_spec(start, spec);
	status = start_check_memory(start, err);
	if (status == CALLGATE_OK)
		status = start_find_program(start, err);
	if (status == CALLGATE_OK && spec->gated)
		status = start_list_descriptors(start, err);
	if (status == CALLGATE_OK)
		status = start_block_signals(start, err);
	if (status != CALLGATE_OK)
		return status;
	status = spec->want_listener ? cloning_with_listener(start, err) : start_directly(start, err);
	start_unblock_signals(start);
	if (status == CALLGATE_OK)
		status = start_reported(start, err);
	if (status == CALLGATE_OK && !spec->dry_run)
		status = score_set(start->spec.sandbox, start->target.pid, err);
	if (status != CALLGATE_OK)
		return status;
	start_describe(start, &start->target);
	*ret_target = start->target;
	if (spec->dry_run)
		start_forget(ret_target);
	start->target = LAUNCH_TARGET_NONE;
	return CALLGATE_OK;
}

int launch_spawn(struct launch_spec *spec, struct launch_target *ret_target, struct callgate_error *err)
{
	struct launch_start *start = NULL;
	int status = launch_begin(spec, &start, err);

	if (status == CALLGATE_OK)
		return launch_finish(start, spec, ret_target, err);
	start_wipe(spec);
	return status;
}
