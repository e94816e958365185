/*
 * A target's end: the status that a shell would see, and what it cost.
 */
#include "launch/launch.h"

#include "base/error.h"
#include "kernel/pidfd.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t end_microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

uint64_t launch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void launch_end_from_wait(const siginfo_t *info, const struct rusage *usage, uint64_t started_ns,
			  struct launch_end *ret_end)
{
	*ret_end = (struct launch_end){
		.signalled = info->si_code != CLD_EXITED,
		.status = info->si_status,
		.wall_ns = launch_now() - started_ns,
		.user_us = end_microseconds(usage->ru_utime),
		.system_us = end_microseconds(usage->ru_stime),
		.max_rss_kib = (uint64_t)usage->ru_maxrss,
	};
}

int launch_wait(struct launch_target *target, struct launch_end *ret_end, struct callgate_error *err)
{
	siginfo_t info;
	struct rusage usage;

	if (process_wait(P_PIDFD, (id_t)target->pidfd, WEXITED | __WALL, &info, &usage) < 0)
		return fail_errno(err, "cannot wait for the target");
	target->pid = 0;
	launch_end_from_wait(&info, &usage, target->started_ns, ret_end);
	return CALLGATE_OK;
}

void launch_target_fini(struct launch_target *target)
{
	siginfo_t info;

	if (target->pid > 0 && target->pidfd >= 0) {
		pidfd_signal(target->pidfd, SIGKILL);
		process_wait(P_PIDFD, (id_t)target->pidfd, WEXITED | __WALL, &info, NULL);
	}
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
