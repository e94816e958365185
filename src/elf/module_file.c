/*
 * A file's bytes, in memory of our own. A mapping of the file would be cheaper by the pages that nobody looks at, but
 * what was checked in it could change under whoever relies on that, and a file that is cut ends the process that has it
 * mapped: libraries are installed over while programs are scanned.
 */
#include "elf/module.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a file is as it was when it was opened. */
static bool is_unchanged(int fd, const struct stat *before)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_size == before->st_size && now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Fills bytes from the file; false where it ends early, with errno as it was, or cannot be read. */
static bool read_whole(int fd, uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t length = pread(fd, bytes + done, size - done, (off_t)done);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return false;
		done += (size_t)length;
	}
	return true;
}

/* What an open file holds, in memory of our own: a mapping of it would change with it, and end us where it is cut. */
static int module_read(int fd, const char *path, const struct stat *status, size_t size, uint8_t **ret_bytes,
		       struct callgate_error *err)
{
	/* Every page is written: at once, they cost a third. */
	uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int result = CALLGATE_OK;

	if (bytes == MAP_FAILED)
		return fail_nomem(err);
	errno = 0;
	if (!read_whole(fd, bytes, size) && errno != 0)
		result = fail_errno(err, "cannot read '%s'", path);
	else if (!is_unchanged(fd, status))
		result = fail(err, CALLGATE_E_INVALID, "'%s' was written to while it was read", path);
	if (result == CALLGATE_OK)
		*ret_bytes = bytes;
	else
		munmap(bytes, size);
	return result;
}

/* How much is to be read: of what is no ELF file no more than says so. */
static size_t module_size(int fd, const struct stat *status)
{
	char magic[SELFMAG];

	if (pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) != 0)
		return SELFMAG;
	return (size_t)status->st_size;
}

int module_open(const char *path, struct module **ret_module, struct callgate_error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	uint8_t *bytes;
	size_t size;
	int result;

	if (fd < 0 || fstat(fd, &status) != 0)
		return fail_errno(err, "cannot open '%s'", path);
	if (!S_ISREG(status.st_mode))
		return fail(err, CALLGATE_E_NOT_EXECUTABLE, "'%s' is %s, not a file", path,
			    S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
	if ((uint64_t)status.st_size > MODULE_SIZE_MAX)
		return fail(err, CALLGATE_E_LIMIT, "'%s' is larger than %zu bytes", path, MODULE_SIZE_MAX);
	if (status.st_size == 0)
		return fail(err, CALLGATE_E_UNSUPPORTED, "'%s' is empty", path);
	size = module_size(fd, &status);
	result = module_read(fd, path, &status, size, &bytes, err);
	if (result != CALLGATE_OK)
		return result;
	result = module_parse(path, bytes, size, ret_module, err);
	if (result != CALLGATE_OK) {
		munmap(bytes, size);
		return result;
	}
	(*ret_module)->is_file = true;
	(*ret_module)->device = status.st_dev;
	(*ret_module)->inode = status.st_ino;
	(*ret_module)->changed_ns = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
	return CALLGATE_OK;
}

void module_free(struct module *module)
{
	if (!module)
		return;
	if (module->is_file)
		munmap((void *)(uintptr_t)module->bytes, module->size);
	arena_fini(&module->arena);
	free(module);
}
