#include "unit.h"

#include <callgate/launch.h>

#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const no_environment[] = { NULL };

struct told {
	unsigned count;
	struct callgate_refusal last;
};

static void tell(const struct callgate_refusal *refusal, void *context)
{
	struct told *told = context;

	told->count++;
	told->last = *refusal;
}

static struct callgate_subject *subject_of(const char *policy)
{
	struct callgate_subject *subject = NULL;
	struct callgate_error err;

	assert_int_equal(callgate_subject_parse("test.policy", policy, strlen(policy), NULL, &subject, &err),
			 CALLGATE_OK);
	return subject;
}

/* Runs a shell script under a policy; the status of callgate_run. */
static int run(const char *policy, const char *script, struct callgate_run_report *ret_report, struct told *ret_told,
	       struct callgate_error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct callgate_run_options options = {
		.argv = argv, .environment = no_environment, .refused = tell, .context = ret_told
	};
	struct callgate_subject *subject = subject_of(policy);
	int status;

	*ret_told = (struct told){ 0 };
	status = callgate_run(subject, &options, ret_report, err);
	callgate_subject_free(subject);
	return status;
}

static void a_report_says_how_it_ended_and_what_held(void **state)
{
	struct callgate_run_report report;
	struct callgate_error err;
	struct told told;
	const unsigned always = CALLGATE_GROUND_ENVIRONMENT | CALLGATE_GROUND_SESSION | CALLGATE_GROUND_DEATH_SIGNAL |
				CALLGATE_GROUND_CORE_LIMIT | CALLGATE_GROUND_DESCRIPTORS |
				CALLGATE_GROUND_NO_NEW_PRIVS | CALLGATE_GROUND_SECCOMP;

	assert_int_equal(run("kernel 6.1\ndefault allow\n", "exit 3", &report, &told, &err), CALLGATE_OK);
	assert_false(report.signalled);
	assert_int_equal(report.status, 3);
	assert_int_equal(report.exit_status, 3);
	assert_true(report.wall_ns > 0 && report.max_rss_kib > 0);
	assert_true(report.traced);
	assert_int_equal(report.refused, 0);
	assert_int_equal(report.enforced, always);
}

static void a_refusal_is_told_with_its_line(void **state)
{
	struct callgate_run_report report;
	struct callgate_error err;
	struct told told;

	assert_int_equal(run("kernel 6.1\ndefault allow\nkill-process chdir\n", "cd /", &report, &told, &err),
			 CALLGATE_OK);
	assert_true(report.signalled);
	assert_int_equal(report.status, SIGSYS);
	assert_int_equal(report.exit_status, 128 + SIGSYS);
	assert_int_equal(report.refused, 1);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.last.syscall, "chdir");
	assert_string_equal(told.last.call, "chdir(\"/\")");
	assert_string_equal(told.last.explanation.file, "test.policy");
	assert_int_equal(told.last.explanation.line, 3);
	assert_string_equal(told.last.explanation.rule, "kill-process chdir");
	assert_int_equal(told.last.explanation.action.ret, SECCOMP_RET_KILL_PROCESS);
}

static void a_supervisor_that_is_not_there_prevents_the_start(void **state)
{
	struct callgate_run_report report = { .status = 77 };
	struct callgate_error err;
	struct told told;

	assert_int_equal(run("kernel 6.1\ndefault allow\nnotify chdir\n", "exit 3", &report, &told, &err),
			 CALLGATE_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "supervisor"));
	assert_int_equal(report.status, 77);
}

static void a_target_that_may_trace_is_not_traced(void **state)
{
	struct callgate_run_report report;
	struct callgate_error err;
	struct told told;

	assert_int_equal(run("kernel 6.1\ndefault allow\nallow ptrace if request == PTRACE_SEIZE\n",
			     "grep -q '^TracerPid:.0$' /proc/self/status", &report, &told, &err),
			 CALLGATE_OK);
	assert_int_equal(report.exit_status, 0);
	assert_false(report.traced);
	assert_non_null(strstr(report.untraced, "ptrace"));
}

/* As a user without rights, whose launcher is as much his own as the target is. */
static int read_launcher_memory(void)
{
	struct callgate_run_report report;
	struct callgate_error err;
	struct told told;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 || chdir("/") < 0 ||
	    prctl(PR_SET_DUMPABLE, 1) < 0)
		return 9;
	if (run("kernel 6.1\ndefault allow\n", "exec 2>/dev/null; : </proc/$PPID/mem", &report, &told, &err) !=
	    CALLGATE_OK)
		return 8;
	return report.exit_status == 0 || prctl(PR_GET_DUMPABLE) != 1;
}

static void a_target_cannot_open_its_launchers_memory(void **state)
{
	int status = -1;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(read_launcher_memory());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void every_allocation_may_fail(void **state)
{
	struct callgate_subject *subject = subject_of("kernel 6.1\ndefault allow\nerrno EPERM mount, ptrace\n");
	const char *argv[] = { "sh", "-c", "exit 3", NULL };
	struct callgate_run_options options = { .argv = argv, .environment = no_environment };

	FOR_EACH_ALLOCATION({
		struct callgate_run_report report = { .status = 77 };
		int status = callgate_run(subject, &options, &report, NULL);

		assert_int_equal(report.status, status == CALLGATE_OK ? 3 : 77);
		assert_true(status == CALLGATE_OK || unit_allocation_failed());
	});
	callgate_subject_free(subject);
}

UNIT_TESTS(test_launch_run, cmocka_unit_test(a_report_says_how_it_ended_and_what_held),
	   cmocka_unit_test(a_refusal_is_told_with_its_line),
	   cmocka_unit_test(a_supervisor_that_is_not_there_prevents_the_start),
	   cmocka_unit_test(a_target_that_may_trace_is_not_traced),
	   cmocka_unit_test(a_target_cannot_open_its_launchers_memory), cmocka_unit_test(every_allocation_may_fail), )
