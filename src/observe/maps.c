/*
 * A line of /proc/PID/maps is "START-END PERMS OFFSET DEV INODE      PATH". Names with a line end in them come
 * escaped from the kernel, so that a line is a line.
 */
#include "observe/maps.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS_TEXT_MAX = 64 << 20 };

void maps_fini(struct maps *maps)
{
	free(maps->ranges);
	*maps = (struct maps){ 0 };
}

static bool maps_add(struct maps *maps, const struct maps_range *range)
{
	/* Room doubles at every power of two. */
	if ((maps->count & (maps->count - 1)) == 0) {
		size_t room = maps->count ? maps->count * 2 : 1;
		struct maps_range *grown = realloc(maps->ranges, room * sizeof(*grown));

		if (!grown)
			return false;
		maps->ranges = grown;
	}
	maps->ranges[maps->count++] = *range;
	return true;
}

static const char *maps_next_field(const char *field)
{
	field += strcspn(field, " ");
	return field + strspn(field, " ");
}

static int maps_parse_line(struct maps *maps, const char *line, struct evidence *evidence, struct callgate_error *err)
{
	struct maps_range range;
	const char *path;
	char *at;
	int status;

	range.start = strtoull(line, &at, 16);
	if (at == line || *at != '-')
		return CALLGATE_OK;
	range.end = strtoull(at + 1, &at, 16);
	if (strncmp(at, " r", 2) != 0 && strncmp(at, " -", 2) != 0)
		return CALLGATE_OK;
	if (strlen(at) < 5 || at[3] != 'x')
		return CALLGATE_OK;
	range.file_offset = strtoull(maps_next_field(at + 1), &at, 16);
	path = maps_next_field(maps_next_field(maps_next_field(at - 1)));
	status = evidence_module(evidence, *path ? path : "[anon]", &range.module, err);
	if (status < 0)
		return status;
	return maps_add(maps, &range) ? CALLGATE_OK : fail_nomem(err);
}

int maps_parse(struct maps *maps, char *text, struct evidence *evidence, struct callgate_error *err)
{
	char *rest = text;
	char *line;
	int status = CALLGATE_OK;

	maps_fini(maps);
	while (status == CALLGATE_OK && maps->count < MAPS_MAX && (line = strsep(&rest, "\n")))
		status = maps_parse_line(maps, line, evidence, err);
	if (status < 0)
		maps_fini(maps);
	maps->known = status == CALLGATE_OK;
	return status;
}

int maps_read(struct maps *maps, pid_t pid, struct evidence *evidence, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error unreadable;
	char path[32];
	char nothing[] = "";
	int status;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	status = file_read(path, MAPS_TEXT_MAX, &text, &unreadable);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(err);
	return maps_parse(maps, status == CALLGATE_OK && text.data ? text.data : nothing, evidence, err);
}

int maps_copy(const struct maps *maps, struct maps *ret_copy, struct callgate_error *err)
{
	*ret_copy = (struct maps){ 0 };
	for (size_t i = 0; i < maps->count; i++) {
		if (!maps_add(ret_copy, &maps->ranges[i])) {
			maps_fini(ret_copy);
			return fail_nomem(err);
		}
	}
	ret_copy->known = maps->known;
	return CALLGATE_OK;
}

static int maps_compare(const void *key, const void *item)
{
	const uint64_t *address = key;
	const struct maps_range *range = item;

	if (*address < range->start)
		return -1;
	return *address >= range->end;
}

const struct maps_range *maps_find(struct maps *maps, uint64_t address)
{
	const struct maps_range *found;

	if (maps->last < maps->count && maps_compare(&address, &maps->ranges[maps->last]) == 0)
		return &maps->ranges[maps->last];
	if (maps->count == 0)
		return NULL;
	found = bsearch(&address, maps->ranges, maps->count, sizeof(*found), maps_compare);
	if (found)
		maps->last = (size_t)(found - maps->ranges);
	return found;
}

bool maps_overlap(const struct maps *maps, uint64_t address, uint64_t length)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct maps_range *range = &maps->ranges[i];

		if (address < range->end && (address >= range->start || range->start - address < length))
			return true;
	}
	return false;
}

bool maps_is_loader(const char *module)
{
	const char *slash = strrchr(module, '/');
	const char *name = slash ? slash + 1 : module;

	return slash && strncmp(name, "ld", 2) == 0 &&
	       (name[2] == '-' || name[2] == '.' || strncmp(name, "ld64.", 5) == 0) && strstr(name, ".so");
}
