#include "unit.h"

#include "random_bpf.h"

#include "base/cleanup.h"
#include "codegen/codegen.h"
#include "diagram/diagram.h"
#include "prove/prove.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

static const enum abi_arch_id three_arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };

/* Whether the program passes the checker and its meaning is root: by the lifter, which shares nothing with codegen. */
static bool means(struct diagram *diagram, const struct bpf_program *program, uint32_t root)
{
	uint32_t lifted;

	return bpf_check(program->insns, program->length, NULL) == CALLGATE_OK &&
	       prove_lift(diagram, program->insns, program->length, &lifted, NULL) == CALLGATE_OK && lifted == root;
}

/* A policy compiled and proved; the caller frees insns. */
static struct bpf_program compile_policy(const char *policy, const enum abi_arch_id *arches, size_t count,
					 const struct codegen_options *options)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct diagram *diagram = diagram_new(0);
	struct bpf_program program = { 0 };
	struct callgate_error err = { 0 };
	struct rules rules;
	char path[512];
	uint32_t root;

	snprintf(path, sizeof(path), "%s/bench/policies/%s.rules", TEST_SOURCE_ROOT, policy);
	assert_true(rules_read(path, &arena, &rules));
	root = rules_diagram(&rules, diagram, arches, count);
	assert_int_equal(codegen_program(diagram, root, options, &program, &err), CALLGATE_OK);
	assert_true(means(diagram, &program, root));
	diagram_free(diagram);
	return program;
}

static void docker_is_at_most_100_instructions(void **state)
{
	struct bpf_program one = compile_policy("docker", three_arches, 1, NULL);
	struct bpf_program three = compile_policy("docker", three_arches, 3, NULL);

	print_message("docker: %zu, three arches: %zu\n", one.length, three.length);
	assert_in_range(one.length, 1, 100);
	assert_in_range(three.length, 1, 300);
	free(one.insns);
	free(three.insns);
}

/* Every number that is allowed whatever its arguments stays in the kernel's bitmap, and nothing else does. */
static void assert_all_cacheable(struct diagram *diagram, const struct bpf_program *program, uint32_t root,
				 uint32_t audit, uint32_t nr)
{
	uint32_t node = diagram_restrict(diagram, diagram_restrict(diagram, root, DIAGRAM_ARCH, audit), DIAGRAM_NR, nr);
	bool allowed = node == diagram_terminal(diagram, SECCOMP_RET_ALLOW);

	if (bpf_is_cacheable(program->insns, program->length, audit, nr, NULL) != allowed)
		fail_msg("number %u of 0x%x %s", nr, audit, allowed ? "left the bitmap" : "is in the bitmap");
}

static void every_unconditional_allow_is_cacheable(void **state)
{
	static const char *const policies[] = { "docker", "vmm", "vmm64" };

	for (size_t i = 0; i < 3; i++) {
		struct bpf_program program = compile_policy(policies[i], three_arches, 3, NULL);
		struct diagram *diagram = diagram_new(0);
		uint32_t root;

		assert_int_equal(prove_lift(diagram, program.insns, program.length, &root, NULL), CALLGATE_OK);
		for (uint32_t nr = 0; nr < 600; nr++) {
			assert_all_cacheable(diagram, &program, root, abi_arch(ABI_X86_64)->audit, nr);
			assert_all_cacheable(diagram, &program, root, abi_arch(ABI_X86_64)->audit, nr | 0x40000000);
			assert_all_cacheable(diagram, &program, root, abi_arch(ABI_I386)->audit, nr);
			assert_all_cacheable(diagram, &program, root, abi_arch(ABI_AARCH64)->audit, nr);
		}
		diagram_free(diagram);
		free(program.insns);
	}
}

static void every_arch_means_what_its_policy_says(void **state)
{
	enum abi_arch_id all[ABI_ARCH_COUNT];

	for (int arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		enum abi_arch_id one = all[arch] = (enum abi_arch_id)arch;

		free(compile_policy("docker", &one, one != ABI_X32, NULL).insns);
		free(compile_policy("vmm", &one, one != ABI_X32, NULL).insns);
		free(compile_policy("vmm64", &one, one != ABI_X32, NULL).insns);
	}
	free(compile_policy("docker", all, ABI_ARCH_COUNT, NULL).insns);
	free(compile_policy("vmm64", all, ABI_ARCH_COUNT, NULL).insns);
}

/* A function that nobody would write: what a random program of the kernel's language computes. */
static bool compile_random(struct random *random, struct diagram *diagram, uint32_t *ret_root,
			   struct bpf_program *ret_program)
{
	struct sock_filter insns[40];
	size_t length = 2 + random_below(random, 38);
	struct callgate_error err;
	int status;

	random_valid_program(random, insns, length);
	if (prove_lift(diagram, insns, length, ret_root, NULL) != CALLGATE_OK)
		return false;
	status = codegen_program(diagram, *ret_root, NULL, ret_program, &err);
	assert_true(status == CALLGATE_OK || status == CALLGATE_E_LIMIT);
	return status == CALLGATE_OK;
}

static void any_function_becomes_a_program_of_the_same_meaning(void **state)
{
	struct random random = { 1 };
	unsigned compiled = 0;

	for (unsigned i = 0; i < 1500; i++) {
		struct diagram *diagram = diagram_new(100000);
		struct bpf_program program = { 0 };
		uint32_t root;

		if (compile_random(&random, diagram, &root, &program)) {
			if (!means(diagram, &program, root))
				fail_msg("function %u: the program means something else", i);
			compiled++;
		}
		free(program.insns);
		diagram_free(diagram);
	}
	assert_true(compiled > 1000);
}

/* Words that switch between random outcomes at random ranges, as policies do. */
static uint32_t random_function(struct random *random, struct diagram *diagram, unsigned depth)
{
	static const enum diagram_word words[] = { DIAGRAM_NR, DIAGRAM_ARG0, DIAGRAM_ARG0 + 1, DIAGRAM_ARG0 + 4 };
	struct diagram_range ranges[8];
	size_t count = 1 + random_below(random, 8);
	uint32_t at = 0;

	if (depth == 4 || random_below(random, 3) == 0)
		return diagram_terminal(diagram, random_below(random, 2) ? SECCOMP_RET_ALLOW
									 : SECCOMP_RET_ERRNO | random_below(random, 4));
	for (size_t i = 0; i < count; i++) {
		uint32_t low = at + random_below(random, 1u << (4 + random_below(random, 20)));
		uint32_t high = low + random_below(random, 1u << random_below(random, 12));

		ranges[i] = (struct diagram_range){ low, high, random_function(random, diagram, depth + 1) };
		at = high + 1;
	}
	return diagram_switch(diagram, words[depth], ranges, count, random_function(random, diagram, depth + 1));
}

static void random_policies_keep_their_meaning_and_their_bitmap(void **state)
{
	struct random random = { 2 };

	for (unsigned i = 0; i < 300; i++) {
		struct diagram *diagram = diagram_new(0);
		struct bpf_program program = { 0 };
		uint32_t root = random_function(&random, diagram, 0);

		if (codegen_program(diagram, root, NULL, &program, NULL) == CALLGATE_OK) {
			assert_true(means(diagram, &program, root));
			for (uint32_t nr = 0; nr < 100; nr++)
				assert_all_cacheable(diagram, &program, root, 5, nr * nr);
		}
		free(program.insns);
		diagram_free(diagram);
	}
}

/* A changed program is either found to mean something else, with an input that shows it, or means the same. */
static void a_changed_instruction_is_found(void **state)
{
	struct bpf_program program = compile_policy("vmm64", three_arches, 1, NULL);
	struct diagram *diagram = diagram_new(0);
	struct random random = { 3 };
	unsigned found = 0;
	uint32_t root;

	assert_int_equal(prove_lift(diagram, program.insns, program.length, &root, NULL), CALLGATE_OK);
	for (unsigned i = 0; i < 3000; i++) {
		struct sock_filter changed[256];
		struct diagram_input input;
		struct seccomp_data data;
		uint32_t other;

		memcpy(changed, program.insns, program.length * sizeof(*changed));
		random_mutation(&random, changed, program.length);
		if (bpf_check(changed, program.length, NULL) != CALLGATE_OK ||
		    prove_lift(diagram, changed, program.length, &other, NULL) != CALLGATE_OK || other == root)
			continue;
		assert_true(prove_witness(diagram, root, other, &input));
		prove_input_to_data(&input, &data);
		assert_int_not_equal(bpf_simulate(changed, program.length, &data, NULL),
				     bpf_simulate(program.insns, program.length, &data, NULL));
		found++;
	}
	assert_true(found > 500);
	free(program.insns);
	diagram_free(diagram);
}

/* A number for each of count outcomes: longer than a jump's reach, and than a program may be. */
static int compile_many(unsigned count, struct bpf_program *ret_program, struct callgate_error *err)
{
	struct diagram *diagram = diagram_new(0);
	struct diagram_range *ranges = calloc(count, sizeof(*ranges));
	uint32_t root;
	int status;

	for (unsigned i = 0; i < count; i++) {
		uint32_t arg = diagram_word_equals(diagram, DIAGRAM_ARG0 + 1, UINT32_MAX, i / 2);

		ranges[i] =
			(struct diagram_range){ 3 * i, 3 * i,
						diagram_if(diagram, arg, diagram_terminal(diagram, SECCOMP_RET_ALLOW),
							   diagram_terminal(diagram, SECCOMP_RET_ERRNO | i % 5)) };
	}
	root = diagram_switch(diagram, DIAGRAM_NR, ranges, count, diagram_terminal(diagram, 0));
	status = codegen_program(diagram, root, NULL, ret_program, err);
	if (status == CALLGATE_OK)
		assert_true(means(diagram, ret_program, root));
	free(ranges);
	diagram_free(diagram);
	return status;
}

static void jumps_longer_than_255_instructions_are_laid_out(void **state)
{
	for (unsigned count = 100; count <= 1000; count += 150) {
		struct bpf_program program;

		assert_int_equal(compile_many(count, &program, NULL), CALLGATE_OK);
		assert_true(program.length > 2 * count);
		free(program.insns);
	}
}

static void more_than_4096_instructions_are_refused(void **state)
{
	struct bpf_program program = { 0 };
	struct callgate_error err;

	assert_int_equal(compile_many(2000, &program, &err), CALLGATE_E_LIMIT);
	assert_null(program.insns);
	assert_string_equal(err.message, "the filter is longer than the 4096 instructions that the kernel takes");
}

static void every_allocation_may_fail(void **state)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct diagram *diagram = diagram_new(0);
	struct rules rules;
	uint32_t root;

	assert_true(rules_read(TEST_SOURCE_ROOT "/bench/policies/vmm.rules", &arena, &rules));
	root = rules_diagram(&rules, diagram, three_arches, 3);
	FOR_EACH_ALLOCATION({
		struct bpf_program program = { 0 };
		int status = codegen_program(diagram, root, NULL, &program, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(program.insns);
	});
	diagram_free(diagram);
}

/* setns as systemd limits it: no flag at all, or one of these. */
static void zero_beside_a_mask_is_two_comparisons(void **state)
{
	static const struct codegen_options plain = { .plain = true };
	struct diagram *diagram = diagram_new(0);
	uint32_t yes = diagram_terminal(diagram, SECCOMP_RET_ERRNO), no = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	enum diagram_word word = diagram_arg_word(1, false, false);
	uint32_t none = diagram_word_equals(diagram, word, 0x10020080, 0);
	uint32_t zero = diagram_word_equals(diagram, word, UINT32_MAX, 0);
	uint32_t root = diagram_if(diagram, zero, yes, diagram_if(diagram, none, no, yes));
	struct bpf_program program = { 0 };

	for (int i = 0; i < 2; i++) {
		assert_int_equal(codegen_program(diagram, root, i ? &plain : NULL, &program, NULL), CALLGATE_OK);
		assert_true(means(diagram, &program, root));
		assert_in_range(program.length, 1, 5u + (size_t)i); /* plain ones have no JSET, and say AND apart */
		free(program.insns);
	}
	diagram_free(diagram);
}

UNIT_TESTS(test_codegen_codegen, cmocka_unit_test(docker_is_at_most_100_instructions),
	   cmocka_unit_test(every_unconditional_allow_is_cacheable),
	   cmocka_unit_test(zero_beside_a_mask_is_two_comparisons),
	   cmocka_unit_test(every_arch_means_what_its_policy_says),
	   cmocka_unit_test(any_function_becomes_a_program_of_the_same_meaning),
	   cmocka_unit_test(random_policies_keep_their_meaning_and_their_bitmap),
	   cmocka_unit_test(a_changed_instruction_is_found),
	   cmocka_unit_test(jumps_longer_than_255_instructions_are_laid_out),
	   cmocka_unit_test(more_than_4096_instructions_are_refused), cmocka_unit_test(every_allocation_may_fail), )
