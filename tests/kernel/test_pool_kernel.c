/*
 * Prepared sandboxes: what a member is and has, what becomes of one that dies, and of all when their owner does.
 */
#include "unit.h"

#include <callgate/pool.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const no_environment[] = { NULL };

struct pooled {
	struct callgate_sandbox *sandbox;
	struct callgate_subject *subject;
	struct callgate_pool *pool;
};

static void set(struct callgate_sandbox *sandbox, const char *name, const char *value)
{
	assert_int_equal(callgate_sandbox_set(sandbox, name, &value, value ? 1 : 0, NULL), CALLGATE_OK);
}

static struct pooled pooled_of(const char *mode, size_t count)
{
	static const char policy[] = "kernel 6.1\ndefault allow\n";
	static const char *const whole[] = { "/", "/" };
	struct pooled pooled = { 0 };

	assert_int_equal(callgate_sandbox_new(&pooled.sandbox, NULL), CALLGATE_OK);
	set(pooled.sandbox, "unshare-all", NULL);
	assert_int_equal(callgate_sandbox_set(pooled.sandbox, "ro-bind", whole, 2, NULL), CALLGATE_OK);
	set(pooled.sandbox, "proc", "/proc");
	set(pooled.sandbox, mode, NULL);
	assert_int_equal(callgate_subject_parse("p.policy", policy, strlen(policy), NULL, &pooled.subject, NULL),
			 CALLGATE_OK);
	assert_int_equal(callgate_pool_new(pooled.sandbox, count, &pooled.pool, NULL), CALLGATE_OK);
	return pooled;
}

static void pooled_free(struct pooled *pooled)
{
	callgate_pool_free(pooled->pool);
	callgate_subject_free(pooled->subject);
	callgate_sandbox_free(pooled->sandbox);
}

/* They are in a moment, on a machine that has nothing else to do. */
static void await_ready(struct callgate_pool *pool, size_t count)
{
	for (int ms = 0; callgate_pool_ready(pool) != count && ms < 60000; ms++)
		usleep(1000);
	assert_int_equal(callgate_pool_ready(pool), count);
}

static int run_script(const struct pooled *pooled, const char *script)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct callgate_error err;
	int status = callgate_pool_run(pooled->pool, pooled->subject, &options, &report, &err);

	if (status != CALLGATE_OK)
		print_error("%s\n", err.message);
	return status == CALLGATE_OK ? report.exit_status : status;
}

static pid_t child_of_ours(void)
{
	char text[64] = "";
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);

	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

/* Where user namespaces are refused there are no members. */
static int can_be_had(void **state)
{
	static const char *const argv[] = { "true", NULL };
	static bool had = true;
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct pooled pooled = pooled_of("as-pid-1", 1);
	int status;

	options.sandbox = pooled.sandbox;
	status = callgate_run(pooled.subject, &options, &report, NULL);
	pooled_free(&pooled);
	*state = status == CALLGATE_OK ? &had : NULL;
	return 0;
}

static void need_members(void **state)
{
	if (!*state) {
		print_message("this kernel or container has no user namespaces for us\n");
		skip();
	}
}

static void a_member_has_the_ground_that_a_start_of_its_own_has(void **state)
{
	static const char *const modes[] = { "as-pid-1", "init" };

	need_members(state);
	for (size_t i = 0; i < 2; i++) {
		const char *argv[] = { "sh", "-c", "exit $(grep -c '^CapEff:.0000000000000000$' /proc/self/status)",
				       NULL };
		struct callgate_run_options options = { .argv = argv, .environment = no_environment };
		struct callgate_run_report direct, report;
		struct pooled pooled = pooled_of(modes[i], 1);

		assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
		await_ready(pooled.pool, 1);
		assert_int_equal(callgate_pool_run(pooled.pool, pooled.subject, &options, &report, NULL), CALLGATE_OK);
		options.sandbox = pooled.sandbox;
		assert_int_equal(callgate_run(pooled.subject, &options, &direct, NULL), CALLGATE_OK);
		assert_int_equal(report.exit_status, 1);
		assert_int_equal(report.enforced, direct.enforced);
		assert_int_equal(report.degraded, direct.degraded);
		assert_int_equal(report.traced, direct.traced);
		pooled_free(&pooled);
	}
}

static void a_member_is_used_once(void **state)
{
	struct pooled pooled;

	need_members(state);
	pooled = pooled_of("as-pid-1", 2);
	assert_int_equal(callgate_pool_fill(pooled.pool, NULL, NULL), CALLGATE_OK);
	await_ready(pooled.pool, 2);
	assert_int_equal(run_script(&pooled, "exit 4"), 4);
	assert_int_equal(callgate_pool_ready(pooled.pool), 1);
	assert_int_equal(run_script(&pooled, "exit 5"), 5);
	assert_int_equal(callgate_pool_ready(pooled.pool), 0);
	/* Nobody waits: one is started for it. */
	assert_int_equal(run_script(&pooled, "exit 6"), 6);
	assert_int_equal(callgate_pool_fill(pooled.pool, NULL, NULL), CALLGATE_OK);
	/* One that is not prepared yet is waited for. */
	assert_int_equal(run_script(&pooled, "exit 7"), 7);
	pooled_free(&pooled);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

static void one_that_died_is_left_out(void **state)
{
	static const char *const modes[] = { "as-pid-1", "init" };

	need_members(state);
	for (size_t i = 0; i < 2; i++) {
		struct pooled pooled = pooled_of(modes[i], 2);
		pid_t first;

		assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
		await_ready(pooled.pool, 2);
		first = child_of_ours();
		assert_true(first > 0);
		assert_int_equal(kill(first, SIGKILL), 0);
		await_ready(pooled.pool, 1);
		assert_int_equal(run_script(&pooled, "exit 3"), 3);
		assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
		await_ready(pooled.pool, 2);
		pooled_free(&pooled);
		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	}
}

/* What a program leaves behind is ended, or waited for; what prepares itself meanwhile is not. */
static void the_end_of_one_is_not_that_of_others(void **state)
{
	static const char *const modes[] = { "as-pid-1", "init" };

	need_members(state);
	for (size_t i = 0; i < 4; i++) {
		struct pooled pooled = pooled_of(modes[i % 2], 4);

		if (i >= 2)
			set(pooled.sandbox, "linger", NULL);
		assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
		assert_int_equal(run_script(&pooled, i < 2 ? "sleep 1000 & exit 3" : "sleep 0.01 & exit 3"), 3);
		await_ready(pooled.pool, 3);
		pooled_free(&pooled);
		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	}
}

static void it_gets_the_descriptors_of_the_moment_when_it_runs(void **state)
{
	struct pooled pooled;
	char text[256] = "";
	int ends[2], passed, saved;

	need_members(state);
	pooled = pooled_of("as-pid-1", 1);
	passed = open("/dev/null", O_RDONLY);
	assert_int_equal(dup2(passed, 9), 9);
	close(passed);
	set(pooled.sandbox, "pass-fd", "9");
	assert_int_equal(callgate_pool_fill(pooled.pool, NULL, NULL), CALLGATE_OK);
	await_ready(pooled.pool, 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	passed = memfd_create("passed", 0);
	assert_int_equal(write(passed, "seen\n", 5), 5);
	assert_int_equal(lseek(passed, 0, SEEK_SET), 0);
	assert_int_equal(dup2(passed, 9), 9);
	saved = fcntl(1, F_DUPFD_CLOEXEC, 100);
	assert_int_equal(dup2(ends[1], 1), 1);
	assert_int_equal(run_script(&pooled, "cat <&9; echo /proc/self/fd/*"), 0);
	assert_int_equal(dup2(saved, 1), 1);
	close(saved);
	close(9);
	close(passed);
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	/* 3 is the folder that the shell itself looks into. */
	assert_string_equal(text,
			    "seen\n/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3 /proc/self/fd/9\n");
	pooled_free(&pooled);
}

static void a_waiting_member_keeps_no_pipe_open(void **state)
{
	struct pooled pooled;
	int ends[2];
	char byte;

	need_members(state);
	pooled = pooled_of("init", 2);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(callgate_pool_fill(pooled.pool, NULL, NULL), CALLGATE_OK);
	await_ready(pooled.pool, 2);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	pooled_free(&pooled);
}

static void a_limit_holds_in_a_member(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct pooled pooled;

	need_members(state);
	pooled = pooled_of("init", 1);
	set(pooled.sandbox, "wall-time", "50ms");
	set(pooled.sandbox, "rlimit", "nofile=20");
	set(pooled.sandbox, "stdout-max", "1K");
	assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
	await_ready(pooled.pool, 1);
	assert_int_equal(callgate_pool_run(pooled.pool, pooled.subject, &options, &report, NULL), CALLGATE_OK);
	assert_int_equal(report.limit, CALLGATE_LIMIT_WALL_TIME);
	assert_true(report.enforced & CALLGATE_GROUND_LIMITS);
	pooled_free(&pooled);
}

static void a_member_that_cannot_make_its_ground_says_why(void **state)
{
	static const char *const bind[] = { "/bin/sh", "/proc/nothing/there" };
	static const char *const argv[] = { "true", NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report = { .status = 77 };
	struct callgate_error err;
	struct pooled pooled;

	need_members(state);
	pooled = pooled_of("as-pid-1", 1);
	assert_int_equal(callgate_sandbox_set(pooled.sandbox, "ro-bind", bind, 2, NULL), CALLGATE_OK);
	assert_int_equal(callgate_pool_fill(pooled.pool, NULL, NULL), CALLGATE_OK);
	assert_int_equal(callgate_pool_run(pooled.pool, pooled.subject, &options, &report, &err),
			 CALLGATE_E_UNCONFINED);
	assert_non_null(strstr(err.message, "/proc/nothing/there"));
	assert_int_equal(report.status, 77);
	pooled_free(&pooled);
}

static void a_program_that_is_not_there_costs_a_member_only(void **state)
{
	static const char *const argv[] = { "no-such-program", NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct pooled pooled;

	need_members(state);
	pooled = pooled_of("as-pid-1", 2);
	assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, NULL), CALLGATE_OK);
	assert_int_equal(callgate_pool_run(pooled.pool, pooled.subject, &options, &report, NULL), CALLGATE_E_NOT_FOUND);
	await_ready(pooled.pool, 1);
	pooled_free(&pooled);
}

/* An owner of two members that tells when they wait, and is killed. */
static void __attribute__((noreturn)) own_and_be_killed(int fd)
{
	struct pooled pooled = pooled_of("init", 2);

	if (callgate_pool_fill(pooled.pool, pooled.subject, NULL) != CALLGATE_OK)
		_exit(1);
	await_ready(pooled.pool, 2);
	if (write(fd, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void members_end_with_their_owner(void **state)
{
	int ends[2];
	pid_t owner;
	char byte;

	need_members(state);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(ends), 0);
	owner = fork();
	if (owner == 0)
		own_and_be_killed(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(owner, SIGKILL), 0);
	/* Members come to us, and end; one that did not would hold this up for ever. */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	close(ends[0]);
	close(ends[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void a_pool_has_members_and_one_ground(void **state)
{
	static const char *const argv[] = { "true", NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct callgate_pool *pool = NULL;
	struct callgate_sandbox *other = NULL;
	struct pooled pooled = pooled_of("as-pid-1", 1);

	(void)state;
	assert_int_equal(callgate_pool_new(pooled.sandbox, 0, &pool, NULL), CALLGATE_E_INVALID);
	assert_int_equal(callgate_pool_new(pooled.sandbox, CALLGATE_POOL_MAX + 1, &pool, NULL), CALLGATE_E_INVALID);
	assert_null(pool);
	assert_int_equal(callgate_sandbox_new(&other, NULL), CALLGATE_OK);
	options.sandbox = other;
	assert_int_equal(callgate_pool_run(pooled.pool, pooled.subject, &options, &report, NULL), CALLGATE_E_INVALID);
	callgate_sandbox_free(other);
	callgate_pool_free(NULL);
	pooled_free(&pooled);
}

/* It would end us with the member, which shares our memory. */
static void a_limit_of_memory_without_room_ends_nobody(void **state)
{
	char large[100000] = { 0 };
	const char *argv[17] = { "true" };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };
	struct callgate_run_report report;
	struct callgate_error err;
	struct pooled pooled = pooled_of("as-pid-1", 1);
	int status;

	memset(large, 'x', sizeof(large) - 1);
	for (size_t i = 1; i < 16; i++)
		argv[i] = large;
	(void)state;
	set(pooled.sandbox, "memory", "3M");
	status = callgate_pool_fill(pooled.pool, pooled.subject, &err);
	if (status == CALLGATE_OK) {
		options.sandbox = pooled.sandbox;
		status = callgate_pool_run(pooled.pool, pooled.subject, &options, &report, &err);
		assert_int_equal(status, CALLGATE_E_LIMIT);
		assert_non_null(strstr(err.message, "leaves no room for the start"));
	} else {
		assert_int_equal(status, CALLGATE_E_UNCONFINED);
	}
	set(pooled.sandbox, "memory", "1");
	assert_int_equal(callgate_pool_fill(pooled.pool, pooled.subject, &err), CALLGATE_E_LIMIT);
	pooled_free(&pooled);
}

static void a_pool_without_memory_leaves_nothing(void **state)
{
	struct pooled pooled;
	struct callgate_error err;

	need_members(state);
	pooled = pooled_of("as-pid-1", 1);
	FOR_EACH_ALLOCATION({
		struct callgate_pool *pool = NULL;
		int status = callgate_pool_new(pooled.sandbox, 1, &pool, &err);

		if (status == CALLGATE_OK)
			status = callgate_pool_fill(pool, pooled.subject, &err);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_pool_free(pool);
		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	});
	pooled_free(&pooled);
}

#define IN_POOL(test) cmocka_unit_test_setup(test, can_be_had)

UNIT_TESTS(test_pool_kernel, IN_POOL(a_member_has_the_ground_that_a_start_of_its_own_has),
	   IN_POOL(a_member_is_used_once), IN_POOL(one_that_died_is_left_out),
	   IN_POOL(the_end_of_one_is_not_that_of_others), IN_POOL(it_gets_the_descriptors_of_the_moment_when_it_runs),
	   IN_POOL(a_waiting_member_keeps_no_pipe_open), IN_POOL(a_limit_holds_in_a_member),
	   IN_POOL(a_member_that_cannot_make_its_ground_says_why),
	   IN_POOL(a_program_that_is_not_there_costs_a_member_only), IN_POOL(members_end_with_their_owner),
	   cmocka_unit_test(a_pool_has_members_and_one_ground), IN_POOL(a_pool_without_memory_leaves_nothing),
	   IN_POOL(a_limit_of_memory_without_room_ends_nobody), )
