/*
 * There are few at a time, mostly one: a program comes to its main within milliseconds. So they are looked for one by
 * one, and a thread's process only where somebody is on the way.
 */
#include "observe/mains.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "kernel/tracer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAINS_STATUS_MAX = 65536, MAINS_MAX = 1 << 16 };

struct mains_process {
	pid_t pid;
	struct main_mark mark;
};

void mains_fini(struct mains *mains)
{
	free(mains->processes);
	mains->processes = NULL;
	mains->count = 0;
}

static struct mains_process *mains_find(const struct mains *mains, pid_t pid)
{
	for (size_t i = 0; i < mains->count; i++)
		if (mains->processes[i].pid == pid)
			return &mains->processes[i];
	return NULL;
}

static void mains_add(struct mains *mains, const struct mains_process *process)
{
	struct mains_process *grown =
		mains->count < MAINS_MAX ? realloc(mains->processes, (mains->count + 1) * sizeof(*grown)) : NULL;

	if (!grown)
		return;
	mains->processes = grown;
	grown[mains->count++] = *process;
}

static void mains_remove(struct mains *mains, pid_t pid)
{
	struct mains_process *process = mains_find(mains, pid);

	if (process)
		*process = mains->processes[--mains->count];
}

/* The process that a thread is of, and that one's parent; 0 where it is gone. */
static pid_t process_of(pid_t tid, pid_t *ret_parent)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error ignored;
	const char *group, *parent;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	if (file_read(path, MAINS_STATUS_MAX, &text, &ignored) != CALLGATE_OK)
		return 0;
	group = strstr(buf_text(&text), "\nTgid:");
	parent = strstr(buf_text(&text), "\nPPid:");
	*ret_parent = parent ? (pid_t)strtol(parent + strlen("\nPPid:"), NULL, 10) : 0;
	return group ? (pid_t)strtol(group + strlen("\nTgid:"), NULL, 10) : 0;
}

void mains_executed(struct mains *mains, pid_t pid)
{
	struct mains_process process = { .pid = pid };
	struct callgate_error err = { 0 };

	mains->began = true;
	mains_remove(mains, pid);
	if (main_mark_begin(pid, &process.mark, &err) == CALLGATE_OK)
		mains_add(mains, &process);
	else if (mains->unknown.status == CALLGATE_OK)
		mains->unknown = err;
}

void mains_forked(struct mains *mains, pid_t tid)
{
	pid_t parent = 0, pid = mains->count ? process_of(tid, &parent) : 0;
	const struct mains_process *from = pid == tid ? mains_find(mains, parent) : NULL;
	struct mains_process process;

	if (!from || mains_find(mains, pid))
		return;
	process = *from;
	process.pid = pid;
	mains_add(mains, &process);
}

enum main_mark_step mains_trapped(struct mains *mains, pid_t tid, pid_t *ret_pid)
{
	pid_t parent, pid = mains->count ? process_of(tid, &parent) : 0;
	struct mains_process *process = pid ? mains_find(mains, pid) : NULL;
	struct callgate_error err = { 0 };
	enum main_mark_step step;

	if (!process)
		return MAIN_MARK_NOT_HERE;
	step = main_mark_trapped(tid, &process->mark, &err);
	if (step == MAIN_MARK_UNKNOWN && mains->unknown.status == CALLGATE_OK)
		mains->unknown = err;
	if (step != MAIN_MARK_REACHED && step != MAIN_MARK_UNKNOWN)
		return step;
	mains_remove(mains, pid);
	if (mains->lets_go)
		tracer_interrupt_all(pid);
	*ret_pid = pid;
	return step;
}

bool mains_hold(const struct mains *mains, pid_t tid)
{
	pid_t parent, pid;

	if (!mains->lets_go || !mains->began)
		return true;
	pid = mains->count ? process_of(tid, &parent) : 0;
	return pid && mains_find(mains, pid);
}

void mains_exit(struct mains *mains, pid_t tid)
{
	mains_remove(mains, tid);
}
