/*
 * The kernel tells in two files where a process stands: /proc/self/cgroup names its folder in each hierarchy, counted
 * from the hierarchy's root (or from the root of our cgroup namespace), and /proc/self/mountinfo where a hierarchy is
 * mounted, and which of its folders is the mount's root. Our folder as a path is the first less the mount's root,
 * behind the mount's place.
 */
#include "cgroup/tree.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

static const char *const controller_names[CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = "cpu",	    [CGROUP_CPUACCT] = "cpuacct", [CGROUP_CPUSET] = "cpuset",
	[CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids",
};

const char *cgroup_controller_name(enum cgroup_controller controller)
{
	return controller_names[controller];
}

struct span {
	const char *text;
	size_t length;
};

static bool span_is(struct span span, const char *word)
{
	return strlen(word) == span.length && memcmp(span.text, word, span.length) == 0;
}

/* The next part of a line before one of the separators; empty at its end. */
static struct span span_next(struct span *rest, const char *separators)
{
	struct span part = *rest;

	part.length = 0;
	while (part.length < rest->length && !strchr(separators, part.text[part.length]))
		part.length++;
	rest->text += part.length;
	rest->length -= part.length;
	if (rest->length) {
		rest->text++;
		rest->length--;
	}
	return part;
}

/* Whether a list holds a word: "rw,cpu,cpuacct". */
static bool span_lists(struct span list, const char *word, const char *separators)
{
	while (list.length)
		if (span_is(span_next(&list, separators), word))
			return true;
	return false;
}

/* A path as mountinfo spells it: space, tab, newline and backslash in octal. */
static char *mount_path(struct span spelt, struct arena *arena)
{
	char *path = arena_alloc(arena, spelt.length + 1), *end = path;

	if (!path)
		return NULL;
	for (size_t i = 0; i < spelt.length; i++) {
		const char *at = spelt.text + i;

		if (*at == '\\' && i + 3 < spelt.length && at[1] >= '0' && at[1] <= '3') {
			*end++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			i += 3;
		} else {
			*end++ = *at;
		}
	}
	*end = '\0';
	return path;
}

struct mount {
	struct span root, place, type, options;
};

/* A line of mountinfo: "31 23 0:28 ROOT PLACE OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS". */
static struct mount mount_parse(struct span line)
{
	struct mount mount = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	for (int i = 0; i < 3; i++)
		span_next(&line, " ");
	mount.root = span_next(&line, " ");
	mount.place = span_next(&line, " ");
	while (line.length && !span_is(span_next(&line, " "), "-"))
		;
	mount.type = span_next(&line, " ");
	span_next(&line, " ");
	mount.options = line;
	return mount;
}

/* Our folder in the hierarchy that holds a controller, or in v2's for NULL: "0::/init.scope", "4:memory:/a". */
static struct span membership_of(const char *membership, const char *controller)
{
	struct span rest = { membership, strlen(membership) };

	while (rest.length) {
		struct span line = span_next(&rest, "\n"), number = span_next(&line, ":"),
			    controllers = span_next(&line, ":");

		if (controller ? span_lists(controllers, controller, ",")
			       : span_is(number, "0") && controllers.length == 0)
			return line;
	}
	return (struct span){ NULL, 0 };
}

/* *ret_path is NULL when the mount does not show the folder. */
static bool folder_path(const struct mount *mount, struct span folder, struct arena *arena, const char **ret_path)
{
	char *root = mount_path(mount->root, arena), *place = mount_path(mount->place, arena);
	size_t length = root ? strlen(root) : 0;

	*ret_path = NULL;
	if (!root || !place)
		return false;
	if (length == 1)
		length = 0; /* "/" */
	if (folder.length < length || memcmp(folder.text, root, length) != 0 ||
	    (folder.length > length && folder.text[length] != '/') ||
	    (folder.length >= 3 && memcmp(folder.text, "/..", 3) == 0))
		return true;
	if (folder.length == length + 1)
		folder.length = length; /* "/" itself */
	*ret_path = arena_printf(arena, "%s%.*s", place, (int)(folder.length - length), folder.text + length);
	return *ret_path;
}

static bool take_mount(struct cgroup_tree *tree, const struct mount *mount, const char *membership, struct arena *arena)
{
	if (span_is(mount->type, "cgroup2")) {
		struct span folder = membership_of(membership, NULL);

		if (tree->v2 || !folder.text)
			return true;
		tree->v2_top = mount_path(mount->place, arena);
		return tree->v2_top && folder_path(mount, folder, arena, &tree->v2);
	}
	for (int i = 0; i < CGROUP_CONTROLLERS && span_is(mount->type, "cgroup"); i++) {
		struct span folder = membership_of(membership, controller_names[i]);

		if (!tree->v1[i] && folder.text && span_lists(mount->options, controller_names[i], ", ") &&
		    !folder_path(mount, folder, arena, &tree->v1[i]))
			return false;
	}
	return true;
}

int cgroup_tree_parse(const char *mountinfo, const char *membership, struct arena *arena, struct cgroup_tree *ret_tree,
		      struct callgate_error *err)
{
	struct cgroup_tree tree = { .v2 = NULL };
	struct span rest = { mountinfo, strlen(mountinfo) };

	while (rest.length) {
		struct mount mount = mount_parse(span_next(&rest, "\n"));

		if (!take_mount(&tree, &mount, membership, arena))
			return fail_nomem(err);
	}
	*ret_tree = tree;
	return CALLGATE_OK;
}

void cgroup_tree_offer(struct cgroup_tree *tree, const char *controllers)
{
	struct span list = { controllers, strlen(controllers) };

	for (int i = 0; i < CGROUP_CONTROLLERS; i++)
		tree->v2_offers[i] = span_lists(list, controller_names[i], " \n");
}

/* What the kernel's lists may hold; a machine with thousands of mounts stays below. */
#define PROC_FILE_MAX (16 << 20)

int cgroup_tree_read(struct arena *arena, struct cgroup_tree *ret_tree, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf mountinfo = { 0 }, membership = { 0 }, offered = { 0 };
	struct cgroup_tree tree;
	const char *path;
	int status = file_read("/proc/self/mountinfo", PROC_FILE_MAX, &mountinfo, err);

	if (status == CALLGATE_OK)
		status = file_read("/proc/self/cgroup", PROC_FILE_MAX, &membership, err);
	if (status == CALLGATE_OK)
		status = cgroup_tree_parse(buf_text(&mountinfo), buf_text(&membership), arena, &tree, err);
	if (status != CALLGATE_OK)
		return status;
	if (tree.v2) {
		path = arena_printf(arena, "%s/cgroup.controllers", tree.v2_top);
		if (!path)
			return fail_nomem(err);
		if (file_read(path, PROC_FILE_MAX, &offered, NULL) == CALLGATE_OK)
			cgroup_tree_offer(&tree, buf_text(&offered));
	}
	*ret_tree = tree;
	return CALLGATE_OK;
}
