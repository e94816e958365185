#include "unit.h"

#include "abi/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

static uint64_t value_of(enum abi_arch_id arch, const char *name)
{
	const struct abi_constant_set *set = NULL;
	uint64_t value = 0;

	if (!abi_constant_find_any(arch, name, &value, &set))
		fail_msg("%s is not known", name);
	assert_non_null(set);
	return value;
}

static void constants_have_the_values_of_this_build(void **state)
{
	enum abi_arch_id native = abi_arch_native()->id;

	assert_int_equal(value_of(native, "O_CLOEXEC"), O_CLOEXEC);
	assert_int_equal(value_of(native, "O_DIRECTORY"), O_DIRECTORY);
	assert_int_equal(value_of(native, "MAP_ANONYMOUS"), MAP_ANONYMOUS);
	assert_int_equal(value_of(native, "PROT_EXEC"), PROT_EXEC);
	assert_int_equal(value_of(native, "AF_INET6"), AF_INET6);
	assert_int_equal(value_of(native, "SOCK_STREAM"), SOCK_STREAM);
	assert_int_equal(value_of(native, "SIGUSR1"), SIGUSR1);
	assert_int_equal(value_of(native, "TIOCSTI"), TIOCSTI);
	assert_int_equal(value_of(native, "AT_FDCWD"), (uint64_t)(int64_t)AT_FDCWD);
}

static void constants_differ_between_arches(void **state)
{
	assert_int_equal(value_of(ABI_X86_64, "O_DIRECTORY"), 0x10000);
	assert_int_equal(value_of(ABI_ARM, "O_DIRECTORY"), 0x4000);
	assert_int_equal(value_of(ABI_AARCH64, "O_DIRECTORY"), 0x4000);
	assert_int_equal(value_of(ABI_PPC64LE, "O_NOFOLLOW"), 0x8000);
	assert_int_equal(value_of(ABI_MIPS64EL, "MAP_ANONYMOUS"), 0x800);
	assert_int_equal(value_of(ABI_MIPS64EL, "SOCK_STREAM"), 2);
	assert_int_equal(value_of(ABI_MIPS64EL, "SIGCHLD"), 18);
	assert_int_equal(value_of(ABI_X86_64, "TCGETS"), 0x5401);
	assert_int_equal(value_of(ABI_PPC64LE, "TCGETS"), 0x402c7413);
	assert_int_equal(value_of(ABI_MIPS64EL, "TCGETS"), 0x540d);
}

static void an_arch_may_lack_a_constant(void **state)
{
	const struct abi_constant_set *set = NULL;
	uint64_t value = 77;

	assert_true(abi_constant_find_any(ABI_X86_64, "MAP_32BIT", &value, &set));
	assert_int_equal(value, 0x40);
	value = 77;
	assert_false(abi_constant_find(set, ABI_AARCH64, "MAP_32BIT", &value));
	assert_false(abi_constant_find(set, ABI_X86_64, "O_CLOEXEC", &value));
	assert_false(abi_constant_find_any(ABI_X86_64, "O_NONSENSE", &value, &set));
	assert_int_equal(value, 77);
}

static void every_constant_is_found_by_its_name(void **state)
{
	for (size_t i = 0; i < abi_constant_sets_count; i++) {
		const struct abi_constant_set *set = &abi_constant_sets[i], *any = NULL;

		assert_true(abi_constant_count(set) > 0);
		for (size_t j = 0; j < abi_constant_count(set); j++) {
			struct abi_constant constant = abi_constant_at(set, ABI_X86_64, j);
			uint64_t value = 0;

			if (!constant.name)
				continue;
			assert_true(abi_constant_find(set, ABI_X86_64, constant.name, &value));
			assert_int_equal(value, constant.value);
			assert_true(abi_constant_find_any(ABI_X86_64, constant.name, &value, &any));
			assert_int_equal(value, constant.value);
		}
		assert_null(abi_constant_at(set, ABI_X86_64, abi_constant_count(set)).name);
	}
}

static void a_name_has_one_value_in_every_family(void **state)
{
	size_t count = abi_constant_sets[abi_constant_sets_count - 1].first +
		       abi_constant_sets[abi_constant_sets_count - 1].count;

	for (size_t i = 0; i < count; i++) {
		const struct abi_constant_row *row = &abi_constant_rows[i];
		const struct abi_constant_set *set = &abi_constant_sets[row->set];

		for (int arch = 0; arch < ABI_ARCH_COUNT; arch++) {
			struct abi_constant constant = abi_constant_at(set, (enum abi_arch_id)arch, i - set->first);

			if (constant.name)
				assert_int_equal(value_of((enum abi_arch_id)arch, constant.name), constant.value);
		}
	}
}

static void errors_are_known_both_ways(void **state)
{
	assert_int_equal(abi_errno_by_name(ABI_X86_64, "EPERM"), EPERM);
	assert_int_equal(abi_errno_by_name(ABI_X86_64, "EWOULDBLOCK"), EAGAIN);
	assert_int_equal(abi_errno_by_name(ABI_X86_64, "ENOTSUP"), ENOTSUP);
	assert_int_equal(abi_errno_by_name(ABI_X86_64, "ENOSYS"), 38);
	assert_int_equal(abi_errno_by_name(ABI_MIPS64EL, "ENOSYS"), 89);
	assert_int_equal(abi_errno_by_name(ABI_X86_64, "ENONSENSE"), -1);
	assert_string_equal(abi_errno_name(ABI_X86_64, EAGAIN), "EAGAIN");
	assert_string_equal(abi_errno_name(ABI_X86_64, EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(abi_errno_name(ABI_MIPS64EL, 89), "ENOSYS");
	assert_string_equal(abi_errno_name(ABI_PPC64LE, 58), "EDEADLOCK");
	assert_null(abi_errno_name(ABI_X86_64, 0));
	assert_null(abi_errno_name(ABI_X86_64, 4000));
}

static void the_nearest_constant_is_what_was_meant(void **state)
{
	const struct abi_constant_set *set = NULL;
	uint64_t value = 0;

	assert_string_equal(abi_constant_nearest(NULL, "O_CLOSEXEC"), "O_CLOEXEC");
	assert_true(abi_constant_find_any(ABI_X86_64, "PROT_READ", &value, &set));
	assert_string_equal(abi_constant_nearest(set, "PROT_WRIET"), "PROT_WRITE");
	assert_null(abi_constant_nearest(set, "O_CLOEXEC"));
}

static void a_value_has_one_name_to_print(void **state)
{
	const struct abi_constant_set *set = NULL;
	uint64_t value = 0;

	assert_true(abi_constant_find_any(ABI_X86_64, "AF_LOCAL", &value, &set));
	assert_string_equal(abi_constant_name(set, ABI_X86_64, value), "AF_UNIX");
	assert_null(abi_constant_name(set, ABI_X86_64, 4711));
	assert_true(abi_constant_find_any(ABI_X86_64, "TCP_NODELAY", &value, &set));
	assert_null(abi_constant_name(set, ABI_X86_64, value));
}

static void every_alias_is_second_to_another_name(void **state)
{
	for (size_t i = 0; i < abi_constant_sets_count; i++) {
		const struct abi_constant_set *set = &abi_constant_sets[i];

		for (size_t j = 0; j < abi_constant_count(set); j++) {
			struct abi_constant alias = abi_constant_at(set, ABI_X86_64, j);
			bool found = !alias.name || !alias.is_alias;

			for (size_t k = 0; k < abi_constant_count(set) && !found; k++) {
				struct abi_constant other = abi_constant_at(set, ABI_X86_64, k);

				found = other.name && !other.is_alias && other.value == alias.value;
			}
			if (!found)
				fail_msg("%s is an alias of nothing", alias.name);
		}
	}
}

UNIT_TESTS(test_abi_constant, cmocka_unit_test(constants_have_the_values_of_this_build),
	   cmocka_unit_test(constants_differ_between_arches), cmocka_unit_test(an_arch_may_lack_a_constant),
	   cmocka_unit_test(every_constant_is_found_by_its_name),
	   cmocka_unit_test(a_name_has_one_value_in_every_family), cmocka_unit_test(a_value_has_one_name_to_print),
	   cmocka_unit_test(every_alias_is_second_to_another_name), cmocka_unit_test(errors_are_known_both_ways),
	   cmocka_unit_test(the_nearest_constant_is_what_was_meant), )
