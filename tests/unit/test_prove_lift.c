#include "unit.h"

#include "lift_program.h"

#include "diagram/action.h"
#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Another seed tries other programs: it is printed, and CALLGATE_TEST_SEED sets it. */
static uint64_t chosen_seed(uint64_t usual)
{
	const char *text = getenv("CALLGATE_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : usual;

	print_message("# seed %llu\n", (unsigned long long)seed);
	return seed;
}

static uint32_t lift(struct diagram *diagram, const struct sock_filter *insns, size_t length)
{
	struct callgate_error err;
	uint32_t root;

	if (prove_lift(diagram, insns, length, &root, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	return root;
}

static uint32_t evaluate(const struct diagram *diagram, uint32_t root, const struct seccomp_data *data)
{
	struct diagram_input input;

	prove_data_to_input(data, &input);
	return diagram_evaluate(diagram, root, &input);
}

static void assert_agree(const struct diagram *diagram, uint32_t root, struct lift_program *program, int samples)
{
	for (int i = 0; i < samples; i++) {
		struct seccomp_data data = lift_data(program);

		assert_int_equal(evaluate(diagram, root, &data),
				 diagram_action(bpf_simulate(program->insns, program->length, &data, NULL)));
	}
}

static void a_lifted_program_answers_as_it_runs(void **state)
{
	struct lift_program program = { .seed = chosen_seed(1) };
	unsigned lifted = 0, rounds = 500;

	for (unsigned round = 0; round < rounds; round++) {
		struct diagram *diagram = diagram_new(1 << 14);
		uint32_t root;
		int status;

		lift_program_draw(&program, false);
		status = prove_lift(diagram, program.insns, program.length, &root, NULL);
		if (status == CALLGATE_OK) {
			assert_agree(diagram, root, &program, 100);
			lifted++;
		} else {
			assert_int_equal(status, CALLGATE_E_LIMIT);
		}
		diagram_free(diagram);
	}
	print_message("# %u of %u programs within the budget\n", lifted, rounds);
	assert_true(lifted > rounds * 3 / 4);
}

static void hard_arithmetic_is_exact_or_unknown(void **state)
{
	struct lift_program program = { .seed = chosen_seed(2) };

	for (int round = 0; round < 40; round++) {
		struct diagram *diagram = diagram_new(20000);
		uint32_t root;

		lift_program_draw(&program, true);
		if (prove_lift(diagram, program.insns, program.length, &root, NULL) == CALLGATE_OK)
			assert_agree(diagram, root, &program, 50);
		diagram_free(diagram);
	}
}

static void each_operation_on_two_small_fields_is_exact(void **state)
{
	static const uint16_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH };

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		struct sock_filter insns[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x8000001f),
			BPF_STMT(BPF_MISC | BPF_TAX, 0),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x8000000f),
			BPF_STMT(BPF_ALU | ops[i] | BPF_X, 0),
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x80fff),
			BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0x30000),
			BPF_STMT(BPF_RET | BPF_A, 0),
		};
		struct diagram *diagram = diagram_new(0);
		size_t length = sizeof(insns) / sizeof(*insns);
		uint32_t root = lift(diagram, insns, length);

		for (unsigned x = 0; x < 64; x++)
			for (unsigned a = 0; a < 32; a++) {
				struct seccomp_data data = { .args = { (x & 31) | (uint64_t)(x >> 5) << 31,
								       (a & 15) | (uint64_t)(a >> 4) << 31 } };

				assert_int_equal(evaluate(diagram, root, &data),
						 diagram_action(bpf_simulate(insns, length, &data, NULL)));
			}
		diagram_free(diagram);
	}
}

static void equal_programs_of_different_shape_have_one_root(void **state)
{
	/* nr < 8 or nr == 100: by a chain, by a tree, by a bitmap. */
	struct sock_filter chain[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),	      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 100, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 8, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter bitmap[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 127, 9, 0),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 31),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 5),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 2),
		BPF_STMT(BPF_LD | BPF_IMM, 0x10),
		BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_LD | BPF_IMM, 0xff),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW | 5),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
	};
	struct diagram *diagram = diagram_new(0);

	assert_int_equal(lift(diagram, chain, 5), lift(diagram, bitmap, 17));
	diagram_free(diagram);
}

static void a_returned_accumulator_is_a_canonical_action(void **state)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	static const uint32_t returned[] = { 0,		 7,	     0x00020001, 0x00030005, 0x00050fff, 0x00051000,
					     0x0005ffff, 0x00060000, 0x7fc00001, 0x7ff01234, 0x7ffc0001, 0x7ffe0000,
					     0x7fff0009, 0x80000000, 0x80000001, 0xffffffff };
	struct diagram *diagram = diagram_new(0);
	uint32_t root = lift(diagram, insns, 2);

	for (size_t i = 0; i < sizeof(returned) / sizeof(*returned); i++) {
		struct seccomp_data data = { .args = { returned[i] } };

		assert_int_equal(evaluate(diagram, root, &data), diagram_action(returned[i]));
	}
	diagram_free(diagram);
}

/* A product of two arguments has no small diagram in any order. */
static void what_exceeds_the_budget_is_said_to_be_unknown(void **state)
{
	static const uint16_t ops[] = { BPF_MUL, BPF_DIV };

	for (size_t i = 0; i < 2; i++) {
		struct sock_filter insns[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
			BPF_STMT(BPF_MISC | BPF_TAX, 0),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24),
			BPF_STMT(BPF_ALU | ops[i] | BPF_X, 0),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12345678, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, 0),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct diagram *diagram = diagram_new(1 << 18);
		uint32_t root = 42;
		struct callgate_error err;

		assert_int_equal(prove_lift(diagram, insns, 7, &root, &err), CALLGATE_E_LIMIT);
		assert_non_null(strstr(err.message, "instruction 3 "));
		assert_int_equal(root, 42);
		diagram_free(diagram);
	}
}

/* Each step doubles the states: A gains a bit or not, and all of A is returned. */
static void states_without_end_are_a_limit_too(void **state)
{
	struct sock_filter insns[200];
	struct diagram *diagram = diagram_new(0);
	struct callgate_error err;
	uint32_t root;
	size_t at = 0;

	insns[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	insns[at++] = (struct sock_filter)BPF_STMT(BPF_ST, 0);
	for (unsigned bit = 0; bit < 32; bit++) {
		insns[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16);
		insns[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1u << bit, 0, 3);
		insns[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0);
		insns[at++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, UINT32_C(0x10000) << (bit & 15));
		insns[at++] = (struct sock_filter)BPF_STMT(BPF_ST, 0);
	}
	insns[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0);
	insns[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	assert_int_equal(prove_lift(diagram, insns, at, &root, &err), CALLGATE_E_LIMIT);
	diagram_free(diagram);
}

static void what_the_kernel_refuses_is_refused(void **state)
{
	struct sock_filter no_return[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	struct sock_filter beyond[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct diagram *diagram = diagram_new(0);
	uint32_t root;

	assert_int_equal(prove_lift(diagram, no_return, 1, &root, NULL), CALLGATE_E_INVALID);
	assert_int_equal(prove_lift(diagram, beyond, 2, &root, NULL), CALLGATE_E_INVALID);
	assert_int_equal(prove_lift(diagram, beyond, 0, &root, NULL), CALLGATE_E_INVALID);
	diagram_free(diagram);
}

static void every_allocation_may_fail(void **state)
{
	struct lift_program program = { .seed = 5 };

	for (int round = 0; round < 5; round++) {
		lift_program_draw(&program, false);
		FOR_EACH_ALLOCATION({
			struct diagram *diagram = diagram_new(0);
			uint32_t root = 42;
			int status = !diagram ? CALLGATE_E_NOMEM
					      : prove_lift(diagram, program.insns, program.length, &root, NULL);

			assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
			if (status != CALLGATE_OK)
				assert_int_equal(root, 42);
			diagram_free(diagram);
		});
	}
}

UNIT_TESTS(test_prove_lift, cmocka_unit_test(a_lifted_program_answers_as_it_runs),
	   cmocka_unit_test(hard_arithmetic_is_exact_or_unknown),
	   cmocka_unit_test(each_operation_on_two_small_fields_is_exact),
	   cmocka_unit_test(equal_programs_of_different_shape_have_one_root),
	   cmocka_unit_test(a_returned_accumulator_is_a_canonical_action),
	   cmocka_unit_test(what_exceeds_the_budget_is_said_to_be_unknown),
	   cmocka_unit_test(states_without_end_are_a_limit_too), cmocka_unit_test(what_the_kernel_refuses_is_refused),
	   cmocka_unit_test(every_allocation_may_fail), )
