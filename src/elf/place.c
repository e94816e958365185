/*
 * In a root, links that begin with a slash begin at the root: the kernel follows them so (openat2, RESOLVE_IN_ROOT).
 */
#include "elf/place.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The path of the open file as we see it; false with errno. */
static bool place_of_descriptor(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return true;
}

/* Follows links as a process with that root would. */
static bool place_resolve(const char *root, const char *path, char host[PATH_MAX])
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	cleanup_fd int folder = -1;
	cleanup_fd int fd = -1;

	if (!root)
		return realpath(path, host);
	folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	return fd >= 0 && place_of_descriptor(fd, host);
}

int place_find(struct arena *arena, const char *root, const char *path, struct place *ret_place,
	       struct callgate_error *err)
{
	size_t root_length = root ? strlen(root) : 0;
	const char *slash = strrchr(path, '/');
	struct place place = { 0 };
	char host[PATH_MAX];
	struct stat status;

	*ret_place = place;
	if (!place_resolve(root, path, host) || stat(host, &status) < 0)
		return CALLGATE_OK;
	place.host = arena_strdup(arena, host);
	place.folder = slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
	if (!place.host || !place.folder)
		return fail_nomem(err);
	place.path = place.host + (root && strncmp(place.host, root, root_length) == 0 ? root_length : 0);
	place.device = status.st_dev;
	place.inode = status.st_ino;
	*ret_place = place;
	return CALLGATE_OK;
}
