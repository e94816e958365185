#include "unit.h"

#include "sandbox/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *found(struct arena *arena, const char *source)
{
	const char *path = NULL;
	struct callgate_error err = { 0 };

	if (source_find(arena, source, &path, &err) != CALLGATE_OK)
		fail_msg("%s: %s", source, err.message);
	return path;
}

static void paths_are_absolute_and_plain(void **state)
{
	struct arena arena = { 0 };
	char here[4096], below[4200];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(found(&arena, "/"), "/");
	assert_string_equal(found(&arena, "//usr/./share//"), "/usr/share");
	assert_string_equal(found(&arena, "/usr/share/../../usr"), "/usr");
	assert_string_equal(found(&arena, "/../.."), "/");
	assert_string_equal(found(&arena, "."), here);
	snprintf(below, sizeof(below), "%s/..", here);
	assert_string_equal(found(&arena, ".."), found(&arena, below));
	arena_fini(&arena);
}

/* Debian's /bin is a link into /usr; where it is none there is nothing to follow. */
static void links_of_the_system_are_followed(void **state)
{
	struct arena arena = { 0 };
	struct stat link, file;
	const char *path = found(&arena, "/bin/sh");

	assert_int_equal(stat("/bin/sh", &link), 0);
	assert_int_equal(lstat(path, &file), 0);
	assert_false(S_ISLNK(file.st_mode));
	assert_true(link.st_dev == file.st_dev && link.st_ino == file.st_ino);
	arena_fini(&arena);
}

static void other_links_are_not(void **state)
{
	char folder[] = "/tmp/callgate-test-XXXXXX", link[64], beneath[80];
	const char *sources[] = { link, beneath };
	struct arena arena = { 0 };

	assert_non_null(mkdtemp(folder));
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(beneath, sizeof(beneath), "%s/passwd", link);
	assert_int_equal(symlink("/etc", link), 0);
	for (int i = 0; i < 2; i++) {
		const char *path = NULL;
		struct callgate_error err = { 0 };

		assert_int_equal(source_find(&arena, sources[i], &path, &err), CALLGATE_E_OS);
		assert_int_equal(err.os_errno, ELOOP);
		assert_non_null(strstr(err.message, link));
		assert_null(path);
	}
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(folder), 0);
	arena_fini(&arena);
}

static void what_is_not_there_is_said(void **state)
{
	struct arena arena = { 0 };
	const char *path = NULL;
	struct callgate_error err = { 0 };

	assert_int_equal(source_find(&arena, "/usr/no/such", &path, &err), CALLGATE_E_OS);
	assert_int_equal(err.os_errno, ENOENT);
	assert_non_null(strstr(err.message, "/usr/no/such"));
	arena_fini(&arena);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct arena arena = { 0 };
		const char *path = NULL;
		int status = source_find(&arena, "/usr/bin/../share", &path, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		arena_fini(&arena);
	});
}

UNIT_TESTS(test_sandbox_source, cmocka_unit_test(paths_are_absolute_and_plain),
	   cmocka_unit_test(links_of_the_system_are_followed), cmocka_unit_test(other_links_are_not),
	   cmocka_unit_test(what_is_not_there_is_said), cmocka_unit_test(every_allocation_may_fail), )
