/*
 * The processes of a start, in the namespaces of its plan. One that comes second in a pid namespace is cloned by a
 * porter, which has made that namespace and goes.
 *
 * With a listener there is a problem of who fetches it: it is born in the child, dies there at exec (it is
 * close-on-exec), and the child, filtered, can send nothing that the listener would not have to allow first. So there
 * the porter stays, and clones the target with a descriptor table that the two share. exec gives the target a table of
 * its own; the porter, which has no filter, still holds the listener, hands it over to us and stops.
 */
#include "launch/spawn.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/call.h"
#include "kernel/pidfd.h"
#include "launch/handover.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void CHILD_ATTRIBUTES start_child_main(void *argument)
{
	child_main(&((struct launch_start *)argument)->child);
}

static pid_t start_clone_child(struct launch_start *start, uint64_t flags)
{
	struct clone_child child = {
		.flags = flags,
		.main = start_child_main,
		.argument = start,
		.stack = start->child_stack,
		.pidfd = flags & CLONE_PIDFD ? &start->target.pidfd : NULL,
		.number = flags & CLONE_PARENT_SETTID ? &start->target.pid : NULL,
		.tid = flags & CLONE_CHILD_CLEARTID ? &start->tid : NULL,
		.keeps_handlers = &start->child.reset_handlers,
	};

	return clone_start(&child);
}

static void SANDBOX_INIT_ATTRIBUTES start_init_main(void *argument)
{
	sandbox_init_main(&((struct launch_start *)argument)->plan);
}

/* On our memory, which is cheap and safe where nobody in there may look into it: see hide_launcher. */
static pid_t start_init_shared(struct launch_start *start)
{
	bool keeps_handlers;
	struct clone_child init = {
		.flags = CLONE_PARENT,
		.main = start_init_main,
		.argument = start,
		.stack = start->target.init_stack,
		.keeps_handlers = &keeps_handlers,
	};

	return clone_start(&init);
}

/* Else as a copy of ours, made so that nobody may look into that. */
static pid_t start_init_copy(struct launch_start *start)
{
	long was_dumpable = KERNEL_CALL(SYS_prctl, PR_GET_DUMPABLE);
	long pid;

	KERNEL_CALL(SYS_prctl, PR_SET_DUMPABLE, 0);
	pid = KERNEL_CALL(SYS_clone, CLONE_PARENT);
	if (pid == 0)
		sandbox_init_main(&start->plan);
	if (was_dumpable == 1)
		KERNEL_CALL(SYS_prctl, PR_SET_DUMPABLE, 1);
	return (pid_t)pid;
}

/* A pid namespace for the target, and its first process where that is not the target. */
static long start_pid_namespace(struct launch_start *start)
{
	long result;

	if (!(start->plan.namespaces & CLONE_NEWPID))
		return 0;
	result = KERNEL_CALL(SYS_unshare, CLONE_NEWPID);
	if (result < 0 || !start->plan.has_init)
		return result;
	start->plan.init_shares = start->target.init_stack != NULL;
	result = start->plan.init_shares ? start_init_shared(start) : start_init_copy(start);
	if (result > 0)
		start->target.init = (pid_t)result;
	return result < 0 ? result : 0;
}

/* The first process must not be left outside of the network, which is the greater part of what there is to make: it
 * makes that, or it is made here. */
static long porter_namespaces(struct launch_start *start)
{
	long result;

	if (!start->child.plan)
		return 0;
	start->plan.init_connects =
		start->plan.has_init && start->target.init_stack && start->plan.namespaces & CLONE_NEWNET;
	result = sandbox_own_namespaces(&start->plan);
	if (result < 0) {
		start->child.step = CHILD_ENTER;
		start->child.error = (int)result;
		return result;
	}
	sandbox_await_maps(&start->plan);
	return start_pid_namespace(start);
}

/* The porter. With a listener it stays, and vfork's wait ends when the target has executed its program or is dead. */
static void CHILD_ATTRIBUTES __attribute__((noreturn)) start_porter_main(void *argument)
{
	struct launch_start *start = argument;
	bool stays = start->spec.want_listener, traces = stays && start->spec.trace;
	long pid = -ESRCH;

	if (KERNEL_CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0 && KERNEL_CALL(SYS_getppid) == start->child.parent) {
		pid = porter_namespaces(start);
		if (pid == 0)
			pid = start_clone_child(start, CLONE_PARENT | (stays ? CLONE_VFORK | CLONE_FILES : 0) |
							       (stays && !traces ? 0 : CLONE_CHILD_CLEARTID) |
							       (traces ? CLONE_PARENT_SETTID : 0));
	}
	start->target.pid = (pid_t)pid;
	if (start->child.listener >= 0)
		handover_give(start->handover[1], start->child.listener);
	if (stays)
		KERNEL_CALL(SYS_kill, KERNEL_CALL(SYS_getpid), SIGSTOP);
	for (;;)
		KERNEL_CALL(SYS_exit_group, 0);
}

void cloning_end(struct launch_start *start)
{
	siginfo_t info;

	if (start->porter_pidfd < 0)
		return;
	/* One that has its maps soon goes by itself, and only then is it sure that we know of all that it cloned. */
	if (start->spec.want_listener || !start->plan.maps_written)
		pidfd_signal(start->porter_pidfd, SIGKILL);
	process_wait(P_PIDFD, (id_t)start->porter_pidfd, WEXITED | __WALL, &info, NULL);
	close(start->porter_pidfd);
	start->porter_pidfd = -1;
}

/* Clones in the namespaces of the plan, and once more without those that cannot be had and may be missing. */
static int start_clone(struct launch_start *start, pid_t (*clone_it)(struct launch_start *start),
		       struct callgate_error *err)
{
	pid_t pid = clone_it(start);
	int status;

	if (pid < 0 && start->plan.namespaces) {
		status = plan_without_missing(&start->plan, pid, err);
		if (status != CALLGATE_OK)
			return status;
		pid = clone_it(start);
	}
	if (pid < 0) {
		errno = -pid;
		return fail_errno(err, "cannot start a process");
	}
	return start->plan.namespaces & CLONE_NEWUSER ? plan_write_maps(&start->plan, pid, err) : CALLGATE_OK;
}

static pid_t start_clone_porter(struct launch_start *start)
{
	struct clone_child porter = {
		.flags = CLONE_PIDFD | (plan_clone_flags(&start->plan) & ~(uint64_t)CLONE_NEWPID),
		.main = start_porter_main,
		.argument = start,
		.stack = start->porter_stack,
		.pidfd = &start->porter_pidfd,
		.keeps_handlers = &start->porter_keeps_handlers,
	};

	return clone_start(&porter);
}

static pid_t start_clone_target(struct launch_start *start)
{
	start->target.pid =
		start_clone_child(start, CLONE_PIDFD | CLONE_CHILD_CLEARTID | plan_clone_flags(&start->plan));
	return start->target.pid;
}

/* What the first process of a pid namespace runs on until it ends. */
static int start_init_stack(struct launch_start *start, struct callgate_error *err)
{
	if (!start->spec.hide_launcher)
		return CALLGATE_OK;
	start->target.init_stack = malloc(CLONE_STACK_SIZE);
	return start->target.init_stack ? CALLGATE_OK : fail_nomem(err);
}

int cloning_start(struct launch_start *start, struct callgate_error *err)
{
	int status;

	start->tid = 1;
	if (!start->plan.has_init)
		return start_clone(start, start_clone_target, err);
	status = start_init_stack(start, err);
	return status == CALLGATE_OK ? start_clone(start, start_clone_porter, err) : status;
}

int cloning_settle(struct launch_start *start, struct callgate_error *err)
{
	siginfo_t info;

	if (start->porter_pidfd < 0)
		return CALLGATE_OK;
	/* Whoever waits for all children may have seen its end. */
	if (process_wait(P_PIDFD, (id_t)start->porter_pidfd, WEXITED | __WALL, &info, NULL) < 0 && errno != ECHILD)
		return fail_errno(err, "cannot wait for the porter");
	close(take_fd(start->porter_pidfd));
	if (start->child.error && start->target.pid <= 0) {
		start->target.pid = 0;
		return CALLGATE_OK;
	}
	if (start->target.pid <= 0) {
		errno = start->target.pid < 0 ? -start->target.pid : ESRCH;
		start->target.pid = 0;
		/* Without its first process a namespace takes no other. */
		if (start->plan.init_error)
			return plan_init_failure(&start->plan, err);
		return fail_errno(err, "cannot start a process in a pid namespace");
	}
	return pidfd_of(start->target.pid, &start->target.pidfd, err);
}

/* Whether the porter stands still or has ended: then nothing more comes from it. */
static bool porter_is_done(const struct launch_start *start, bool waits)
{
	siginfo_t info = { 0 };
	int options = WSTOPPED | WEXITED | WNOWAIT | __WALL | (waits ? 0 : WNOHANG);

	return process_wait(P_PIDFD, (id_t)start->porter_pidfd, options, &info, NULL) < 0 || info.si_pid != 0;
}

bool cloning_is_settled(struct launch_start *start)
{
	if (start->porter_pidfd >= 0 && porter_is_done(start, false))
		(void)cloning_settle(start, NULL);
	return start->porter_pidfd < 0;
}

/* The porter's child waits for its tracer; then it goes on as one that we cloned ourselves. */
static int porter_trace(struct launch_start *start, struct callgate_error *err)
{
	const struct timespec patience = { .tv_nsec = 10 * 1000 * 1000 };
	int status;

	while (__atomic_load_n(&start->child.arrived, __ATOMIC_ACQUIRE) == 0) {
		if (porter_is_done(start, false))
			return CALLGATE_OK;
		KERNEL_CALL(SYS_futex, &start->child.arrived, FUTEX_WAIT, 0, &patience);
	}
	status = start_trace(start, err);
	if (status == CALLGATE_OK && start->target.traced && !start_await_exec_traced(start) && start->child.error == 0)
		return start_fail_ended(start, err);
	return status;
}

int cloning_with_listener(struct launch_start *start, struct callgate_error *err)
{
	bool traces = start->spec.trace;
	int status;

	start->tid = traces ? 1 : 0;
	if (!traces)
		start_let_go(start);
	status = start_clone(start, start_clone_porter, err);
	if (status == CALLGATE_OK && traces)
		status = porter_trace(start, err);
	if (status != CALLGATE_OK)
		return status;
	if (!porter_is_done(start, true) || start->target.pid <= 0) {
		errno = start->target.pid < 0 ? -start->target.pid : ESRCH;
		start->target.pid = 0;
		return start->child.error ? CALLGATE_OK : fail_errno(err, "cannot start a process");
	}
	status = pidfd_of(start->target.pid, &start->target.pidfd, err);
	if (status == CALLGATE_OK && start->child.listener >= 0 && start->child.error == 0)
		status = handover_take(start->handover[0], &start->target.listener, err);
	return status;
}
