#include "unit.h"

#include "bpf/bpf.h"

#include <string.h>

#define RETURN BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The message of the refusal, "" when the program is accepted. */
static const char *refusal(const struct sock_filter *insns, size_t length)
{
	static struct callgate_error err;
	int status;

	err = (struct callgate_error){ 0 };
	status = bpf_check(insns, length, &err);
	assert_int_equal(status, err.status);
	return err.message;
}

#define assert_refused(message, ...)                                                             \
	do {                                                                                     \
		const struct sock_filter insns_[] = { __VA_ARGS__ };                             \
		assert_string_equal(refusal(insns_, sizeof(insns_) / sizeof(*insns_)), message); \
	} while (0)

#define assert_accepted(...) assert_refused("", __VA_ARGS__)

static void a_length_is_1_to_4096(void **state)
{
	static struct sock_filter insns[BPF_MAXINSNS + 1];

	for (size_t i = 0; i <= BPF_MAXINSNS; i++)
		insns[i] = (struct sock_filter)RETURN;
	assert_string_equal(refusal(insns, 0), "the program is empty");
	assert_string_equal(refusal(insns, 1), "");
	assert_string_equal(refusal(insns, BPF_MAXINSNS), "");
	assert_string_equal(refusal(insns, BPF_MAXINSNS + 1),
			    "the program has 4097 instructions, the kernel takes 4096");
}

static void loads_are_aligned_and_inside(void **state)
{
	assert_accepted(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), RETURN);
	assert_refused("instruction 0 loads from beyond the end of struct seccomp_data",
		       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN);
	assert_refused("instruction 0 loads from beyond the end of struct seccomp_data",
		       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, -4u), RETURN);
	assert_refused("instruction 0 loads from an offset that is not a multiple of 4",
		       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6), RETURN);
	assert_refused("instruction 0 is not allowed in a seccomp filter", BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		       RETURN);
}

static void jumps_stay_inside(void **state)
{
	assert_accepted(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RETURN, RETURN);
	assert_refused("instruction 0 jumps beyond the end of the program",
		       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0), RETURN, RETURN);
	assert_refused("instruction 0 jumps beyond the end of the program",
		       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), RETURN, RETURN);
	assert_accepted(BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN, RETURN);
	assert_refused("instruction 0 jumps beyond the end of the program", BPF_STMT(BPF_JMP | BPF_JA, 2), RETURN,
		       RETURN);
	assert_refused("instruction 1 jumps beyond the end of the program", RETURN,
		       BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), RETURN);
}

static void the_last_instruction_returns(void **state)
{
	assert_accepted(BPF_STMT(BPF_RET | BPF_A, 0));
	assert_refused("instruction 1 is the last and does not return", RETURN, BPF_STMT(BPF_LD | BPF_IMM, 0));
}

static void arithmetic_is_defined(void **state)
{
	assert_refused("instruction 0 divides by zero", BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN);
	assert_refused("instruction 0 shifts by 32 bits or more", BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN);
	assert_refused("instruction 0 shifts by 32 bits or more", BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 32), RETURN);
	assert_accepted(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 31), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN);
	assert_refused("instruction 0 is not allowed in a seccomp filter", BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3),
		       RETURN);
	assert_refused("instruction 0 is no instruction of classic BPF", BPF_STMT(0xffff, 0), RETURN);
}

static void scratch_memory_is_read_where_every_path_has_written_it(void **state)
{
	assert_accepted(BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_MEM, 15), RETURN);
	assert_refused("instruction 0 uses scratch memory beyond its 16 words", BPF_STMT(BPF_ST, 16), RETURN);
	assert_refused("instruction 1 reads scratch memory that was not written", BPF_STMT(BPF_ST, 1),
		       BPF_STMT(BPF_LDX | BPF_MEM, 2), RETURN);
	assert_refused("instruction 2 reads scratch memory that was not written",
		       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_STX, 3),
		       BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN);
	assert_accepted(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), BPF_STMT(BPF_ST, 3),
			BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_STX, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN);
}

static void an_allocation_may_fail(void **state)
{
	const struct sock_filter insns[] = { RETURN };

	FOR_EACH_ALLOCATION({
		struct callgate_error err;
		int status = bpf_check(insns, 1, &err);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
	});
}

UNIT_TESTS(test_bpf_check, cmocka_unit_test(a_length_is_1_to_4096), cmocka_unit_test(loads_are_aligned_and_inside),
	   cmocka_unit_test(jumps_stay_inside), cmocka_unit_test(the_last_instruction_returns),
	   cmocka_unit_test(arithmetic_is_defined),
	   cmocka_unit_test(scratch_memory_is_read_where_every_path_has_written_it),
	   cmocka_unit_test(an_allocation_may_fail), )
