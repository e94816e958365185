/*
 * A signal to a child of the caller's, and to nobody else: not to a group, not to a grandchild, not to itself. The
 * child is held by a descriptor before it is asked whose it is, so that its number cannot become another's; who may
 * signal whom is judged as kill(2) does, by the target's users and not by ours.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "broker/credentials.h"
#include "broker/proc.h"
#include "broker/work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

enum { CHILD_STATUS_BYTES = 16384 };

static int read_status(int folder, struct credentials *ret_credentials)
{
	char text[CHILD_STATUS_BYTES];

	if (!file_glance(folder, "status", text, sizeof(text)))
		return ESRCH;
	return credentials_parse(text, ret_credentials);
}

static bool may_signal(const struct credentials *sender, const struct credentials *child)
{
	uid_t users[] = { child->real_user, child->saved_user };

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++)
		if (sender->user == users[i] || sender->real_user == users[i])
			return true;
	return sender->capabilities & (UINT64_C(1) << CAP_KILL);
}

static int signal_child(const struct broker_call *work, pid_t pid, int signal)
{
	struct credentials sender, child;
	char path[32];
	cleanup_fd int folder = -1;
	/* Elsewhere a number is another's to the target than to us. */
	int error = proc_shares_namespace(work->target, "pid") ? credentials_read(work->target, &sender) : EPERM;

	if (error)
		return error;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return ESRCH;
	error = read_status(folder, &child);
	if (error)
		return error;
	if (child.parent != sender.process || child.process != pid)
		return EACCES;
	if (!may_signal(&sender, &child))
		return EPERM;
	if (!callgate_notify_is_waiting(work->target))
		return ESRCH;
	return syscall(SYS_pidfd_send_signal, folder, signal, NULL, 0) < 0 ? errno : 0;
}

struct callgate_notify_answer broker_own_children(const struct broker_call *work)
{
	pid_t pid = (pid_t)work->call->args[0];
	int error = pid > 0 ? signal_child(work, pid, (int)work->call->args[1]) : EACCES;

	if (error == EACCES)
		return broker_deny(work, NULL);
	if (error)
		return broker_refuse(error);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE };
}
