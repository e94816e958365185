/*
 * @base is what a program of glibc or musl needs to start and to end: so such programs are started under it and
 * nothing else, and what it does not hold kills them.
 */
#include "unit.h"

#include "filter/filter.h"
#include "lang/lang.h"
#include "launch/launch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct callgate_filter *base_filter(uint64_t secret)
{
	static const char text[] = "kernel 6.1\ndefault kill-process\ninclude \"@base\"\n";
	const struct callgate_policy_options groups = { .group_folder = TEST_SOURCE_ROOT "/policies" };
	const struct callgate_filter_options options = { .has_launch_secret = true, .launch_secret = secret };
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err = { 0 };

	if (callgate_policy_parse("base", text, sizeof(text) - 1, &groups, &policy, &err) ||
	    callgate_filter_compile(policy, &options, &filter, &err))
		fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
	callgate_policy_free(policy);
	return filter;
}

static struct launch_end run(const char *program, const char *argument)
{
	const char *argv[] = { program, argument, NULL };
	const char *envp[] = { NULL };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end = { 0 };
	struct callgate_error err = { 0 };
	struct callgate_filter *filter;
	struct launch_spec spec = { .argv = argv, .envp = envp, .no_core = true };

	fflush(stdout);
	assert_int_equal(launch_secret(&spec.secret, &err), CALLGATE_OK);
	filter = base_filter(spec.secret);
	spec.insns = filter->program.insns;
	spec.insn_count = filter->program.length;
	if (launch_spawn(&spec, &target, &err) || launch_wait(&target, &end, &err))
		fail_msg("%s", err.message);
	launch_target_fini(&target);
	callgate_filter_free(filter);
	return end;
}

static void ends(const char *program, const char *argument, bool signalled, int status)
{
	struct launch_end end = run(program, argument);

	assert_int_equal(end.signalled, signalled);
	assert_int_equal(end.status, status);
}

static void try_program(const char *program)
{
	ends(program, NULL, false, 7);
	ends(program, "abort", true, SIGABRT);
	ends(program, "execve", true, SIGSYS);
	ends(program, "socket", true, SIGSYS);
	ends(program, "create", true, SIGSYS);
	assert_int_not_equal(access("/tmp/callgate-starts", F_OK), 0);
}

static void a_program_of_glibc_starts_and_ends(void **state)
{
	try_program(TEST_STARTS);
}

static void a_program_of_musl_starts_and_ends(void **state)
{
	if (!TEST_STARTS_MUSL[0]) {
		print_message("# skipped: musl-gcc was not there when this was built\n");
		skip();
	}
	try_program(TEST_STARTS_MUSL);
}

UNIT_TESTS(test_base_kernel, cmocka_unit_test(a_program_of_glibc_starts_and_ends),
	   cmocka_unit_test(a_program_of_musl_starts_and_ends), )
