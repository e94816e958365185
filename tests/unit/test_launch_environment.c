#include "unit.h"

#include "launch/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const outside[] = {
	"PATH=/bin", "LD_PRELOAD=evil.so", "LC_ALL=C", "LANGUAGE=de", "LANG=C",
	"SECRET=1",  "SECRET_2=2",	   "broken",   NULL,
};

/* The chosen variables, joined by spaces, with settings "NAME" or "NAME VALUE" that end in NULL. */
static const char *chosen(const char *const *settings)
{
	static char text[256];
	struct callgate_run_options options = { .environment = outside };
	const char **environment = NULL;
	struct callgate_sandbox *sandbox;
	struct callgate_error err;

	assert_int_equal(callgate_sandbox_new(&sandbox, &err), CALLGATE_OK);
	for (; *settings; settings++) {
		const char *value = strchr(*settings, ' ') ? strchr(*settings, ' ') + 1 : NULL;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*settings, " "), *settings);
		assert_int_equal(callgate_sandbox_set(sandbox, name, &value, value != NULL, &err), CALLGATE_OK);
	}
	options.sandbox = sandbox;
	assert_int_equal(environment_choose(&options, &environment, &err), CALLGATE_OK);
	text[0] = '\0';
	for (size_t i = 0; environment[i]; i++)
		strcat(strcat(text, i ? " " : ""), environment[i]);
	free(environment);
	callgate_sandbox_free(sandbox);
	return text;
}

static void only_safe_variables_pass(void **state)
{
	assert_string_equal(chosen((const char *[]){ NULL }), "PATH=/bin LC_ALL=C LANG=C");
	assert_true(callgate_environment_is_safe("LC_MESSAGES"));
	assert_false(callgate_environment_is_safe("LC"));
	assert_false(callgate_environment_is_safe("PATHS"));
	assert_false(callgate_environment_is_safe(""));
}

static void and_those_that_are_named(void **state)
{
	assert_string_equal(chosen((const char *[]){ "env SECRET", NULL }), "PATH=/bin LC_ALL=C LANG=C SECRET=1");
	assert_string_equal(chosen((const char *[]){ "env SECRET*", "env LD_PRELOAD", "clearenv", NULL }),
			    "LD_PRELOAD=evil.so SECRET=1 SECRET_2=2");
	assert_string_equal(chosen((const char *[]){ "clearenv", NULL }), "");
}

static void what_is_set_replaces_what_was(void **state)
{
	assert_string_equal(chosen((const char *[]){ "setenv PATH=/opt", "setenv EMPTY=", NULL }),
			    "LC_ALL=C LANG=C PATH=/opt EMPTY=");
	assert_string_equal(chosen((const char *[]){ "setenv PATH=/opt", "setenv PATH=/srv", NULL }),
			    "LC_ALL=C LANG=C PATH=/srv");
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
	   cmocka_unit_test(ones_own_environment_is_cleared_in_place), cmocka_unit_test(every_allocation_may_fail), )
