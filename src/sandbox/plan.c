/*
 * The launcher's half of a sandbox. What can be known before there is a target is found out here: contradictions,
 * sources that are not there, what the kernel has not. So most of what goes wrong is said in words that name the
 * setting, and the target is left with what only it can try.
 */
#include "sandbox/plan.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/call.h"
#include "kernel/futex.h"
#include "kernel/namespace.h"
#include "kernel/pidfd.h"
#include "sandbox/landlock.h"
#include "sandbox/layers.h"
#include "sandbox/limits.h"
#include "sandbox/maps.h"
#include "sandbox/score.h"
#include "sandbox/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What older headers lack. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define LANDLOCK_VERSION_FLAG 1

/* Where a shell looks when PATH is not set. */
#define PLAN_PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/* Each namespace, in the order in which layers are told. */
static const unsigned long plan_namespaces[] = {
	CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS,     CLONE_NEWNET,
	CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME,
};
#define PLAN_NAMESPACES (sizeof(plan_namespaces) / sizeof(*plan_namespaces))

/* All three are below 32. */
static bool holds_capability(const struct sandbox_plan *plan, unsigned capability)
{
	return plan->held >> capability & 1;
}

static void plan_capabilities(struct sandbox_plan *plan)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	plan->held = KERNEL_CALL(SYS_capget, &header, data) < 0 ? 0 : data[0].effective;
}

static int fail_contradiction(struct callgate_error *err, const char *what, const char *hint)
{
	int status = fail(err, CALLGATE_E_INVALID, "%s", what);

	error_hint(err, "%s", hint);
	return status;
}

static bool mounts_kind(const struct callgate_sandbox *sandbox, enum sandbox_mount_kind kind)
{
	for (size_t i = 0; i < sandbox->mounts.length; i++)
		if (sandbox->mounts.items[i].kind == kind)
			return true;
	return false;
}

static int plan_check(const struct callgate_sandbox *sandbox, struct callgate_error *err)
{
	bool has_pid = sandbox->namespaces & CLONE_NEWPID || sandbox->init;

	if (sandbox->as_pid_1 && sandbox->init)
		return fail_contradiction(err, "'init' and 'as-pid-1' exclude each other",
					  "the first process is either ours or the program");
	if (sandbox->as_pid_1 && !has_pid)
		return fail_contradiction(err, "'as-pid-1' needs a pid namespace", "add --unshare-pid");
	if (mounts_kind(sandbox, SANDBOX_PROC) && !has_pid)
		return fail_contradiction(err,
					  "a fresh /proc shows the processes of a pid namespace, and there is none",
					  "add --unshare-pid, or bind /proc");
	if (sandbox->layers.length > sandbox->layers_used)
		return fail_contradiction(err, "an 'overlay-src' belongs to no overlay",
					  "--overlay, --tmp-overlay or --ro-overlay behind it says where it goes");
	if (sandbox->next.size || sandbox->next.perms)
		return fail_contradiction(err, "a 'size' or 'perms' belongs to no tmpfs",
					  "--tmpfs DEST behind it says where");
	if (sandbox->next.noexec)
		return fail_contradiction(err, "a 'noexec' belongs to no mount",
					  "--tmpfs DEST or --bind SOURCE DEST behind it says of what");
	if (sandbox->uid_maps.length && (sandbox->gid_maps.length == 0) != (sandbox->uid_maps.length == 0))
		return fail_contradiction(err, "'uid-map' needs a 'gid-map'", "users and groups are mapped together");
	if (sandbox->gid_maps.length && sandbox->uid_maps.length == 0)
		return fail_contradiction(err, "'gid-map' needs a 'uid-map'", "users and groups are mapped together");
	return CALLGATE_OK;
}

static void plan_namespaces_choose(struct sandbox_plan *plan)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;

	plan->namespaces = sandbox->namespaces | (sandbox->init ? CLONE_NEWPID : 0);
	/* Without root, a user namespace is what gives the right to all others. */
	if (plan->namespaces && !holds_capability(plan, CAP_SYS_ADMIN))
		plan->namespaces |= CLONE_NEWUSER;
	plan->has_init = plan->namespaces & CLONE_NEWPID && !sandbox->as_pid_1;
	plan->own_root = sandbox->mounts.length > 0;
	plan->wanted = sandbox->confines
			       ? CALLGATE_GROUND_CAPABILITIES | CALLGATE_GROUND_KEYRING | CALLGATE_GROUND_SPECULATION
			       : 0;
	for (size_t i = 0; i < PLAN_NAMESPACES; i++)
		if (plan->namespaces & plan_namespaces[i])
			plan->wanted |= layer_of_namespace(plan_namespaces[i]);
	if (plan->own_root)
		plan->wanted |= CALLGATE_GROUND_ROOT;
	if (sandbox->limits.length)
		plan->wanted |= CALLGATE_GROUND_LIMITS;
	if (sandbox->write_xor_execute)
		plan->wanted |= CALLGATE_GROUND_WRITE_XOR_EXECUTE;
	if (sandbox->no_tsc)
		plan->wanted |= CALLGATE_GROUND_TSC;
	if (sandbox->core_scheduling)
		plan->wanted |= CALLGATE_GROUND_CORE_SCHEDULING;
}

static int plan_identity(struct sandbox_plan *plan, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	bool named = sandbox->uid >= 0 || sandbox->gid >= 0 || sandbox->uid_maps.length;

	plan->may_map = holds_capability(plan, CAP_SETUID) && holds_capability(plan, CAP_SETGID);
	plan->uid = sandbox->uid >= 0 ? (uint32_t)sandbox->uid : geteuid();
	plan->gid = sandbox->gid >= 0 ? (uint32_t)sandbox->gid : getegid();
	if (sandbox->uid < 0 && sandbox->uid_maps.length)
		plan->uid = sandbox->uid_maps.items[0].inside;
	if (sandbox->gid < 0 && sandbox->gid_maps.length)
		plan->gid = sandbox->gid_maps.items[0].inside;
	plan->asks_for_maps = sandbox->uid_maps.length && !plan->may_map;
	plan->set_ids = named && (plan->may_map || plan->asks_for_maps);
	plan->drop_groups = (sandbox->confines || sandbox->groups.length) && (plan->may_map || plan->asks_for_maps);
	if (named && !plan->may_map && !(plan->namespaces & CLONE_NEWUSER))
		return fail_contradiction(err, "'uid' and 'gid' need root or a user namespace", "add --unshare-user");
	if (sandbox->groups.length && !plan->may_map && !plan->asks_for_maps)
		return fail_contradiction(err, "'add-gid' needs root, or the ranges of 'uid-map' and 'gid-map'",
					  "without them a user has its own group, and no other");
	return CALLGATE_OK;
}

static bool is_try(enum sandbox_mount_kind kind)
{
	return kind == SANDBOX_RO_BIND_TRY || kind == SANDBOX_BIND_TRY;
}

static bool has_source(enum sandbox_mount_kind kind)
{
	return kind <= SANDBOX_BIND_TRY || kind == SANDBOX_OVERLAY;
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* Which setting names what is missing, and how it may be. */
static void hint_missing(enum sandbox_mount_kind kind, struct callgate_error *err)
{
	if (kind == SANDBOX_RO_BIND || kind == SANDBOX_BIND)
		error_hint(err, "'%s' names it; '%s-try' leaves out what is not there",
			   kind == SANDBOX_BIND ? "bind" : "ro-bind", kind == SANDBOX_BIND ? "bind" : "ro-bind");
	else
		error_hint(err, "'%s' names it; make it, or name what is there",
			   kind == SANDBOX_OVERLAY ? "overlay" : "dev-bind");
}

static int plan_layers(struct sandbox_plan *plan, const struct sandbox_mount *from, struct plan_mount *to,
		       struct callgate_error *err)
{
	const char **layers = arena_array(&plan->arena, from->layers_length, sizeof(*layers));
	int status = layers ? CALLGATE_OK : fail_nomem(err);

	for (size_t i = 0; status == CALLGATE_OK && i < from->layers_length; i++)
		status = source_find(&plan->arena, plan->sandbox->layers.items[from->layers_from + i], &layers[i], err);
	if (layers && status == CALLGATE_E_OS && err && is_missing(err->os_errno))
		error_hint(err, "'overlay-src' names it; make it, or name what is there");
	to->layers = layers;
	to->layer_count = from->layers_length;
	if (status == CALLGATE_OK && from->work) {
		status = source_find(&plan->arena, from->work, &to->work, err);
		if (status == CALLGATE_E_OS && err && is_missing(err->os_errno))
			hint_missing(from->kind, err);
	}
	return status;
}

/* Adds one mount; an optional one whose source is not there is left out. */
static int plan_mount(struct sandbox_plan *plan, const struct sandbox_mount *from, struct callgate_error *err)
{
	struct plan_mount *to = &plan->mounts[plan->mount_count];
	int status = CALLGATE_OK;

	*to = (struct plan_mount){ .kind = from->kind,
				   .dest = from->dest,
				   .source = from->source,
				   .perms = from->options.perms ? from->options.perms : "0755",
				   .noexec = from->options.noexec };
	if (from->options.size) {
		to->size = arena_printf(&plan->arena, "%llu", (unsigned long long)from->options.size);
		if (!to->size)
			return fail_nomem(err);
	}
	if (has_source(from->kind)) {
		struct callgate_error found = { 0 };

		status = source_find(&plan->arena, from->source, &to->source, &found);
		if (status == CALLGATE_E_OS && is_missing(found.os_errno)) {
			if (is_try(from->kind))
				return CALLGATE_OK;
			hint_missing(from->kind, &found);
		}
		if (status != CALLGATE_OK && err)
			*err = found;
	}
	if (status == CALLGATE_OK && from->layers_length)
		status = plan_layers(plan, from, to, err);
	plan->mount_count += status == CALLGATE_OK;
	return status;
}

static int plan_mounts(struct sandbox_plan *plan, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	int status = CALLGATE_OK;

	plan->mounts = arena_array(&plan->arena, sandbox->mounts.length, sizeof(*plan->mounts));
	if (!plan->mounts)
		return fail_nomem(err);
	for (size_t i = 0; status == CALLGATE_OK && i < sandbox->mounts.length; i++)
		status = plan_mount(plan, &sandbox->mounts.items[i], err);
	return status;
}

/* Those that stand in for a control group. */
#define PLAN_LIMITS_MORE 2

static int plan_limits(struct sandbox_plan *plan, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;

	plan->limits = arena_array(&plan->arena, sandbox->limits.length + PLAN_LIMITS_MORE, sizeof(*plan->limits));
	if (!plan->limits)
		return fail_nomem(err);
	for (size_t i = 0; i < sandbox->limits.length; i++) {
		const struct sandbox_limit *from = &sandbox->limits.items[i];

		/* Each once: what a first word lowered, a second one could not raise again. */
		if (limit_of(sandbox, from->resource) == from)
			plan->limits[plan->limit_count++] =
				(struct plan_limit){ from->resource, { from->soft, from->hard } };
	}
	return CALLGATE_OK;
}

static int plan_folder(struct sandbox_plan *plan, const char *folder, struct callgate_error *err)
{
	char here[PATH_MAX];

	plan->folder_must_be = folder != NULL;
	if (!folder)
		folder = getcwd(here, sizeof(here)) ? here : "/";
	plan->folder = arena_strdup(&plan->arena, folder);
	return plan->folder ? CALLGATE_OK : fail_nomem(err);
}

/* Fails, or forgets the layer where it may be missing. */
static int plan_lacks(struct sandbox_plan *plan, enum callgate_ground layer, const char *what,
		      struct callgate_error *err)
{
	int status;

	if (plan->sandbox->may_degrade & layer) {
		plan->lost |= layer;
		return CALLGATE_OK;
	}
	status = fail(err, CALLGATE_E_UNCONFINED, "the target was not started: %s", what);
	error_hint(err, "--allow-degraded %s runs it without; %s", callgate_ground_name(layer),
		   callgate_ground_advice(layer));
	return status;
}

/* Asked for by path or port it must be there; otherwise it is an addition, where there is one. */
static int plan_landlock(struct sandbox_plan *plan, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	bool ports = sandbox->connect_ports.length || sandbox->bind_ports.length;
	long abi = KERNEL_CALL(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_VERSION_FLAG);

	if (!sandbox->confines)
		return CALLGATE_OK;
	plan->landlock = abi > 0 ? (int)abi : 0;
	if (plan->landlock || ports || sandbox->paths.length)
		plan->wanted |= CALLGATE_GROUND_LANDLOCK;
	if (!plan->landlock && (ports || sandbox->paths.length))
		return plan_lacks(plan, CALLGATE_GROUND_LANDLOCK, "this kernel has no Landlock", err);
	if (ports && plan->landlock < LANDLOCK_ABI_TCP)
		return plan_lacks(plan, CALLGATE_GROUND_LANDLOCK, "this kernel's Landlock knows no TCP ports", err);
	return CALLGATE_OK;
}

static void plan_limit_to(struct sandbox_plan *plan, int resource, uint64_t most)
{
	const struct sandbox_limit *said = limit_of(plan->sandbox, resource);

	if (most && !(said && said->hard <= most))
		plan->limits[plan->limit_count++] = (struct plan_limit){ resource, { most, most } };
}

/* What limits each process for itself, in place of all of them together. */
static void plan_limits_for_group(struct sandbox_plan *plan)
{
	const struct cgroup_limits *group = &plan->sandbox->group;

	plan_limit_to(plan, RLIMIT_AS, group->memory_bytes);
	plan_limit_to(plan, RLIMIT_NPROC, group->pids);
}

/* Fails, or makes do with limits on each process. What was only to be tried is left out where it cannot be had. */
static int plan_without_group(struct sandbox_plan *plan, const char *why, struct callgate_error *err)
{
	const struct cgroup_limits *limits = &plan->sandbox->group;
	int status;

	if (!limits_need_group(plan->sandbox)) {
		plan->lost |= CALLGATE_GROUND_RESOURCES;
		return CALLGATE_OK;
	}
	status = plan_lacks(plan, CALLGATE_GROUND_RESOURCES, why, err);
	if (status == CALLGATE_OK)
		plan_limits_for_group(plan);
	if (status == CALLGATE_OK && (limits->memory_bytes || limits->pids)) {
		plan->lost &= ~(unsigned)CALLGATE_GROUND_RESOURCES;
		plan->degraded |= CALLGATE_GROUND_RESOURCES;
	}
	return status;
}

/* Last, since from here on there is something to clear up. */
static int plan_group(struct sandbox_plan *plan, struct callgate_error *err)
{
	const struct cgroup_limits limits = limits_of_group(plan->sandbox);
	struct callgate_error why;
	int status;

	if (!limits_need_group(plan->sandbox) && !limits.memory_bytes && !limits.pids)
		return CALLGATE_OK;
	plan->wanted |= CALLGATE_GROUND_RESOURCES;
	status = limits_check_memory(plan->sandbox, plan->mount_count, NULL, NULL, err);
	if (status != CALLGATE_OK)
		return status;
	status = cgroup_new(&limits, &plan->group, &why);
	if (status == CALLGATE_E_UNCONFINED)
		return plan_without_group(plan, why.message, err);
	/* The value is one for another machine. */
	if (status == CALLGATE_E_INVALID)
		status = why.status = CALLGATE_E_UNCONFINED;
	if (status != CALLGATE_OK && err)
		*err = why;
	return status;
}

int plan_make(struct sandbox_plan *plan, const struct callgate_sandbox *sandbox, const char *folder,
	      struct callgate_error *err)
{
	int status = plan_check(sandbox, err);

	*plan = (struct sandbox_plan){ .sandbox = sandbox, .launcher = -1 };
	if (status != CALLGATE_OK)
		return status;
	plan_capabilities(plan);
	plan_namespaces_choose(plan);
	status = plan_identity(plan, err);
	if (status == CALLGATE_OK)
		status = score_check(sandbox, err);
	if (status == CALLGATE_OK)
		status = plan_limits(plan, err);
	if (status == CALLGATE_OK)
		status = plan_landlock(plan, err);
	if (status == CALLGATE_OK && plan->own_root)
		status = plan_mounts(plan, err);
	if (status == CALLGATE_OK && plan->own_root)
		status = plan_folder(plan, folder, err);
	plan->maps_written = !(plan->namespaces & CLONE_NEWUSER);
	if (status == CALLGATE_OK && plan->namespaces & CLONE_NEWPID)
		status = pidfd_of(getpid(), &plan->launcher, err);
	if (status == CALLGATE_OK)
		status = plan_group(plan, err);
	return status;
}

int plan_programs(struct sandbox_plan *plan, const char *argv0, const char *const *envp, struct callgate_error *err)
{
	const char *entry = PLAN_PATH_DEFAULT;
	struct sandbox_strings programs = { 0 };
	bool more = !strchr(argv0, '/') && *argv0, fits = true;

	for (; envp && *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			entry = *envp + 5;
	if (!more)
		fits = VEC_PUSH(&plan->arena, &programs, argv0);
	while (more && fits) {
		size_t length = strcspn(entry, ":");
		const char *path =
			arena_printf(&plan->arena, "%.*s/%s", length ? (int)length : 1, length ? entry : ".", argv0);

		fits = path && VEC_PUSH(&plan->arena, &programs, path);
		more = entry[length] == ':';
		entry += length + more;
	}
	if (!fits || !VEC_PUSH(&plan->arena, &programs, NULL))
		return fail_nomem(err);
	plan->programs = programs.items;
	return CALLGATE_OK;
}

void plan_fini(struct sandbox_plan *plan)
{
	if (plan->launcher >= 0)
		close(plan->launcher);
	cgroup_free(plan->group);
	arena_fini(&plan->arena);
}

unsigned plan_clone_flags(const struct sandbox_plan *plan)
{
	return plan->namespaces & ~(CLONE_NEWNET | CLONE_NEWTIME | (plan->group ? (unsigned)CLONE_NEWCGROUP : 0U));
}

int plan_without_missing(struct sandbox_plan *plan, int error, struct callgate_error *err)
{
	unsigned user = plan->namespaces & CLONE_NEWUSER;
	unsigned lost = plan->lost;
	int status;

	if (user && !namespace_works(CLONE_NEWUSER)) {
		status = plan_lacks(plan, CALLGATE_GROUND_USER, "user namespaces are refused here", err);
		if (status != CALLGATE_OK)
			return status;
		plan->namespaces &= ~(unsigned)CLONE_NEWUSER;
		user = 0;
	}
	for (size_t i = 0; i < PLAN_NAMESPACES; i++) {
		unsigned flag = (unsigned)plan_namespaces[i];
		enum callgate_ground layer = layer_of_namespace(flag);
		char what[64];

		if (!(plan->namespaces & flag) || flag == CLONE_NEWUSER || namespace_works(user | flag))
			continue;
		snprintf(what, sizeof(what), "%s namespaces are refused here", callgate_ground_name(layer));
		status = plan_lacks(plan, layer, what, err);
		if (status != CALLGATE_OK)
			return status;
		plan->namespaces &= ~flag;
	}
	if (plan->lost == lost) {
		errno = -error;
		status = fail_errno(err, "cannot start a process in namespaces of its own");
		return status;
	}
	plan->has_init = plan->has_init && plan->namespaces & CLONE_NEWPID;
	plan->maps_written = !(plan->namespaces & CLONE_NEWUSER);
	if (plan->own_root && !(plan->namespaces & CLONE_NEWNS))
		status = plan_lacks(plan, CALLGATE_GROUND_ROOT, "without a mount namespace there is no root of its own",
				    err);
	else
		status = CALLGATE_OK;
	plan->own_root = plan->own_root && plan->namespaces & CLONE_NEWNS;
	return status;
}

int plan_write_maps(struct sandbox_plan *plan, pid_t pid, struct callgate_error *err)
{
	int status = maps_write(plan, pid, err);

	if (status != CALLGATE_OK)
		return status;
	futex_set(&plan->maps_written);
	return CALLGATE_OK;
}

unsigned plan_enforced(const struct sandbox_plan *plan)
{
	return (plan->wanted & ~plan->lost & ~plan->absent) | plan->degraded;
}

/* Rules of Landlock allow what lies below a path, and take nothing out of it. */
static size_t describe_bare(const struct sandbox_plan *plan, char *text, size_t size)
{
	enum { NAMED_MAX = 3 };
	size_t used = 0, masks = 0;

	for (size_t i = 0; i < plan->mount_count; i++) {
		if (plan->mounts[i].kind != SANDBOX_MASK)
			continue;
		if (masks++ < NAMED_MAX && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 masks == 1 ? ", with nothing masked: " : ", ", plan->mounts[i].dest);
	}
	if (masks > NAMED_MAX && used < size)
		used += (size_t)snprintf(text + used, size - used, " and %zu more can be seen", masks - NAMED_MAX);
	return used;
}

void plan_describe_missing(const struct sandbox_plan *plan, char *text, size_t size)
{
	unsigned missing = plan->lost | plan->absent | plan->degraded;
	size_t used = 0;

	*text = '\0';
	for (unsigned layer = 1; callgate_ground_name(layer); layer <<= 1) {
		if (!(missing & layer) || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s: %s", used ? "; " : "",
					 callgate_ground_name(layer),
					 plan->degraded & layer ? "only in part" : "not to be had here");
		if (layer == CALLGATE_GROUND_NET && plan->degraded & layer && used < size)
			used += (size_t)snprintf(text + used, size - used, ", no TCP and all else");
		if (layer == CALLGATE_GROUND_ROOT && used < size)
			used += describe_bare(plan, text + used, size - used);
	}
}
