/*
 * cgroup/tree.h - where on this machine a control group of ours may be made
 *
 * Linux has one hierarchy of control groups (v2), a hierarchy for each controller (v1), or both at once (hybrid: what
 * v1 holds, v2 lacks). A group of ours is a folder below the one that we are in ourselves, which is where whoever
 * started us has put us: in v2 below it too, once the controllers are handed down to its children.
 */
#ifndef CALLGATE_CGROUP_TREE_H
#define CALLGATE_CGROUP_TREE_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdbool.h>

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1's; v2 counts CPU time without a controller */
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_CONTROLLERS,
};

/* Of each controller, the folder in v1's hierarchy that we are in; NULL when v1 has it not. */
struct cgroup_tree {
	const char *v1[CGROUP_CONTROLLERS];
	const char *v2;			    /* ours in v2's; NULL when it is not mounted */
	const char *v2_top;		    /* the topmost that we see: v2 is this or below it */
	bool v2_offers[CGROUP_CONTROLLERS]; /* v2 has it, at the top */
};

/* "memory" */
const char *cgroup_controller_name(enum cgroup_controller controller);

/* From the texts of /proc/self/mountinfo and /proc/self/cgroup: proc_pid_mountinfo(5), cgroups(7). A hierarchy whose
 * mount does not show our own folder counts as absent. v2_offers is left to cgroup_tree_read. Fails with E_NOMEM. */
int cgroup_tree_parse(const char *mountinfo, const char *membership, struct arena *arena, struct cgroup_tree *ret_tree,
		      struct callgate_error *err);

/* What v2's cgroup.controllers offers: "cpuset cpu memory pids". */
void cgroup_tree_offer(struct cgroup_tree *tree, const char *controllers);

/* This process's own. Fails with E_OS (no /proc) and E_NOMEM. */
int cgroup_tree_read(struct arena *arena, struct cgroup_tree *ret_tree, struct callgate_error *err);

#endif
