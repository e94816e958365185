/*
 * Root maps what it likes, and everybody may map himself. Ranges of other users are given to a user by the
 * administrator (/etc/subuid, /etc/subgid), and two programs with rights write them, which look there: they are asked,
 * as podman and bwrap's users know it, and what they say is said.
 */
#include "sandbox/maps.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A page: the kernel takes no more. */
#define MAP_SIZE 4096

/* Where distributions have them; no search along a PATH, which is not ours to read. */
static const char *const maps_folders[] = { "/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin" };

static int write_file(pid_t pid, const char *name, const char *text, struct callgate_error *err)
{
	char path[64];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		return CALLGATE_OK;
	error_set_errno(err, "the target was not started: cannot write %s", path);
	error_hint(err, errno == ENOENT ? "user namespaces need /proc mounted where callgate runs"
					: "users or groups that we may not give, or that are not there where we are "
					  "(/proc/self/uid_map): "
					  "--uid and --gid name others");
	if (err)
		err->status = CALLGATE_E_UNCONFINED;
	return CALLGATE_E_UNCONFINED;
}

static int write_map(pid_t pid, const char *name, const struct sandbox_maps *maps, struct sandbox_map single,
		     struct callgate_error *err)
{
	const struct sandbox_map *rows = maps->length ? maps->items : &single;
	size_t count = maps->length ? maps->length : 1;
	char text[MAP_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n", rows[i].inside,
					 rows[i].outside, rows[i].count);
	/* The kernel takes a page at most, and writes nothing that is cut. */
	if (used >= sizeof(text))
		return fail(err, CALLGATE_E_LIMIT, "a map is longer than a page");
	return write_file(pid, name, text, err);
}

static const char *helper_path(struct arena *arena, const char *name)
{
	for (size_t i = 0; i < sizeof(maps_folders) / sizeof(*maps_folders); i++) {
		const char *path = arena_printf(arena, "%s/%s", maps_folders[i], name);

		if (!path || access(path, X_OK) == 0)
			return path;
	}
	return name;
}

/* PATH PID INSIDE OUTSIDE COUNT… NULL; NULL without memory. */
static const char **helper_words(struct arena *arena, const char *name, pid_t pid, const struct sandbox_maps *maps)
{
	size_t used = 0;
	const char **words = arena_array(arena, 3 * maps->length + 3, sizeof(*words));

	if (!words)
		return NULL;
	words[used++] = helper_path(arena, name);
	words[used++] = arena_printf(arena, "%d", (int)pid);
	for (size_t i = 0; i < maps->length; i++) {
		words[used++] = arena_printf(arena, "%u", maps->items[i].inside);
		words[used++] = arena_printf(arena, "%u", maps->items[i].outside);
		words[used++] = arena_printf(arena, "%u", maps->items[i].count);
	}
	words[used] = NULL;
	for (size_t i = 0; i < used; i++)
		if (!words[i])
			return NULL;
	return words;
}

/* Without our signal mask, which blocks all, and with what it says going to fd: its pid, or a negative errno. */
static pid_t helper_start(const char *const *words, int fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid = -1;
	int error;

	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
	if (!error)
		error = posix_spawn(&pid, words[0], &actions, &attributes, (char *const *)words,
				    (char *const[]){ NULL });
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error ? -error : pid;
}

/* The first line of what it said; it has ended then. */
static int helper_await(pid_t pid, int fd, char *said, size_t size)
{
	ssize_t got = 0;
	size_t used = 0;
	int status = -1;

	while (used < size - 1 && ((got = read(fd, said + used, size - 1 - used)) > 0 || (got < 0 && errno == EINTR)))
		used += got > 0 ? (size_t)got : 0;
	said[used] = '\0';
	said[strcspn(said, "\n")] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int fail_helper(const char *name, const char *said, struct callgate_error *err)
{
	bool names_itself = strncmp(said, name, strlen(name)) == 0;
	int status = fail(err, CALLGATE_E_UNCONFINED, "the target was not started: %s%s%s", names_itself ? "" : name,
			  names_itself ? "" : ": ", said);

	error_hint(err, "%s",
		   strcmp(name, "newgidmap") == 0
			   ? "ranges of groups are given in /etc/subgid; newgidmap is in the package uidmap"
			   : "ranges of users are given in /etc/subuid; newuidmap is in the package uidmap");
	return status;
}

static int map_by_helper(struct sandbox_plan *plan, pid_t pid, const char *name, const struct sandbox_maps *maps,
			 struct callgate_error *err)
{
	const char **words = helper_words(&plan->arena, name, pid, maps);
	cleanup_fd int ours = -1;
	char said[256];
	int ends[2];
	pid_t helper;

	if (!words)
		return fail_nomem(err);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, "cannot make a pipe");
	ours = ends[0];
	helper = helper_start(words, ends[1]);
	close(ends[1]);
	if (helper < 0)
		return fail_helper(name, strerror(-helper), err);
	return helper_await(helper, ours, said, sizeof(said)) == 0 ? CALLGATE_OK : fail_helper(name, said, err);
}

/* Root's target has its group, and those that were added, as they are. */
static int write_groups(struct sandbox_plan *plan, pid_t pid, struct sandbox_map own, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	struct sandbox_maps maps = { 0 };

	if (sandbox->gid_maps.length || !sandbox->groups.length)
		return write_map(pid, "gid_map", &sandbox->gid_maps, own, err);
	if (!VEC_PUSH(&plan->arena, &maps, own))
		return fail_nomem(err);
	for (size_t i = 0; i < sandbox->groups.length; i++) {
		struct sandbox_map more = { (uint32_t)sandbox->groups.items[i], (uint32_t)sandbox->groups.items[i], 1 };

		if (more.inside != own.inside && !VEC_PUSH(&plan->arena, &maps, more))
			return fail_nomem(err);
	}
	return write_map(pid, "gid_map", &maps, own, err);
}

int maps_write(struct sandbox_plan *plan, pid_t pid, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = plan->sandbox;
	/* Root's target really becomes that user; anybody else's only bears its number. */
	struct sandbox_map user = { plan->uid, plan->may_map ? plan->uid : geteuid(), 1 };
	struct sandbox_map group = { plan->gid, plan->may_map ? plan->gid : getegid(), 1 };
	int status = CALLGATE_OK;

	if (plan->asks_for_maps) {
		status = map_by_helper(plan, pid, "newuidmap", &sandbox->uid_maps, err);
		return status == CALLGATE_OK ? map_by_helper(plan, pid, "newgidmap", &sandbox->gid_maps, err) : status;
	}
	if (!plan->may_map)
		status = write_file(pid, "setgroups", "deny", err);
	if (status == CALLGATE_OK)
		status = write_map(pid, "uid_map", &sandbox->uid_maps, user, err);
	return status == CALLGATE_OK ? write_groups(plan, pid, group, err) : status;
}
