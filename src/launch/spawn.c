/*
 * The parent's part of a launch: find the program, clone, wait until the child has executed it or says why not.
 *
 * With a listener there is a problem of who fetches it: it is born in the child, dies there at exec (it is
 * close-on-exec), and the child, filtered, can send nothing that the listener would not have to allow first. So a
 * third process, the porter, clones the target with a descriptor table that the two share. exec gives the target a
 * table of its own; the porter, which has no filter, still holds the listener, hands it over to us and stops.
 */
#include "launch/launch.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/call.h"
#include "kernel/load.h"
#include "kernel/pidfd.h"
#include "kernel/tracer.h"
#include "launch/child.h"
#include "launch/clone.h"
#include "launch/descriptors.h"
#include "launch/handover.h"
#include "launch/search.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_SIGSET_SIZE 8

/* Everything of one launch; two processes and their stacks look at it. */
struct spawn {
	struct child child;
	struct launch_target target;
	pid_t tid;	  /* not 0 while the child uses our memory */
	int porter_pidfd; /* −1: the child is cloned by us */
	int handover[2];  /* our end and the porter's; −1 without one */
	bool porter_keeps_handlers;
	uint64_t old_mask;	  /* signals that the caller blocks */
	uint64_t mask;		  /* signals that the target is to block */
	struct sandbox_plan plan; /* with spec->sandbox */
	char *path;
	int folder_fd;
	int *open_fds;
	char *child_stack; /* CLONE_STACK_SIZE bytes each, aligned to 16 */
	char *porter_stack;
};

static const char *const spawn_step_text[CHILD_STEP_COUNT] = {
	[CHILD_SIGNALS] = "reset the signal handlers",
	[CHILD_DEATH_SIGNAL] = "have the target end with its parent",
	[CHILD_SESSION] = "start a new session",
	[CHILD_CORE_LIMIT] = "forbid core files",
	[CHILD_FOLDER] = "enter the folder",
	[CHILD_KEEP] = "keep a descriptor that was asked for",
	[CHILD_CLOSE] = "close the other descriptors",
	[CHILD_MASK] = "set the signal mask",
	[CHILD_NO_NEW_PRIVS] = "set no_new_privs",
	[CHILD_AWAIT_TRACER] = "wait for the tracer",
	[CHILD_HIDE_LAUNCHER] = "hide the launcher's memory",
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

/* The folder and the program, where both are found in the root that we have. */
static int spawn_find(struct spawn *spawn, struct callgate_error *err)
{
	const struct launch_spec *spec = spawn->child.spec;

	if (spec->folder) {
		spawn->folder_fd = open(spec->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (spawn->folder_fd < 0)
			return fail_errno(err, "cannot enter the folder '%s'", spec->folder);
	}
	return search_program(spec->argv[0], spec->envp, spec->folder ? spawn->folder_fd : AT_FDCWD, &spawn->path, err);
}

/* What stays open in the child: the porter's end too, since the two have one table. It is close-on-exec. */
static int spawn_list_descriptors(struct spawn *spawn, struct callgate_error *err)
{
	const struct launch_spec *spec = spawn->child.spec;
	size_t count = spec->keep_fd_count;
	cleanup_free int *keep = calloc(count + 1, sizeof(*keep));
	int status = CALLGATE_OK;

	if (!keep)
		return fail_nomem(err);
	if (count)
		memcpy(keep, spec->keep_fds, count * sizeof(*keep));
	if (spec->want_listener)
		status = handover_open(spawn->handover, err);
	if (spec->want_listener)
		keep[count++] = spawn->handover[1];
	if (status == CALLGATE_OK)
		status = descriptors_list(keep, count, &spawn->open_fds, &spawn->child.open_fd_count, err);
	return status;
}

static int spawn_prepare(struct spawn *spawn, struct callgate_error *err)
{
	const struct launch_spec *spec = spawn->child.spec;
	int status = CALLGATE_OK;

	if (spec->sandbox) {
		spawn->child.plan = &spawn->plan;
		status = plan_make(&spawn->plan, spec->sandbox, spec->argv[0], spec->envp, spec->folder, err);
	}
	if (status == CALLGATE_OK && !spawn->plan.own_root)
		status = spawn_find(spawn, err);
	if (status == CALLGATE_OK)
		status = spawn_list_descriptors(spawn, err);
	spawn->child.open_fds = spawn->open_fds;
	spawn->child.path = spawn->path;
	spawn->child.folder_fd = spawn->folder_fd;
	spawn->child.parent = getpid();
	spawn->child.mask = &spawn->mask;
	spawn->child.listener = -1;
	return status;
}

static void spawn_child_main(void *argument)
{
	child_main(&((struct spawn *)argument)->child);
}

static pid_t spawn_clone_child(struct spawn *spawn, uint64_t flags)
{
	struct clone_child child = {
		.flags = flags,
		.main = spawn_child_main,
		.argument = spawn,
		.stack = spawn->child_stack,
		.pidfd = flags & CLONE_PIDFD ? &spawn->target.pidfd : NULL,
		.number = flags & CLONE_PARENT_SETTID ? &spawn->target.pid : NULL,
		.tid = flags & CLONE_CHILD_CLEARTID ? &spawn->tid : NULL,
		.keeps_handlers = &spawn->child.reset_handlers,
	};

	return clone_start(&child);
}

static void SANDBOX_INIT_ATTRIBUTES spawn_init_main(void *argument)
{
	sandbox_init_main(&((struct spawn *)argument)->plan);
}

/* On our memory, which is cheap and safe where nobody in there may look into it: see hide_launcher. */
static pid_t spawn_init_shared(struct spawn *spawn)
{
	bool keeps_handlers;
	struct clone_child init = {
		.flags = CLONE_PARENT,
		.main = spawn_init_main,
		.argument = spawn,
		.stack = spawn->target.init_stack,
		.keeps_handlers = &keeps_handlers,
	};

	return clone_start(&init);
}

/* Else as a copy of ours, made so that nobody may look into that. */
static pid_t spawn_init_copy(struct spawn *spawn)
{
	long was_dumpable = KERNEL_CALL(SYS_prctl, PR_GET_DUMPABLE);
	long pid;

	KERNEL_CALL(SYS_prctl, PR_SET_DUMPABLE, 0);
	pid = KERNEL_CALL(SYS_clone, CLONE_PARENT);
	if (pid == 0)
		sandbox_init_main(&spawn->plan);
	if (was_dumpable == 1)
		KERNEL_CALL(SYS_prctl, PR_SET_DUMPABLE, 1);
	return (pid_t)pid;
}

/* A pid namespace for the target, and its first process where that is not the target. */
static long spawn_pid_namespace(struct spawn *spawn)
{
	long result;

	if (!(spawn->plan.namespaces & CLONE_NEWPID))
		return 0;
	result = KERNEL_CALL(SYS_unshare, CLONE_NEWPID);
	if (result < 0 || !spawn->plan.has_init)
		return result;
	spawn->plan.init_shares = spawn->target.init_stack != NULL;
	result = spawn->plan.init_shares ? spawn_init_shared(spawn) : spawn_init_copy(spawn);
	if (result > 0)
		spawn->target.init = (pid_t)result;
	return result < 0 ? result : 0;
}

/* The porter. With a listener it stays, and vfork's wait ends when the target has executed its program or is dead. */
static void __attribute__((noreturn)) spawn_porter_main(void *argument)
{
	struct spawn *spawn = argument;
	bool stays = spawn->child.spec->want_listener, traces = stays && spawn->child.spec->trace;
	long pid = -ESRCH;

	if (KERNEL_CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0 && KERNEL_CALL(SYS_getppid) == spawn->child.parent) {
		if (spawn->child.plan)
			sandbox_await_maps(spawn->child.plan);
		pid = spawn_pid_namespace(spawn);
		if (pid == 0)
			pid = spawn_clone_child(spawn, CLONE_PARENT | (stays ? CLONE_VFORK | CLONE_FILES : 0) |
							       (stays && !traces ? 0 : CLONE_CHILD_CLEARTID) |
							       (traces ? CLONE_PARENT_SETTID : 0));
	}
	spawn->target.pid = (pid_t)pid;
	if (spawn->child.listener >= 0)
		handover_give(spawn->handover[1], spawn->child.listener);
	if (stays)
		KERNEL_CALL(SYS_kill, KERNEL_CALL(SYS_getpid), SIGSTOP);
	for (;;)
		KERNEL_CALL(SYS_exit_group, 0);
}

static void spawn_porter_end(struct spawn *spawn)
{
	siginfo_t info;

	if (spawn->porter_pidfd < 0)
		return;
	pidfd_signal(spawn->porter_pidfd, SIGKILL);
	process_wait(P_PIDFD, (id_t)spawn->porter_pidfd, WEXITED | __WALL, &info, NULL);
	close(spawn->porter_pidfd);
	spawn->porter_pidfd = -1;
}

/* Clones in the namespaces of the plan, and once more without those that cannot be had and may be missing. */
static int spawn_clone(struct spawn *spawn, pid_t (*clone_it)(struct spawn *spawn), pid_t *ret_pid,
		       struct callgate_error *err)
{
	pid_t pid = clone_it(spawn);
	int status;

	if (pid < 0 && spawn->plan.namespaces) {
		status = plan_without_missing(&spawn->plan, pid, err);
		if (status != CALLGATE_OK)
			return status;
		pid = clone_it(spawn);
	}
	if (pid < 0) {
		errno = -pid;
		return fail_errno(err, "cannot start a process");
	}
	*ret_pid = pid;
	return spawn->plan.namespaces & CLONE_NEWUSER ? plan_write_maps(&spawn->plan, pid, err) : CALLGATE_OK;
}

static pid_t spawn_clone_porter(struct spawn *spawn)
{
	struct clone_child porter = {
		.flags = CLONE_PIDFD | (plan_clone_flags(&spawn->plan) & ~(uint64_t)CLONE_NEWPID),
		.main = spawn_porter_main,
		.argument = spawn,
		.stack = spawn->porter_stack,
		.pidfd = &spawn->porter_pidfd,
		.keeps_handlers = &spawn->porter_keeps_handlers,
	};

	return clone_start(&porter);
}

/* Waits until the child has given our memory up: it has executed its program or is dead. */
static void spawn_await_exec(struct spawn *spawn)
{
	pid_t tid;

	while ((tid = __atomic_load_n(&spawn->tid, __ATOMIC_ACQUIRE)) != 0)
		KERNEL_CALL(SYS_futex, &spawn->tid, FUTEX_WAIT, tid, 0);
}

/*
 * The same for a traced child. A stop for the tracer at each exec would cost two changes of process, so only the
 * memory is waited for; a child that stops or dies before, which is rare, is found when our patience ends. False when
 * it ended without executing anything.
 */
static bool spawn_await_exec_traced(struct spawn *spawn)
{
	const struct timespec patience = { .tv_nsec = 10 * 1000 * 1000 };
	pid_t tid;

	while ((tid = __atomic_load_n(&spawn->tid, __ATOMIC_ACQUIRE)) != 0) {
		siginfo_t info;
		int status;

		if (KERNEL_CALL(SYS_futex, &spawn->tid, FUTEX_WAIT, tid, &patience) != -ETIMEDOUT)
			continue;
		if (process_wait(P_PID, (id_t)spawn->target.pid, WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL, &info,
				 NULL) < 0)
			return false;
		/* One that stands still cannot execute anything meanwhile; if it has, its stop is not ours to take. */
		if (info.si_pid == 0 || __atomic_load_n(&spawn->tid, __ATOMIC_ACQUIRE) == 0)
			continue;
		if (waitpid(spawn->target.pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return false;
		tracer_continue(spawn->target.pid, status);
		if (tracer_event(status) == TRACER_EXIT)
			return false;
	}
	return true;
}

/*
 * Tracing must not be what a launch fails of: without it a refusal is only told as SIGSYS. But where the filter leaves
 * calls to the tracer, nothing may run without one.
 */
static int spawn_trace(struct spawn *spawn, struct callgate_error *err)
{
	const struct launch_spec *spec = spawn->child.spec;
	unsigned wishes = (spec->trace_calls ? TRACER_WISH_CALLS : 0) | (spec->trace_execs ? TRACER_WISH_EXECS : 0);

	spawn->target.traced = tracer_seize(spawn->target.pid, wishes) == 0;
	if (!spawn->target.traced && spec->trace_calls) {
		int status = fail(err, CALLGATE_E_UNSUPPORTED, "this process may not trace the target");

		error_hint(err, "an outer sandbox or a tracer forbids it: record outside of it");
		return status;
	}
	__atomic_store_n(&spawn->child.go, 1, __ATOMIC_RELEASE);
	KERNEL_CALL(SYS_futex, &spawn->child.go, FUTEX_WAKE, 1);
	return CALLGATE_OK;
}

static pid_t spawn_clone_target(struct spawn *spawn)
{
	spawn->target.pid =
		spawn_clone_child(spawn, CLONE_PIDFD | CLONE_CHILD_CLEARTID | plan_clone_flags(&spawn->plan));
	return spawn->target.pid;
}

/* What the first process of a pid namespace runs on until it ends. */
static int spawn_init_stack(struct spawn *spawn, struct callgate_error *err)
{
	if (!spawn->child.spec->hide_launcher)
		return CALLGATE_OK;
	spawn->target.init_stack = malloc(CLONE_STACK_SIZE);
	return spawn->target.init_stack ? CALLGATE_OK : fail_nomem(err);
}

/* By a porter that goes at once: the target's number is known when it has. */
static int spawn_in_pid_namespace(struct spawn *spawn, struct callgate_error *err)
{
	siginfo_t info;
	pid_t porter;
	int status = spawn_init_stack(spawn, err);

	if (status == CALLGATE_OK)
		status = spawn_clone(spawn, spawn_clone_porter, &porter, err);
	if (status != CALLGATE_OK)
		return status;
	if (process_wait(P_PIDFD, (id_t)spawn->porter_pidfd, WEXITED | __WALL, &info, NULL) < 0)
		return fail_errno(err, "cannot wait for the porter");
	close(take_fd(spawn->porter_pidfd));
	if (spawn->target.pid <= 0) {
		errno = spawn->target.pid < 0 ? -spawn->target.pid : ESRCH;
		spawn->target.pid = 0;
		return fail_errno(err, "cannot start a process in a pid namespace");
	}
	return pidfd_of(spawn->target.pid, &spawn->target.pidfd, err);
}

/* Whether the porter stands still or has ended: then nothing more comes from it. */
static bool spawn_porter_is_done(const struct spawn *spawn, bool waits)
{
	siginfo_t info = { 0 };
	int options = WSTOPPED | WEXITED | WNOWAIT | __WALL | (waits ? 0 : WNOHANG);

	return process_wait(P_PIDFD, (id_t)spawn->porter_pidfd, options, &info, NULL) < 0 || info.si_pid != 0;
}

/* The porter's child waits for its tracer; then it goes on as one that we cloned ourselves. */
static int spawn_trace_through_porter(struct spawn *spawn, struct callgate_error *err)
{
	const struct timespec patience = { .tv_nsec = 10 * 1000 * 1000 };
	int status;

	while (__atomic_load_n(&spawn->child.arrived, __ATOMIC_ACQUIRE) == 0) {
		if (spawn_porter_is_done(spawn, false))
			return CALLGATE_OK;
		KERNEL_CALL(SYS_futex, &spawn->child.arrived, FUTEX_WAIT, 0, &patience);
	}
	status = spawn_trace(spawn, err);
	if (status == CALLGATE_OK && spawn->target.traced && !spawn_await_exec_traced(spawn) && spawn->child.error == 0)
		return fail(err, CALLGATE_E_UNCONFINED, "the target was ended before its program was executed");
	return status;
}

/* Starts the porter, and comes back when the target has been executed or failed. */
static int spawn_through_porter(struct spawn *spawn, struct callgate_error *err)
{
	bool traces = spawn->child.spec->trace;
	pid_t pid;
	int status;

	spawn->tid = traces ? 1 : 0;
	status = spawn_clone(spawn, spawn_clone_porter, &pid, err);
	if (status == CALLGATE_OK && traces)
		status = spawn_trace_through_porter(spawn, err);
	if (status != CALLGATE_OK)
		return status;
	if (!spawn_porter_is_done(spawn, true) || spawn->target.pid <= 0) {
		errno = spawn->target.pid < 0 ? -spawn->target.pid : ESRCH;
		spawn->target.pid = 0;
		return fail_errno(err, "cannot start a process");
	}
	status = pidfd_of(spawn->target.pid, &spawn->target.pidfd, err);
	if (status == CALLGATE_OK && spawn->child.listener >= 0 && spawn->child.error == 0)
		status = handover_take(spawn->handover[0], &spawn->target.listener, err);
	return status;
}

static int spawn_directly(struct spawn *spawn, struct callgate_error *err)
{
	pid_t pid;
	int status;

	spawn->tid = 1;
	status = spawn->plan.has_init ? spawn_in_pid_namespace(spawn, err)
				      : spawn_clone(spawn, spawn_clone_target, &pid, err);
	if (status != CALLGATE_OK)
		return status;
	status = spawn->child.spec->trace ? spawn_trace(spawn, err) : CALLGATE_OK;
	if (status != CALLGATE_OK)
		return status;
	if (!spawn->target.traced)
		spawn_await_exec(spawn);
	else if (!spawn_await_exec_traced(spawn) && spawn->child.error == 0)
		return fail(err, CALLGATE_E_UNCONFINED, "the target was ended before its program was executed");
	return CALLGATE_OK;
}

/* What the child reported, as an error. */
static int spawn_reported(const struct spawn *spawn, struct callgate_error *err)
{
	const struct child *child = &spawn->child;
	int status = CALLGATE_E_UNCONFINED;

	if (child->error == 0 && child->step == CHILD_EXEC)
		return CALLGATE_OK;
	if (child->error == 0)
		return fail(err, CALLGATE_E_UNCONFINED, "the target was ended before its program was executed");
	if (child->step == CHILD_EXEC && child->error == -ECANCELED)
		return CALLGATE_OK;
	if (child->step == CHILD_IDENTITY || child->step == CHILD_ENTER || child->step == CHILD_CONFINE)
		return plan_failure(child->plan, child->spec->argv[0], child->error, err);
	if (child->step == CHILD_FILTER)
		return kernel_filter_load_error(child->error, child->spec->insn_count, child->spec->filter_flags, err);
	errno = -child->error;
	if (child->step == CHILD_EXEC) {
		error_set_errno(err, "cannot execute '%s'", spawn->path ? spawn->path : spawn->plan.program);
		status = CALLGATE_E_NOT_EXECUTABLE;
		if (child->error == -ENOEXEC)
			error_hint(err, "a script needs a first line such as #!/bin/sh");
		if (child->error == -ENOENT)
			error_hint(err, "the file is there: the interpreter that it names is not");
	} else {
		error_set_errno(err, "the target was not started: cannot %s", spawn_step_text[child->step]);
		if (child->step == CHILD_CLOSE && child->error == -ENOSYS)
			error_hint(err, "close_range(2) needs Linux 5.9");
	}
	if (err)
		err->status = status;
	return status;
}

static void spawn_fini(struct spawn *spawn)
{
	spawn_porter_end(spawn);
	launch_target_fini(&spawn->target);
	plan_fini(&spawn->plan);
	for (int i = 0; i < 2; i++)
		if (spawn->handover[i] >= 0)
			close(spawn->handover[i]);
	if (spawn->folder_fd >= 0)
		close(spawn->folder_fd);
	free(spawn->path);
	free(spawn->open_fds);
	explicit_bzero(&spawn->child.spec->secret, sizeof(spawn->child.spec->secret));
	if (spawn->child.spec->insns)
		explicit_bzero(spawn->child.spec->insns,
			       spawn->child.spec->insn_count * sizeof(*spawn->child.spec->insns));
}

/* With all signals blocked, since until it has a table of its own the child would run our handlers. */
static int spawn_start(struct spawn *spawn, struct callgate_error *err)
{
	const struct launch_spec *spec = spawn->child.spec;
	uint64_t all = UINT64_MAX;
	int status;

	KERNEL_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, &spawn->old_mask, KERNEL_SIGSET_SIZE);
	/* libc's sigset begins with the kernel's. */
	memcpy(&spawn->mask, spec->signal_mask ? (const void *)spec->signal_mask : &spawn->old_mask,
	       sizeof(spawn->mask));
	status = spec->want_listener ? spawn_through_porter(spawn, err) : spawn_directly(spawn, err);
	KERNEL_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &spawn->old_mask, 0, KERNEL_SIGSET_SIZE);
	return status == CALLGATE_OK ? spawn_reported(spawn, err) : status;
}

/* A dry run's target has ended; what stood around it is still to be told. */
static void spawn_forget(struct launch_target *target)
{
	struct launch_target told = *target;

	launch_target_fini(target);
	told.pid = told.init = 0;
	told.group = NULL;
	told.init_stack = NULL;
	told.pidfd = told.listener = -1;
	*target = told;
}

int launch_spawn(struct launch_spec *spec, struct launch_target *ret_target, struct callgate_error *err)
{
	/* Not part of what is zeroed: pages that nobody touches cost nothing. */
	_Alignas(16) char stacks[2][CLONE_STACK_SIZE];
	cleanup(spawn_fini) struct spawn spawn = {
		.child = { .spec = spec },
		.child_stack = stacks[0],
		.porter_stack = stacks[1],
		.target = LAUNCH_TARGET_NONE,
		.porter_pidfd = -1,
		.handover = { -1, -1 },
		.folder_fd = -1,
		.plan = { .launcher = -1 },
	};
	int status = spawn_prepare(&spawn, err);

	if (status == CALLGATE_OK)
		status = spawn_start(&spawn, err);
	if (status != CALLGATE_OK)
		return status;
	spawn.target.started_ns = spawn.child.started_ns;
	if (spec->sandbox) {
		spawn.target.enforced = plan_enforced(&spawn.plan);
		spawn.target.degraded = spawn.plan.degraded;
		spawn.target.group = take_ptr(spawn.plan.group);
		plan_describe_missing(&spawn.plan, spawn.target.weaker, sizeof(spawn.target.weaker));
	}
	*ret_target = spawn.target;
	if (spec->dry_run)
		spawn_forget(ret_target);
	spawn.target = LAUNCH_TARGET_NONE;
	return CALLGATE_OK;
}
