#include "unit.h"

#include "lift_program.h"

#include "codegen/codegen.h"
#include "diagram/action.h"
#include "diagram/meaning.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),	      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_S390X, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),	      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
};

/* What the program says, built without it. */
static uint32_t meaning(struct diagram *diagram, uint32_t refused)
{
	uint32_t arch = diagram_word_equals(diagram, DIAGRAM_ARCH, UINT32_MAX, AUDIT_ARCH_S390X);
	uint32_t nr = diagram_word_equals(diagram, DIAGRAM_NR, UINT32_MAX, 6);

	return diagram_if(diagram, diagram_and(diagram, arch, nr), diagram_terminal(diagram, SECCOMP_RET_ALLOW),
			  diagram_terminal(diagram, refused));
}

static void a_program_with_the_right_meaning_is_proved(void **state)
{
	struct diagram *diagram = diagram_new(0);

	assert_int_equal(prove_equal(diagram, program, 6, meaning(diagram, SECCOMP_RET_ERRNO | 1), NULL), CALLGATE_OK);
	diagram_free(diagram);
}

static void another_is_refused_with_a_witness_in_words(void **state)
{
	struct sock_filter mutant[6];
	struct diagram *diagram = diagram_new(0);
	struct callgate_error err;

	memcpy(mutant, program, sizeof(mutant));
	mutant[3].code = BPF_JMP | BPF_JGE | BPF_K;
	assert_int_equal(prove_equal(diagram, mutant, 6, meaning(diagram, SECCOMP_RET_ERRNO | 1), &err),
			 CALLGATE_E_UNPROVED);
	assert_non_null(strstr(err.message, "s390x:"));
	assert_non_null(strstr(err.message, " gives allow instead of errno EPERM"));
	diagram_free(diagram);
}

static const char policy_text[] =
	"kernel 6.1\n"
	"arch x86_64, aarch64\n"
	"default errno EPERM\n"
	"allow read, write, close, futex, exit_group, fstat, brk, munmap\n"
	"allow openat if flags & O_ACCMODE == O_RDONLY\n"
	"allow socket if domain in {AF_UNIX, AF_INET, AF_INET6} and type & 0xf == SOCK_STREAM\n"
	"allow mmap, mprotect if not prot has PROT_WRITE | PROT_EXEC\n"
	"allow lseek if offset in -5..70000\n"
	"errno ENOSYS clone3\n";

static uint32_t policy_root(struct diagram *diagram)
{
	struct callgate_policy *policy;
	uint32_t root;

	assert_int_equal(callgate_policy_parse("test", policy_text, strlen(policy_text), NULL, &policy, NULL),
			 CALLGATE_OK);
	assert_int_equal(diagram_from_policy(diagram, policy->policy, &root, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	return root;
}

/* One bit of one instruction of a generated program; false when the kernel would not load the result. */
static bool flip(struct bpf_program *generated, uint64_t *seed)
{
	struct sock_filter *insn = &generated->insns[lift_word(seed) % generated->length];
	uint32_t bit = lift_word(seed);

	switch (lift_word(seed) >> 30) {
	case 0:
		insn->jt ^= (uint8_t)(1u << bit % 8);
		break;
	case 1:
		insn->jf ^= (uint8_t)(1u << bit % 8);
		break;
	case 2:
		insn->code ^= (uint16_t)(1u << bit % 8);
		break;
	default:
		insn->k ^= UINT32_C(1) << bit % 32;
	}
	return bpf_check(generated->insns, generated->length, NULL) == CALLGATE_OK;
}

/* Whether the mutant was told from the original, by a witness that the simulator confirms. */
static bool is_found(const struct bpf_program *mutant, const struct sock_filter *original, unsigned *unknown)
{
	struct diagram *diagram = diagram_new(1 << 16);
	uint32_t root = policy_root(diagram), lifted = root;
	struct diagram_input input;
	struct seccomp_data data;
	bool found;

	if (prove_lift(diagram, mutant->insns, mutant->length, &lifted, NULL) != CALLGATE_OK)
		++*unknown;
	found = prove_witness(diagram, lifted, root, &input);
	if (found) {
		prove_input_to_data(&input, &data);
		assert_int_not_equal(diagram_action(bpf_simulate(mutant->insns, mutant->length, &data, NULL)),
				     diagram_action(bpf_simulate(original, mutant->length, &data, NULL)));
	}
	diagram_free(diagram);
	return found;
}

/* What proves a filter must not pass one that answers another way anywhere, and the witness must be true. */
static void each_change_of_a_generated_program_is_found(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t root = policy_root(diagram);
	struct sock_filter original[BPF_MAXINSNS];
	struct bpf_program generated;
	unsigned refused = 0, found = 0, unknown = 0, rounds = 3000;
	uint64_t seed = 41;

	assert_int_equal(codegen_program(diagram, root, NULL, &generated, NULL), CALLGATE_OK);
	assert_int_equal(prove_equal(diagram, generated.insns, generated.length, root, NULL), CALLGATE_OK);
	memcpy(original, generated.insns, generated.length * sizeof(*original));
	for (unsigned round = 0; round < rounds; round++) {
		if (flip(&generated, &seed))
			found += is_found(&generated, original, &unknown);
		else
			refused++;
		memcpy(generated.insns, original, generated.length * sizeof(*original));
	}
	print_message("# %u mutants: %u refused by the kernel, %u differ, %u beyond the budget, the others are alike\n",
		      rounds, refused, found, unknown);
	assert_true(found > rounds / 4 && unknown < rounds / 50);
	free(generated.insns);
	diagram_free(diagram);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		uint32_t root = diagram ? meaning(diagram, 0) : DIAGRAM_NONE;
		int status = root == DIAGRAM_NONE ? CALLGATE_E_NOMEM : prove_equal(diagram, program, 6, root, NULL);

		assert_true(status == CALLGATE_E_UNPROVED || (status == CALLGATE_E_NOMEM && unit_allocation_failed()));
		diagram_free(diagram);
	});
}

UNIT_TESTS(test_prove_prove, cmocka_unit_test(a_program_with_the_right_meaning_is_proved),
	   cmocka_unit_test(another_is_refused_with_a_witness_in_words),
	   cmocka_unit_test(each_change_of_a_generated_program_is_found), cmocka_unit_test(every_allocation_may_fail), )
