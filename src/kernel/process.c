/*
 * /proc is the kernel's word and a file system at once: what is read there is checked for being there, and parsed by
 * the names of its lines.
 */
#include "kernel/process.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STATUS_BYTES_MAX (64u << 10)

/* What stands behind `\nNAME:` of a status; NULL when the kernel does not say it. */
static const char *status_field(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

static int fail_process(pid_t pid, struct callgate_error *err)
{
	bool absent = errno == ENOENT || errno == ESRCH;
	int status = fail_errno(err, "cannot look at process %d", (int)pid);

	error_hint(err, absent ? "no such process, or /proc does not show it" : "it may be somebody else's");
	return status;
}

int kernel_process_read(pid_t pid, struct kernel_process *ret_process, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf status = { 0 };
	const char *seccomp, *no_new_privs, *effective, *users;
	cleanup_fd int file = -1;
	char path[64];
	int failed;
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return fail_process(pid, err);
	failed = file_read_fd(file, path, STATUS_BYTES_MAX, &status, err);
	if (failed)
		return failed;
	seccomp = status_field(buf_text(&status), "Seccomp");
	no_new_privs = status_field(buf_text(&status), "NoNewPrivs");
	effective = status_field(buf_text(&status), "CapEff");
	users = status_field(buf_text(&status), "Uid");
	if (!seccomp || !no_new_privs || !effective || !users)
		return fail(err, CALLGATE_E_UNSUPPORTED, "this kernel does not say how process %d is confined",
			    (int)pid);
	*ret_process = (struct kernel_process){
		.seccomp = (enum kernel_seccomp)strtol(seccomp, NULL, 10),
		.no_new_privs = strtol(no_new_privs, NULL, 10) != 0,
		.capabilities = strtoull(effective, NULL, 16),
	};
	strtoul(users, &end, 10); /* the real one stands before the effective one */
	ret_process->user = (unsigned)strtoul(end, NULL, 10);
	return CALLGATE_OK;
}

static enum kernel_descriptor_kind kind_of(mode_t mode, const char *name)
{
	if (S_ISSOCK(mode))
		return KERNEL_DESCRIPTOR_SOCKET;
	if (S_ISFIFO(mode))
		return KERNEL_DESCRIPTOR_PIPE;
	if (S_ISDIR(mode))
		return KERNEL_DESCRIPTOR_FOLDER;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return KERNEL_DESCRIPTOR_DEVICE;
	return S_ISREG(mode) && name[0] == '/' ? KERNEL_DESCRIPTOR_FILE : KERNEL_DESCRIPTOR_OTHER;
}

/* The access mode stands, octal, in the `flags:` of fdinfo; what is unknown counts as writable. */
static bool is_writable(int process, const char *fd)
{
	cleanup(buf_fini) struct buf info = { 0 };
	cleanup_fd int file = -1;
	const char *flags;
	char path[64];
	long mode;

	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	file = openat(process, path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || file_read_fd(file, path, STATUS_BYTES_MAX, &info, NULL))
		return true;
	flags = status_field(buf_text(&info), "flags");
	mode = flags ? strtol(flags, NULL, 8) : O_RDWR;
	return !(mode & O_PATH) && (mode & O_ACCMODE) != O_RDONLY;
}

static int add_descriptor(int process, const char *fd, struct arena *arena, struct kernel_descriptors *descriptors,
			  struct callgate_error *err)
{
	struct kernel_descriptor descriptor = { .fd = (int)strtol(fd, NULL, 10) };
	char path[64], name[PATH_MAX];
	struct stat meaning;
	ssize_t length;

	snprintf(path, sizeof(path), "fd/%s", fd);
	length = readlinkat(process, path, name, sizeof(name) - 1);
	if (length < 0 || fstatat(process, path, &meaning, 0) < 0)
		return CALLGATE_OK;
	name[length] = '\0';
	descriptor.kind = kind_of(meaning.st_mode, name);
	descriptor.writable = is_writable(process, fd);
	descriptor.name = arena_strdup(arena, name);
	if (!descriptor.name || !VEC_PUSH(arena, descriptors, descriptor))
		return fail_nomem(err);
	return CALLGATE_OK;
}

static void folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

int kernel_descriptors_read(pid_t pid, struct arena *arena, struct kernel_descriptors *ret_descriptors,
			    struct callgate_error *err)
{
	struct kernel_descriptors descriptors = { 0 };
	cleanup(folder_close) DIR *folder = NULL;
	cleanup_fd int process = -1;
	const struct dirent *entry;
	int status = CALLGATE_OK;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = process < 0 ? NULL : opendir(path);
	if (!folder)
		return fail_process(pid, err);
	while (!status && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			status = add_descriptor(process, entry->d_name, arena, &descriptors, err);
	if (!status)
		*ret_descriptors = descriptors;
	return status;
}
