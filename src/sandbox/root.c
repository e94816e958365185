/*
 * A new root is built on a tmpfs that lies over the old one, which only paths from outside still reach; then the two
 * change places and the old one is let go, with all that is mounted in it. A source is opened once, without a link in
 * its path, and what was opened is what is mounted; a destination is looked up in the new root as a chroot would, so
 * that links in it lead nowhere else.
 */
#include "sandbox/root.h"

#include "kernel/call.h"
#include "sandbox/mounting.h"
#include "sandbox/special.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

/* Lower folders of an overlay, each named by "/proc/self/fd/N" and a separator. */
#define OVERLAY_LAYERS_MAX 24
#define OVERLAY_LAYER_SIZE 32

/* The old root, the file system that we began with, and mounts at / that others were made over. */
#define ROOT_COVERS_MAX 66

/* What can be written must not be executed, where that is asked for: a file can be mapped as well as memory. */
static uint64_t written(const struct sandbox_plan *plan)
{
	return plan->sandbox->write_xor_execute ? MOUNT_ATTR_NOEXEC : 0;
}

static long root_bind(const struct sandbox_plan *plan, struct root *root, const struct plan_mount *mount)
{
	bool is_read_only = mount->kind == SANDBOX_RO_BIND || mount->kind == SANDBOX_RO_BIND_TRY;
	uint64_t attributes = MOUNT_ATTR_NOSUID | (is_read_only ? MOUNT_ATTR_RDONLY : written(plan)) |
			      (mount->kind == SANDBOX_DEV_BIND ? 0 : MOUNT_ATTR_NODEV) |
			      (mount->noexec ? MOUNT_ATTR_NOEXEC : 0);
	struct statx status = { 0 };
	long source = source_open(mount->source);
	long tree = source < 0 ? source : tree_clone((int)source);
	long result = tree < 0 ? tree : fd_status((int)source, &status);

	fd_close(source);
	if (result == 0)
		result = mount_attributes((int)tree, attributes, AT_RECURSIVE);
	if (result < 0) {
		fd_close(tree);
		return result;
	}
	return root_attach(root, tree, mount->dest, S_ISDIR(status.stx_mode));
}

static long root_tmpfs(const struct sandbox_plan *plan, struct root *root, const struct plan_mount *mount)
{
	long tree = fs_new_tmpfs(mount->perms, mount->size,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | written(plan) |
					 (mount->noexec ? MOUNT_ATTR_NOEXEC : 0));

	if (tree >= 0)
		root_remember(root, (int)tree);
	return root_attach(root, tree, mount->dest, true);
}

static long root_symlink(const struct root *root, const struct plan_mount *mount)
{
	const char *name = strrchr(mount->dest, '/') + 1;
	char folder[PATH_MAX];
	size_t length = (size_t)(name - mount->dest);
	long parent, result;

	if (length >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, mount->dest, length);
	folder[length] = '\0';
	parent = root_point(root, folder, true);
	result = parent < 0 ? parent : KERNEL_CALL(SYS_symlinkat, mount->source, parent, name);
	fd_close(parent);
	return result;
}

static long root_folder(const struct root *root, const struct plan_mount *mount)
{
	long place = root_point(root, mount->dest, true);

	fd_close(place);
	return place < 0 ? place : 0;
}

/* "/proc/self/fd/N" at text, which has OVERLAY_LAYER_SIZE bytes: overlayfs takes paths. */
static size_t overlay_name(char *text, long fd)
{
	static const char prefix[] = "/proc/self/fd/";
	char digits[16];
	size_t length = sizeof(prefix) - 1, count = 0;

	do
		digits[count++] = (char)('0' + fd % 10);
	while ((fd /= 10) > 0);
	memcpy(text, prefix, length);
	while (count > 0)
		text[length++] = digits[--count];
	text[length] = '\0';
	return length;
}

/* The lower folders as one option, the highest first, as overlayfs has it; they stay open until exec. */
static long overlay_lower(const struct plan_mount *mount, char *text)
{
	size_t used = 0;

	if (mount->layer_count > OVERLAY_LAYERS_MAX)
		return -E2BIG;
	for (size_t i = mount->layer_count; i-- > 0;) {
		long fd = source_open(mount->layers[i]);

		if (fd < 0)
			return fd;
		if (used)
			text[used++] = ':';
		used += overlay_name(text + used, fd);
	}
	return 0;
}

/* Where changes go: the folders that were named, or two of a tmpfs that nobody else sees. */
static long overlay_upper(const struct plan_mount *mount, long *ret_upper, long *ret_work)
{
	long memory;

	if (mount->kind == SANDBOX_OVERLAY) {
		*ret_upper = source_open(mount->source);
		*ret_work = *ret_upper < 0 ? *ret_upper : source_open(mount->work);
		return *ret_work < 0 ? *ret_work : 0;
	}
	memory = fs_new_tmpfs("0755", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (memory < 0)
		return memory;
	KERNEL_CALL(SYS_mkdirat, memory, "upper", 0755);
	KERNEL_CALL(SYS_mkdirat, memory, "work", 0755);
	*ret_upper = KERNEL_CALL(SYS_openat, memory, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	*ret_work = KERNEL_CALL(SYS_openat, memory, "work", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	return *ret_work < 0 ? *ret_work : 0;
}

static long root_overlay(const struct sandbox_plan *plan, struct root *root, const struct plan_mount *mount)
{
	char lower[OVERLAY_LAYERS_MAX * OVERLAY_LAYER_SIZE], upper[OVERLAY_LAYER_SIZE], work[OVERLAY_LAYER_SIZE];
	struct fs_option options[5] = { { "lowerdir", lower } };
	long upper_fd = -1, work_fd = -1, result = overlay_lower(mount, lower);
	size_t count = 1;

	if (result == 0 && mount->kind != SANDBOX_RO_OVERLAY) {
		result = overlay_upper(mount, &upper_fd, &work_fd);
		overlay_name(upper, upper_fd < 0 ? 0 : upper_fd);
		overlay_name(work, work_fd < 0 ? 0 : work_fd);
		options[count++] = (struct fs_option){ "upperdir", upper };
		options[count++] = (struct fs_option){ "workdir", work };
	}
	/* In a user namespace overlayfs may not use the attributes that are root's. */
	if (plan->namespaces & CLONE_NEWUSER)
		options[count++] = (struct fs_option){ "userxattr", NULL };
	if (result == 0)
		result = fs_new("overlay", options,
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					(mount->kind == SANDBOX_RO_OVERLAY ? 0 : written(plan)));
	return root_attach(root, result, mount->dest, true);
}

static long root_mount(const struct sandbox_plan *plan, struct root *root, const struct plan_mount *mount)
{
	switch (mount->kind) {
	case SANDBOX_RO_BIND:
	case SANDBOX_BIND:
	case SANDBOX_DEV_BIND:
	case SANDBOX_RO_BIND_TRY:
	case SANDBOX_BIND_TRY:
		return root_bind(plan, root, mount);
	case SANDBOX_TMPFS:
		return root_tmpfs(plan, root, mount);
	case SANDBOX_PROC:
		return special_proc(root, mount->dest, plan->has_init);
	case SANDBOX_DEV:
		return special_dev(root, mount->dest, written(plan));
	case SANDBOX_DIR:
		return root_folder(root, mount);
	case SANDBOX_SYMLINK:
		return root_symlink(root, mount);
	case SANDBOX_MASK:
		return special_mask(root, mount->dest);
	case SANDBOX_OVERLAY:
	case SANDBOX_TMP_OVERLAY:
	case SANDBOX_RO_OVERLAY:
		return root_overlay(plan, root, mount);
	}
	return -EINVAL;
}

/* One of the plan's, and whether it failed of its source or of its place. */
static long root_mount_at(struct sandbox_plan *plan, struct root *root, size_t index)
{
	const struct plan_mount *mount = &plan->mounts[index];
	long result;

	plan->index = index;
	root->has_tree = mount->kind == SANDBOX_SYMLINK || mount->kind == SANDBOX_DIR;
	result = root_mount(plan, root, mount);
	if (result < 0 && root->has_tree)
		plan->step = root_goes_by_link(root, mount->dest) ? PLAN_LINK : PLAN_PLACE;
	return result;
}

static long root_begin(struct root *root)
{
	long tree = fs_new_tmpfs("0755", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	long result = tree < 0 ? tree : KERNEL_CALL(SYS_move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (result < 0)
		return result;
	root->base = root->top = (int)tree;
	root_remember(root, (int)tree);
	return 0;
}

/* Which mount is at a place; 0 when that cannot be told. */
static uint64_t mount_at_place(long fd, const char *path)
{
	struct statx status = { 0 };

	if (KERNEL_CALL(SYS_statx, fd, path, AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
		return 0;
	return status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
}

/*
 * What was mounted over the root before it became the root lies over it still, and ".." of the root leads up there: the
 * old root, and over that whatever of ours the new one was mounted over. All of it is let go, or nothing is started.
 */
static long root_uncover(const struct root *root)
{
	uint64_t own = mount_at_place(root->top, "");
	long result = 0;

	for (unsigned i = 0; result == 0 && i < ROOT_COVERS_MAX; i++) {
		uint64_t above = mount_at_place(AT_FDCWD, "/..");

		if (own == 0 || above == 0)
			return -ENOSYS;
		if (above == own)
			return 0;
		result = KERNEL_CALL(SYS_umount2, "/..", MNT_DETACH);
	}
	return result == 0 ? -EBUSY : result;
}

/* The old root comes to lie over the new one, and is let go there. */
static long root_pivot(const struct root *root)
{
	long result = 0;

	KERNEL_CALL(SYS_unlinkat, root->base, ROOT_EMPTY_FILE, 0);
	if (root->top == root->base)
		result = mount_attributes(root->top, MOUNT_ATTR_RDONLY, 0);
	if (result == 0)
		result = KERNEL_CALL(SYS_fchdir, root->top);
	if (result == 0)
		result = KERNEL_CALL(SYS_pivot_root, ".", ".");
	if (result == 0)
		result = root_uncover(root);
	return result == 0 ? KERNEL_CALL(SYS_chdir, "/") : result;
}

long root_enter(struct sandbox_plan *plan)
{
	struct root root = { .base = -1, .top = -1, .mask = -1 };
	long result;

	plan->step = PLAN_NEW_ROOT;
	result = root_begin(&root);
	if (result == 0)
		plan->step = PLAN_MOUNT;
	for (size_t i = 0; result == 0 && i < plan->mount_count; i++)
		result = root_mount_at(plan, &root, i);
	if (result < 0)
		return result;
	plan->step = PLAN_PIVOT;
	return root_pivot(&root);
}
