#include "unit.h"

#include "launch/watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
	unsigned count;
	pid_t pid;
	struct tracer_call call;
	char text[16]; /* what its first argument points to */
};

static const char *no_environment[] = { NULL };

static void remember(struct watch *watch, pid_t pid, const struct tracer_call *call)
{
	struct seen *seen = watch->context;

	seen->count++;
	seen->pid = pid;
	seen->call = *call;
	if (tracer_read(pid, call->args[0], seen->text, sizeof(seen->text) - 1) == 0)
		seen->text[0] = '\0';
}

/* Runs a shell script with `nr` killing and all else allowed; gives the status that a shell would see. */
static int watch_script(const char *script, unsigned nr, struct seen *ret_seen, bool lingers)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const char *argv[] = { "sh", "-c", script, NULL };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct seen seen = { 0 };
	struct watch watch = { .target = &target, .lingers = lingers, .refused = remember, .context = &seen };
	struct launch_spec spec = {
		.argv = argv,
		.envp = no_environment,
		.insns = insns,
		.insn_count = sizeof(insns) / sizeof(*insns),
		.new_session = true,
		.no_core = true,
		.die_with_parent = true,
		.signal_mask = &watch.old_mask,
		.trace = true,
	};
	struct launch_end end;
	struct callgate_error err;

	assert_int_equal(watch_begin(&watch, &err), CALLGATE_OK);
	assert_int_equal(launch_spawn(&spec, &target, &err), CALLGATE_OK);
	assert_true(target.traced);
	assert_int_equal(watch_target(&watch, &end, &err), CALLGATE_OK);
	watch_end(&watch);
	launch_target_fini(&target);
	*ret_seen = seen;
	return launch_end_status(&end);
}

static void the_refused_call_is_seen_with_what_it_points_to(void **state)
{
	struct seen seen;

	assert_int_equal(watch_script("cd /no/such/place", SYS_chdir, &seen, false), 128 + SIGSYS);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.call.nr, SYS_chdir);
	assert_string_equal(seen.text, "/no/such/place");
}

static void so_is_that_of_a_grandchild_whose_end_its_parent_survives(void **state)
{
	struct seen seen;

	assert_int_equal(watch_script("sh -c '(cd /tmp); exit $?'; [ $? = 159 ] && exit 9", SYS_chdir, &seen, false),
			 9);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.call.nr, SYS_chdir);
}

static void an_ordinary_end_is_no_refusal(void **state)
{
	struct seen seen;

	assert_int_equal(watch_script("sh -c 'kill -TERM $$'; [ $? = 143 ] && exit 4", SYS_chdir, &seen, false), 4);
	assert_int_equal(seen.count, 0);
}

static void what_the_target_leaves_behind_is_killed(void **state)
{
	char path[] = "/tmp/callgate-test-XXXXXX";
	char script[256];
	struct seen seen;
	FILE *file;
	int fd = mkstemp(path), pid = 0;

	assert_true(fd >= 0);
	close(fd);
	snprintf(script, sizeof(script), "(sleep 1000 & echo $! >%s; sleep 1000) & until [ -s %s ]; do :; done; exit 3",
		 path, path);
	assert_int_equal(watch_script(script, SYS_chdir, &seen, false), 3);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	unlink(path);
}

static void or_is_waited_for_when_asked(void **state)
{
	char path[] = "/tmp/callgate-test-XXXXXX";
	char script[256], text[8] = "";
	struct seen seen;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(script, sizeof(script), "(sleep 0.2; echo late >%s) & exit 3", path);
	assert_int_equal(watch_script(script, SYS_chdir, &seen, true), 3);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 5);
	assert_string_equal(text, "late\n");
	close(fd);
	unlink(path);
}

static void signals_are_handed_on(void **state)
{
	static const char *const names[] = { "TERM", "INT", "HUP", "USR1" };
	struct seen seen;

	/* A shell cannot trap what it finds ignored, as it is where this was started in the background. */
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char script[128];

		snprintf(script, sizeof(script), "trap 'exit 7' %s; kill -%s $PPID; while :; do sleep 0.01; done",
			 names[i], names[i]);
		assert_int_equal(watch_script(script, SYS_chdir, &seen, false), 7);
	}
}

/* Each of 32 processes forks on and on; only their number at one time is limited, for the machine's sake. */
static void a_fork_bomb_ends_with_its_target(void **state)
{
	struct seen seen;

	assert_int_equal(watch_script("f() { [ $1 -gt 0 ] || while :; do (:); done; f $(($1 - 1)) & f $(($1 - 1)) & "
				      "wait; }; f 5 & (:); exit 2",
				      SYS_chdir, &seen, false),
			 2);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A traced process that starts stands in [Tt] as well; only behind its mark does that mean that it stopped itself. */
static void a_target_stops_and_goes_on_as_if_nobody_watched(void **state)
{
	char path[] = "/tmp/callgate-test-XXXXXX";
	char script[512];
	struct seen seen;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(script, sizeof(script),
		 "sh -c 'echo here >%s; kill -STOP $$; exit 6' & until [ -s %s ]; do :; done; "
		 "until grep -q '^State:.[Tt]' /proc/$!/status; do :; done; "
		 "while kill -CONT $! && ! grep -q '^State:.Z' /proc/$!/status; do :; done 2>/dev/null; "
		 "wait $!; exit $?",
		 path, path);
	assert_int_equal(watch_script(script, SYS_chdir, &seen, false), 6);
	unlink(path);
}

UNIT_TESTS(test_launch_watch, cmocka_unit_test(the_refused_call_is_seen_with_what_it_points_to),
	   cmocka_unit_test(so_is_that_of_a_grandchild_whose_end_its_parent_survives),
	   cmocka_unit_test(an_ordinary_end_is_no_refusal), cmocka_unit_test(what_the_target_leaves_behind_is_killed),
	   cmocka_unit_test(or_is_waited_for_when_asked), cmocka_unit_test(signals_are_handed_on),
	   cmocka_unit_test(a_fork_bomb_ends_with_its_target),
	   cmocka_unit_test(a_target_stops_and_goes_on_as_if_nobody_watched), )
