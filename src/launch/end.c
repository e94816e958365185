/*
 * A target's end: the status that a shell would see, and what it cost.
 */
#include "launch/launch.h"

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "kernel/pidfd.h"
#include "kernel/tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t end_microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static uint64_t end_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void launch_end_from_status(int status, const struct rusage *usage, uint64_t started_ns, struct launch_end *ret_end)
{
	*ret_end = (struct launch_end){
		.signalled = WIFSIGNALED(status),
		.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		.wall_ns = end_now() - started_ns,
		.user_us = end_microseconds(usage->ru_utime),
		.system_us = end_microseconds(usage->ru_stime),
		.max_rss_kib = (uint64_t)usage->ru_maxrss,
	};
}

/* wait4 of a child that nobody else reaps, lest a number come to mean another process. */
static pid_t end_await(pid_t pid, int *ret_status, struct rusage *ret_usage)
{
	pid_t ended;

	do
		ended = wait4(pid, ret_status, __WALL, ret_usage);
	while (ended < 0 && errno == EINTR);
	return ended;
}

int launch_wait(struct launch_target *target, struct launch_end *ret_end, struct callgate_error *err)
{
	struct rusage usage;
	int status;

	if (end_await(target->pid, &status, &usage) < 0)
		return fail_errno(err, "cannot wait for the target");
	target->pid = 0;
	launch_end_from_status(status, &usage, target->started_ns, ret_end);
	return CALLGATE_OK;
}

/* A child whose end somebody else has seen is no child any more, and its number may be another's. */
static void end_kill(pid_t pid)
{
	siginfo_t info;

	if (process_wait(P_PID, (id_t)pid, WEXITED | WNOHANG | WNOWAIT | __WALL, &info, NULL) == 0)
		kill(pid, SIGKILL);
}

void launch_target_fini(struct launch_target *target)
{
	struct rusage usage;
	int status;

	if (target->init > 0)
		end_kill(target->init);
	if (target->pid > 0) {
		end_kill(target->pid);
		/* A traced one stops once more on its way out. */
		while (end_await(target->pid, &status, &usage) > 0 && WIFSTOPPED(status))
			tracer_continue(target->pid, status);
	}
	/* The first process of a pid namespace ends as the last one. */
	if (target->init > 0)
		end_await(target->init, &status, &usage);
	free(target->init_stack);
	/* Whoever is left in it ends with it. */
	cgroup_free(target->group);
	if (target->pidfd >= 0)
		close(target->pidfd);
	if (target->listener >= 0)
		close(target->listener);
	*target = LAUNCH_TARGET_NONE;
}

int launch_end_status(const struct launch_end *end)
{
	return end->signalled ? 128 + end->status : end->status;
}
