/*
 * systemd.unit(5): `NAME.d/`, for `a-b.service` also `a-.service.d/`, and `service.d/`, hold files that end in .conf.
 * Of files with one name the most specific folder's counts, and all are read in the order of their names.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "import/systemd.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DROPINS_MAX 1024

struct finding {
	struct import *import;
	struct systemd_dropins *found;
};

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_found(const struct finding *finding, const char *name)
{
	for (size_t i = 0; i < finding->found->length; i++)
		if (strcmp(base_name(finding->found->items[i]), name) == 0)
			return true;
	return false;
}

static int keep(struct finding *finding, const char *folder, const char *name)
{
	struct arena *arena = &finding->import->policy->arena;
	size_t length = strlen(name);
	const char *path;

	if (name[0] == '.' || length <= 5 || strcmp(name + length - 5, ".conf") != 0 || is_found(finding, name))
		return CALLGATE_OK;
	if (finding->found->length >= DROPINS_MAX)
		return fail(finding->import->err, CALLGATE_E_LIMIT, "more than %d drop-ins", DROPINS_MAX);
	path = arena_printf(arena, "%s/%s", folder, name);
	return path && VEC_PUSH(arena, finding->found, path) ? CALLGATE_OK : fail_nomem(finding->import->err);
}

static int fail_folder(struct finding *finding, const char *path)
{
	error_set(finding->import->err, CALLGATE_E_OS, "cannot read the drop-ins: %s", strerror(errno));
	error_place(finding->import->err, path, 0, 0);
	return CALLGATE_E_OS;
}

/* A folder that is not there holds none. */
static int look_into(struct finding *finding, const char *path)
{
	cleanup(close_folder) DIR *folder = path ? opendir(path) : NULL;
	const struct dirent *entry;
	int status = CALLGATE_OK;

	if (!path)
		return fail_nomem(finding->import->err);
	if (!folder)
		return errno == ENOENT || errno == ENOTDIR ? CALLGATE_OK : fail_folder(finding, path);
	while (!status && (errno = 0, entry = readdir(folder)))
		status = keep(finding, path, entry->d_name);
	return !status && errno ? fail_folder(finding, path) : status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(base_name(*(const char *const *)a), base_name(*(const char *const *)b));
}

int systemd_find_dropins(struct import *import, struct systemd_dropins *ret_dropins)
{
	struct finding finding = { import, ret_dropins };
	struct arena *arena = &import->policy->arena;
	const char *path = import->source->path, *name = path ? base_name(path) : NULL;
	const char *type = name ? strrchr(name, '.') : NULL;
	int folder_length, status;

	if (!type || strcmp(type, ".conf") == 0)
		return CALLGATE_OK;
	folder_length = (int)(name - path);
	status = look_into(&finding, arena_printf(arena, "%s.d", path));
	for (const char *end = type; !status && end > name; end--)
		if (end[-1] == '-' && end < type)
			status = look_into(&finding, arena_printf(arena, "%.*s%s.d", (int)(end - path), path, type));
	if (!status)
		status = look_into(&finding, arena_printf(arena, "%.*s%s.d", folder_length, path, type + 1));
	if (!status && ret_dropins->length)
		qsort(ret_dropins->items, ret_dropins->length, sizeof(*ret_dropins->items), by_name);
	return status;
}
