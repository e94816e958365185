/*
 * base/file.h - whole files: read within a limit, written whole or not at all
 */
#ifndef CALLGATE_BASE_FILE_H
#define CALLGATE_BASE_FILE_H

#include "base/buf.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Appends what a file holds to ret_bytes; "-" is standard input. Fails with E_OS, with E_LIMIT when the file is
 * larger than limit bytes, and with E_NOMEM; ret_bytes is then left to buf_fini.
 */
int file_read(const char *path, size_t limit, struct buf *ret_bytes, struct callgate_error *err);

/* The same for an open descriptor; name is for messages. */
int file_read_fd(int fd, const char *name, size_t limit, struct buf *ret_bytes, struct callgate_error *err);

/*
 * Where a file will be written. What comes after something untrusted has run is written to a place that was found
 * before: a link or a folder that was exchanged meanwhile leads nowhere else.
 */
struct file_place {
	char *path;	 /* as it was named, for messages; owned */
	char *name;	 /* in the folder, links followed; owned */
	int folder;	 /* −1 where what is there is no regular file, and written in place */
	bool is_there;	 /* something was, when it was found */
	struct stat old; /* what that was */
};

#define FILE_PLACE_NONE ((struct file_place){ .folder = -1 })

/* file_replace in its two halves, and what frees the first one's. */
int file_place_find(const char *path, struct file_place *ret_place, struct callgate_error *err);
int file_place_write(const struct file_place *place, const void *bytes, size_t length, mode_t mode,
		     struct callgate_error *err);
void file_place_fini(struct file_place *place);

/*
 * Makes path hold these bytes: they are written to a new file beside it, which then takes its name, so that nobody ever
 * sees half of it. A file that is there keeps its mode, and its owner where we may give it; a new one has this mode
 * (less the umask). A symbolic link stays: what it leads to is replaced. A path that exists and is no regular file (a
 * terminal, a pipe, /dev/null) is written in place. Fails with E_OS and E_NOMEM; path is then as it was.
 */
int file_replace(const char *path, const void *bytes, size_t length, mode_t mode, struct callgate_error *err);

/*
 * Reads a small file of /proc or /sys beneath a folder (AT_FDCWD, or path is absolute) with one read, as the kernel
 * makes it up: how many bytes, and a NUL behind them; 0 and "" when it cannot be read. Async-signal-safe.
 */
size_t file_glance(int folder, const char *path, char *ret_text, size_t size);

/*
 * The next line, with its end where it has one, into *line, which grows to *size and is the caller's to free; as
 * getline(3), but of one that is longer than limit bytes so many, and with the next call what follows. Gives how many,
 * 0 at the end, or -1 with errno.
 */
ssize_t file_line(FILE *from, size_t limit, char **line, size_t *size);

/* Writes all the bytes, however often the kernel takes fewer or is interrupted: 0, or -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t length);

/* open(2) for writing, with these flags too: a descriptor, or −1 with errno. A FIFO has three seconds to be opened by a
 * reader, who may just be starting; ENXIO then, instead of waiting for ever. */
int file_open_written(const char *path, int flags, mode_t mode);

/* What its errno means; the status. */
int file_open_failed(const char *path, struct callgate_error *err);

#endif
