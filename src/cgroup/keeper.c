/*
 * The one place where a group ends, whether its maker asks for it or was killed at any moment. v2 has a file that kills
 * all; without it (v1 alone, before 5.14) forking is forbidden first, then whoever is listed is killed, until nobody
 * is. A folder can be removed only when the last process has left it, which for one that exits takes a moment.
 *
 * It runs between fork and _exit: no allocation, no stdio.
 */
#include "cgroup/keeper.h"

#include "kernel/orphan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long a folder's processes may take to be gone before we give up on it: one that hangs in the kernel for good
 * keeps its folder. */
#define KEEPER_PATIENCE_MS 60000
#define KEEPER_PAUSE_MAX   50 /* milliseconds between two tries */

static bool write_word(int folder, const char *file, const char *word)
{
	int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Kills who is listed. A number that was given anew meanwhile is not hit: a pidfd is of one process, and that one is
 * looked up in the list again. */
static bool lists(int folder, pid_t wanted);

static void kill_listed(int folder, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return;
	if (lists(folder, pid))
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	close(pidfd);
}

/* Walks cgroup.procs: calls kill_listed on each for wanted 0, or looks for one. */
static bool lists(int folder, pid_t wanted)
{
	int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool found = false;
	pid_t pid = 0;
	char text[4096];
	ssize_t got;

	if (fd < 0)
		return false;
	while (!found && (got = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < got && !found; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			found = pid && pid == wanted;
			if (pid && !wanted)
				kill_listed(folder, pid);
			pid = 0;
		}
	close(fd);
	return found;
}

static void empty_folder(const struct cgroup_folder *folder)
{
	int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (folder->is_v2 && write_word(fd, "cgroup.kill", "1")) {
		close(fd);
		return;
	}
	if (folder->holds[CGROUP_PIDS])
		write_word(fd, "pids.max", "0");
	lists(fd, 0);
	close(fd);
}

void cgroup_kill(const struct cgroup *group)
{
	for (size_t i = 0; i < group->folder_count; i++)
		empty_folder(&group->folders[i]);
}

/* Whether nothing of the group is left that could be removed: what is read-only will not be less so a minute later, and
 * says so also of a folder that was never made. */
static bool remove_folders(const struct cgroup *group)
{
	bool gone = true;

	for (size_t i = 0; i < group->folder_count; i++)
		if (rmdir(group->folders[i].path) < 0 && errno != ENOENT && errno != EROFS)
			gone = false;
	return gone;
}

static void keeper_work(const struct orphan *self, void *context)
{
	const struct cgroup *group = context;
	char byte;
	long waited = 0;

	while (orphan_is_told(self) && read(self->socket, &byte, 1) > 0)
		;
	for (long pause = 1; waited < KEEPER_PATIENCE_MS; waited += pause) {
		struct timespec moment = { .tv_nsec = pause * 1000000 };

		cgroup_kill(group);
		if (remove_folders(group))
			return;
		nanosleep(&moment, NULL);
		pause = pause * 2 < KEEPER_PAUSE_MAX ? pause * 2 : KEEPER_PAUSE_MAX;
	}
}

int keeper_start(struct cgroup *group, struct callgate_error *err)
{
	return orphan_start(keeper_work, group, &group->keeper, err);
}
