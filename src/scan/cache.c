/*
 * One file a module in the user's own folder. It is written beside its place and renamed, so that whoever reads sees a
 * whole one, from whichever of several writers; it is believed only if the user wrote it and nobody else could have.
 * It is not synced: what a crash of the machine leaves of it fails its checksum. Whatever goes wrong, the summary is
 * made anew.
 */
#include "scan/cache.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "scan/summary_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CACHE_FILE_MAX = 1 << 30, CACHE_TOUCH_S = 24 * 60 * 60 };

static bool cache_path(const char *folder, const struct summary_key *key, char path[PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/", folder);

	for (size_t i = 0; i < 20 && length > 0 && length < PATH_MAX - 64; i++)
		length += snprintf(path + length, PATH_MAX - (size_t)length, "%02x", key->build_id[i]);
	if (length <= 0 || length >= PATH_MAX - 64)
		return false;
	snprintf(path + length, PATH_MAX - (size_t)length, "-%" PRIx64 "-%" PRIx64, key->device, key->inode);
	return true;
}

/* The size of a file that only we could have written; 0 for any other. */
static size_t cache_size(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
	    status.st_mode & (S_IWGRP | S_IWOTH) || status.st_size > CACHE_FILE_MAX)
		return 0;
	return (size_t)status.st_size;
}

/* That it was used is known by when it was changed, since not every file system says when one was read. */
static void cache_touch(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && time(NULL) - status.st_mtim.tv_sec > CACHE_TOUCH_S)
		futimens(fd, NULL);
}

/* Files are replaced, never written to, so that a mapping stays what it was. */
static struct summary *cache_load(const char *path, const struct summary_key *key)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t size = fd < 0 ? 0 : cache_size(fd);
	void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : MAP_FAILED;

	if (bytes == MAP_FAILED)
		return NULL;
	cache_touch(fd);
	return summary_take(bytes, size, key);
}

/* The folder, and the one that it is in. What that is in is a user's home, which is not ours to make. */
static bool cache_make_folder(const char *folder)
{
	char above[PATH_MAX];
	char *slash;

	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return true;
	if (errno != ENOENT || snprintf(above, sizeof(above), "%s", folder) >= PATH_MAX)
		return false;
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return false;
	*slash = '\0';
	return (mkdir(above, 0700) == 0 || errno == EEXIST) && (mkdir(folder, 0700) == 0 || errno == EEXIST);
}

/* Whether it was put there. */
static bool cache_save(const char *folder, const char *path, const struct summary_key *key,
		       const struct summary *summary)
{
	cleanup_fd int fd = -1;
	char beside[PATH_MAX];

	if (!cache_make_folder(folder) || snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= PATH_MAX)
		return false;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return false;
	if (summary_save(summary, key, fd) && rename(beside, path) == 0)
		return true;
	unlink(beside);
	return false;
}

int cache_summary(const char *folder, const struct module *module, const struct pointers *pointers,
		  struct summary **ret_summary, bool *ret_saved, struct callgate_error *err)
{
	struct summary_key key = summary_key(module);
	char path[PATH_MAX];
	struct summary *kept;
	int status;

	if (!folder || !module->is_file || !cache_path(folder, &key, path))
		return summary_make(module, pointers, ret_summary, err);
	kept = cache_load(path, &key);
	if (kept) {
		*ret_summary = kept;
		return CALLGATE_OK;
	}
	status = summary_make(module, pointers, ret_summary, err);
	if (status == CALLGATE_OK && cache_save(folder, path, &key, *ret_summary))
		*ret_saved = true;
	return status;
}
