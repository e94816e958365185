/*
 * Which folders a group needs follows from its limits and from which hierarchy holds their controllers. They are named
 * before they are made, so that the keeper knows them whatever happens next.
 */
#include "cgroup/cgroup.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/files.h"
#include "cgroup/keeper.h"
#include "kernel/orphan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cgroup_folder *folder_add(struct cgroup *group, const char *parent, const char *name, bool is_v2)
{
	const char *path = arena_printf(&group->arena, "%s/%s", parent, name);
	struct cgroup_folder *folder;

	if (!path)
		return NULL;
	/* Controllers of v1 that are mounted together have one folder. */
	for (size_t i = 0; i < group->folder_count; i++)
		if (strcmp(group->folders[i].path, path) == 0)
			return &group->folders[i];
	folder = &group->folders[group->folder_count++];
	*folder = (struct cgroup_folder){ .path = path, .is_v2 = is_v2, .fd = -1 };
	return folder;
}

static int fail_absent(enum cgroup_controller controller, struct callgate_error *err)
{
	const char *name = cgroup_controller_name(controller);

	(void)fail(err, CALLGATE_E_UNCONFINED, "no hierarchy of control groups here has the '%s' controller", name);
	error_hint(err, "mount it (v1: mount -t cgroup -o %s cgroup DIR), or do without this limit", name);
	return CALLGATE_E_UNCONFINED;
}

/* Whether a group in this folder could have these controllers of v2: they are handed down, or can be. */
static bool v2_hands_down(const char *parent, const bool holds[CGROUP_CONTROLLERS])
{
	cleanup(buf_fini) struct buf wanted = { 0 };
	cleanup_fd int folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct cgroup_tree handed = { .v2 = NULL };
	char text[CGROUP_FILE_SIZE];

	if (folder < 0 || !cgroup_file_read(folder, "cgroup.subtree_control", text))
		return false;
	cgroup_tree_offer(&handed, text);
	for (int i = 0; i < CGROUP_CONTROLLERS; i++)
		if (holds[i] && !handed.v2_offers[i])
			buf_printf(&wanted, "+%s ", cgroup_controller_name(i));
	if (wanted.failed || !wanted.length)
		return !wanted.failed;
	fd = openat(folder, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, wanted.data, wanted.length) == (ssize_t)wanted.length;
}

/* The nearest folder from ours upwards whose children may have these controllers: v2 gives none to the children of a
 * folder that has processes, which ours has. NULL: none, or no memory. */
static const char *v2_parent(const struct cgroup_tree *tree, const bool holds[CGROUP_CONTROLLERS], struct arena *arena)
{
	char *parent = arena_strdup(arena, tree->v2);

	while (parent && !v2_hands_down(parent, holds)) {
		char *slash = strrchr(parent, '/');

		if (strcmp(parent, tree->v2_top) == 0 || !slash)
			return NULL;
		*slash = '\0';
	}
	return parent;
}

static int plan_v2(struct cgroup *group, const struct cgroup_tree *tree, const bool holds[CGROUP_CONTROLLERS],
		   const char *name, struct callgate_error *err)
{
	const char *parent = v2_parent(tree, holds, &group->arena);
	struct cgroup_folder *folder;

	if (!parent) {
		(void)fail(err, CALLGATE_E_UNCONFINED,
			   "'%s' and what is above it hand down no controller to a group of ours", tree->v2);
		error_hint(err, "as root, or by: systemd-run --user --scope -p Delegate=yes callgate ...");
		return CALLGATE_E_UNCONFINED;
	}
	folder = folder_add(group, parent, name, true);
	if (!folder)
		return fail_nomem(err);
	memcpy(folder->holds, holds, sizeof(folder->holds));
	return CALLGATE_OK;
}

static int plan_folders(struct cgroup *group, const struct cgroup_tree *tree, const struct cgroup_limits *limits,
			struct callgate_error *err)
{
	bool of_v2[CGROUP_CONTROLLERS] = { false };
	uint64_t random;
	char name[64];

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fail_errno(err, "cannot make a name for a control group");
	snprintf(name, sizeof(name), "callgate.%d.%016" PRIx64, (int)getpid(), random);
	for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
		struct cgroup_folder *folder;
		bool counts = i == CGROUP_CPUACCT && !tree->v2 && tree->v1[i];

		if (!cgroup_limits_name(limits, i) && !counts)
			continue;
		of_v2[i] = !tree->v1[i] && tree->v2 && tree->v2_offers[i];
		if (of_v2[i])
			continue;
		if (!tree->v1[i])
			return fail_absent(i, err);
		folder = folder_add(group, tree->v1[i], name, false);
		if (!folder)
			return fail_nomem(err);
		folder->holds[i] = true;
	}
	return tree->v2 ? plan_v2(group, tree, of_v2, name, err) : CALLGATE_OK;
}

static int fail_folder(const char *doing, const struct cgroup_folder *folder, struct callgate_error *err)
{
	/* ENOENT: another mount hides the hierarchy. */
	bool denied = errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOENT;
	int status = denied ? CALLGATE_E_UNCONFINED : CALLGATE_E_OS;

	error_set_errno(err, "cannot %s the control group '%s'", doing, folder->path);
	if (status == CALLGATE_E_UNCONFINED) {
		error_hint(err, "as root, or by: systemd-run --user --scope -p Delegate=yes callgate ...");
		if (err)
			err->status = status;
	}
	return status;
}

static int make_folders(struct cgroup *group, struct callgate_error *err)
{
	for (size_t i = 0; i < group->folder_count; i++) {
		struct cgroup_folder *folder = &group->folders[i];

		if (mkdir(folder->path, 0755) < 0)
			return fail_folder("make", folder, err);
		folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		group->procs[i] = folder->fd < 0 ? -1 : openat(folder->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (group->procs[i] < 0)
			return fail_folder("open", folder, err);
		group->procs_count = i + 1;
	}
	return CALLGATE_OK;
}

int cgroup_new_in(const struct cgroup_tree *tree, const struct cgroup_limits *limits, struct cgroup **ret_group,
		  struct callgate_error *err)
{
	cleanup(cgroup_freep) struct cgroup *group = NULL;
	int status = cgroup_limits_check(limits, err);

	if (status != CALLGATE_OK)
		return status;
	group = calloc(1, sizeof(*group));
	if (!group)
		return fail_nomem(err);
	group->keeper = -1;
	status = plan_folders(group, tree, limits, err);
	if (status == CALLGATE_OK)
		status = keeper_start(group, err);
	if (status == CALLGATE_OK)
		status = make_folders(group, err);
	if (status == CALLGATE_OK)
		status = cgroup_limits_write(group, limits, err);
	if (status == CALLGATE_OK)
		*ret_group = take_ptr(group);
	return status;
}

int cgroup_new(const struct cgroup_limits *limits, struct cgroup **ret_group, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct cgroup_tree tree;
	int status = cgroup_tree_read(&arena, &tree, err);

	return status == CALLGATE_OK ? cgroup_new_in(&tree, limits, ret_group, err) : status;
}

int cgroup_enter(const int *procs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (write(procs[i], "0", 1) != 1)
			return -1;
	return 0;
}

void cgroup_free(struct cgroup *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->folder_count; i++) {
		if (group->folders[i].fd >= 0)
			close(group->folders[i].fd);
		if (i < group->procs_count)
			close(group->procs[i]);
	}
	orphan_end(group->keeper);
	arena_fini(&group->arena);
	free(group);
}

void cgroup_freep(struct cgroup **group)
{
	cgroup_free(*group);
}
