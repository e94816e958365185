/*
 * The search is the parent's: once its filter is loaded the target has one execve, and no second try. What can be
 * said here about a program that will not start is said before there is a process.
 */
#include "launch/search.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a shell looks when PATH is not set. */
#define SEARCH_PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static const char *search_variable(const char *const *envp)
{
	for (; envp && *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return SEARCH_PATH_DEFAULT;
}

/* 0, or the errno of why it cannot be executed. */
static int search_try(const char *path, int folder_fd)
{
	struct stat file;

	if (fstatat(folder_fd, path, &file, 0) < 0)
		return errno;
	if (S_ISDIR(file.st_mode))
		return EISDIR;
	if (!S_ISREG(file.st_mode))
		return EACCES;
	return faccessat(folder_fd, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* In a folder of PATH. One that may not be searched holds no program, as shells have it: what it says of itself is
 * nothing about the name. */
static int search_entry(const char *path, int folder_fd)
{
	int error = search_try(path, folder_fd);
	struct stat file;

	if (error == EACCES && fstatat(folder_fd, path, &file, 0) < 0 && errno == EACCES)
		return ENOENT;
	return error;
}

static int search_failed(const char *name, int error, struct callgate_error *err)
{
	int status;

	if (error == ENOENT || error == ENOTDIR)
		return fail(err, CALLGATE_E_NOT_FOUND, "'%s': no such program", name);
	errno = error;
	error_set_errno(err, "cannot execute '%s'", name);
	status = CALLGATE_E_NOT_EXECUTABLE;
	if (err)
		err->status = status;
	if (error == EACCES)
		error_hint(err, "make it executable: chmod +x");
	return status;
}

static int search_named(const char *name, int folder_fd, char **ret_path, struct callgate_error *err)
{
	int error = search_try(name, folder_fd);
	char *path;

	if (error)
		return search_failed(name, error, err);
	path = strdup(name);
	if (!path)
		return fail_nomem(err);
	*ret_path = path;
	return CALLGATE_OK;
}

int search_program(const char *name, const char *const *envp, int folder_fd, char **ret_path,
		   struct callgate_error *err)
{
	const char *entry = search_variable(envp);
	size_t size = strlen(entry) + strlen(name) + sizeof("./");
	cleanup_free char *path = NULL;
	int error = ENOENT;

	if (!*name || strchr(name, '/'))
		return search_named(name, folder_fd, ret_path, err);
	path = malloc(size);
	if (!path)
		return fail_nomem(err);
	for (bool more = true; more;) {
		size_t length = strcspn(entry, ":");
		int tried;

		/* An empty entry is the working directory. */
		snprintf(path, size, "%.*s/%s", length ? (int)length : 1, length ? entry : ".", name);
		tried = search_entry(path, folder_fd);
		if (tried == 0) {
			*ret_path = take_ptr(path);
			return CALLGATE_OK;
		}
		if (tried != ENOENT && tried != ENOTDIR && tried != EISDIR)
			error = tried;
		more = entry[length] == ':';
		entry += length + more;
	}
	return search_failed(name, error, err);
}
