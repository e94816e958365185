#include "unit.h"

#include "base/buf.h"
#include "base/file.h"
#include "elf/link_cache.h"

#include <string.h>

#define SEEDS TEST_SOURCE_ROOT "/tests/fuzz/seeds/ldcache/"

static void check_seed(const char *path)
{
	struct buf bytes = { 0 };
	struct link_cached cached;
	size_t at = 0;

	assert_int_equal(file_read(path, 4096, &bytes, NULL), CALLGATE_OK);
	assert_true(link_cache_next((uint8_t *)bytes.data, bytes.length, 0x0303, "libc.so.6", &at, &cached));
	assert_string_equal(cached.path, "/lib/x86_64-linux-gnu/libc.so.6");
	assert_null(cached.hwcap);
	assert_true(link_cache_next((uint8_t *)bytes.data, bytes.length, 0x0303, "libc.so.6", &at, &cached));
	assert_string_equal(cached.path, "/lib/glibc-hwcaps/x86-64-v3/libc.so.6");
	assert_string_equal(cached.hwcap, "x86-64-v3");
	/* The third is of i386. */
	assert_false(link_cache_next((uint8_t *)bytes.data, bytes.length, 0x0303, "libc.so.6", &at, &cached));
	at = 0;
	assert_false(link_cache_next((uint8_t *)bytes.data, bytes.length, 0x0303, "libc", &at, &cached));
	buf_fini(&bytes);
}

static void a_name_has_its_files(void **state)
{
	check_seed(SEEDS "new");
}

static void an_older_table_is_stepped_over(void **state)
{
	check_seed(SEEDS "old_and_new");
}

static void this_system_has_a_cache_with_its_c_library(void **state)
{
	struct buf bytes = { 0 };
	struct link_cached cached;
	size_t at = 0;

	if (file_read("/etc/ld.so.cache", 64 << 20, &bytes, NULL) != CALLGATE_OK)
		skip();
	assert_true(link_cache_next((uint8_t *)bytes.data, bytes.length, 0x0303, "libc.so.6", &at, &cached));
	assert_non_null(strstr(cached.path, "libc.so.6"));
	buf_fini(&bytes);
}

static void what_is_no_cache_has_nothing(void **state)
{
	struct link_cached cached;
	size_t at = 0;

	assert_false(link_cache_next(NULL, 0, 0x0303, "libc.so.6", &at, &cached));
	assert_false(link_cache_next((const uint8_t *)"glibc-ld.so.cache1.1", 20, 0x0303, "libc.so.6", &at, &cached));
	assert_false(link_cache_next((const uint8_t *)"text", 4, 0x0303, "libc.so.6", &at, &cached));
}

UNIT_TESTS(test_elf_link_cache, cmocka_unit_test(a_name_has_its_files),
	   cmocka_unit_test(an_older_table_is_stepped_over),
	   cmocka_unit_test(this_system_has_a_cache_with_its_c_library),
	   cmocka_unit_test(what_is_no_cache_has_nothing), )
