/*
 * A bind's source is a path, and whoever can write a folder on it can put a link in the place of the next one: a grader
 * that mounted the submission's own folder was led to the machine's root that way (CVE-2024-28185). So no link is
 * followed, neither here nor when the target opens the result, but those of the system itself: they lie in folders that
 * only root writes, and that no program's data lies in.
 */
#include "sandbox/source.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_LINKS_MAX 16

/* As whom a user namespace shows the owner that it does not map: the machine's root, for the system's folders. */
#define OVERFLOW_UID 65534

/* Folders whose links are the system's. Those that end in a slash stand for all beneath them, too. */
static const char *const source_system_folders[] = { "/", "/etc/", "/lib/", "/usr/", "/var", "/nix/" };

static bool is_beneath(const char *folder, const char *system)
{
	size_t length = strlen(system);

	if (strcmp(folder, system) == 0)
		return true;
	return length > 1 && system[length - 1] == '/' && strncmp(folder, system, length - 1) == 0 &&
	       (folder[length - 1] == '/' || !folder[length - 1]);
}

/* Whether a link that lies here is the system's: nobody but root can have put it there. */
static bool is_system_folder(const char *folder)
{
	struct stat status;

	for (size_t i = 0; i < sizeof(source_system_folders) / sizeof(*source_system_folders); i++)
		if (is_beneath(folder, source_system_folders[i]))
			return stat(folder, &status) == 0 && (status.st_uid == 0 || status.st_uid == OVERFLOW_UID) &&
			       (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	return false;
}

/* The walk: path is what is sure, rest what is still to walk. */
struct walk {
	struct arena *arena;
	const char *source; /* as it was said, for messages */
	const char *path;   /* "" for the root */
	const char *rest;
	unsigned links;
};

static int walk_link(struct walk *walk, const char *next, struct callgate_error *err)
{
	char target[PATH_MAX];
	ssize_t length = readlink(next, target, sizeof(target) - 1);
	int status;

	if (length < 0)
		return fail_errno(err, "cannot read the link '%s'", next);
	target[length] = '\0';
	if (!is_system_folder(*walk->path ? walk->path : "/") || ++walk->links > SOURCE_LINKS_MAX) {
		errno = ELOOP;
		status = fail_errno(err, "'%s' goes through the link '%s'", walk->source, next);
		error_hint(err, "name what it leads to; a link is not followed, since others may change it");
		return status;
	}
	walk->rest = arena_printf(walk->arena, "%s/%s", target, walk->rest);
	if (target[0] == '/')
		walk->path = "";
	return walk->rest ? CALLGATE_OK : fail_nomem(err);
}

/* "a/b" becomes "a", "/a" becomes "". */
static int walk_up(struct walk *walk, struct callgate_error *err)
{
	const char *slash = strrchr(walk->path, '/');

	walk->path = slash ? arena_strndup(walk->arena, walk->path, (size_t)(slash - walk->path)) : "";
	return walk->path ? CALLGATE_OK : fail_nomem(err);
}

static int walk_step(struct walk *walk, struct callgate_error *err)
{
	size_t length = strcspn(walk->rest, "/");
	const char *name = arena_strndup(walk->arena, walk->rest, length);
	const char *next = name ? arena_printf(walk->arena, "%s/%s", walk->path, name) : NULL;
	struct stat status;

	if (!next)
		return fail_nomem(err);
	walk->rest += length + (walk->rest[length] == '/');
	if (!*name || strcmp(name, ".") == 0)
		return CALLGATE_OK;
	if (strcmp(name, "..") == 0)
		return walk_up(walk, err);
	if (lstat(next, &status) < 0)
		return fail_errno(err, "cannot mount '%s'", walk->source);
	if (S_ISLNK(status.st_mode))
		return walk_link(walk, next, err);
	walk->path = next;
	return CALLGATE_OK;
}

int source_find(struct arena *arena, const char *source, const char **ret_path, struct callgate_error *err)
{
	struct walk walk = { .arena = arena, .source = source, .path = "", .rest = source };
	char here[PATH_MAX];
	int status = CALLGATE_OK;

	if (source[0] != '/') {
		/* The kernel's own answer has no link in it. */
		if (!getcwd(here, sizeof(here)))
			return fail_errno(err, "cannot tell where we are");
		walk.path = arena_strdup(arena, strcmp(here, "/") == 0 ? "" : here);
		if (!walk.path)
			return fail_nomem(err);
	}
	while (status == CALLGATE_OK && *walk.rest)
		status = walk_step(&walk, err);
	if (status == CALLGATE_OK)
		*ret_path = *walk.path ? walk.path : "/";
	return status;
}
