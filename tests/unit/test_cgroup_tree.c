/*
 * Where a control group may be made, from what the kernel says of a machine.
 */
#include "unit.h"

#include "cgroup/tree.h"

static const char hybrid_mounts[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

static void a_machine_with_both_kinds_is_read(void **state)
{
	struct arena arena = { 0 };
	struct cgroup_tree tree;

	(void)state;
	assert_int_equal(cgroup_tree_parse(hybrid_mounts, "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/init.scope\n", &arena,
					   &tree, NULL),
			 CALLGATE_OK);
	assert_string_equal(tree.v1[CGROUP_MEMORY], "/sys/fs/cgroup/memory/a/b");
	assert_string_equal(tree.v1[CGROUP_CPU], "/sys/fs/cgroup/cpu,cpuacct");
	assert_string_equal(tree.v1[CGROUP_CPUACCT], "/sys/fs/cgroup/cpu,cpuacct");
	assert_null(tree.v1[CGROUP_PIDS]);
	assert_string_equal(tree.v2, "/sys/fs/cgroup/unified/init.scope");
	assert_string_equal(tree.v2_top, "/sys/fs/cgroup/unified");
	arena_fini(&arena);
}

static void a_mount_of_a_part_shows_what_is_below_it(void **state)
{
	struct arena arena = { 0 };
	struct cgroup_tree tree;
	const char *mounts = "9 8 0:1 /pod/one /sys/fs/c\\040g rw - cgroup2 none rw\n";

	(void)state;
	assert_int_equal(cgroup_tree_parse(mounts, "0::/pod/one/x\n", &arena, &tree, NULL), CALLGATE_OK);
	assert_string_equal(tree.v2, "/sys/fs/c g/x");
	assert_int_equal(cgroup_tree_parse(mounts, "0::/pod/one\n", &arena, &tree, NULL), CALLGATE_OK);
	assert_string_equal(tree.v2, "/sys/fs/c g");
	assert_int_equal(cgroup_tree_parse(mounts, "0::/pod/only\n", &arena, &tree, NULL), CALLGATE_OK);
	assert_null(tree.v2);
	assert_int_equal(cgroup_tree_parse(mounts, "0::/pod/oneself\n", &arena, &tree, NULL), CALLGATE_OK);
	assert_null(tree.v2);
	arena_fini(&arena);
}

static void a_folder_outside_our_namespace_is_not_seen(void **state)
{
	struct arena arena = { 0 };
	struct cgroup_tree tree;

	(void)state;
	assert_int_equal(cgroup_tree_parse("9 8 0:1 / /cg rw - cgroup2 none rw\n", "0::/../x\n", &arena, &tree, NULL),
			 CALLGATE_OK);
	assert_null(tree.v2);
	arena_fini(&arena);
}

static void lines_that_say_nothing_are_passed_over(void **state)
{
	static const char *const mounts[] = {
		"", "\n\n", "9", "9 8 0:1 /", "9 8 0:1 / /x rw", "9 8 0:1 / /x rw - cgroup2"
	};
	struct arena arena = { 0 };
	struct cgroup_tree tree;

	(void)state;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++)
		assert_int_equal(cgroup_tree_parse(mounts[i], ":::\n4:memory\n", &arena, &tree, NULL), CALLGATE_OK);
	arena_fini(&arena);
}

static void what_v2_offers_is_a_list_of_words(void **state)
{
	struct cgroup_tree tree = { .v2 = "/cg" };

	(void)state;
	cgroup_tree_offer(&tree, "cpuset cpu io memory\n");
	assert_true(tree.v2_offers[CGROUP_CPUSET]);
	assert_true(tree.v2_offers[CGROUP_CPU]);
	assert_true(tree.v2_offers[CGROUP_MEMORY]);
	assert_false(tree.v2_offers[CGROUP_PIDS]);
	assert_false(tree.v2_offers[CGROUP_CPUACCT]);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	FOR_EACH_ALLOCATION({
		struct arena arena = { 0 };
		struct cgroup_tree tree = { .v2 = "as it was" };
		int status = cgroup_tree_parse(hybrid_mounts, "4:memory:/a\n0::/b\n", &arena, &tree, NULL);

		assert_true(status == CALLGATE_OK || status == CALLGATE_E_NOMEM);
		assert_string_equal(tree.v2, status == CALLGATE_OK ? "/sys/fs/cgroup/unified/b" : "as it was");
		arena_fini(&arena);
	});
}

UNIT_TESTS(test_cgroup_tree, cmocka_unit_test(a_machine_with_both_kinds_is_read),
	   cmocka_unit_test(a_mount_of_a_part_shows_what_is_below_it),
	   cmocka_unit_test(a_folder_outside_our_namespace_is_not_seen),
	   cmocka_unit_test(lines_that_say_nothing_are_passed_over),
	   cmocka_unit_test(what_v2_offers_is_a_list_of_words), cmocka_unit_test(every_allocation_may_fail), )
