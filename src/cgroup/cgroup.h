/*
 * cgroup/cgroup.h - a control group of ours: limits on a tree of processes, what it used, and its end
 *
 * A group is one folder in each hierarchy that is needed. Where v2 is mounted there is always one in it, whatever holds
 * the controllers: it counts CPU time and ends all its processes at one word.
 *
 *	cleanup(cgroup_freep) struct cgroup *group = NULL;
 *	struct cgroup_limits limits = { .memory_bytes = 256 << 20, .pids = 64 };
 *
 *	if (cgroup_new(&limits, &group, err) == CALLGATE_OK)
 *		… the child, before anything else: cgroup_enter(group->procs, group->procs_count) …
 *
 * A keeper (kernel/orphan.h) empties and removes the group when it is freed, and when we are killed before.
 */
#ifndef CALLGATE_CGROUP_CGROUP_H
#define CALLGATE_CGROUP_CGROUP_H

#include "cgroup/tree.h"

#include <callgate/error.h>

#include <stddef.h>
#include <stdint.h>

struct cgroup_limits {
	uint64_t memory_bytes; /* with swap, caches and what the kernel holds for it; 0: no limit */
	uint64_t pids;	       /* processes and threads at once; 0: no limit */
	uint64_t cpu_milli;    /* thousandths of one CPU, 10 or more; 0: no limit */
	const char *cpuset;    /* the CPUs that it may use, "0-2,5"; NULL: ours */
};

/* What a group's processes used since it was made; what the machine does not count is CGROUP_UNKNOWN. */
#define CGROUP_UNKNOWN UINT64_MAX

struct cgroup_usage {
	uint64_t memory_peak_bytes;
	uint64_t pids_peak;
	uint64_t cpu_user_us;
	uint64_t cpu_system_us;
	uint64_t throttled_us; /* how long it could have run and was held back by cpu_milli */
	uint64_t oom_kills;    /* processes that were ended for memory_bytes */
	uint64_t pids_refused; /* forks that were refused for pids */
};

/* One of its folders. */
struct cgroup_folder {
	const char *path;
	bool is_v2;
	bool holds[CGROUP_CONTROLLERS];
	int fd; /* of the folder; −1 while it was not made */
};

/* v1 knows at most one hierarchy a controller, and v2's comes beside them. */
#define CGROUP_FOLDERS_MAX (CGROUP_CONTROLLERS + 1)

struct cgroup {
	struct arena arena;
	struct cgroup_folder folders[CGROUP_FOLDERS_MAX];
	size_t folder_count;
	int procs[CGROUP_FOLDERS_MAX]; /* cgroup.procs of each, open for writing */
	size_t procs_count;
	int keeper; /* its socket; −1 when there is none */
};

/*
 * Makes an empty group with these limits. *ret_group is the caller's, for cgroup_free. Fails with E_UNCONFINED (a
 * controller is nowhere to be had, or we may not make a group: the hint says how to), E_INVALID (a limit that the
 * kernel does not take), E_OS and E_NOMEM; nothing is left then.
 */
int cgroup_new(const struct cgroup_limits *limits, struct cgroup **ret_group, struct callgate_error *err);

/* The same in a tree that was read before. */
int cgroup_new_in(const struct cgroup_tree *tree, const struct cgroup_limits *limits, struct cgroup **ret_group,
		  struct callgate_error *err);

/* Moves the calling process into a group by its procs; −1 with errno. Async-signal-safe. */
int cgroup_enter(const int *procs, size_t count);

/* What nobody counted. */
struct cgroup_usage cgroup_usage_unknown(void);

/* What it used. */
struct cgroup_usage cgroup_read_usage(const struct cgroup *group);

/* Sends SIGKILL to every process of the group, those that are being forked included. Where only v1 is there, one that
 * is forked meanwhile may be missed, and no further fork passes. */
void cgroup_kill(const struct cgroup *group);

/* Ends every process of the group with SIGKILL, those that are being forked included, waits until none is left and
 * removes it. NULL is allowed. */
void cgroup_free(struct cgroup *group);
void cgroup_freep(struct cgroup **group);

#endif
