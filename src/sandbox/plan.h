/*
 * sandbox/plan.h - one start on a sandbox: all that can be found out and allocated before there is a target
 *
 * The launcher makes the plan, clones with its namespaces, writes the maps of the new user namespace, and reads from
 * the plan afterwards what came of it. The target (enter.h) only carries it out: it shares the launcher's memory and
 * can neither allocate nor fail in more than a number.
 */
#ifndef CALLGATE_SANDBOX_PLAN_H
#define CALLGATE_SANDBOX_PLAN_H

#include "sandbox/sandbox.h"

#include <callgate/launch.h>

#include <sys/resource.h>

/* What the target is at; failure.c has the words. */
enum plan_step {
	PLAN_IDENTITY,
	PLAN_TIME,
	PLAN_NETWORK,
	PLAN_PRIVATE,
	PLAN_NEW_ROOT,
	PLAN_MOUNT, /* its source, or making it */
	PLAN_PLACE, /* putting it where it is to be */
	PLAN_LINK,  /* likewise, and there is a link on the way */
	PLAN_PIVOT,
	PLAN_LOOPBACK,
	PLAN_HOSTNAME,
	PLAN_LIMIT,
	PLAN_GROUP,
	PLAN_KEYRING,
	PLAN_FOLDER,
	PLAN_PROGRAM,
	PLAN_PATH, /* that Landlock is told */
	PLAN_LANDLOCK,
	PLAN_WRITE_XOR_EXECUTE,
	PLAN_TSC,
	PLAN_CORE_SCHEDULING,
	PLAN_SPECULATION,
	PLAN_CAPABILITIES,
	PLAN_STEP_COUNT,
};

/* A mount with its source found: absolute, without a link in it when it was looked at. */
struct plan_mount {
	enum sandbox_mount_kind kind;
	const char *dest, *source, *work;
	const char *size;  /* in decimal, NULL: the kernel's default */
	const char *perms; /* of a tmpfs, in octal */
	bool noexec;
	const char *const *layers; /* of an overlay, the lowest first */
	size_t layer_count;
};

struct plan_limit {
	int resource;
	struct rlimit limit;
};

struct sandbox_plan {
	const struct callgate_sandbox *sandbox;
	struct arena arena;
	unsigned namespaces; /* CLONE_NEW* to clone with */
	uint32_t held;	     /* of CAP_*, the lower half that we have in effect */
	bool own_root;	     /* the root begins empty */
	bool has_init;	     /* the first process of the pid namespace is not the target */
	bool init_shares;    /* one that was started shares the launcher's memory, and is no copy of it */
	bool init_connects;  /* it makes the network, while the target makes its root */
	bool set_ids;	     /* the target changes to uid and gid */
	bool drop_groups;
	uint32_t uid, gid;
	bool may_map;	    /* as root: any maps, and setgroups stays */
	bool asks_for_maps; /* else ranges, by newuidmap(1) */
	struct plan_mount *mounts;
	size_t mount_count;
	struct plan_limit *limits;
	size_t limit_count;
	struct cgroup *group; /* that it enters; NULL: none */
	const char *folder;   /* where to go when there is an own root; NULL: nowhere */
	bool folder_must_be;
	const char *const *programs; /* where the program may be in the own root, ends in NULL; else NULL */
	unsigned own;		     /* of the namespaces, those that were made by unshare(2) */
	bool may_bound;		     /* the target's own: whether it had the right to… */
	long bounding;		     /* …drop from the bounding set; 0 or a negative errno */
	int landlock;		     /* the kernel's ABI, 0: none */
	unsigned wanted;	     /* enum callgate_ground: what was asked for */
	unsigned lost;		     /* of these: not there, and allowed not to be */
	int launcher; /* a pidfd of the launcher, from which those in a pid namespace see its end; −1 */

	/* futex: 1 when the first process of the pid namespace, where that is ours, needs the plan no more. */
	volatile int init_ready;

	/* futex: 1 when the first process has made the network, or could not: a negative errno. */
	volatile int network_made;
	volatile int network_error;
	volatile int init_error; /* a negative errno of its identity, with which the namespace ended */

	/* The target's reports, in memory that both share. */
	volatile int maps_written;    /* futex: 1 when the launcher has written them */
	volatile unsigned degraded;   /* enum callgate_ground */
	volatile unsigned absent;     /* likewise: failed, and may be missing */
	volatile int step;	      /* enum plan_step that failed or was degraded last */
	volatile size_t index;	      /* which mount, limit or path */
	const char *volatile program; /* which of programs it is */
};

/*
 * What a start does; folder is where the target is to begin, NULL: where we are. The caller ends *plan with plan_fini
 * in any case. Fails with E_INVALID (settings that contradict each other), E_LIMIT (memory without room for the start),
 * E_OS (a source that is not there), E_UNCONFINED (this machine has not what it takes, and it may not be missing),
 * E_NOMEM.
 */
int plan_make(struct sandbox_plan *plan, const struct callgate_sandbox *sandbox, const char *folder,
	      struct callgate_error *err);
void plan_fini(struct sandbox_plan *plan);

/* Where argv0 may be in the new root, in this environment: only the target sees which of these it is. Before the target
 * looks for it. Fails with E_NOMEM. */
int plan_programs(struct sandbox_plan *plan, const char *argv0, const char *const *envp, struct callgate_error *err);

/* The namespaces that the target is cloned with. That of the network takes longest to make, which it does itself while
 * its maps are written; that of clocks has no flag that every clone(2) knows; of that of control groups it becomes a
 * member when it has entered its group. */
unsigned plan_clone_flags(const struct sandbox_plan *plan);

/* After a clone with plan->namespaces failed with this errno: takes those out that cannot be had, if they may be
 * missing, so that another try makes sense. Fails with E_UNCONFINED, which names the first that is missing. */
int plan_without_missing(struct sandbox_plan *plan, int error, struct callgate_error *err);

/* Writes the maps of a process's new user namespace, and lets it go on. Fails with E_UNCONFINED. */
int plan_write_maps(struct sandbox_plan *plan, pid_t pid, struct callgate_error *err);

/* What the target reported as having failed with this negative errno, as an error: E_UNCONFINED, or about the program
 * E_NOT_FOUND and E_NOT_EXECUTABLE. */
int plan_failure(const struct sandbox_plan *plan, const char *argv0, int error, struct callgate_error *err);

/* The same of the first process, whose end may have been that of the target before it could report. */
int plan_init_failure(const struct sandbox_plan *plan, struct callgate_error *err);

/* After the start: the layers that stand whole and those that stand in part, and in words what is missing. */
unsigned plan_enforced(const struct sandbox_plan *plan);
void plan_describe_missing(const struct sandbox_plan *plan, char *text, size_t size);

#endif
