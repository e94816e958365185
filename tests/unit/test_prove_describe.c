#include "unit.h"

#include "lift_program.h"

#include "base/buf.h"
#include "diagram/meaning.h"
#include "lang/lang.h"
#include "prove/describe.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* (argument & mask) == value, on all its 64 bits, as a little-endian arch has them. */
static uint32_t equals(struct diagram *diagram, unsigned arg, uint64_t mask, uint64_t value)
{
	uint32_t high = diagram_word_equals(diagram, diagram_arg_word(arg, true, false), (uint32_t)(mask >> 32),
					    (uint32_t)(value >> 32));
	uint32_t low =
		diagram_word_equals(diagram, diagram_arg_word(arg, false, false), (uint32_t)mask, (uint32_t)value);

	return diagram_and(diagram, high, low);
}

static uint32_t low_equals(struct diagram *diagram, unsigned arg, uint32_t value)
{
	return equals(diagram, arg, UINT32_MAX, value);
}

/* low <= the argument's low word <= high */
static uint32_t low_between(struct diagram *diagram, unsigned arg, uint32_t low, uint32_t high)
{
	struct diagram_range range = { low, high, DIAGRAM_TRUE };

	return diagram_switch(diagram, diagram_arg_word(arg, false, false), &range, 1, DIAGRAM_FALSE);
}

static void assert_condition(struct diagram *diagram, uint32_t where, const char *syscall, const char *expected)
{
	struct arena arena = { 0 };
	struct callgate_error err;
	const char *text = "";

	assert_int_equal(describe_condition(diagram, where, abi_arch(ABI_X86_64),
					    syscall ? abi_syscall_by_name(syscall) : NULL, &arena, &text, &err),
			 CALLGATE_OK);
	assert_string_equal(text ? text : "always", expected);
	arena_fini(&arena);
}

static void one_value_is_an_equality_by_name(void **state)
{
	struct diagram *diagram = diagram_new(0);

	assert_condition(diagram, low_equals(diagram, 0, 40), "socket", "domain == AF_VSOCK");
	assert_condition(diagram, low_equals(diagram, 1, 0x5412), "ioctl", "request == TIOCSTI");
	assert_condition(diagram, diagram_not(diagram, low_equals(diagram, 0, UINT32_MAX)), "close",
			 "fd != 0xffffffff");
	assert_condition(diagram, DIAGRAM_TRUE, "socket", "always");
	diagram_free(diagram);
}

static void whole_words_of_narrow_arguments_are_raw(void **state)
{
	struct diagram *diagram = diagram_new(0);

	assert_condition(diagram, equals(diagram, 0, UINT64_MAX, 40), "socket", "arg0 == AF_VSOCK");
	assert_condition(diagram, equals(diagram, 3, UINT64_MAX, 7), "socket", "arg3 == 7");
	assert_condition(diagram, low_equals(diagram, 0, 5), NULL, "arg0 & 0xffffffff == 5");
	diagram_free(diagram);
}

static void values_are_a_set_and_ranges_have_signs(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t set = diagram_or(diagram, low_equals(diagram, 0, 1),
				  diagram_or(diagram, low_equals(diagram, 0, 10), low_equals(diagram, 0, 2)));

	assert_condition(diagram, set, "socket", "domain in {AF_UNIX, AF_INET, AF_INET6}");
	assert_condition(diagram, low_between(diagram, 0, 3, 7), "close", "fd in 3..7");
	assert_condition(diagram, low_between(diagram, 0, 0x80000000, UINT32_MAX), "socket", "domain < 0");
	assert_condition(diagram, low_between(diagram, 0, 3, 0x7fffffff), "socket", "domain >= 3");
	diagram_free(diagram);
}

static void masks_are_said_by_their_flags(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t wx = equals(diagram, 2, 6, 6);

	assert_condition(diagram, wx, "mmap", "prot has (PROT_EXEC | PROT_WRITE)");
	assert_condition(diagram, diagram_not(diagram, wx), "mmap", "not prot has (PROT_EXEC | PROT_WRITE)");
	assert_condition(diagram, equals(diagram, 2, 4, 4), "mmap", "prot & PROT_EXEC");
	assert_condition(diagram, equals(diagram, 2, 4, 0), "mmap", "prot & PROT_EXEC == 0");
	assert_condition(diagram, equals(diagram, 2, 3, 0), "openat", "flags & O_ACCMODE == O_RDONLY");
	assert_condition(diagram, equals(diagram, 2, 3, 1), "openat", "flags & O_ACCMODE == O_WRONLY");
	assert_condition(diagram, equals(diagram, 0, 0x7e020000, 0), "clone",
			 "flags & (CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | "
			 "CLONE_NEWUSER | CLONE_NEWUTS) == 0");
	diagram_free(diagram);
}

static void several_arguments_are_joined(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t unix_socket = low_equals(diagram, 0, 1), stream = equals(diagram, 1, 15, 1);
	uint32_t netlink = low_equals(diagram, 0, 16), protocol = low_equals(diagram, 2, 0);

	assert_condition(diagram, diagram_and(diagram, unix_socket, stream), "socket",
			 "domain == AF_UNIX and type & SOCK_TYPE_MASK == SOCK_STREAM");
	assert_condition(diagram, diagram_or(diagram, unix_socket, protocol), "socket",
			 "protocol == 0 or domain == AF_UNIX");
	assert_condition(diagram,
			 diagram_or(diagram, diagram_and(diagram, unix_socket, stream),
				    diagram_and(diagram, netlink, protocol)),
			 "socket",
			 "domain == AF_UNIX and type & SOCK_TYPE_MASK == SOCK_STREAM or "
			 "domain == AF_NETLINK and protocol == 0");
	diagram_free(diagram);
}

/* More than the reading of its bits has patience for: it once was split into itself, until the stack ended. */
static void what_has_thousands_of_ranges_is_cut(void **state)
{
	enum { RANGES = 20000 };
	struct diagram *diagram = diagram_new(0);
	struct diagram_range *ranges = calloc(RANGES, sizeof(*ranges));
	uint32_t below;

	assert_non_null(ranges);
	for (uint32_t i = 0; i < RANGES; i++)
		ranges[i] = (struct diagram_range){ 10 * i, 10 * i + 3, DIAGRAM_TRUE };
	below = diagram_switch(diagram, diagram_arg_word(0, false, false), ranges, RANGES, DIAGRAM_FALSE);
	assert_condition(diagram, diagram_and(diagram, equals(diagram, 0, UINT64_MAX << 32, 0), below), "read", "…");
	free(ranges);
	diagram_free(diagram);
}

static void the_most_common_value_comes_last_without_a_condition(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	struct describe_cases cases;
	uint32_t root =
		diagram_if(diagram, low_equals(diagram, 0, 40), diagram_terminal(diagram, SECCOMP_RET_ERRNO | 1),
			   diagram_terminal(diagram, SECCOMP_RET_ALLOW));

	assert_int_equal(describe_function(diagram, root, abi_arch(ABI_X86_64), abi_syscall_by_name("socket"), &arena,
					   &cases, NULL),
			 CALLGATE_OK);
	assert_int_equal(cases.length, 2);
	assert_int_equal(cases.items[0].value, SECCOMP_RET_ERRNO | 1);
	assert_string_equal(cases.items[0].condition, "domain == AF_VSOCK");
	assert_int_equal(cases.items[0].where, low_equals(diagram, 0, 40));
	assert_int_equal(cases.items[1].value, SECCOMP_RET_ALLOW);
	assert_null(cases.items[1].condition);
	arena_fini(&arena);
	diagram_free(diagram);
}

static void a_big_endian_arch_reads_the_same(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	const char *text;
	uint32_t where = diagram_word_equals(diagram, diagram_arg_word(0, false, true), UINT32_MAX, 40);

	assert_int_equal(describe_condition(diagram, where, abi_arch(ABI_S390X), abi_syscall_by_name("socket"), &arena,
					    &text, NULL),
			 CALLGATE_OK);
	assert_string_equal(text, "domain == AF_VSOCK");
	arena_fini(&arena);
	diagram_free(diagram);
}

static void numbers_and_arches_are_ranges_with_their_functions(void **state)
{
	struct diagram *diagram = diagram_new(0);
	struct arena arena = { 0 };
	struct describe_ranges ranges;
	uint32_t allow = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	struct diagram_range numbers[] = { { 5, 9, allow }, { 12, 12, allow } };
	uint32_t root = diagram_switch(diagram, DIAGRAM_NR, numbers, 2, DIAGRAM_FALSE);
	uint32_t native = diagram_word_equals(diagram, DIAGRAM_ARCH, UINT32_MAX, AUDIT_ARCH_X86_64);

	root = diagram_if(diagram, native, root, DIAGRAM_FALSE);
	assert_int_equal(describe_arches(diagram, root, &arena, &ranges, NULL), CALLGATE_OK);
	assert_int_equal(ranges.length, 3);
	assert_int_equal(ranges.items[1].low, AUDIT_ARCH_X86_64);
	assert_int_equal(describe_numbers(diagram, root, AUDIT_ARCH_X86_64, &arena, &ranges, NULL), CALLGATE_OK);
	assert_int_equal(ranges.length, 5);
	assert_int_equal(ranges.items[1].low, 5);
	assert_int_equal(ranges.items[1].high, 9);
	assert_int_equal(ranges.items[1].function, allow);
	assert_int_equal(ranges.items[4].high, UINT32_MAX);
	arena_fini(&arena);
	diagram_free(diagram);
}

static uint32_t below(uint64_t *seed, uint32_t bound)
{
	return (uint32_t)(((uint64_t)lift_word(seed) * bound) >> 32);
}

/* One comparison of words as a filter makes it: of any argument, masked or ordered, on one half or both. */
static uint32_t random_test(struct diagram *diagram, uint64_t *seed)
{
	static const uint64_t values[] = { 0,	       1,	   2,	       3,	    4,	       6,
					   7,	       16,	   40,	       0x241,	    0x5412,    0x7e020000,
					   0x80000000, 0xffffff9c, 0xffffffff, 0x100000000, UINT64_MAX };
	uint64_t mask = values[below(seed, 17)], value = values[below(seed, 17)];
	unsigned arg = below(seed, 6);
	uint32_t low;

	switch (below(seed, 4)) {
	case 0:
		return equals(diagram, arg, mask, value & mask);
	case 1:
		return equals(diagram, arg, UINT64_MAX, value);
	case 2:
		return low_equals(diagram, arg, (uint32_t)value);
	default:
		low = (uint32_t)value >> below(seed, 32);
		return low_between(diagram, arg, low, low + below(seed, UINT32_MAX - low) + 1);
	}
}

static uint32_t random_condition(struct diagram *diagram, uint64_t *seed)
{
	uint32_t condition = random_test(diagram, seed);

	while (below(seed, 5) > 1) {
		uint32_t other = random_test(diagram, seed);

		if (below(seed, 3) == 0)
			other = diagram_not(diagram, other);
		condition =
			below(seed, 2) ? diagram_and(diagram, condition, other) : diagram_or(diagram, condition, other);
	}
	return condition;
}

/* The function of the arguments that this call has in a policy that allows it on a condition. */
static uint32_t function_of_policy(struct diagram *diagram, const struct abi_arch *arch,
				   const struct abi_syscall *syscall, const char *condition)
{
	struct callgate_policy *policy;
	struct buf text = { 0 };
	struct callgate_error err;
	uint32_t root = DIAGRAM_NONE;

	buf_printf(&text, "kernel 6.1\narch %s\ndefault kill-process\nallow %s%s%s\n", arch->name, syscall->name,
		   condition ? " if " : "", condition ? condition : "");
	if (callgate_policy_parse("test", text.data, text.length, NULL, &policy, &err) != CALLGATE_OK ||
	    diagram_from_policy(diagram, policy->policy, &root, &err) != CALLGATE_OK)
		fail_msg("%s: %s", text.data, err.message);
	callgate_policy_free(policy);
	buf_fini(&text);
	root = diagram_restrict(diagram, root, DIAGRAM_ARCH, arch->audit);
	return diagram_restrict(diagram, root, DIAGRAM_NR, (uint32_t)syscall->nr[arch->id]);
}

static void what_is_written_compiles_to_what_was_read(void **state)
{
	static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_AARCH64, ABI_S390X, ABI_I386 };
	static const char *const names[] = { "socket",	    "ioctl",	"openat", "clone",	"fcntl",
					     "prctl",	    "close",	"lseek",  "futex",	"mprotect",
					     "personality", "fchmodat", "dup3",	  "sched_yield" };
	uint64_t seed = 31;
	unsigned cut_short = 0, rounds = 600;

	for (unsigned round = 0; round < rounds; round++) {
		const struct abi_arch *arch = abi_arch(arches[below(&seed, 4)]);
		const struct abi_syscall *syscall = abi_syscall_by_name(names[below(&seed, 14)]);
		struct diagram *diagram = diagram_new(0);
		struct arena arena = { 0 };
		uint32_t where = random_condition(diagram, &seed), function;
		const char *text = NULL;

		assert_int_equal(describe_condition(diagram, where, arch, syscall, &arena, &text, NULL), CALLGATE_OK);
		if (text && strstr(text, "…")) {
			cut_short++;
		} else if (where != DIAGRAM_FALSE) {
			function = function_of_policy(diagram, arch, syscall, text);
			if (function != diagram_if(diagram, where, diagram_terminal(diagram, SECCOMP_RET_ALLOW),
						   diagram_terminal(diagram, SECCOMP_RET_KILL_PROCESS)))
				fail_msg("%s %s if %s", arch->name, syscall->name, text);
		}
		arena_fini(&arena);
		diagram_free(diagram);
	}
	print_message("# %u of %u were cut\n", cut_short, rounds);
	assert_true(cut_short < rounds / 20);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		struct arena arena = { 0 };
		struct describe_cases cases = { 0 };
		uint32_t where = DIAGRAM_NONE;
		int status = CALLGATE_E_NOMEM;

		if (diagram)
			where = diagram_or(diagram, diagram_and(diagram, low_equals(diagram, 0, 1), equals(diagram, 1, 15, 1)),
					   diagram_and(diagram, low_between(diagram, 0, 5, 70000), equals(diagram, 2, 3, 1)));
		if (where != DIAGRAM_NONE)
			status = describe_function(diagram, where, abi_arch(ABI_S390X), abi_syscall_by_name("socket"),
						   &arena, &cases, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		arena_fini(&arena);
		diagram_free(diagram);
	});
}

UNIT_TESTS(test_prove_describe, cmocka_unit_test(one_value_is_an_equality_by_name),
	   cmocka_unit_test(whole_words_of_narrow_arguments_are_raw),
	   cmocka_unit_test(values_are_a_set_and_ranges_have_signs), cmocka_unit_test(masks_are_said_by_their_flags),
	   cmocka_unit_test(several_arguments_are_joined), cmocka_unit_test(what_has_thousands_of_ranges_is_cut),
	   cmocka_unit_test(the_most_common_value_comes_last_without_a_condition),
	   cmocka_unit_test(a_big_endian_arch_reads_the_same),
	   cmocka_unit_test(numbers_and_arches_are_ranges_with_their_functions),
	   cmocka_unit_test(what_is_written_compiles_to_what_was_read), cmocka_unit_test(every_allocation_may_fail), )
