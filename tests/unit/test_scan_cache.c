#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "elf/module.h"
#include "scan/cache.h"
#include "scan/summary_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A program that every test machine has, with its summary as bytes. */
struct kept {
	struct module *module;
	struct pointers pointers;
	struct summary *summary;
	struct summary_key key;
	struct buf bytes;
};

static int keep(void **state)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	assert_non_null(kept);
	assert_int_equal(module_open("/bin/true", &kept->module, NULL), CALLGATE_OK);
	assert_true(pointers_init(&kept->pointers, kept->module));
	assert_int_equal(summary_make(kept->module, &kept->pointers, &kept->summary, NULL), CALLGATE_OK);
	kept->key = summary_key(kept->module);
	summary_write(kept->summary, &kept->key, &kept->bytes);
	assert_false(kept->bytes.failed);
	*state = kept;
	return 0;
}

static int release(void **state)
{
	struct kept *kept = *state;

	buf_fini(&kept->bytes);
	summary_free(kept->summary);
	pointers_fini(&kept->pointers);
	module_free(kept->module);
	free(kept);
	return 0;
}

static void a_summary_comes_back_as_it_was(void **state)
{
	const struct kept *kept = *state;
	struct summary *back = summary_read(kept->bytes.data, kept->bytes.length, &kept->key);

	assert_non_null(back);
	assert_int_equal(back->functions.length, kept->summary->functions.length);
	assert_int_equal(back->effects.length, kept->summary->effects.length);
	assert_memory_equal(back->effects.items, kept->summary->effects.items,
			    back->effects.length * sizeof(*back->effects.items));
	assert_memory_equal(back->objects.items, kept->summary->objects.items,
			    back->objects.length * sizeof(*back->objects.items));
	summary_free(back);
}

static void that_of_another_file_is_none(void **state)
{
	const struct kept *kept = *state;
	struct summary_key other = kept->key;

	other.changed_ns++;
	assert_null(summary_read(kept->bytes.data, kept->bytes.length, &other));
	other = kept->key;
	other.build_id[0] ^= 1;
	assert_null(summary_read(kept->bytes.data, kept->bytes.length, &other));
}

static void a_damaged_one_is_none(void **state)
{
	const struct kept *kept = *state;
	cleanup_free char *copy = malloc(kept->bytes.length);

	assert_non_null(copy);
	memcpy(copy, kept->bytes.data, kept->bytes.length);
	for (size_t i = 0; i < kept->bytes.length; i += i / 16 + 1) {
		copy[i] ^= 0x10;
		assert_null(summary_read(copy, kept->bytes.length, &kept->key));
		copy[i] ^= 0x10;
		assert_null(summary_read(copy, i, &kept->key));
	}
}

/* The only file of a folder. */
static void file_in(const char *folder, char path[400])
{
	DIR *listing = opendir(folder);
	struct dirent *entry;

	assert_non_null(listing);
	path[0] = '\0';
	while ((entry = readdir(listing)))
		if (entry->d_name[0] != '.')
			snprintf(path, 400, "%s/%s", folder, entry->d_name);
	closedir(listing);
	assert_true(path[0] != '\0');
}

static void summaries_are_kept_in_a_folder(void **state)
{
	const struct kept *kept = *state;
	char top[] = "/tmp/callgate-cache-XXXXXX", folder[64], path[400];
	struct stat status;

	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/made", top);
	for (int damaged = 0; damaged < 3; damaged++) {
		struct summary *summary = NULL;
		bool saved = false;

		assert_int_equal(cache_summary(folder, kept->module, &kept->pointers, &summary, &saved, NULL),
				 CALLGATE_OK);
		assert_true(saved);
		assert_int_equal(summary->effects.length, kept->summary->effects.length);
		summary_free(summary);
		file_in(folder, path);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 077, 0);
		assert_int_equal(status.st_size, kept->bytes.length);
		if (damaged == 0)
			assert_int_equal(truncate(path, status.st_size / 2), 0);
		else
			assert_int_equal(chmod(path, 0666), 0); /* others could have written it */
	}
	unlink(path);
	rmdir(folder);
	rmdir(top);
}

static void one_that_is_used_is_new_again(void **state)
{
	const struct kept *kept = *state;
	char folder[] = "/tmp/callgate-cache-XXXXXX", path[400];
	struct timespec times[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };
	struct stat status;

	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 2; i++) {
		struct summary *summary = NULL;
		bool saved = false;

		assert_int_equal(cache_summary(folder, kept->module, &kept->pointers, &summary, &saved, NULL),
				 CALLGATE_OK);
		assert_int_equal(saved, i == 0);
		summary_free(summary);
		file_in(folder, path);
		assert_int_equal(stat(path, &status), 0);
		assert_true(status.st_mtim.tv_sec > times[1].tv_sec);
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void a_folder_that_cannot_be_made_is_done_without(void **state)
{
	const struct kept *kept = *state;
	char top[] = "/tmp/callgate-cache-XXXXXX", home[64], folder[96];
	const char *const folders[] = { "/dev/null/folder", folder };

	assert_non_null(mkdtemp(top));
	snprintf(home, sizeof(home), "%s/nobody", top);
	snprintf(folder, sizeof(folder), "%s/.cache/callgate", home);
	for (int i = 0; i < 2; i++) {
		struct summary *summary = NULL;
		bool saved = false;

		assert_int_equal(cache_summary(folders[i], kept->module, &kept->pointers, &summary, &saved, NULL),
				 CALLGATE_OK);
		assert_non_null(summary);
		assert_false(saved);
		summary_free(summary);
	}
	assert_int_not_equal(access(home, F_OK), 0);
	assert_int_equal(rmdir(top), 0);
}

/* A file of a folder that was last used so long ago. */
static void put(const char *folder, const char *name, int64_t age_s, size_t bytes)
{
	char path[200];
	struct timespec times[2] = { { .tv_sec = time(NULL) - age_s } };
	int fd;

	times[1] = times[0];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (char page[4096] = { 1 }; bytes > 0; bytes -= sizeof(page))
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool has(const char *folder, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

#define SUMMARY_NAME(end) "0123456789abcdef0123456789abcdef01234567-803-" end

static void what_nobody_uses_is_taken_out_of_a_folder(void **state)
{
	static const char *const names[] = { SUMMARY_NAME("1"),	       SUMMARY_NAME("2"), SUMMARY_NAME("3"),
					     SUMMARY_NAME("4.abcdef"), "0123-803-1",	  "notes" };
	char folder[] = "/tmp/callgate-cache-XXXXXX", path[200];

	assert_non_null(mkdtemp(folder));
	put(folder, names[0], 5000, 4096);
	put(folder, names[1], 20, 65536);
	put(folder, names[2], 10, 4096);
	put(folder, names[3], 9000, 4096);
	put(folder, names[4], 90000, 4096);
	put(folder, names[5], 90000, 4096);
	cache_prune(folder, (uint64_t)1 << 30, 100000);
	for (int i = 0; i < 6; i++)
		assert_true(has(folder, names[i]));
	cache_prune(folder, (uint64_t)1 << 30, 1000);
	assert_false(has(folder, names[0]));
	assert_true(has(folder, names[1]));
	assert_true(has(folder, names[2]));
	assert_false(has(folder, names[3]));
	cache_prune(folder, 40000, 1000);
	assert_false(has(folder, names[1]));
	assert_true(has(folder, names[2]));
	assert_true(has(folder, names[4]));
	assert_true(has(folder, names[5]));
	cache_prune("/nowhere", 0, 0);
	for (int i = 2; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void every_allocation_may_fail(void **state)
{
	const struct kept *kept = *state;

	FOR_EACH_ALLOCATION({
		struct summary *back = summary_read(kept->bytes.data, kept->bytes.length, &kept->key);

		assert_true(back || unit_allocation_failed());
		summary_free(back);
	});
}

UNIT_TESTS(test_scan_cache, cmocka_unit_test_setup_teardown(one_that_is_used_is_new_again, keep, release),
	   cmocka_unit_test(what_nobody_uses_is_taken_out_of_a_folder),
	   cmocka_unit_test_setup_teardown(a_summary_comes_back_as_it_was, keep, release),
	   cmocka_unit_test_setup_teardown(that_of_another_file_is_none, keep, release),
	   cmocka_unit_test_setup_teardown(a_damaged_one_is_none, keep, release),
	   cmocka_unit_test_setup_teardown(summaries_are_kept_in_a_folder, keep, release),
	   cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_done_without, keep, release),
	   cmocka_unit_test_setup_teardown(every_allocation_may_fail, keep, release))
