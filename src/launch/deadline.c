/*
 * See the header for when it looks. What it looks at without a control group is a walk over
 * /proc/PID/task/TID/children, and the kernel's CPU clock of each process.
 */
#include "launch/deadline.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS      UINT64_C(1000000000)
#define NEXT_LOOK_MIN  INT64_C(1000000) /* 1 ms: closer to a limit, looking again is not worth its own time */
#define TREE_DEPTH_MAX 64		/* of processes; what is deeper is not counted */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* What a process's ended children used: cutime and cstime, fields 16 and 17 of /proc/PID/stat, proc_pid_stat(5). */
static uint64_t waited_cpu_ns(pid_t pid)
{
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!file_glance(AT_FDCWD, path, text, sizeof(text)))
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 16; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return 0;
	return (strtoull(at, (char **)&at, 10) + strtoull(at, NULL, 10)) * (SECOND_NS / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* How deep we are, and who of the first children is left out. */
struct tree_walk {
	unsigned depth;
	bool (*spares)(const void *context, pid_t pid);
	const void *context;
};

static uint64_t tree_cpu_ns(pid_t pid, unsigned depth);

/* Of the children of one thread: "123 456 ". */
static uint64_t thread_cpu_ns(int tasks, const char *tid, const struct tree_walk *walk)
{
	char path[64], text[4096];
	uint64_t sum = 0;

	snprintf(path, sizeof(path), "%.20s/children", tid);
	file_glance(tasks, path, text, sizeof(text));
	for (char *at = text; strchr(at, ' '); at = strchr(at, ' ') + 1) {
		pid_t child = (pid_t)strtol(at, NULL, 10);

		if (!walk->spares || !walk->spares(walk->context, child))
			sum += tree_cpu_ns(child, walk->depth + 1);
	}
	return sum;
}

static uint64_t children_cpu_ns(const char *folder, const struct tree_walk *walk)
{
	DIR *tasks = walk->depth < TREE_DEPTH_MAX ? opendir(folder) : NULL;
	uint64_t sum = 0;

	if (!tasks)
		return 0;
	for (struct dirent *task; (task = readdir(tasks));)
		if (task->d_name[0] != '.')
			sum += thread_cpu_ns(dirfd(tasks), task->d_name, walk);
	closedir(tasks);
	return sum;
}

static uint64_t tree_cpu_ns(pid_t pid, unsigned depth)
{
	const struct tree_walk walk = { .depth = depth };
	clockid_t clock;
	char path[64];

	if (clock_getcpuclockid(pid, &clock) != 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return now_ns(clock) + waited_cpu_ns(pid) + children_cpu_ns(path, &walk);
}

uint64_t deadline_tree_cpu_ns(pid_t pid)
{
	return tree_cpu_ns(pid, 0);
}

uint64_t deadline_children_cpu_ns(bool (*spares)(const void *context, pid_t pid), const void *context)
{
	const struct tree_walk walk = { .spares = spares, .context = context };

	return children_cpu_ns("/proc/self/task", &walk);
}

/* The sooner of two waits, of which −1 is none. */
static int64_t sooner(int64_t a, uint64_t b)
{
	int64_t bounded = b < (uint64_t)NEXT_LOOK_MIN ? NEXT_LOOK_MIN : b > INT64_MAX ? INT64_MAX : (int64_t)b;

	return a < 0 || bounded < a ? bounded : a;
}

enum deadline_hit deadline_look(const struct deadline *deadline, uint64_t started_ns, int64_t *ret_next_ns)
{
	int64_t next = -1;

	if (deadline->wall_ns) {
		uint64_t used = now_ns(CLOCK_MONOTONIC) - started_ns;

		if (used >= deadline->wall_ns)
			return DEADLINE_WALL;
		next = sooner(next, deadline->wall_ns - used);
	}
	if (deadline->cpu_ns) {
		long cpus = sysconf(_SC_NPROCESSORS_ONLN);
		uint64_t used = deadline->cpu_used(deadline->used);

		if (used >= deadline->cpu_ns)
			return DEADLINE_CPU;
		next = sooner(next, (deadline->cpu_ns - used) / (uint64_t)(cpus > 0 ? cpus : 1));
	}
	*ret_next_ns = next;
	return DEADLINE_NONE;
}
