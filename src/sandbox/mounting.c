/*
 * Descriptors in place of paths, wherever the kernel takes them: what was opened is what is mounted, whatever others
 * do to the path meanwhile. And a place to mount at is made only on file systems that are the sandbox's own, so that
 * nothing of it stays behind outside.
 */
#include "sandbox/mounting.h"

#include "kernel/call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

void fd_close(long fd)
{
	if (fd >= 0)
		KERNEL_CALL(SYS_close, fd);
}

long fd_status(int fd, struct statx *ret_status)
{
	return KERNEL_CALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, ret_status);
}

static long open_how(int folder, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };

	return KERNEL_CALL(SYS_openat2, folder, path, &how, sizeof(how));
}

long root_open(const struct root *root, const char *path, uint64_t flags)
{
	path += strspn(path, "/");
	return open_how(root->top, *path ? path : ".", O_PATH | flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

bool root_goes_by_link(const struct root *root, const char *path)
{
	long fd;

	path += strspn(path, "/");
	fd = open_how(root->top, *path ? path : ".", O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	fd_close(fd);
	return fd == -ELOOP;
}

long source_open(const char *path)
{
	return open_how(AT_FDCWD, path, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

long fs_new(const char *type, const struct fs_option *options, uint64_t attributes)
{
	long context = KERNEL_CALL(SYS_fsopen, type, FSOPEN_CLOEXEC);
	long result = context < 0 ? context : 0;

	for (; result == 0 && options && options->key; options++)
		result = KERNEL_CALL(SYS_fsconfig, context, options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
				     options->key, options->value, 0);
	if (result == 0)
		result = KERNEL_CALL(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (result == 0)
		result = KERNEL_CALL(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
	fd_close(context);
	return result;
}

long fs_new_tmpfs(const char *mode, const char *size, uint64_t attributes)
{
	const struct fs_option options[] = { { "mode", mode }, { size ? "size" : NULL, size }, { NULL, NULL } };

	return fs_new("tmpfs", options, attributes);
}

long tree_clone(int fd)
{
	return KERNEL_CALL(SYS_open_tree, fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

long mount_attributes(int fd, uint64_t set, unsigned flags)
{
	struct mount_attr attributes = { .attr_set = set };

	return KERNEL_CALL(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attributes, sizeof(attributes));
}

long mount_at(int fd, int place)
{
	return KERNEL_CALL(SYS_move_mount, fd, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

void root_remember(struct root *root, int fd)
{
	struct statx status = { 0 };

	if (root->own_count < ROOT_OWN_MAX && fd_status(fd, &status) == 0)
		root->own[root->own_count++] = (struct root_device){ status.stx_dev_major, status.stx_dev_minor };
}

static bool root_owns(const struct root *root, int fd)
{
	struct statx status = { 0 };

	if (fd_status(fd, &status) < 0)
		return false;
	for (unsigned i = 0; i < root->own_count; i++)
		if (root->own[i].major == status.stx_dev_major && root->own[i].minor == status.stx_dev_minor)
			return true;
	return false;
}

static bool is_root(const char *dest)
{
	return dest[strspn(dest, "/")] == '\0';
}

/* Makes the last name of path, whose folders are there: a folder, or an empty file. EROFS where it is not ours. */
static long point_make_last(const struct root *root, const char *path, size_t folder_length, bool is_folder)
{
	char folder[PATH_MAX];
	long parent, result;

	memcpy(folder, path, folder_length);
	folder[folder_length] = '\0';
	parent = root_open(root, folder, O_DIRECTORY);
	if (parent < 0)
		return parent;
	if (!root_owns(root, (int)parent))
		result = -EROFS;
	else if (is_folder)
		result = KERNEL_CALL(SYS_mkdirat, parent, path + folder_length + 1, 0755);
	else
		result = KERNEL_CALL(SYS_mknodat, parent, path + folder_length + 1, S_IFREG | 0644, 0);
	fd_close(parent);
	return result == -EEXIST ? 0 : result;
}

/* Makes what is missing of dest, folder by folder. */
static long point_make(const struct root *root, const char *dest, bool is_folder)
{
	char path[PATH_MAX];
	size_t length = 0;
	long result = 0;

	while (result == 0 && dest[length]) {
		size_t parent;
		long there;

		length += strspn(dest + length, "/");
		parent = length ? length - 1 : 0;
		length += strcspn(dest + length, "/");
		if (length >= sizeof(path))
			return -ENAMETOOLONG;
		if (length == parent + 1)
			break;
		memcpy(path, dest, length);
		path[length] = '\0';
		there = root_open(root, path, 0);
		fd_close(there);
		if (there == -ENOENT)
			result = point_make_last(root, path, parent, dest[length] ? true : is_folder);
		else if (there < 0)
			result = there;
	}
	return result;
}

long root_point(const struct root *root, const char *dest, bool is_folder)
{
	long fd = root_open(root, dest, 0);

	if (fd == -ENOENT) {
		long made = point_make(root, dest, is_folder);

		fd = made < 0 ? made : root_open(root, dest, 0);
	}
	return fd;
}

/* On what is there, or is made with its folders. */
static long attach_anywhere(const struct root *root, int tree, const char *dest, bool is_folder)
{
	struct statx status = { 0 };
	long place = root_point(root, dest, is_folder);
	long result = place < 0 ? place : fd_status((int)place, &status);

	if (result == 0 && S_ISDIR(status.stx_mode) != is_folder)
		result = is_folder ? -ENOTDIR : -EISDIR;
	if (result == 0)
		result = mount_at(tree, (int)place);
	fd_close(place);
	return result;
}

/* The folder of a name, where places may be made; the root that we began with needs no look. EEXIST for any other. */
static long attach_folder(const struct root *root, const char *dest, size_t length)
{
	char folder[PATH_MAX];
	long fd;

	if (dest[strspn(dest, "/")] && strspn(dest, "/") >= length && root->top == root->base)
		return root->base;
	if (length >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, dest, length);
	folder[length] = '\0';
	fd = root_open(root, folder, O_DIRECTORY);
	if (fd >= 0 && root_owns(root, (int)fd))
		return fd;
	fd_close(fd);
	return -EEXIST;
}

/*
 * On a new name in a folder of ours, which nobody else sees: what was just made there needs no second look. Most mounts
 * of most sandboxes are such. EEXIST where it is none.
 */
static long attach_new(const struct root *root, int tree, const char *dest, bool is_folder)
{
	const char *name = strrchr(dest, '/') + 1;
	long folder, result;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EEXIST;
	folder = attach_folder(root, dest, (size_t)(name - dest));
	if (folder < 0)
		return folder;
	result = is_folder ? KERNEL_CALL(SYS_mkdirat, folder, name, 0755)
			   : KERNEL_CALL(SYS_mknodat, folder, name, S_IFREG | 0644, 0);
	if (result == 0)
		result = KERNEL_CALL(SYS_move_mount, tree, "", folder, name, MOVE_MOUNT_F_EMPTY_PATH);
	if (folder != root->base)
		fd_close(folder);
	return result;
}

long root_attach(struct root *root, long tree, const char *dest, bool is_folder)
{
	long result = tree < 0 ? tree : attach_new(root, (int)tree, dest, is_folder);

	root->has_tree = tree >= 0;
	if (result == -EEXIST)
		result = attach_anywhere(root, (int)tree, dest, is_folder);
	if (result == 0 && is_root(dest)) {
		if (root->top != root->base)
			fd_close(root->top);
		root->top = (int)tree;
	} else {
		fd_close(tree);
	}
	return result;
}
