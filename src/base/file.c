/*
 * Output appears whole or not at all: a reader, a full disk or a kill in the middle must never leave half a policy
 * that parses. rename(2) is what makes that so.
 */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, const char *name, size_t limit, struct buf *ret_bytes, struct callgate_error *err)
{
	char chunk[65536];
	size_t total = 0;

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, "cannot read '%s'", name);
		if (got == 0)
			break;
		total += (size_t)got;
		if (total > limit)
			return fail(err, CALLGATE_E_LIMIT, "'%s' is larger than %zu bytes", name, limit);
		buf_add(ret_bytes, chunk, (size_t)got);
	}
	buf_add(ret_bytes, "", 0);
	return ret_bytes->failed ? fail_nomem(err) : CALLGATE_OK;
}

int file_read(const char *path, size_t limit, struct buf *ret_bytes, struct callgate_error *err)
{
	cleanup_fd int fd = -1;

	if (strcmp(path, "-") == 0)
		return file_read_fd(STDIN_FILENO, "standard input", limit, ret_bytes, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", path);
	return file_read_fd(fd, path, limit, ret_bytes, err);
}

int file_write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t put = write(fd, at, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += put;
		length -= (size_t)put;
	}
	return 0;
}

static int file_write_in_place(const char *path, const void *bytes, size_t length, struct callgate_error *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || file_write_all(fd, bytes, length) < 0)
		return fail_errno(err, "cannot write '%s'", path);
	return CALLGATE_OK;
}

static mode_t file_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

/* What the new file is to be like: the old one, or mode where there is none. */
static int file_dress(int fd, const struct stat *old, mode_t mode)
{
	if (!old)
		return fchmod(fd, mode & ~file_umask());
	/* Only root gives files away; anybody else's replacement is his own. */
	if (old->st_uid != geteuid() || old->st_gid != getegid())
		(void)!fchown(fd, old->st_uid, old->st_gid);
	return fchmod(fd, old->st_mode & 0777);
}

static int file_replace_regular(const char *path, const struct stat *old, const void *bytes, size_t length, mode_t mode,
				struct callgate_error *err)
{
	cleanup(buf_fini) struct buf temporary = { 0 };
	cleanup_fd int fd = -1;

	buf_printf(&temporary, "%s.XXXXXX", path);
	if (temporary.failed)
		return fail_nomem(err);
	fd = mkostemp(temporary.data, O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "cannot create a file beside '%s'", path);
	if (file_write_all(fd, bytes, length) < 0 || file_dress(fd, old, mode) < 0 || fsync(fd) < 0 ||
	    rename(temporary.data, path) < 0) {
		error_set_errno(err, "cannot write '%s'", path);
		unlink(temporary.data);
		return CALLGATE_E_OS;
	}
	return CALLGATE_OK;
}

int file_replace(const char *path, const void *bytes, size_t length, mode_t mode, struct callgate_error *err)
{
	cleanup_free char *behind_links = NULL;
	struct stat old;

	if (stat(path, &old) < 0)
		return file_replace_regular(path, NULL, bytes, length, mode, err);
	if (!S_ISREG(old.st_mode))
		return file_write_in_place(path, bytes, length, err);
	behind_links = realpath(path, NULL);
	return file_replace_regular(behind_links ? behind_links : path, &old, bytes, length, mode, err);
}
