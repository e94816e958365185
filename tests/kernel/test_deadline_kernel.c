/*
 * Limits on time: when the next look is due, and CPU time wherever in a tree it is used.
 */
#include "unit.h"

#include "launch/deadline.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static void burn(uint64_t ms)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MS < ms);
}

static void without_limits_no_look_is_due(void **state)
{
	struct deadline none = { .wall_ns = 0 };
	int64_t next = 0;

	(void)state;
	assert_int_equal(deadline_look(&none, monotonic_ns(), &next), DEADLINE_NONE);
	assert_true(next == -1);
}

static void a_wall_clock_limit_is_due_when_it_ends(void **state)
{
	struct deadline deadline = { .wall_ns = 5000 * MS };
	int64_t next = 0;

	(void)state;
	assert_int_equal(deadline_look(&deadline, monotonic_ns() - 1000 * MS, &next), DEADLINE_NONE);
	assert_true(next > 0 && next <= (int64_t)(4000 * MS));
	assert_int_equal(deadline_look(&deadline, monotonic_ns() - 5000 * MS, &next), DEADLINE_WALL);
}

/* A process that waits for one child of 60 ms and has one that burns 60 ms and lives; tells when that is done. */
static pid_t start_tree(int ends[2])
{
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid != 0)
		return pid;
	pid = fork();
	if (pid == 0) {
		burn(60);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		burn(60);
		if (write(ends[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	for (;;)
		pause();
}

static uint64_t cpu_of_tree(void *pid)
{
	return deadline_tree_cpu_ns(*(const pid_t *)pid);
}

static bool is_pid(const void *context, pid_t pid)
{
	return pid == *(const pid_t *)context;
}

static void cpu_time_of_the_living_and_the_dead_is_counted(void **state)
{
	pid_t pid;
	struct deadline deadline = { .cpu_ns = 80 * MS, .cpu_used = cpu_of_tree, .used = &pid };
	uint64_t used;
	int64_t next = 0;
	int ends[2];
	char byte;

	(void)state;
	pid = start_tree(ends);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	used = deadline_tree_cpu_ns(pid);
	/* Who has ended is counted in the kernel's ticks, of 10 ms at most. */
	assert_true(used >= 100 * MS && used < 2000 * MS);
	assert_int_equal(deadline_look(&deadline, monotonic_ns(), &next), DEADLINE_CPU);
	deadline.cpu_ns = 60000 * MS;
	assert_int_equal(deadline_look(&deadline, monotonic_ns(), &next), DEADLINE_NONE);
	/* All CPUs together could use it up sooner than one. */
	assert_true(next > 0 && next <= (int64_t)(60000 * MS / (uint64_t)sysconf(_SC_NPROCESSORS_ONLN)));
	assert_true(deadline_children_cpu_ns(NULL, NULL) >= used);
	assert_true(deadline_children_cpu_ns(is_pid, &pid) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

static void a_process_that_is_gone_uses_nothing(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_true(deadline_tree_cpu_ns(pid) == 0);
}

UNIT_TESTS(test_deadline_kernel, cmocka_unit_test(without_limits_no_look_is_due),
	   cmocka_unit_test(a_wall_clock_limit_is_due_when_it_ends),
	   cmocka_unit_test(cpu_time_of_the_living_and_the_dead_is_counted),
	   cmocka_unit_test(a_process_that_is_gone_uses_nothing), )
