#include "unit.h"

#include "prove/prove.h"

#include <linux/audit.h>
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
	   cmocka_unit_test(another_is_refused_with_a_witness_in_words), cmocka_unit_test(every_allocation_may_fail), )
