#include "unit.h"

#include "launch/launch.h"
#include "sandbox/plan.h"

#include <linux/sched.h>
#include <string.h>
#include <unistd.h>

static const char *no_environment[] = { NULL };

struct setting {
	const char *name, *values[3];
	size_t count;
};

static struct callgate_sandbox *sandbox_of(const struct setting *settings)
{
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_error err;

	assert_int_equal(callgate_sandbox_new(&sandbox, &err), CALLGATE_OK);
	for (; settings->name; settings++)
		if (callgate_sandbox_set(sandbox, settings->name, settings->values, settings->count, &err))
			fail_msg("%s: %s", settings->name, err.message);
	return sandbox;
}

static void contradictory(const struct setting *settings, const char *word)
{
	struct callgate_sandbox *sandbox = sandbox_of(settings);
	struct sandbox_plan plan;
	struct callgate_error err = { 0 };

	assert_int_equal(plan_make(&plan, sandbox, NULL, &err), CALLGATE_E_INVALID);
	if (!strstr(err.message, word))
		fail_msg("'%s' is not in '%s'", word, err.message);
	assert_true(err.hint[0]);
	plan_fini(&plan);
	callgate_sandbox_free(sandbox);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
	contradictory((struct setting[]){ { "unshare-pid" }, { "init" }, { "as-pid-1" }, { 0 } }, "exclude");
	contradictory((struct setting[]){ { "as-pid-1" }, { 0 } }, "pid namespace");
	contradictory((struct setting[]){ { "proc", { "/proc" }, 1 }, { 0 } }, "/proc");
	contradictory((struct setting[]){ { "overlay-src", { "/usr" }, 1 }, { 0 } }, "overlay-src");
	contradictory((struct setting[]){ { "size", { "1M" }, 1 }, { 0 } }, "size");
	contradictory((struct setting[]){ { "perms", { "1777" }, 1 }, { 0 } }, "perms");
	contradictory((struct setting[]){ { "noexec" }, { "dir", { "/x" }, 1 }, { 0 } }, "noexec");
	contradictory((struct setting[]){ { "uid-map", { "0", "0", "1" }, 3 }, { 0 } }, "gid-map");
	contradictory((struct setting[]){ { "gid-map", { "0", "0", "1" }, 3 }, { 0 } }, "uid-map");
	if (geteuid() != 0)
		contradictory((struct setting[]){ { "uid", { "5" }, 1 }, { 0 } }, "user namespace");
}

static void a_missing_source_is_said_before_there_is_a_target(void **state)
{
	struct callgate_sandbox *sandbox =
		sandbox_of((struct setting[]){ { "ro-bind", { "/no/such", "/x" }, 2 }, { 0 } });
	struct callgate_sandbox *optional =
		sandbox_of((struct setting[]){ { "ro-bind-try", { "/no/such", "/x" }, 2 }, { 0 } });
	struct sandbox_plan plan;
	struct callgate_error err = { 0 };

	assert_int_equal(plan_make(&plan, sandbox, NULL, &err), CALLGATE_E_OS);
	assert_non_null(strstr(err.message, "/no/such"));
	plan_fini(&plan);
	assert_int_equal(plan_make(&plan, optional, NULL, &err), CALLGATE_OK);
	assert_int_equal(plan.mount_count, 0);
	assert_true(plan.own_root);
	plan_fini(&plan);
	callgate_sandbox_free(sandbox);
	callgate_sandbox_free(optional);
}

static void without_root_a_user_namespace_comes_with_the_others(void **state)
{
	struct callgate_sandbox *sandbox = sandbox_of((struct setting[]){ { "unshare-net" }, { 0 } });
	struct sandbox_plan plan;
	struct callgate_error err;

	assert_int_equal(plan_make(&plan, sandbox, NULL, &err), CALLGATE_OK);
	assert_true(plan.namespaces & CLONE_NEWNET);
	if (geteuid() != 0)
		assert_true(plan.namespaces & CLONE_NEWUSER);
	assert_false(plan.own_root || plan.has_init);
	plan_fini(&plan);
	callgate_sandbox_free(sandbox);
}

/* Where namespaces are refused this asks nothing; the kernel's tests say which are. */
static void every_allocation_may_fail(void **state)
{
	struct callgate_sandbox *sandbox = sandbox_of((struct setting[]){ { "unshare-all" },
									  { "system" },
									  { "size", { "1M" }, 1 },
									  { "tmpfs", { "/tmp" }, 1 },
									  { "rlimit", { "core=0" }, 1 },
									  { 0 } });
	const char *argv[] = { "sh", "-c", "exit 3", NULL };
	struct launch_spec spec = { .argv = argv, .envp = no_environment, .sandbox = sandbox };
	struct launch_target target = LAUNCH_TARGET_NONE;
	struct launch_end end;
	struct callgate_error err;

	if (launch_spawn(&spec, &target, &err) == CALLGATE_E_UNCONFINED) {
		callgate_sandbox_free(sandbox);
		print_message("# skipped: %s\n", err.message);
		skip();
	}
	launch_target_fini(&target);
	FOR_EACH_ALLOCATION({
		int status = launch_spawn(&spec, &target, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		if (status == CALLGATE_OK) {
			assert_int_equal(launch_wait(&target, &end, NULL), CALLGATE_OK);
			assert_int_equal(launch_end_status(&end), 3);
		}
		launch_target_fini(&target);
	});
	callgate_sandbox_free(sandbox);
}

UNIT_TESTS(test_sandbox_plan, cmocka_unit_test(settings_that_contradict_each_other_are_refused),
	   cmocka_unit_test(a_missing_source_is_said_before_there_is_a_target),
	   cmocka_unit_test(without_root_a_user_namespace_comes_with_the_others),
	   cmocka_unit_test(every_allocation_may_fail), )
