/*
 * sandbox/sandbox.h - the ground of a target: what was asked for, from settings by name
 *
 * A sandbox is said once and entered often. fields.c reads settings into it; plan.h turns it into what one start does;
 * enter.h does that, in the target. Strings and lists live in its arena.
 */
#ifndef CALLGATE_SANDBOX_SANDBOX_H
#define CALLGATE_SANDBOX_SANDBOX_H

#include "base/arena.h"
#include "cgroup/cgroup.h"

#include <callgate/sandbox.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of one user; the kernel knows 65536. */
#define SANDBOX_GROUPS_MAX 64

/* Generous; a sandbox of more is a mistake or an attack on whoever reads it. */
#define SANDBOX_SETTINGS_MAX 1024

struct sandbox_field;

struct sandbox_setting {
	const struct sandbox_field *field;
	const char *values[CALLGATE_SANDBOX_VALUES_MAX];
	size_t value_count;
};

enum sandbox_mount_kind {
	SANDBOX_RO_BIND,
	SANDBOX_BIND,
	SANDBOX_DEV_BIND,
	SANDBOX_RO_BIND_TRY,
	SANDBOX_BIND_TRY,
	SANDBOX_TMPFS,
	SANDBOX_PROC,
	SANDBOX_DEV,
	SANDBOX_DIR,
	SANDBOX_SYMLINK,
	SANDBOX_MASK,
	SANDBOX_OVERLAY,     /* a: where changes go, b: the kernel's scratch folder */
	SANDBOX_TMP_OVERLAY, /* changes go to a tmpfs */
	SANDBOX_RO_OVERLAY,
};

/* What a mount is to be beside its kind, said before it. */
struct sandbox_mount_options {
	uint64_t size;	   /* of a tmpfs, bytes; 0: the kernel's default */
	const char *perms; /* of a tmpfs, in octal; NULL: 0755 */
	bool noexec;	   /* of a tmpfs or a bind: nothing in it is executed */
};

struct sandbox_mount {
	enum sandbox_mount_kind kind;
	const char *dest;   /* absolute, in the target's root */
	const char *source; /* of a bind; what a link holds */
	const char *work;   /* of SANDBOX_OVERLAY */
	struct sandbox_mount_options options;
	size_t layers_from;   /* of an overlay: its lower folders in sandbox.layers, the lowest first */
	size_t layers_length; /* how many */
};

/* One that was named by no other, and its mounts, those of presets that it names included. */
struct sandbox_preset {
	const char *name;
	size_t mounts_from, mounts_to;
};

struct sandbox_map {
	uint32_t inside, outside, count;
};

struct sandbox_limit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* What Landlock lets a program do beneath a path: landrun's words. */
enum sandbox_access { SANDBOX_RO, SANDBOX_ROX, SANDBOX_RW, SANDBOX_RWX };

struct sandbox_path {
	enum sandbox_access access;
	const char *path;
};

struct sandbox_strings {
	VEC(const char *);
};
struct sandbox_numbers {
	VEC(int);
};
struct sandbox_maps {
	VEC(struct sandbox_map);
};

struct callgate_sandbox {
	struct arena arena;
	const char *preset_folder; /* NULL: the installed one */
	const char *here;	   /* from where relative paths of settings count; NULL: where we are */
	unsigned depth;		   /* of presets that name presets */
	struct {
		VEC(struct sandbox_preset);
	} presets;
	struct {
		VEC(struct sandbox_setting);
	} settings;

	unsigned namespaces; /* CLONE_NEW* that were asked for */
	struct {
		VEC(struct sandbox_mount);
	} mounts;
	struct sandbox_strings layers;	   /* lower folders of overlays */
	size_t layers_used;		   /* how many of them belong to a mount */
	struct sandbox_mount_options next; /* mount's */
	int64_t uid, gid;		   /* of the target, −1: as ours */
	struct sandbox_numbers groups;	   /* more groups of its user, gid_t as they are */
	struct sandbox_maps uid_maps, gid_maps;
	const char *hostname;
	int umask;	    /* −1: as ours */
	const char *folder; /* where the program starts, NULL: where we are, or / where that is not there */
	struct sandbox_strings env, setenv;
	struct sandbox_numbers pass_fds, sync_fds;
	int block_fd; /* the program starts when something can be read here, which the launcher looks for; −1: none */
	struct {
		VEC(struct sandbox_limit);
	} limits;
	struct cgroup_limits group; /* what only a control group can limit; all 0: none is made */
	struct cgroup_limits tried; /* the same, where one can be had: what the group says itself counts */
	uint64_t wall_ns, cpu_ns;   /* after which it is ended; 0: never */
	uint64_t output_max;	    /* bytes on its standard output, beyond which it is ended; 0: any */
	uint64_t capabilities;	    /* that the target keeps, bit CAP_* */
	struct {
		VEC(struct sandbox_path);
	} paths;
	struct sandbox_numbers connect_ports, bind_ports;
	const char *policy;   /* a path, or the name of one that is built in */
	unsigned may_degrade; /* enum callgate_ground: without these the target may run */
	int oom_score_adj;    /* proc_pid_oom_score_adj(5) */
	bool has_oom_score;   /* else it is as ours */
	bool make_folder;     /* `folder` is made where it is missing */
	bool clearenv, linger, tty, init, as_pid_1;
	bool die_with_parent; /* the launcher ends with who started it; the target does with the launcher */
	bool confines;	      /* something beside variables, descriptors, folder and policy was asked for */
	bool write_xor_execute, no_tsc, no_speculation, core_scheduling;
};

struct sandbox_field {
	const char *name, *values, *help;
	size_t value_count;
	int (*set)(struct callgate_sandbox *sandbox, const struct sandbox_field *field, const char *const *values,
		   struct callgate_error *err);
	unsigned long parameter;
	bool is_option;
	bool confines;
};

/* The field of that name; fails with E_UNKNOWN and the nearest name. */
int sandbox_field_find(const char *name, const struct sandbox_field **ret_field, struct callgate_error *err);

/* The text of a preset or policy that is built in; NULL when there is none of that name ("strict.yaml"). */
const char *sandbox_builtin(const char *name);

#endif
