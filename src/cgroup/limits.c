/*
 * A limit is a row of limits.def: which file of which hierarchy, and the function that spells its value.
 */
#include "cgroup/files.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A quota is of this period; below CPU_MILLI_MIN of it the kernel takes none (sched-bwc.rst: a quota of 1 ms). */
#define CPU_PERIOD_US 100000
#define CPU_MILLI_MIN 10
#define CPU_MILLI_MAX 1000000

enum limit_need { MUST, CAN };

bool cgroup_limits_name(const struct cgroup_limits *limits, enum cgroup_controller controller)
{
	switch (controller) {
	case CGROUP_CPU:
		return limits->cpu_milli;
	case CGROUP_CPUSET:
		return limits->cpuset;
	case CGROUP_MEMORY:
		return limits->memory_bytes;
	case CGROUP_PIDS:
		return limits->pids;
	default:
		return false;
	}
}

int cgroup_limits_check(const struct cgroup_limits *limits, struct callgate_error *err)
{
	if (limits->cpu_milli && (limits->cpu_milli < CPU_MILLI_MIN || limits->cpu_milli > CPU_MILLI_MAX))
		return fail(err, CALLGATE_E_INVALID, "%" PRIu64 " thousandths of a CPU are not from %d to %d",
			    limits->cpu_milli, CPU_MILLI_MIN, CPU_MILLI_MAX);
	return CALLGATE_OK;
}

/* What is written for a limit, into text; false when it cannot be told. */
typedef bool limit_value(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE]);

static bool limit_memory(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%" PRIu64, limits->memory_bytes) > 0;
}

static bool limit_no_swap(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)limits;
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "0") > 0;
}

static bool limit_oom_group(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)limits;
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "1") > 0;
}

static bool limit_pids(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%" PRIu64, limits->pids) > 0;
}

static bool limit_cpu_period(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)limits;
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%d", CPU_PERIOD_US) > 0;
}

static bool limit_cpu_quota(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%" PRIu64, limits->cpu_milli * (CPU_PERIOD_US / 1000)) > 0;
}

static bool limit_cpu_max(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%" PRIu64 " %d", limits->cpu_milli * (CPU_PERIOD_US / 1000),
			CPU_PERIOD_US) > 0;
}

static bool limit_cpuset(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)folder;
	return snprintf(text, CGROUP_FILE_SIZE, "%s", limits->cpuset) < CGROUP_FILE_SIZE;
}

static bool limit_parents_mems(const struct cgroup_limits *limits, int folder, char text[CGROUP_FILE_SIZE])
{
	(void)limits;
	return cgroup_file_read(folder, "../cpuset.effective_mems", text);
}

struct limit_row {
	enum cgroup_controller controller;
	bool is_v2;
	const char *file;
	limit_value *value;
	enum limit_need need;
};

static const struct limit_row limit_rows[] = {
#define LIMIT(controller, version, file, value, need) \
	{ CGROUP_##controller, (version) == 2, file, limit_##value, need },
#include "cgroup/limits.def"
#undef LIMIT
};

static int write_limit(const struct cgroup_folder *folder, const struct limit_row *row,
		       const struct cgroup_limits *limits, struct callgate_error *err)
{
	cleanup_fd int fd = openat(folder->fd, row->file, O_WRONLY | O_CLOEXEC);
	char text[CGROUP_FILE_SIZE];
	size_t length;

	if (fd < 0 && errno == ENOENT && row->need == CAN)
		return CALLGATE_OK;
	if (fd < 0 || !row->value(limits, folder->fd, text))
		return fail_errno(err, "cannot set '%s' in '%s'", row->file, folder->path);
	length = strlen(text);
	if (write(fd, text, length) == (ssize_t)length)
		return CALLGATE_OK;
	if (errno == EINVAL || errno == ERANGE)
		return fail(err, CALLGATE_E_INVALID, "the kernel takes no '%s' for '%s'", text, row->file);
	return fail_errno(err, "cannot write '%s' to '%s' in '%s'", text, row->file, folder->path);
}

int cgroup_limits_write(const struct cgroup *group, const struct cgroup_limits *limits, struct callgate_error *err)
{
	for (size_t i = 0; i < group->folder_count; i++)
		for (size_t row = 0; row < sizeof(limit_rows) / sizeof(*limit_rows); row++) {
			const struct cgroup_folder *folder = &group->folders[i];
			const struct limit_row *limit = &limit_rows[row];
			int status = CALLGATE_OK;

			if (folder->holds[limit->controller] && folder->is_v2 == limit->is_v2)
				status = write_limit(folder, limit, limits, err);
			if (status != CALLGATE_OK)
				return status;
		}
	return CALLGATE_OK;
}
