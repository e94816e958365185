/*
 * What is written into the files of v2, and read from them: on files of our own, so that it is tried on machines whose
 * controllers are v1's.
 */
#include "unit.h"

#include "cgroup/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = { "memory.max", "memory.swap.max", "memory.oom.group", "pids.max",
				     "cpu.max",	   "cpuset.cpus",     "memory.peak",	  "memory.events",
				     "pids.peak",  "pids.events",     "cpu.stat" };
#define NAMES (sizeof(names) / sizeof(*names))

static void put(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_holds(int folder, const char *name, const char *text)
{
	char found[CGROUP_FILE_SIZE];

	assert_true(cgroup_file_read(folder, name, found));
	assert_string_equal(found, text);
}

/* A group of one folder of v2 that has all controllers; its files are empty. */
static void begin(struct cgroup *group, char *path)
{
	assert_non_null(mkdtemp(path));
	*group = (struct cgroup){ .folder_count = 1, .keeper = -1 };
	group->folders[0] = (struct cgroup_folder){ .path = path, .is_v2 = true };
	for (int i = 0; i < CGROUP_CONTROLLERS; i++)
		group->folders[0].holds[i] = i != CGROUP_CPUACCT;
	group->folders[0].fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(group->folders[0].fd >= 0);
	for (size_t i = 0; i < NAMES; i++)
		put(group->folders[0].fd, names[i], "");
}

static void end(const struct cgroup *group, const char *path)
{
	for (size_t i = 0; i < NAMES; i++)
		unlinkat(group->folders[0].fd, names[i], 0);
	close(group->folders[0].fd);
	assert_int_equal(rmdir(path), 0);
}

static void each_limit_is_spelt_as_v2_has_it(void **state)
{
	const struct cgroup_limits limits = { .memory_bytes = 1 << 20, .pids = 7, .cpu_milli = 1500, .cpuset = "0-1,3" };
	char path[] = "/tmp/callgate-cgroup-XXXXXX";
	struct cgroup group;
	int folder;

	(void)state;
	begin(&group, path);
	folder = group.folders[0].fd;
	assert_int_equal(cgroup_limits_write(&group, &limits, NULL), CALLGATE_OK);
	assert_holds(folder, "memory.max", "1048576");
	assert_holds(folder, "memory.swap.max", "0");
	assert_holds(folder, "memory.oom.group", "1");
	assert_holds(folder, "pids.max", "7");
	assert_holds(folder, "cpu.max", "150000 100000");
	assert_holds(folder, "cpuset.cpus", "0-1,3");
	end(&group, path);
}

static void a_file_that_must_be_there_is_missed(void **state)
{
	const struct cgroup_limits limits = { .memory_bytes = 1 << 20, .pids = 7, .cpu_milli = 1500, .cpuset = "0" };
	char path[] = "/tmp/callgate-cgroup-XXXXXX";
	struct callgate_error err;
	struct cgroup group;

	(void)state;
	begin(&group, path);
	unlinkat(group.folders[0].fd, "memory.swap.max", 0);
	assert_int_equal(cgroup_limits_write(&group, &limits, &err), CALLGATE_OK);
	unlinkat(group.folders[0].fd, "pids.max", 0);
	assert_int_equal(cgroup_limits_write(&group, &limits, &err), CALLGATE_E_OS);
	assert_non_null(strstr(err.message, "'pids.max'"));
	end(&group, path);
}

static void each_count_is_found_behind_its_key(void **state)
{
	char path[] = "/tmp/callgate-cgroup-XXXXXX";
	struct cgroup_usage usage;
	struct cgroup group;
	int folder;

	(void)state;
	begin(&group, path);
	folder = group.folders[0].fd;
	put(folder, "memory.peak", "4096\n");
	put(folder, "memory.events", "low 0\noom 9\noom_kill 2\noom_group_kill 5\n");
	put(folder, "pids.peak", "3\n");
	put(folder, "pids.events", "max 4\n");
	put(folder, "cpu.stat", "usage_usec 30\nuser_usec 10\nsystem_usec 20\nthrottled_usec 6\n");
	usage = cgroup_read_usage(&group);
	assert_true(usage.memory_peak_bytes == 4096 && usage.oom_kills == 2);
	assert_true(usage.pids_peak == 3 && usage.pids_refused == 4);
	assert_true(usage.cpu_user_us == 10 && usage.cpu_system_us == 20 && usage.throttled_us == 6);
	put(folder, "cpu.stat", "usage_usec 30\n");
	assert_true(cgroup_read_usage(&group).throttled_us == CGROUP_UNKNOWN);
	end(&group, path);
}

UNIT_TESTS(test_cgroup_files, cmocka_unit_test(each_limit_is_spelt_as_v2_has_it),
	   cmocka_unit_test(a_file_that_must_be_there_is_missed),
	   cmocka_unit_test(each_count_is_found_behind_its_key), )
