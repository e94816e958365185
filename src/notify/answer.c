/*
 * How an answer reaches a call. To kill is the delicate one: the number of a thread may have become another's, so the
 * process is held by its folder in /proc first, and the call is known to wait after that.
 */
#include "notify/heir.h"

#include "base/error.h"
#include "kernel/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int notify_kill(int listener, uint64_t id, int tid, struct callgate_error *err)
{
	char path[32];
	int folder, status = NOTIFY_GONE;

	/* Whom we cannot see we cannot kill: the call fails. */
	if (tid == 0)
		return notify_respond(listener, id, 0, EPERM, err);
	snprintf(path, sizeof(path), "/proc/%d", tid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (notify_id_is_valid(listener, id) && pidfd_signal(folder, SIGKILL) < 0 && kill(tid, SIGKILL) < 0)
		status = notify_respond(listener, id, 0, EPERM, err);
	if (folder >= 0)
		close(folder);
	return status;
}

int notify_answer(int listener, uint64_t id, int tid, const struct callgate_notify_answer *answer,
		  struct callgate_error *err)
{
	if (answer->kind == CALLGATE_NOTIFY_KILL)
		return notify_kill(listener, id, tid, err);
	if (answer->kind == CALLGATE_NOTIFY_VALUE)
		return notify_respond(listener, id, answer->value, 0, err);
	return notify_respond(listener, id, 0, answer->error > 0 ? answer->error : EPERM, err);
}
