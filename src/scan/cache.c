/*
 * One file a module in the user's own folder. It is written beside its place and renamed, so that whoever reads sees a
 * whole one, from whichever of several writers; it is believed only if the user wrote it and nobody else could have.
 * Whatever goes wrong, the summary is made anew.
 */
#include "scan/cache.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "scan/summary_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_FILE_MAX = 1 << 30 };

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

/* Files are replaced, never written to, so that a mapping stays what it was. */
static struct summary *cache_load(const char *path, const struct summary_key *key)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t size = fd < 0 ? 0 : cache_size(fd);
	void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : MAP_FAILED;

	return bytes == MAP_FAILED ? NULL : summary_take(bytes, size, key);
}

/* The folder and those above it; that it is there already is as good. */
static bool cache_make_folder(const char *folder)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", folder) >= PATH_MAX)
		return false;
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static void cache_save(const char *folder, const char *path, const struct summary_key *key,
		       const struct summary *summary)
{
	cleanup(buf_fini) struct buf bytes = { 0 };

	if (!cache_make_folder(folder))
		return;
	summary_write(summary, key, &bytes);
	unlink(path); /* one that was not believed would keep its mode */
	if (!bytes.failed)
		file_replace(path, bytes.data, bytes.length, 0600, NULL);
}

int cache_summary(const char *folder, const struct module *module, const struct pointers *pointers,
		  struct summary **ret_summary, struct callgate_error *err)
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
	if (status == CALLGATE_OK)
		cache_save(folder, path, &key, *ret_summary);
	return status;
}
