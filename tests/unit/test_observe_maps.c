#include "unit.h"

#include "observe/maps.h"

#include <string.h>

static const char text[] = "00400000-00401000 r--p 00000000 08:01 10    /bin/program\n"
			   "00401000-00405000 r-xp 00001000 08:01 10    /bin/program\n"
			   "7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n"
			   "7f0000010000-7f0000020000 r-xp 00020000 08:01 11    /lib/with space.so\n"
			   "7f0000030000-7f0000031000 rwxp 00000000 00:00 0 \n"
			   "7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0     [vdso]\n"
			   "garbage\n";

static int parse(struct maps *maps, struct evidence *evidence)
{
	char copy[sizeof(text)];

	memcpy(copy, text, sizeof(text));
	return maps_parse(maps, copy, evidence, NULL);
}

static void an_address_is_found_as_a_file_and_an_offset(void **state)
{
	struct evidence *evidence = evidence_new();
	struct maps maps = { 0 };
	const struct maps_range *range;

	assert_int_equal(parse(&maps, evidence), CALLGATE_OK);
	assert_true(maps.known);
	assert_int_equal(maps.count, 4);
	range = maps_find(&maps, 0x401005);
	assert_non_null(range);
	assert_string_equal(range->module, "/bin/program");
	assert_int_equal(range->file_offset, 0x1000);
	assert_string_equal(maps_find(&maps, 0x7f000001ffff)->module, "/lib/with space.so");
	assert_string_equal(maps_find(&maps, 0x7f0000030000)->module, "[anon]");
	assert_string_equal(maps_find(&maps, 0x7ffc00000000)->module, "[vdso]");
	assert_null(maps_find(&maps, 0x400500));
	assert_null(maps_find(&maps, 0x405000));
	maps_fini(&maps);
	evidence_free(evidence);
}

static void only_what_overlaps_code_overlaps(void **state)
{
	struct evidence *evidence = evidence_new();
	struct maps maps = { 0 };

	assert_int_equal(parse(&maps, evidence), CALLGATE_OK);
	assert_true(maps_overlap(&maps, 0x404fff, 1));
	assert_true(maps_overlap(&maps, 0x400000, 0x1001));
	assert_false(maps_overlap(&maps, 0x400000, 0x1000));
	assert_false(maps_overlap(&maps, 0x405000, 0x1000));
	assert_false(maps_overlap(&maps, 0, 0x2000));
	assert_true(maps_overlap(&maps, 0, UINT64_MAX));
	maps_fini(&maps);
	evidence_free(evidence);
}

static void loaders_are_known_by_their_names(void **state)
{
	assert_true(maps_is_loader("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
	assert_true(maps_is_loader("/lib/ld-musl-x86_64.so.1"));
	assert_true(maps_is_loader("/lib/x86_64-linux-gnu/ld-2.31.so"));
	assert_true(maps_is_loader("/lib64/ld64.so.1"));
	assert_false(maps_is_loader("/usr/bin/ld"));
	assert_false(maps_is_loader("/usr/lib/libldap.so.2"));
	assert_false(maps_is_loader("[vdso]"));
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct evidence *evidence = evidence_new();
		struct maps maps = { 0 };
		struct maps copy = { 0 };

		if (evidence) {
			int status = parse(&maps, evidence);

			if (status == CALLGATE_OK)
				status = maps_copy(&maps, &copy, NULL);
			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		}
		maps_fini(&maps);
		maps_fini(&copy);
		evidence_free(evidence);
	});
}

UNIT_TESTS(test_observe_maps, cmocka_unit_test(an_address_is_found_as_a_file_and_an_offset),
	   cmocka_unit_test(only_what_overlaps_code_overlaps), cmocka_unit_test(loaders_are_known_by_their_names),
	   cmocka_unit_test(every_allocation_may_fail), )
