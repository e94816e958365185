/*
 * A lower score than ours spares the target at the cost of others, so that the kernel wants a right for it; a higher
 * one anybody may give.
 */
#include "sandbox/score.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool score_own(int *ret_score)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	*ret_score = atoi(text);
	return true;
}

int score_check(const struct callgate_sandbox *sandbox, struct callgate_error *err)
{
	int own, status;

	if (!sandbox->has_oom_score)
		return CALLGATE_OK;
	if (!score_own(&own))
		return fail_errno(err, "cannot read /proc/self/oom_score_adj");
	if (sandbox->oom_score_adj >= own || geteuid() == 0)
		return CALLGATE_OK;
	status =
		fail(err, CALLGATE_E_UNCONFINED, "the target was not started: 'oom-score-adj' %d is less than ours, %d",
		     sandbox->oom_score_adj, own);
	error_hint(err, "only root may spare a program; %d is what anybody may give", own);
	return status;
}

int score_set(const struct callgate_sandbox *sandbox, pid_t pid, struct callgate_error *err)
{
	cleanup_fd int fd = -1;
	char path[64], text[16];
	int length;

	if (!sandbox || !sandbox->has_oom_score)
		return CALLGATE_OK;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	length = snprintf(text, sizeof(text), "%d", sandbox->oom_score_adj);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, (size_t)length) == length)
		return CALLGATE_OK;
	if (errno == ENOENT || errno == ESRCH)
		return CALLGATE_OK;
	return fail_errno(err, "cannot write %s", path);
}
