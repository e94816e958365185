/*
 * Binding: what the tables of cases cannot ask, because it is about all calls.
 */
#include "unit.h"

#include "lang/lang.h"

#include <stdio.h>
#include <string.h>

/* `arg2` in a policy is the raw word 2, so no argument may have that name in another place. */
static void no_argument_is_named_like_another_raw_word(void **state)
{
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
			struct abi_arg args[6];
			unsigned count = abi_syscall_args(abi_syscall_at(i), arch, args);

			for (unsigned k = 0; k < count; k++)
				if (strncmp(args[k].name, "arg", 3) == 0 && args[k].name[3] >= '0' &&
				    args[k].name[3] <= '5')
					assert_int_equal(args[k].name[3] - '0', k);
		}
	}
}

static void a_call_is_found_by_its_distance_in_the_table(void **state)
{
	for (size_t i = 0; i < abi_syscall_count(); i++)
		assert_ptr_equal(abi_syscall_at(i), abi_syscall_at(0) + i);
}

/* Every group is a policy on every arch, alone. */
static void every_group_binds_on_every_arch(void **state)
{
	static const struct callgate_policy_options options = { .group_folder = TEST_SOURCE_ROOT "/policies" };
	static const char *const groups[] = {
		"base",		  "file-read", "file-write", "io",     "memory", "network-client",
		"network-server", "process",   "signal",     "thread", "time"
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		struct callgate_policy *policy = NULL;
		struct callgate_error err = { 0 };
		char text[256];

		snprintf(text, sizeof(text),
			 "kernel 6.1\narch x86_64, i386, x32, arm, aarch64, riscv64, loongarch64, ppc64le, s390x, "
			 "mips64el\n"
			 "default kill-process\ninclude \"@%s\"\n",
			 groups[i]);
		if (callgate_policy_parse("all", text, strlen(text), &options, &policy, &err))
			fail_msg("%s:%u:%u: %s", err.file, err.line, err.col, err.message);
		callgate_policy_free(policy);
	}
}

UNIT_TESTS(test_policy_bind, cmocka_unit_test(no_argument_is_named_like_another_raw_word),
	   cmocka_unit_test(a_call_is_found_by_its_distance_in_the_table),
	   cmocka_unit_test(every_group_binds_on_every_arch), )
