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

/* Whether the conditions of two rules for one call on two arches are bound to the same. */
static bool binds_alike(const char *call, const char *condition, enum abi_arch_id arch, const char *other,
			enum abi_arch_id other_arch)
{
	struct callgate_policy *policy = NULL;
	const struct policy_bound *bound[2] = { NULL };
	const enum abi_arch_id arches[2] = { arch, other_arch };
	char text[512];
	bool alike;

	snprintf(text, sizeof(text),
		 "kernel 6.1\narch x86_64, i386, x32, aarch64\ndefault kill-process\nallow %s if %s\nallow %s if %s\n",
		 call, condition, call, other);
	assert_int_equal(callgate_policy_parse("alike", text, strlen(text), NULL, &policy, NULL), CALLGATE_OK);
	for (size_t i = 0; i < 2; i++) {
		const struct policy_rule *rule = &policy->policy->rules.items[i];

		assert_int_equal(policy_bind(rule->condition, rule->names[0].syscall, arches[i], &policy->policy->arena,
					     &bound[i], NULL),
				 CALLGATE_OK);
	}
	alike = policy_bound_equals(bound[0], bound[1]);
	assert_int_equal(policy_bound_equals(bound[1], bound[0]), alike);
	callgate_policy_free(policy);
	return alike;
}

static void what_is_bound_alike_compares_the_same_words(void **state)
{
	assert_true(binds_alike("socket", "domain in {AF_UNIX, AF_INET}", ABI_X86_64, "domain in {1, 2}", ABI_X32));
	assert_true(
		binds_alike("socket", "domain == 1 or type == 2", ABI_X86_64, "domain == 1 or type == 2", ABI_I386));
	assert_false(
		binds_alike("socket", "domain == 1 or type == 2", ABI_X86_64, "domain == 1 and type == 2", ABI_X86_64));
	assert_false(
		binds_alike("socket", "domain == 1 or type == 2", ABI_X86_64, "domain == 1 or type == 3", ABI_X86_64));
	assert_false(
		binds_alike("socket", "domain == 1 or type == 2", ABI_X86_64, "domain == 2 or type == 2", ABI_X86_64));
	assert_false(binds_alike("socket", "domain in {1, 2}", ABI_X86_64, "domain in {1, 3}", ABI_X86_64));
	assert_false(binds_alike("socket", "domain in {1, 3}", ABI_X86_64, "domain in {1, 3, 5}", ABI_X86_64));
	assert_false(binds_alike("socket", "domain == 1", ABI_X86_64, "type == 1", ABI_X86_64));
	assert_false(binds_alike("socket", "domain == 1", ABI_X86_64, "not domain == 1", ABI_X86_64));
	assert_false(binds_alike("socket", "domain < 5", ABI_X86_64, "domain <= 5", ABI_X86_64));
	assert_false(
		binds_alike("openat", "flags & O_DIRECTORY == 0", ABI_X86_64, "flags & O_DIRECTORY == 0", ABI_AARCH64));
	assert_false(binds_alike("lseek", "offset == 1", ABI_X86_64, "offset == 1", ABI_I386));
}

UNIT_TESTS(test_policy_bind, cmocka_unit_test(no_argument_is_named_like_another_raw_word),
	   cmocka_unit_test(a_call_is_found_by_its_distance_in_the_table),
	   cmocka_unit_test(every_group_binds_on_every_arch),
	   cmocka_unit_test(what_is_bound_alike_compares_the_same_words), )
