/*
 * What a launched target cannot have: the secret that it passed by, a second way through that door, a life after its
 * launcher's.
 */
#include "unit.h"

#include "kernel/load.h"
#include "kernel/tracer.h"
#include "launch/watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARG5	    offsetof(struct seccomp_data, args[5])
#define DOOR_LENGTH 8

static const char *no_environment[] = { NULL };

/* execve passes with the secret and is killed without; all else is allowed. */
static void door_filter(struct sock_filter insns[DOOR_LENGTH], uint64_t secret)
{
	const struct sock_filter filter[DOOR_LENGTH] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG5),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)secret, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG5 + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(secret >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	memcpy(insns, filter, sizeof(filter));
}

#define LARGEST_RANGE (UINT64_C(1) << 30)

/* Whether 8 bytes of this value lie in [from, to) of a process; what cannot be read does not hold them. */
static bool range_holds(pid_t pid, uint64_t from, uint64_t to, uint64_t value, uint64_t *total)
{
	static unsigned char bytes[1 << 16];
	size_t step = sizeof(bytes) - sizeof(value);

	for (uint64_t at = from; at < to; at += step) {
		size_t want = to - at < sizeof(bytes) ? (size_t)(to - at) : sizeof(bytes);
		size_t got = tracer_read(pid, at, bytes, want);

		*total += got;
		if (got >= sizeof(value) && memmem(bytes, got, &value, sizeof(value)))
			return true;
	}
	return false;
}

/* Whether a process's memory holds the value anywhere: stack, with environment and auxiliary vector, heap, images. */
static bool memory_holds(pid_t pid, uint64_t value, uint64_t *total)
{
	char path[64], line[512];
	bool holds = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	assert_non_null(maps);
	while (!holds && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		/* A sanitizer's shadow is terabytes of nothing. */
		if (sscanf(line, "%lx-%lx r", &from, &to) == 2 && to - from <= LARGEST_RANGE)
			holds = range_holds(pid, from, to, value, total);
	}
	fclose(maps);
	return holds;
}

static void the_secret_is_nowhere_in_the_target(void **state)
{
	int gate[2], ready[2], keep[2];
	struct sock_filter insns[DOOR_LENGTH];
	char script[64], byte;
	const char *argv[] = { "sh", "-c", script, NULL };
	struct launch_spec spec = { .argv = argv, .envp = no_environment, .insns = insns, .insn_count = DOOR_LENGTH };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct callgate_error err;
	struct launch_end end;
	uint64_t secret, total = 0, page = (uint64_t)(uintptr_t)&secret & ~UINT64_C(4095);

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(ready), 0);
	keep[0] = gate[0];
	keep[1] = ready[1];
	spec.keep_fds = keep;
	spec.keep_fd_count = 2;
	snprintf(script, sizeof(script), "echo >&%d; read -r line <&%d; exit 3", ready[1], gate[0]);
	assert_int_equal(launch_secret(&secret, &err), CALLGATE_OK);
	spec.secret = secret;
	door_filter(insns, secret);
	assert_int_equal(launch_spawn(&spec, &target, &err), CALLGATE_OK);
	/* It runs, and waits for us; and the search finds what is there: our own stack holds the secret. */
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_false(memory_holds(target.pid, secret, &total));
	assert_true(total > 65536);
	assert_true(range_holds(getpid(), page, page + 2 * 4096, secret, &total));
	assert_int_equal(write(gate[1], "\n", 1), 1);
	assert_int_equal(launch_wait(&target, &end, &err), CALLGATE_OK);
	assert_int_equal(launch_end_status(&end), 3);
	launch_target_fini(&target);
	for (int i = 0; i < 2; i++) {
		close(gate[i]);
		close(ready[i]);
	}
}

/* Half of the secret, none of it, its complement: each dies of SIGSYS. */
static void a_wrong_secret_dies_at_the_door(void **state)
{
	const uint64_t secret = 0x1122334455667788;
	const uint64_t wrong[] = { 0, secret & UINT32_MAX, secret & ~(uint64_t)UINT32_MAX, ~secret, secret + 1 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct sock_filter insns[DOOR_LENGTH];
		const char *argv[] = { "true", NULL };
		struct launch_spec spec = { .argv = argv,
					    .envp = no_environment,
					    .insns = insns,
					    .insn_count = DOOR_LENGTH,
					    .secret = wrong[i] };
		struct launch_target target = LAUNCH_TARGET_NONE;
		struct callgate_error err;
		struct launch_end end;

		door_filter(insns, secret);
		assert_int_equal(launch_spawn(&spec, &target, &err), CALLGATE_OK);
		assert_int_equal(launch_wait(&target, &end, &err), CALLGATE_OK);
		assert_true(end.signalled);
		assert_int_equal(end.status, SIGSYS);
		launch_target_fini(&target);
	}
}

/* Starts a target that would wait for ever, tells its pid, and ends; with trace as `callgate run` does. */
static void launch_and_end(int fd, bool trace)
{
	const char *alone[] = { "sleep", "1000", NULL };
	const char *with_child[] = { "sh", "-c", "sleep 1000; exit", NULL };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_spec spec = {
		.argv = trace ? with_child : alone, .envp = no_environment, .die_with_parent = true, .trace = trace
	};

	if (launch_spawn(&spec, &target, NULL) != CALLGATE_OK || write(fd, &target.pid, sizeof(target.pid)) < 0)
		_exit(1);
	_exit(0);
}

static void target_dies_with_launcher(bool trace)
{
	int ends[2], status = 0;
	pid_t launcher, pid = 0, orphan;

	/* Orphans come to us, so that their end can be seen. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(ends), 0);
	launcher = fork();
	if (launcher == 0)
		launch_and_end(ends[1], trace);
	assert_int_equal(waitpid(launcher, &status, 0), launcher);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	/* What it had started, if it came to that. */
	while (trace && (orphan = waitpid(-1, &status, 0)) > 0)
		assert_int_equal(WTERMSIG(status), SIGKILL);
	close(ends[0]);
	close(ends[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void it_dies_with_its_launcher(void **state)
{
	target_dies_with_launcher(false);
}

static void a_traced_one_dies_with_all_that_it_started(void **state)
{
	target_dies_with_launcher(true);
}

/* Under an outer sandbox that hides clone3, as containers have it, the older clone does. */
static int launch_without_clone3(void)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const char *argv[] = { "sh", "-c", "exit 3", NULL };
	struct launch_spec spec = { .argv = argv, .envp = no_environment };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end;

	if (kernel_filter_load(insns, sizeof(insns) / sizeof(*insns), 0, NULL, NULL) != CALLGATE_OK)
		return 1;
	if (launch_spawn(&spec, &target, NULL) != CALLGATE_OK || launch_wait(&target, &end, NULL) != CALLGATE_OK)
		return 2;
	return launch_end_status(&end);
}

static void it_is_started_where_clone3_is_hidden(void **state)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(launch_without_clone3());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, W_EXITCODE(3, 0));
}

UNIT_TESTS(test_launch_kernel, cmocka_unit_test(the_secret_is_nowhere_in_the_target),
	   cmocka_unit_test(a_wrong_secret_dies_at_the_door), cmocka_unit_test(it_dies_with_its_launcher),
	   cmocka_unit_test(it_is_started_where_clone3_is_hidden),
	   cmocka_unit_test(a_traced_one_dies_with_all_that_it_started), )
