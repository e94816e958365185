/*
 * A path of /proc/PID/maps is one in the process's own root, which may be any folder: it is opened there, without a way
 * out, and only a regular file with the inode that maps names is read. A FIFO or a device would have us wait.
 */
#include "backtrace/files.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Modules of one process; of one that has more, the rest stays without names. */
#define FILES_MAX 4096

struct mapping {
	uint64_t start, offset, inode;
	const char *path;
};

/* "START-END PERMS OFFSET DEV INODE   PATH": proc_pid_maps(5). The path points into the line. */
static bool mapping_parse(char *line, struct mapping *ret_mapping)
{
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64 " %*s %" SCNu64 " %n", &ret_mapping->start,
		   &ret_mapping->offset, &ret_mapping->inode, &path) != 3 ||
	    !path)
		return false;
	ret_mapping->path = line + path;
	return true;
}

static int open_in_root(int root, const struct mapping *mapping)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_IN_ROOT };
	cleanup_fd int fd = (int)syscall(SYS_openat2, root, mapping->path, &how, sizeof(how));
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode) || found.st_ino != mapping->inode)
		return -1;
	return take_fd(fd);
}

int files_open(struct files *files, pid_t pid, struct callgate_error *err)
{
	cleanup_free char *line = NULL;
	cleanup_file FILE *maps = NULL;
	cleanup_fd int root = -1;
	char path[64];
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail_errno(err, "cannot look into process %d", (int)pid);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		return fail_errno(err, "cannot read '%s'", path);
	while (files->length < FILES_MAX && getline(&line, &size, maps) > 0) {
		struct mapping mapping;
		struct file file;

		if (!mapping_parse(line, &mapping) || mapping.offset || mapping.path[0] != '/')
			continue;
		file = (struct file){ arena_strdup(&files->arena, mapping.path), mapping.start,
				      open_in_root(root, &mapping) };
		if (file.fd < 0)
			continue;
		if (!file.path || !VEC_PUSH(&files->arena, files, file)) {
			close(file.fd);
			return fail_nomem(err);
		}
	}
	return CALLGATE_OK;
}

void files_close(struct files *files)
{
	for (size_t i = 0; i < files->length; i++)
		if (files->items[i].fd >= 0)
			close(files->items[i].fd);
	arena_fini(&files->arena);
}
