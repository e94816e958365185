/*
 * base/cleanup.h - what a scope owns is released when the scope ends
 *
 *	cleanup_free char *text = NULL;
 *	cleanup_fd int fd = -1;
 *	cleanup(buf_fini) struct buf out = {0};
 *
 * A value that outlives its scope is taken: `*ret_text = take_ptr(text)`. Never used between fork and exec or in a
 * signal handler, which own nothing.
 */
#ifndef CALLGATE_BASE_CLEANUP_H
#define CALLGATE_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(function) __attribute__((cleanup(function)))

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_fd_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_file_close(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define cleanup_free cleanup(cleanup_free_pointer)
#define cleanup_fd   cleanup(cleanup_fd_close)
#define cleanup_file cleanup(cleanup_file_close)

/* The pointer, whose variable no longer owns it. */
#define take_ptr(pointer)                               \
	__extension__({                                 \
		__auto_type taken_pointer_ = (pointer); \
		(pointer) = NULL;                       \
		taken_pointer_;                         \
	})

/* The descriptor, whose variable no longer owns it. */
#define take_fd(fd)                   \
	__extension__({               \
		int taken_fd_ = (fd); \
		(fd) = -1;            \
		taken_fd_;            \
	})

#endif
