/*
 * Every update of a library leaves a summary behind that nobody asks for again. Files are taken out by name, whole: a
 * mapping of one that is gone stays what it was, and two that prune at once choose the same ones. Only what has a
 * summary's name is touched, since the user may have named any folder.
 */
#include "scan/cache.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PRUNE_NAME = 40 }; /* hexadecimal digits of a build id */

struct prune_file {
	const char *name;
	int64_t used; /* seconds */
	uint64_t bytes;
};

struct prune {
	struct arena arena;
	struct {
		VEC(struct prune_file);
	} files;
	uint64_t bytes; /* of all of them */
};

static void prune_fini(struct prune *prune)
{
	arena_fini(&prune->arena);
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* "0123…ef-803-1a2b", and behind that what a writer that died has left. */
static bool is_summary_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == PRUNE_NAME && name[PRUNE_NAME] == '-';
}

/* False: memory is out. */
static bool prune_add(struct prune *prune, int folder, const char *name)
{
	struct prune_file file = { .name = NULL };
	struct stat status;

	if (!is_summary_name(name) || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(status.st_mode))
		return true;
	file.name = arena_strdup(&prune->arena, name);
	file.used = status.st_mtim.tv_sec;
	file.bytes = (uint64_t)status.st_size;
	prune->bytes += file.bytes;
	return file.name && VEC_PUSH(&prune->arena, &prune->files, file);
}

static int by_use(const void *left, const void *right)
{
	const struct prune_file *a = left, *b = right;

	return a->used < b->used ? -1 : a->used > b->used;
}

void cache_prune(const char *folder, uint64_t bytes_max, int64_t age_max_s)
{
	cleanup(prune_fini) struct prune prune = { .bytes = 0 };
	cleanup(close_folder) DIR *open = opendir(folder);
	const struct dirent *entry;
	int64_t now = time(NULL);

	if (!open)
		return;
	while ((entry = readdir(open)))
		if (!prune_add(&prune, dirfd(open), entry->d_name))
			return;
	if (prune.files.length > 0)
		qsort(prune.files.items, prune.files.length, sizeof(*prune.files.items), by_use);
	for (size_t i = 0; i < prune.files.length; i++) {
		const struct prune_file *file = &prune.files.items[i];

		if (prune.bytes <= bytes_max && now - file->used <= age_max_s)
			break;
		unlinkat(dirfd(open), file->name, 0);
		prune.bytes -= file->bytes;
	}
}
