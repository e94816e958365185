/*
 * A fresh /proc is that of the pid namespace, but what it says of the machine is the machine's; a fresh /dev holds
 * what has no memory and no machine behind it. Both are read-only: a program that wants to write there wants to change
 * the kernel's settings or its own rights.
 */
#include "sandbox/special.h"

#include "kernel/call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Of /dev/shm, which is memory: the kernel's own word would be half of the machine's. A --tmpfs there has its own. */
#define SHM_SIZE "256M"

/* What of /proc tells of the machine or of others. The rest is read-only as all of it is. */
static const char *const special_proc_masks[] = {
	"acpi", "asound",	 "interrupts",	"kcore", "key-users",  "keys",
	"kmsg", "latency_stats", "sched_debug", "scsi",	 "timer_list",
};

/* It shares the launcher's memory, or a copy: its arguments are those of whoever called us. */
static const char *const special_init_masks[] = { "1/cmdline", "1/task/1/cmdline" };

static const char *const special_devices[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					       "/dev/random", "/dev/urandom", "/dev/tty" };

struct special_link {
	const char *name, *target;
};

static const struct special_link special_links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

static const struct fs_option special_terminals[] = { { "ptmxmode", "0666" }, { "mode", "0620" }, { NULL, NULL } };

/*
 * An empty file that nobody can write, to be mounted. The first one that was mounted is what all others are copies of:
 * a copy is read-only as it is.
 */
static long mask_file(const struct root *root)
{
	long file, tree, result;

	if (root->mask >= 0)
		return tree_clone(root->mask);
	result = KERNEL_CALL(SYS_mknodat, root->base, ROOT_EMPTY_FILE, S_IFREG | 0444, 0);
	file = result < 0 ? result : KERNEL_CALL(SYS_openat, root->base, ROOT_EMPTY_FILE, O_PATH | O_CLOEXEC, 0);
	tree = file < 0 ? file : tree_clone((int)file);
	fd_close(file);
	result = tree < 0 ? tree : mount_attributes((int)tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0);
	if (result == 0)
		return tree;
	fd_close(tree);
	return result;
}

/* On a name in a folder, where no link is followed; "" is the place itself. */
static long mask_attach(long tree, int place, const char *name)
{
	unsigned empty = *name ? 0 : MOVE_MOUNT_T_EMPTY_PATH;

	return tree < 0 ? tree : KERNEL_CALL(SYS_move_mount, tree, "", place, name, MOVE_MOUNT_F_EMPTY_PATH | empty);
}

static bool is_folder_at(int place, const char *name)
{
	struct statx status = { 0 };
	long result = KERNEL_CALL(SYS_statx, place, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status);

	return result == 0 && S_ISDIR(status.stx_mode);
}

/*
 * An empty thing of the same kind over what is there, read-only; what is not there needs none. *spare is a mask that
 * was made and not needed, −1 when there is none: half of what may be in /proc is not there.
 */
static long mask_at(struct root *root, long *spare, int place, const char *name)
{
	long tree = *spare >= 0 ? *spare : mask_file(root);
	long result = mask_attach(tree, place, name);

	*spare = tree;
	if (result == -ENOENT)
		return 0;
	if (result < 0 && tree >= 0 && is_folder_at(place, name)) {
		long folder = fs_new_tmpfs(
			"0755", NULL, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

		result = mask_attach(folder, place, name);
		fd_close(folder);
		return result;
	}
	if (result < 0)
		return result;
	*spare = -1;
	if (root->mask < 0)
		root->mask = (int)tree;
	else
		fd_close(tree);
	return 0;
}

long special_mask(struct root *root, const char *dest)
{
	long place = root_open(root, dest, 0);
	long spare = -1, result;

	if (place == -ENOENT || place == -ENOTDIR)
		return 0;
	result = place < 0 ? place : mask_at(root, &spare, (int)place, "");
	fd_close(spare);
	fd_close(place);
	return result;
}

static long mask_all(struct root *root, int place, const char *const *names, size_t count)
{
	long spare = -1, result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = mask_at(root, &spare, place, names[i]);
	fd_close(spare);
	return result;
}

long special_proc(struct root *root, const char *dest, bool has_init)
{
	long tree = fs_new("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	long result = root_attach(root, tree, dest, true);
	long place = result < 0 ? result : root_open(root, dest, O_DIRECTORY);

	if (place < 0)
		return place;
	result = mask_all(root, (int)place, special_proc_masks,
			  sizeof(special_proc_masks) / sizeof(*special_proc_masks));
	if (result == 0 && has_init)
		result = mask_all(root, (int)place, special_init_masks,
				  sizeof(special_init_masks) / sizeof(*special_init_masks));
	if (result == 0)
		result = mount_attributes((int)place, MOUNT_ATTR_RDONLY, 0);
	fd_close(place);
	return result;
}

/* One device of the machine's, bound to a file of ours. A read-only mount does not keep anybody from writing to a
 * device, but its owner, who is root's target, from changing the mode that it has for all. */
static long device_bind(int folder, const char *path)
{
	const char *name = path + sizeof("/dev/") - 1;
	long source = source_open(path), place, tree, result;

	if (source == -ENOENT)
		return 0;
	tree = source < 0 ? source : tree_clone((int)source);
	result = tree < 0 ? tree
			  : mount_attributes((int)tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
	if (result == 0)
		result = KERNEL_CALL(SYS_mknodat, folder, name, S_IFREG | 0666, 0);
	place = result < 0 ? result : KERNEL_CALL(SYS_openat, folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (place >= 0)
		result = mount_at((int)tree, (int)place);
	fd_close(source);
	fd_close(tree);
	fd_close(place);
	return result;
}

/* A file system of its own in a folder of /dev, which is made. */
static long device_mount(int folder, const char *name, long tree)
{
	long result = tree < 0 ? tree : KERNEL_CALL(SYS_mkdirat, folder, name, 0755);
	long place = result < 0 ? result : KERNEL_CALL(SYS_openat, folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	result = place < 0 ? place : mount_at((int)tree, (int)place);
	fd_close(place);
	fd_close(tree);
	return result;
}

static long devices_fill(int folder, uint64_t written)
{
	long result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(special_devices) / sizeof(*special_devices); i++)
		result = device_bind(folder, special_devices[i]);
	for (size_t i = 0; result == 0 && i < sizeof(special_links) / sizeof(*special_links); i++)
		result = KERNEL_CALL(SYS_symlinkat, special_links[i].target, folder, special_links[i].name);
	if (result == 0)
		result = device_mount(folder, "pts",
				      fs_new("devpts", special_terminals, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
	if (result == 0)
		result = device_mount(folder, "shm",
				      fs_new_tmpfs("1777", SHM_SIZE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | written));
	return result == 0 ? mount_attributes(folder, MOUNT_ATTR_RDONLY, 0) : result;
}

long special_dev(struct root *root, const char *dest, uint64_t written)
{
	long result = root_attach(root, fs_new_tmpfs("0755", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), dest, true);
	long folder = result < 0 ? result : root_open(root, dest, O_DIRECTORY);

	if (folder >= 0)
		result = devices_fill((int)folder, written);
	fd_close(folder);
	return folder < 0 ? folder : result;
}
