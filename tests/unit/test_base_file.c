#include "unit.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], link_path[96];

static int folder_make(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/callgate-test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	return 0;
}

static int folder_remove(void **state)
{
	unlink(link_path);
	unlink(path);
	return rmdir(folder); /* which says that nothing else is left in it */
}

static void replace(const char *name, const char *text)
{
	struct callgate_error err;

	assert_int_equal(file_replace(name, text, strlen(text), 0666, &err), CALLGATE_OK);
}

static void assert_holds(const char *text)
{
	struct buf bytes = { 0 };
	struct callgate_error err;

	assert_int_equal(file_read(path, 100, &bytes, &err), CALLGATE_OK);
	assert_string_equal(buf_text(&bytes), text);
	buf_fini(&bytes);
}

static mode_t mode_of(const char *name)
{
	struct stat there;

	assert_int_equal(lstat(name, &there), 0);
	return there.st_mode;
}

static void a_new_file_has_the_mode_less_the_umask(void **state)
{
	mode_t before = umask(027);

	replace(path, "new");
	umask(before);
	assert_holds("new");
	assert_int_equal(mode_of(path) & 07777, 0640);
}

static void a_file_that_is_there_keeps_its_mode(void **state)
{
	replace(path, "old");
	assert_int_equal(chmod(path, 0600), 0);
	replace(path, "new");
	assert_holds("new");
	assert_int_equal(mode_of(path) & 07777, 0600);
}

static void a_link_stays_and_leads_to_the_new_bytes(void **state)
{
	replace(path, "old");
	assert_int_equal(symlink("file", link_path), 0);
	replace(link_path, "new");
	assert_true(S_ISLNK(mode_of(link_path)));
	assert_holds("new");
}

static void write_to(const struct file_place *place, int expected)
{
	struct callgate_error err;

	assert_int_equal(file_place_write(place, "new", 3, 0666, &err), expected);
}

static void a_link_that_comes_later_leads_nowhere(void **state)
{
	struct file_place place, device;
	struct callgate_error err;

	replace(path, "old");
	assert_int_equal(file_place_find(link_path, &place, &err), CALLGATE_OK);
	assert_int_equal(file_place_find("/dev/null", &device, &err), CALLGATE_OK);
	assert_int_equal(symlink("file", link_path), 0);
	write_to(&place, CALLGATE_OK);
	assert_holds("old");
	assert_true(S_ISREG(mode_of(link_path)));
	write_to(&device, CALLGATE_OK);
	free(device.path);
	device.path = strdup(path);
	write_to(&device, CALLGATE_E_OS);
	assert_holds("old");
	file_place_fini(&place);
	file_place_fini(&device);
}

static void a_folder_that_is_exchanged_is_not_followed(void **state)
{
	char inner[96], moved[96], name[112], found[112];
	struct file_place place;
	struct callgate_error err;

	snprintf(inner, sizeof(inner), "%s/inner", folder);
	snprintf(moved, sizeof(moved), "%s/moved", folder);
	snprintf(name, sizeof(name), "%s/file", inner);
	snprintf(found, sizeof(found), "%s/file", moved);
	replace(path, "old");
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_int_equal(file_place_find(name, &place, &err), CALLGATE_OK);
	assert_int_equal(rename(inner, moved), 0);
	assert_int_equal(symlink(".", inner), 0);
	write_to(&place, CALLGATE_OK);
	assert_holds("old");
	assert_int_equal(unlink(found), 0);
	assert_int_equal(unlink(inner), 0);
	assert_int_equal(rmdir(moved), 0);
	file_place_fini(&place);
}

static void what_cannot_be_written_is_as_it_was(void **state)
{
	struct callgate_error err;
	char inside[128];

	replace(path, "old");
	snprintf(inside, sizeof(inside), "%s/below", path);
	assert_int_equal(file_replace(inside, "new", 3, 0666, &err), CALLGATE_E_OS);
	assert_int_equal(err.os_errno, ENOTDIR);
	assert_holds("old");
}

static void a_file_is_read_within_its_limit(void **state)
{
	struct buf bytes = { 0 };
	struct callgate_error err;

	replace(path, "four");
	assert_int_equal(file_read(path, 3, &bytes, &err), CALLGATE_E_LIMIT);
	buf_fini(&bytes);
	assert_int_equal(file_read(path, 4, &bytes, &err), CALLGATE_OK);
	assert_string_equal(buf_text(&bytes), "four");
	buf_fini(&bytes);
}

static void a_glance_takes_what_fits(void **state)
{
	char text[4] = "xxx";

	replace(path, "four");
	assert_int_equal(file_glance(AT_FDCWD, path, text, sizeof(text)), 3);
	assert_string_equal(text, "fou");
	assert_int_equal(file_glance(AT_FDCWD, "/no/such/file", text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void lines_are_read_in_pieces_of_a_limit(void **state)
{
	static const char *const pieces[] = { "ab\n", "long", "er\n", "\n", "end" };
	char *line = NULL;
	size_t size = 0;
	FILE *from;

	replace(path, "ab\nlonger\n\nend");
	from = fopen(path, "r");
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		assert_int_equal(file_line(from, 4, &line, &size), strlen(pieces[i]));
		assert_string_equal(line, pieces[i]);
	}
	assert_int_equal(file_line(from, 4, &line, &size), 0);
	free(line);
	fclose(from);
	from = fopen("/", "r");
	line = NULL;
	size = 0;
	assert_int_equal(file_line(from, 4, &line, &size), -1);
	assert_int_equal(errno, EISDIR);
	fclose(from);
}

static void every_allocation_may_fail(void **state)
{
	replace(path, "old");
	FOR_EACH_ALLOCATION({
		struct callgate_error err;
		int status = file_replace(path, "new", 3, 0666, &err);

		assert_true(status == CALLGATE_OK || (status == CALLGATE_E_NOMEM && unit_allocation_failed()));
	});
	assert_holds("new");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
UNIT_TESTS(test_base_file, CASE(a_new_file_has_the_mode_less_the_umask), CASE(a_file_that_is_there_keeps_its_mode),
	   CASE(a_link_stays_and_leads_to_the_new_bytes), CASE(a_link_that_comes_later_leads_nowhere),
	   CASE(a_folder_that_is_exchanged_is_not_followed), CASE(what_cannot_be_written_is_as_it_was),
	   CASE(a_file_is_read_within_its_limit), CASE(a_glance_takes_what_fits),
	   CASE(lines_are_read_in_pieces_of_a_limit), CASE(every_allocation_may_fail), )
