#include "unit.h"

#include "launch/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const outside[] = {
	"PATH=/bin", "LD_PRELOAD=evil.so", "LC_ALL=C", "LANGUAGE=de", "LANG=C",
	"SECRET=1",  "SECRET_2=2",	   "broken",   NULL,
};

/* The chosen variables, joined by spaces. */
static const char *chosen(struct callgate_run_options *options)
{
	static char text[256];
	const char **environment = NULL;
	struct callgate_error err;

	options->environment = outside;
	assert_int_equal(environment_choose(options, &environment, &err), CALLGATE_OK);
	text[0] = '\0';
	for (size_t i = 0; environment[i]; i++)
		strcat(strcat(text, i ? " " : ""), environment[i]);
	free(environment);
	return text;
}

static void only_safe_variables_pass(void **state)
{
	assert_string_equal(chosen(&(struct callgate_run_options){ 0 }), "PATH=/bin LC_ALL=C LANG=C");
	assert_true(callgate_environment_is_safe("LC_MESSAGES"));
	assert_false(callgate_environment_is_safe("LC"));
	assert_false(callgate_environment_is_safe("PATHS"));
	assert_false(callgate_environment_is_safe(""));
}

static void and_those_that_are_named(void **state)
{
	const char *one[] = { "SECRET" }, *many[] = { "SECRET*", "LD_PRELOAD" };

	assert_string_equal(chosen(&(struct callgate_run_options){ .keep = one, .keep_count = 1 }),
			    "PATH=/bin LC_ALL=C LANG=C SECRET=1");
	assert_string_equal(chosen(&(struct callgate_run_options){ .keep = many, .keep_count = 2, .clear = true }),
			    "LD_PRELOAD=evil.so SECRET=1 SECRET_2=2");
	assert_string_equal(chosen(&(struct callgate_run_options){ .clear = true }), "");
}

static void what_is_set_replaces_what_was(void **state)
{
	const char *set[] = { "PATH=/opt", "EMPTY=" };

	assert_string_equal(chosen(&(struct callgate_run_options){ .set = set, .set_count = 2 }),
			    "LC_ALL=C LANG=C PATH=/opt EMPTY=");
}

static void a_setting_without_a_name_or_value_is_refused(void **state)
{
	static const char *const wrong[] = { "NAME", "=value", "" };

	for (size_t i = 0; i < 3; i++) {
		struct callgate_run_options options = { .set = &wrong[i], .set_count = 1 };
		const char **environment = NULL;
		struct callgate_error err;

		assert_int_equal(environment_choose(&options, &environment, &err), CALLGATE_E_INVALID);
		assert_null(environment);
	}
}

static void ones_own_environment_is_cleared_in_place(void **state)
{
	char *variables[] = { (char[]){ "LD_PRELOAD=x" },
			      (char[]){ "HOME=/" },
			      (char[]){ "odd" },
			      (char[]){ "KEEP=1" },
			      (char[]){ "LC_X=1" },
			      (char[]){ "Z=1" },
			      NULL };
	const char *keep[] = { "KEEP" };
	char **saved = environ;

	environ = variables;
	callgate_environment_clear(keep, 1);
	environ = saved;
	assert_string_equal(variables[0], "HOME=/");
	assert_string_equal(variables[1], "KEEP=1");
	assert_string_equal(variables[2], "LC_X=1");
	assert_null(variables[3]);
}

static void every_allocation_may_fail(void **state)
{
	struct callgate_run_options options = { .environment = outside };

	FOR_EACH_ALLOCATION({
		const char **environment = NULL;
		int status = environment_choose(&options, &environment, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(environment);
	});
}

UNIT_TESTS(test_launch_environment, cmocka_unit_test(only_safe_variables_pass),
	   cmocka_unit_test(and_those_that_are_named), cmocka_unit_test(what_is_set_replaces_what_was),
	   cmocka_unit_test(a_setting_without_a_name_or_value_is_refused),
	   cmocka_unit_test(ones_own_environment_is_cleared_in_place), cmocka_unit_test(every_allocation_may_fail), )
