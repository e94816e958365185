/* Which programs run when a script is executed. */
#include "unit.h"

#include "base/cleanup.h"

#include <callgate/scan.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/callgate-programs-XXXXXX";

static int make_folder(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_script(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static void check_programs(const char *name, const char *first, const char *second)
{
	cleanup_free char **programs = NULL;
	struct callgate_error err;

	if (callgate_scan_programs(name, NULL, NULL, &programs, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	assert_string_equal(programs[0], first);
	if (second)
		assert_string_equal(programs[1], second);
	assert_null(programs[second ? 2 : 1]);
}

static void a_program_is_itself(void **state)
{
	check_programs("/bin/true", "/usr/bin/true", NULL);
	check_programs("true", "/usr/bin/true", NULL);
}

static void a_script_is_its_interpreter(void **state)
{
	write_script("one", "#!/bin/cat\n");
	check_programs(in_folder("one"), "/usr/bin/cat", NULL);
	write_script("spaced", "#! \t/bin/cat -n  more\n");
	check_programs(in_folder("spaced"), "/usr/bin/cat", NULL);
	write_script("endless", "#!/bin/cat");
	check_programs(in_folder("endless"), "/usr/bin/cat", NULL);
}

static void env_runs_what_it_is_told(void **state)
{
	write_script("env", "#!/usr/bin/env cat\n");
	check_programs(in_folder("env"), "/usr/bin/env", "/usr/bin/cat");
	write_script("split", "#!/usr/bin/env -S LC_ALL=C cat -n\n");
	check_programs(in_folder("split"), "/usr/bin/env", "/usr/bin/cat");
}

static void a_root_has_programs_of_its_own(void **state)
{
	cleanup_free char **programs = NULL;
	char root[PATH_MAX];

	assert_int_equal(mkdir(in_folder("bin"), 0700), 0);
	write_script("bin/tool", "#!/bin/shell\n");
	write_script("bin/shell", "no script");
	snprintf(root, sizeof(root), "%s", folder);
	assert_int_equal(callgate_scan_programs("tool", root, "/nowhere:/bin", &programs, NULL), CALLGATE_OK);
	assert_string_equal(programs[0], "/bin/shell");
}

static void what_leads_nowhere_fails(void **state)
{
	char **programs = NULL;
	struct callgate_error err;
	char text[PATH_MAX + 16];

	snprintf(text, sizeof(text), "#!%s\n", in_folder("loop"));
	write_script("loop", text);
	assert_int_equal(callgate_scan_programs(in_folder("loop"), NULL, NULL, &programs, &err), CALLGATE_E_LIMIT);
	write_script("lost", "#!/nowhere/interpreter\n");
	assert_int_equal(callgate_scan_programs(in_folder("lost"), NULL, NULL, &programs, &err), CALLGATE_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "/nowhere/interpreter"));
	write_script("empty", "#!\n");
	assert_int_equal(callgate_scan_programs(in_folder("empty"), NULL, NULL, &programs, &err),
			 CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(callgate_scan_programs(folder, NULL, NULL, &programs, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(callgate_scan_programs("true", "/nowhere", NULL, &programs, &err), CALLGATE_E_OS);
	assert_null(programs);
}

static void every_allocation_may_fail(void **state)
{
	write_script("env", "#!/usr/bin/env cat\n");
	FOR_EACH_ALLOCATION({
		cleanup_free char **programs = NULL;
		int status = callgate_scan_programs(in_folder("env"), NULL, NULL, &programs, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
	});
}

#define PROGRAMS_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

UNIT_TESTS(test_scan_programs, PROGRAMS_TEST(a_program_is_itself), PROGRAMS_TEST(a_script_is_its_interpreter),
	   PROGRAMS_TEST(env_runs_what_it_is_told), PROGRAMS_TEST(a_root_has_programs_of_its_own),
	   PROGRAMS_TEST(what_leads_nowhere_fails), PROGRAMS_TEST(every_allocation_may_fail), )
