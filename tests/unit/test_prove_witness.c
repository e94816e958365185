#include "unit.h"

#include "lift_program.h"

#include "diagram/action.h"
#include "prove/prove.h"

#include <string.h>

static void data_and_input_are_inverse(void **state)
{
	struct seccomp_data data = {
		.nr = 59,
		.arch = 0xc000003e,
		.instruction_pointer = 0x1122334455667788,
		.args = { 0x0102030405060708, 2, 3, 4, 5, UINT64_MAX },
	};
	struct seccomp_data back;
	struct diagram_input input;

	prove_data_to_input(&data, &input);
	assert_int_equal(input.words[DIAGRAM_NR], 59);
	assert_int_equal(input.words[DIAGRAM_ARCH], 0xc000003e);
	prove_input_to_data(&input, &back);
	assert_memory_equal(&data, &back, sizeof(data));
}

static void equal_functions_have_no_witness(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t root = diagram_word_equals(diagram, DIAGRAM_NR, UINT32_MAX, 5);
	struct diagram_input input;

	assert_false(prove_witness(diagram, root, root, &input));
	diagram_free(diagram);
}

static void the_witness_is_the_smallest_difference(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t a = diagram_word_equals(diagram, DIAGRAM_NR, UINT32_MAX, 5);
	uint32_t b = diagram_word_equals(diagram, DIAGRAM_NR, ~1u, 4);
	struct diagram_input input;

	assert_true(prove_witness(diagram, a, b, &input));
	assert_int_equal(input.words[DIAGRAM_NR], 4);
	assert_int_equal(input.words[DIAGRAM_ARCH], 0);
	assert_int_equal(input.words[DIAGRAM_ARG0], 0);
	diagram_free(diagram);
}

static uint32_t lift(struct diagram *diagram, const struct lift_program *program)
{
	uint32_t root;

	return prove_lift(diagram, program->insns, program->length, &root, NULL) == CALLGATE_OK ? root : DIAGRAM_NONE;
}

/* Changes one field of one instruction, so that the kernel would still load the program. */
static void mutate(struct lift_program *program)
{
	struct lift_program mutant;

	do {
		struct sock_filter *insn;
		uint32_t choice = lift_word(&program->seed);

		mutant = *program;
		insn = &mutant.insns[choice % mutant.length];
		if ((choice >> 16 & 3) == 0)
			insn->code ^= (uint16_t)(1u << (choice >> 20 & 7));
		else if ((choice >> 16 & 3) == 1 && BPF_CLASS(insn->code) == BPF_JMP)
			insn->jt ^= (uint8_t)(1u << (choice >> 20 & 3));
		else
			insn->k ^= UINT32_C(1) << (choice >> 20 & 31);
	} while (bpf_check(mutant.insns, mutant.length, NULL) != CALLGATE_OK);
	mutant.seed = program->seed;
	*program = mutant;
}

static uint32_t run(const struct lift_program *program, const struct seccomp_data *data)
{
	return diagram_action(bpf_simulate(program->insns, program->length, data, NULL));
}

/* Each mutant differs by a witness that the simulator confirms, or answers alike wherever we look. */
static void a_mutant_differs_by_a_witness_or_not_at_all(void **state)
{
	struct lift_program original = { .seed = 21 };
	unsigned different = 0, alike = 0;

	for (int round = 0; round < 1200; round++) {
		struct diagram *diagram = diagram_new(1 << 14);
		struct lift_program mutant;
		struct diagram_input input;
		struct seccomp_data data;
		uint32_t before, after;

		lift_program_draw(&original, false);
		mutant = original;
		mutate(&mutant);
		original.seed = mutant.seed;
		before = lift(diagram, &original);
		after = before == DIAGRAM_NONE ? DIAGRAM_NONE : lift(diagram, &mutant);
		if (after != DIAGRAM_NONE && prove_witness(diagram, before, after, &input)) {
			prove_input_to_data(&input, &data);
			assert_int_not_equal(run(&original, &data), run(&mutant, &data));
			different++;
		}
		for (int i = 0; after != DIAGRAM_NONE && before == after && i < 200; i++) {
			data = lift_data(&mutant);
			assert_int_equal(run(&original, &data), run(&mutant, &data));
		}
		alike += after != DIAGRAM_NONE && before == after;
		diagram_free(diagram);
	}
	print_message("# %u mutants differ, %u are alike\n", different, alike);
	assert_true(different > 100 && alike > 0);
}

UNIT_TESTS(test_prove_witness, cmocka_unit_test(data_and_input_are_inverse),
	   cmocka_unit_test(equal_functions_have_no_witness), cmocka_unit_test(the_witness_is_the_smallest_difference),
	   cmocka_unit_test(a_mutant_differs_by_a_witness_or_not_at_all), )
