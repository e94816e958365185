#include "unit.h"

#include "kernel/notify.h"
#include "launch/launch.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOAD(field)		 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_AT(offset)		 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(action)		 BPF_STMT(BPF_RET | BPF_K, (action))
#define ARG5			 offsetof(struct seccomp_data, args[5])

static const char *no_environment[] = { NULL };

/* execve with the secret passes, without it takes refused; nr takes action, all else is allowed. */
static size_t door_filter(struct sock_filter *insns, uint64_t secret, unsigned refused, unsigned nr, unsigned action)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		IF_EQUAL(SYS_execve, 2, 0),
		IF_EQUAL(nr, 6, 0),
		RETURN(SECCOMP_RET_ALLOW),
		LOAD_AT(ARG5),
		IF_EQUAL((uint32_t)secret, 0, 2),
		LOAD_AT(ARG5 + 4),
		IF_EQUAL((uint32_t)(secret >> 32), 2, 0),
		RETURN(refused),
		RETURN(action),
		RETURN(SECCOMP_RET_ALLOW),
	};

	memcpy(insns, filter, sizeof(filter));
	return sizeof(filter) / sizeof(*filter);
}

/* Starts argv, waits, and gives the status that a shell would see; negative when it was not started. */
static int run(struct launch_spec *spec, struct callgate_error *err)
{
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end;
	int status;

	if (!spec->envp)
		spec->envp = no_environment;
	status = launch_spawn(spec, &target, err);
	if (status != CALLGATE_OK)
		return status;
	assert_int_equal(launch_wait(&target, &end, err), CALLGATE_OK);
	assert_true(end.wall_ns > 0);
	assert_true(end.max_rss_kib > 0);
	launch_target_fini(&target);
	return launch_end_status(&end);
}

static int run_shell(const char *script, struct launch_spec *spec)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct callgate_error err;

	spec->argv = argv;
	return run(spec, &err);
}

static void a_program_ends_with_its_own_status(void **state)
{
	assert_int_equal(run_shell("exit 0", &(struct launch_spec){ 0 }), 0);
	assert_int_equal(run_shell("exit 42", &(struct launch_spec){ 0 }), 42);
	assert_int_equal(run_shell("kill -9 $$", &(struct launch_spec){ 0 }), 128 + SIGKILL);
}

static void a_missing_program_is_told_from_one_that_cannot_be_executed(void **state)
{
	struct callgate_error err;
	const char *missing[] = { "/no/such/program", NULL };
	const char *unknown[] = { "no-such-program", NULL };
	const char *empty[] = { "", NULL };
	const char *folder[] = { "/", NULL };
	const char *data[] = { "/proc/self/status", NULL };

	assert_int_equal(run(&(struct launch_spec){ .argv = missing }, &err), CALLGATE_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "/no/such/program"));
	assert_int_equal(run(&(struct launch_spec){ .argv = unknown }, &err), CALLGATE_E_NOT_FOUND);
	assert_int_equal(run(&(struct launch_spec){ .argv = empty }, &err), CALLGATE_E_NOT_FOUND);
	assert_int_equal(run(&(struct launch_spec){ .argv = folder }, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(run(&(struct launch_spec){ .argv = data }, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(err.os_errno, EACCES);
}

static void a_file_that_the_kernel_cannot_execute_is_reported_by_the_child(void **state)
{
	char path[] = "/tmp/callgate-test-XXXXXX";
	const char *argv[] = { path, NULL };
	struct sock_filter insns[16];
	struct callgate_error err;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	assert_int_equal(run(&(struct launch_spec){ .argv = argv }, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(err.os_errno, ENOEXEC);
	/* Also when the filter is loaded and refuses the way out. */
	struct launch_spec spec = { .argv = argv, .insns = insns, .secret = 7 | 7ULL << 32 };
	spec.insn_count =
		door_filter(insns, spec.secret, SECCOMP_RET_KILL_PROCESS, SYS_exit_group, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(&spec, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(err.os_errno, ENOEXEC);
	unlink(path);
}

static void descriptors_are_closed_but_for_the_ones_to_keep(void **state)
{
	int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int leaked = open("/dev/null", O_RDONLY);
	char script[128];

	assert_true(kept >= 0 && leaked >= 0);
	snprintf(script, sizeof(script), "[ -e /proc/self/fd/%d ] && ! [ -e /proc/self/fd/%d ]", kept, leaked);
	assert_int_equal(run_shell(script, &(struct launch_spec){ .keep_fds = &kept, .keep_fd_count = 1 }), 0);
	assert_int_equal(run_shell(script, &(struct launch_spec){ 0 }), 1);
	close(kept);
	close(leaked);
}

static void the_ground_is_prepared_as_asked(void **state)
{
	const char *unblocked[] = { "grep", "-q", "^SigBlk:.0*$", "/proc/self/status", NULL };
	struct callgate_error err;
	struct launch_spec spec = { .folder = "/", .new_session = true, .no_core = true, .die_with_parent = true };

	assert_int_equal(run_shell("[ \"$(pwd)\" = / ] && [ \"$(ulimit -c)\" = 0 ] && "
				   "read -r _ _ _ _ _ sid _ </proc/$$/stat && [ \"$sid\" = $$ ] && "
				   "grep -q '^NoNewPrivs:.1' /proc/$$/status",
				   &spec),
			 0);
	spec.argv = unblocked;
	assert_int_equal(run(&spec, &err), 0);
}

static void a_door_opens_once_and_is_wiped(void **state)
{
	struct sock_filter insns[16], zero[16] = { 0 };
	struct launch_spec spec = { .insns = insns };
	struct callgate_error err;

	assert_int_equal(launch_secret(&spec.secret, &err), CALLGATE_OK);
	spec.insn_count = door_filter(insns, spec.secret, SECCOMP_RET_KILL_PROCESS, ~0U, SECCOMP_RET_ALLOW);
	assert_int_equal(run_shell("exec /bin/true", &spec), 128 + SIGSYS);
	assert_int_equal(spec.secret, 0);
	assert_memory_equal(insns, zero, spec.insn_count * sizeof(*insns));
}

static void a_listener_is_ours_before_the_target_is_asked_about(void **state)
{
	struct sock_filter insns[16];
	const char *argv[] = { "sh", "-c", "kill -0 $$ 2>/dev/null && exit 5; exit 6", NULL };
	struct launch_spec spec = { .argv = argv, .envp = no_environment, .insns = insns, .want_listener = true };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end;
	struct callgate_error err;
	union notify_buffer buffer;

	assert_int_equal(notify_check(&err), CALLGATE_OK);
	assert_int_equal(launch_secret(&spec.secret, &err), CALLGATE_OK);
	spec.insn_count = door_filter(insns, spec.secret, SECCOMP_RET_ALLOW, SYS_kill, SECCOMP_RET_USER_NOTIF);
	assert_int_equal(launch_spawn(&spec, &target, &err), CALLGATE_OK);
	assert_true(target.listener >= 0);
	assert_int_equal(notify_receive(target.listener, &buffer, &err), NOTIFY_DONE);
	assert_int_equal(buffer.notif.pid, target.pid);
	assert_int_equal(buffer.notif.data.nr, SYS_kill);
	assert_true(notify_id_is_valid(target.listener, buffer.notif.id));
	assert_int_equal(notify_respond(target.listener, buffer.notif.id, 0, EPERM, &err), NOTIFY_DONE);
	assert_int_equal(launch_wait(&target, &end, &err), CALLGATE_OK);
	assert_int_equal(launch_end_status(&end), 6);
	assert_int_equal(notify_continue(target.listener, buffer.notif.id, &err), NOTIFY_GONE);
	launch_target_fini(&target);
}

/* However late we are told that it runs. */
static void time_is_counted_from_the_exec(void **state)
{
	const char *argv[] = { "sh", "-c", "exec sleep 0.05", NULL };
	struct launch_spec spec = { .argv = argv, .envp = no_environment };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end;
	struct callgate_error err;

	assert_int_equal(launch_spawn(&spec, &target, &err), CALLGATE_OK);
	assert_int_equal(launch_wait(&target, &end, &err), CALLGATE_OK);
	assert_int_equal(launch_end_status(&end), 0);
	assert_true(end.wall_ns >= 50 * 1000 * 1000);
	launch_target_fini(&target);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		int status = run_shell("exit 3", &(struct launch_spec){ 0 });

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : 3);
	});
}

UNIT_TESTS(test_launch_spawn, cmocka_unit_test(a_program_ends_with_its_own_status),
	   cmocka_unit_test(a_missing_program_is_told_from_one_that_cannot_be_executed),
	   cmocka_unit_test(a_file_that_the_kernel_cannot_execute_is_reported_by_the_child),
	   cmocka_unit_test(descriptors_are_closed_but_for_the_ones_to_keep),
	   cmocka_unit_test(the_ground_is_prepared_as_asked), cmocka_unit_test(a_door_opens_once_and_is_wiped),
	   cmocka_unit_test(a_listener_is_ours_before_the_target_is_asked_about),
	   cmocka_unit_test(time_is_counted_from_the_exec), cmocka_unit_test(every_allocation_may_fail), )
