/*
 * Which limits there are, and what a program that fails of one looks like: the kernel says ENOMEM, E2BIG or EAGAIN, or
 * nothing at all, and never which limit it was.
 */
#include "sandbox/limits.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

/* Several times what was counted: 192 KiB for a start in all namespaces, 4 for a tmpfs, less for a bind. */
#define LIMIT_MEMORY_START (2 << 20)
#define LIMIT_MEMORY_MOUNT (32 << 10)
#define LIMIT_MEMORY_PATH  (4 << 10)

struct limit_row {
	const char *name;
	int resource;
};

static const struct limit_row limit_rows[] = {
	{ "as", RLIMIT_AS },	       { "core", RLIMIT_CORE },		{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },       { "fsize", RLIMIT_FSIZE },	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },   { "nproc", RLIMIT_NPROC },	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },   { "rttime", RLIMIT_RTTIME },	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};
#define LIMIT_COUNT (sizeof(limit_rows) / sizeof(*limit_rows))

int limit_resource(const char *name, size_t length)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		if (strlen(limit_rows[i].name) == length && strncasecmp(limit_rows[i].name, name, length) == 0)
			return limit_rows[i].resource;
	return -1;
}

const char *limit_name(int resource)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		if (limit_rows[i].resource == resource)
			return limit_rows[i].name;
	return NULL;
}

const struct sandbox_limit *limit_of(const struct callgate_sandbox *sandbox, int resource)
{
	for (size_t i = sandbox ? sandbox->limits.length : 0; i-- > 0;)
		if (sandbox->limits.items[i].resource == resource)
			return &sandbox->limits.items[i];
	return NULL;
}

struct cgroup_limits limits_of_group(const struct callgate_sandbox *sandbox)
{
	struct cgroup_limits limits = sandbox->group;

	if (!limits.memory_bytes)
		limits.memory_bytes = sandbox->tried.memory_bytes;
	if (!limits.pids)
		limits.pids = sandbox->tried.pids;
	return limits;
}

bool limits_need_group(const struct callgate_sandbox *sandbox)
{
	const struct cgroup_limits *limits = &sandbox->group;

	return limits->memory_bytes || limits->pids || limits->cpu_milli || limits->cpuset;
}

bool limits_room(const struct callgate_sandbox *sandbox)
{
	return limit_of(sandbox, RLIMIT_AS) || limit_of(sandbox, RLIMIT_DATA) || limit_of(sandbox, RLIMIT_STACK) ||
	       (sandbox && limits_of_group(sandbox).memory_bytes);
}

bool limits_exec_error(const struct callgate_sandbox *sandbox, int error)
{
	if (error == EAGAIN)
		return limit_of(sandbox, RLIMIT_NPROC) || (sandbox && limits_of_group(sandbox).pids);
	return (error == ENOMEM || error == E2BIG) && limits_room(sandbox);
}

static uint64_t words_size(const char *const *words)
{
	uint64_t size = 0;

	for (; words && *words; words++)
		size += strlen(*words) + 1 + sizeof(*words);
	return size;
}

int limits_check_memory(const struct callgate_sandbox *sandbox, size_t mounts, const char *const *argv,
			const char *const *envp, struct callgate_error *err)
{
	uint64_t least = LIMIT_MEMORY_START + mounts * LIMIT_MEMORY_MOUNT, most = limits_of_group(sandbox).memory_bytes;
	int status;

	least += sandbox->paths.length * LIMIT_MEMORY_PATH + words_size(argv) + words_size(envp);
	if (!most || most >= least)
		return CALLGATE_OK;
	status = fail(err, CALLGATE_E_LIMIT, "a limit of %" PRIu64 " bytes of memory leaves no room for the start",
		      most);
	error_hint(err, "its mounts, arguments and environment take --memory %" PRIu64 "K at the least",
		   (least >> 10) + 1);
	return status;
}
