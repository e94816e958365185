/*
 * backtrace/files.h - the files that a process has mapped, opened in its own root
 */
#ifndef CALLGATE_BACKTRACE_FILES_H
#define CALLGATE_BACKTRACE_FILES_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdint.h>
#include <sys/types.h>

struct file {
	const char *path; /* as the process names it */
	uint64_t start;	  /* where its first byte is mapped */
	int fd;
};

struct files {
	struct arena arena;
	VEC(struct file);
};

/*
 * Opens every file of which the process has mapped the beginning. One that cannot be opened, is no regular file, or is
 * another than the one that is mapped, is left out. Fails with E_OS (the process is gone or not ours to read) and
 * E_NOMEM; *files is for files_close in any case.
 */
int files_open(struct files *files, pid_t pid, struct callgate_error *err);
void files_close(struct files *files);

#endif
