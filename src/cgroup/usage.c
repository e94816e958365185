/*
 * A count is a row of usage.def: which file of which hierarchy, and where the number stands in it.
 */
#include "cgroup/files.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cgroup_file_read(int folder, const char *file, char text[CGROUP_FILE_SIZE])
{
	cleanup_fd int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, CGROUP_FILE_SIZE - 1);

	if (got < 0)
		return false;
	text[got] = '\0';
	return true;
}

/* The number in a file, or behind a key at the start of one of its lines. */
static uint64_t read_number(int folder, const char *file, const char *key)
{
	char text[CGROUP_FILE_SIZE];
	const char *at = text;
	size_t length = key ? strlen(key) : 0;

	if (!cgroup_file_read(folder, file, text))
		return CGROUP_UNKNOWN;
	while (key && (strncmp(at, key, length) != 0 || at[length] != ' ')) {
		at = strchr(at, '\n');
		if (!at)
			return CGROUP_UNKNOWN;
		at++;
	}
	return strtoull(key ? at + length : at, NULL, 10);
}

/* What v2 counts without a controller. */
#define CGROUP_NONE CGROUP_CONTROLLERS

static uint64_t read_usage(const struct cgroup *group, int controller, bool is_v2, const char *file, const char *key,
			   unsigned divisor)
{
	for (size_t i = 0; i < group->folder_count; i++) {
		const struct cgroup_folder *folder = &group->folders[i];
		uint64_t number;

		if (folder->is_v2 != is_v2 || (controller != CGROUP_NONE && !folder->holds[controller]))
			continue;
		number = read_number(folder->fd, file, key);
		return number == CGROUP_UNKNOWN ? number : number / divisor;
	}
	return CGROUP_UNKNOWN;
}

struct cgroup_usage cgroup_usage_unknown(void)
{
	struct cgroup_usage usage;

	memset(&usage, 0xff, sizeof(usage));
	return usage;
}

struct cgroup_usage cgroup_read_usage(const struct cgroup *group)
{
	struct cgroup_usage usage = cgroup_usage_unknown();

#define USAGE(field, controller, version, file, key, divisor) \
	if (usage.field == CGROUP_UNKNOWN)                    \
		usage.field = read_usage(group, CGROUP_##controller, (version) == 2, file, key, divisor);
#include "cgroup/usage.def"
#undef USAGE
	return usage;
}
