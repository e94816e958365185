/*
 * Control groups on the running kernel, whichever kind it has: limits hold, use is counted, and nothing is left, even
 * when the maker is killed.
 */
#include "unit.h"

#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* A group, or a skip with the reason why this machine gives us none. */
static struct cgroup *group_or_skip(const struct cgroup_limits *limits)
{
	struct cgroup *group = NULL;
	struct callgate_error err;
	int status = cgroup_new(limits, &group, &err);

	if (status == CALLGATE_E_UNCONFINED) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	if (status != CALLGATE_OK)
		print_message("%s\n", err.message);
	assert_int_equal(status, CALLGATE_OK);
	return group;
}

/* Runs work in a child in the group; its wait status. */
static int run_inside(const struct cgroup *group, int (*work)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(cgroup_enter(group->procs, group->procs_count) < 0 ? 111 : work());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool folder_exists(const char *path)
{
	struct stat there;

	return stat(path, &there) == 0;
}

/* Every path of a group, for when it is no more. */
struct paths {
	char text[CGROUP_FOLDERS_MAX][PATH_MAX];
	size_t count;
};

static struct paths group_paths(const struct cgroup *group)
{
	struct paths paths = { .count = group->folder_count };

	for (size_t i = 0; i < paths.count; i++) {
		snprintf(paths.text[i], sizeof(paths.text[i]), "%s", group->folders[i].path);
		assert_true(folder_exists(paths.text[i]));
	}
	return paths;
}

static void assert_gone(const struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		assert_false(folder_exists(paths->text[i]));
}

static int do_nothing(void)
{
	return 7;
}

static void a_process_enters_and_the_group_is_removed(void **state)
{
	struct cgroup_limits limits = { .memory_bytes = 64 * MIB, .pids = 8, .cpu_milli = 500, .cpuset = "0" };
	struct cgroup *group = group_or_skip(&limits);
	struct paths paths = group_paths(group);

	(void)state;
	assert_true(WEXITSTATUS(run_inside(group, do_nothing)) == 7);
	cgroup_free(group);
	assert_gone(&paths);
}

/* How many processes could be forked. */
static int fork_many(void)
{
	int forked = 0;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		forked += pid > 0;
	}
	return forked;
}

static void forks_beyond_the_limit_are_refused_and_counted(void **state)
{
	struct cgroup_limits limits = { .pids = 5 };
	struct cgroup *group = group_or_skip(&limits);
	struct paths paths = group_paths(group);
	struct cgroup_usage usage;

	(void)state;
	assert_int_equal(WEXITSTATUS(run_inside(group, fork_many)), 4);
	usage = cgroup_read_usage(group);
	assert_true(usage.pids_refused >= 1 && usage.pids_refused != CGROUP_UNKNOWN);
	assert_true(usage.pids_peak == 5 || usage.pids_peak == CGROUP_UNKNOWN);
	/* Those that it forked are ended with the group. */
	cgroup_free(group);
	assert_gone(&paths);
}

static int touch_memory(void)
{
	size_t size = 96 * MIB;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	return 0;
}

static void memory_beyond_the_limit_ends_the_process(void **state)
{
	struct cgroup_limits limits = { .memory_bytes = 32 * MIB };
	struct cgroup *group = group_or_skip(&limits);
	int status = run_inside(group, touch_memory);
	struct cgroup_usage usage = cgroup_read_usage(group);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(usage.oom_kills, 1);
	assert_true(usage.memory_peak_bytes > 30 * MIB && usage.memory_peak_bytes <= 32 * MIB);
	cgroup_free(group);
}

/* 60 ms of CPU time, by its own clock. */
static int burn(void)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec == 0 && now.tv_nsec < 60000000);
	return 0;
}

static void cpu_time_is_counted_and_held_back(void **state)
{
	struct cgroup_limits limits = { .cpu_milli = 50 };
	struct cgroup *group = group_or_skip(&limits);
	struct cgroup_usage usage;
	uint64_t used;

	(void)state;
	assert_int_equal(run_inside(group, burn), 0);
	usage = cgroup_read_usage(group);
	used = usage.cpu_user_us + usage.cpu_system_us;
	/* The kernel splits by sampling, and counts the sum exactly. */
	assert_true(used >= 50000 && used < 2000000);
	assert_true(usage.throttled_us > 0 && usage.throttled_us != CGROUP_UNKNOWN);
	cgroup_free(group);
}

static void what_the_kernel_does_not_take_is_refused(void **state)
{
	static const struct cgroup_limits wrong[] = {
		{ .cpu_milli = 9 }, { .cpu_milli = 1000001 }, { .cpuset = "many" }, { .cpuset = "4000" }
	};
	struct cgroup_limits fine = { .cpuset = "0" };
	struct cgroup *group = group_or_skip(&fine);
	struct callgate_error err;

	(void)state;
	cgroup_free(group);
	group = NULL;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(cgroup_new(&wrong[i], &group, &err), CALLGATE_E_INVALID);
		assert_null(group);
	}
}

static void a_controller_that_is_nowhere_is_named(void **state)
{
	struct cgroup_tree tree = { .v2 = NULL };
	struct cgroup_limits limits = { .pids = 3 };
	struct cgroup *group = NULL;
	struct callgate_error err;

	(void)state;
	assert_int_equal(cgroup_new_in(&tree, &limits, &group, &err), CALLGATE_E_UNCONFINED);
	assert_non_null(strstr(err.message, "'pids' controller"));
	assert_non_null(strstr(err.hint, "-o pids"));
}

/* Makes a group with a process in it that ignores what it can, tells its paths, and waits for its own end. */
static void __attribute__((noreturn)) make_and_wait(int to_parent)
{
	struct cgroup_limits limits = { .pids = 8 };
	struct cgroup *group = NULL;
	struct paths paths;

	if (cgroup_new(&limits, &group, NULL) != CALLGATE_OK)
		_exit(1);
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		/* The maker may be dead and the group gone already. */
		if (cgroup_enter(group->procs, group->procs_count) < 0)
			_exit(0);
		fork_many();
		for (;;)
			pause();
	}
	paths = group_paths(group);
	if (write(to_parent, &paths, sizeof(paths)) != (ssize_t)sizeof(paths))
		_exit(1);
	for (;;)
		pause();
}

static void nothing_is_left_when_the_maker_is_killed(void **state)
{
	struct cgroup_limits limits = { .pids = 8 };
	struct timespec moment = { .tv_nsec = 10000000 };
	struct paths paths;
	int tell[2];
	pid_t pid;

	(void)state;
	cgroup_free(group_or_skip(&limits));
	assert_int_equal(pipe(tell), 0);
	pid = fork();
	if (pid == 0)
		make_and_wait(tell[1]);
	assert_int_equal(read(tell[0], &paths, sizeof(paths)), sizeof(paths));
	assert_true(paths.count > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < paths.count; i++)
		for (int tries = 0; folder_exists(paths.text[i]) && tries < 3000; tries++)
			nanosleep(&moment, NULL);
	assert_gone(&paths);
	close(tell[0]);
	close(tell[1]);
}

static void every_allocation_may_fail(void **state)
{
	struct cgroup_limits limits = { .pids = 8 };

	(void)state;
	cgroup_free(group_or_skip(&limits));
	FOR_EACH_ALLOCATION({
		struct cgroup *group = NULL;
		int status = cgroup_new(&limits, &group, NULL);

		assert_true(status == CALLGATE_OK ? !!group : !group);
		cgroup_free(group);
	});
}

UNIT_TESTS(test_cgroup_kernel, cmocka_unit_test(a_process_enters_and_the_group_is_removed),
	   cmocka_unit_test(forks_beyond_the_limit_are_refused_and_counted),
	   cmocka_unit_test(memory_beyond_the_limit_ends_the_process),
	   cmocka_unit_test(cpu_time_is_counted_and_held_back),
	   cmocka_unit_test(what_the_kernel_does_not_take_is_refused),
	   cmocka_unit_test(a_controller_that_is_nowhere_is_named),
	   cmocka_unit_test(nothing_is_left_when_the_maker_is_killed), cmocka_unit_test(every_allocation_may_fail), )
