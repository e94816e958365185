#include "unit.h"

#include "filter/frequency.h"

#include <string.h>

static int parse(const char *text, struct callgate_frequency **ret_frequency, struct callgate_error *err)
{
	return callgate_frequency_parse("counts", text, strlen(text), ret_frequency, err);
}

static void counts_are_kept_by_call_and_arch(void **state)
{
	const struct abi_syscall *read_call = abi_syscall_by_name("read");
	struct callgate_frequency *frequency = NULL;

	assert_int_equal(parse("# measured\nread 10\n\n  read\t5 # more\ni386:read 100\nwrite 2.5", &frequency, NULL),
			 0);
	assert_true(frequency_of(frequency, ABI_X86_64, read_call) == 15);
	assert_true(frequency_of(frequency, ABI_I386, read_call) == 115);
	assert_true(frequency_of(frequency, ABI_X86_64, abi_syscall_by_name("write")) == 2.5);
	assert_true(frequency_of(frequency, ABI_X86_64, abi_syscall_by_name("close")) == 0);
	callgate_frequency_free(frequency);
}

static void counts_become_numbers(void **state)
{
	struct callgate_frequency *frequency = NULL;
	struct arena arena = { 0 };
	struct codegen_weight *weights;
	size_t count;

	assert_int_equal(parse("x86_64:openat 7", &frequency, NULL), 0);
	assert_int_equal(frequency_weights(frequency, &arena, &weights, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(weights[0].nr, 257);
	assert_int_equal(weights[0].audit, abi_arch(ABI_X86_64)->audit);
	assert_true(weights[0].count == 7);
	arena_fini(&arena);
	callgate_frequency_free(frequency);
}

static void assert_refused(const char *text, int status, unsigned line, unsigned col)
{
	struct callgate_frequency *frequency = NULL;
	struct callgate_error err;

	assert_int_equal(parse(text, &frequency, &err), status);
	assert_null(frequency);
	assert_int_equal(err.line, line);
	assert_int_equal(err.col, col);
	assert_string_equal(err.file, "counts");
}

static void what_is_wrong_has_its_line(void **state)
{
	assert_refused("read", CALLGATE_E_SYNTAX, 1, 5);
	assert_refused("read 1\nraed 2", CALLGATE_E_UNKNOWN, 2, 1);
	assert_refused("read -1", CALLGATE_E_SYNTAX, 1, 6);
	assert_refused("  read 1x", CALLGATE_E_SYNTAX, 1, 8);
	assert_refused("read 1 2", CALLGATE_E_SYNTAX, 1, 8);
	assert_refused("read nan", CALLGATE_E_SYNTAX, 1, 6);
	assert_refused("read 1e999", CALLGATE_E_SYNTAX, 1, 6);
	assert_refused("x87:read 1", CALLGATE_E_UNKNOWN, 1, 1);
	assert_refused("read 11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
		       "11111111111111111111111111111111111111111111111",
		       CALLGATE_E_SYNTAX, 1, 6);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_frequency *frequency = NULL;
		struct callgate_error err;

		if (parse("read 1\nwrite 2\nclose 3\n", &frequency, &err)) {
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
			assert_null(frequency);
		}
		callgate_frequency_free(frequency);
	});
}

UNIT_TESTS(test_filter_frequency, cmocka_unit_test(counts_are_kept_by_call_and_arch),
	   cmocka_unit_test(counts_become_numbers), cmocka_unit_test(what_is_wrong_has_its_line),
	   cmocka_unit_test(every_allocation_may_fail), )
