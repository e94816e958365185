/*
 * Output appears whole or not at all: a reader, a full disk or a kill in the middle must never leave half a policy
 * that parses. rename(2) is what makes that so.
 */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
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

#define READER_PATIENCE_MS 3000
#define READER_NAP_MS	   5

int file_open_written(const char *path, int flags, mode_t mode)
{
	const struct timespec nap = { .tv_nsec = READER_NAP_MS * 1000000L };
	int naps = READER_PATIENCE_MS / READER_NAP_MS, fd;

	do
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags, mode);
	while (fd < 0 && errno == ENXIO && naps-- > 0 && (nanosleep(&nap, NULL) == 0 || errno == EINTR));
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int file_open_failed(const char *path, struct callgate_error *err)
{
	int status;

	if (errno != ENXIO)
		return fail_errno(err, "cannot write '%s'", path);
	status = fail(err, CALLGATE_E_OS, "cannot write '%s': nobody reads from it", path);
	error_hint(err, "start the reader of a FIFO first");
	return status;
}

/* What is there must still be what was found: a link that came in between may lead to any file. */
static int file_write_in_place(const struct file_place *place, const void *bytes, size_t length,
			       struct callgate_error *err)
{
	cleanup_fd int fd = file_open_written(place->path, 0, 0);
	struct stat opened;

	if (fd < 0)
		return file_open_failed(place->path, err);
	if (fstat(fd, &opened) < 0)
		return fail_errno(err, "cannot write '%s'", place->path);
	if (opened.st_dev != place->old.st_dev || opened.st_ino != place->old.st_ino)
		return fail(err, CALLGATE_E_OS, "cannot write '%s': it is another file than before", place->path);
	return file_write_all(fd, bytes, length) < 0 ? fail_errno(err, "cannot write '%s'", place->path) : CALLGATE_OK;
}

static mode_t file_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

/* What the new file is to be like: the old one, or mode where there is none. */
static int file_dress(int fd, const struct file_place *place, mode_t mode)
{
	if (!place->is_there)
		return fchmod(fd, mode & ~file_umask());
	/* Only root gives files away; anybody else's replacement is his own. */
	if (place->old.st_uid != geteuid() || place->old.st_gid != getegid())
		(void)!fchown(fd, place->old.st_uid, place->old.st_gid);
	return fchmod(fd, place->old.st_mode & 0777);
}

/* mkostemp(3) in a folder that is open: −1 with errno. */
static int file_make_temporary(const struct file_place *place, struct buf *ret_name)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	buf_printf(ret_name, "%s.%08" PRIx32, place->name, random);
	errno = ENOMEM;
	return ret_name->failed ? -1
				: openat(place->folder, ret_name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

void file_place_fini(struct file_place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	free(place->name);
	free(place->path);
	*place = FILE_PLACE_NONE;
}

/* Opens the folder of the file that path is, links followed, and keeps its name there. */
static int file_place_in_folder(struct file_place *place, struct callgate_error *err)
{
	cleanup_free char *behind_links = place->is_there ? realpath(place->path, NULL) : NULL;
	const char *path = behind_links ? behind_links : place->path;
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

	place->name = strdup(slash ? slash + 1 : path);
	if (!folder || !place->name)
		return fail_nomem(err);
	place->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place->folder < 0 ? fail_errno(err, "cannot create a file beside '%s'", place->path) : CALLGATE_OK;
}

int file_place_find(const char *path, struct file_place *ret_place, struct callgate_error *err)
{
	cleanup(file_place_fini) struct file_place place = FILE_PLACE_NONE;
	int status = CALLGATE_OK;

	place.path = strdup(path);
	if (!place.path)
		return fail_nomem(err);
	place.is_there = stat(path, &place.old) == 0;
	if (!place.is_there || S_ISREG(place.old.st_mode))
		status = file_place_in_folder(&place, err);
	if (status != CALLGATE_OK)
		return status;
	*ret_place = place;
	place = FILE_PLACE_NONE;
	return CALLGATE_OK;
}

int file_place_write(const struct file_place *place, const void *bytes, size_t length, mode_t mode,
		     struct callgate_error *err)
{
	cleanup(buf_fini) struct buf temporary = { 0 };
	cleanup_fd int fd = -1;

	if (place->folder < 0)
		return file_write_in_place(place, bytes, length, err);
	fd = file_make_temporary(place, &temporary);
	if (temporary.failed)
		return fail_nomem(err);
	if (fd < 0)
		return fail_errno(err, "cannot create a file beside '%s'", place->path);
	if (file_write_all(fd, bytes, length) < 0 || file_dress(fd, place, mode) < 0 || fsync(fd) < 0 ||
	    renameat(place->folder, temporary.data, place->folder, place->name) < 0) {
		error_set_errno(err, "cannot write '%s'", place->path);
		unlinkat(place->folder, temporary.data, 0);
		return CALLGATE_E_OS;
	}
	return CALLGATE_OK;
}

int file_replace(const char *path, const void *bytes, size_t length, mode_t mode, struct callgate_error *err)
{
	cleanup(file_place_fini) struct file_place place = FILE_PLACE_NONE;
	int status = file_place_find(path, &place, err);

	return status == CALLGATE_OK ? file_place_write(&place, bytes, length, mode, err) : status;
}

/* Room for one more byte and the end. */
static bool line_grow(char **line, size_t *size, size_t length)
{
	size_t larger = *size ? 2 * *size : 512;
	char *grown;

	if (length + 1 < *size)
		return true;
	grown = realloc(*line, larger);
	if (!grown)
		return false;
	*line = grown;
	*size = larger;
	return true;
}

ssize_t file_line(FILE *from, size_t limit, char **line, size_t *size)
{
	size_t length = 0;
	int c;

	errno = 0;
	while (length < limit && (c = getc(from)) != EOF) {
		if (!line_grow(line, size, length))
			return -1;
		(*line)[length++] = (char)c;
		if (c == '\n')
			break;
	}
	if (ferror(from))
		return -1;
	if (length)
		(*line)[length] = '\0';
	return (ssize_t)length;
}

size_t file_glance(int folder, const char *path, char *ret_text, size_t size)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, ret_text, size - 1);

	if (fd >= 0)
		close(fd);
	ret_text[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}
