#include "unit.h"

#include "random_bpf.h"

#include "codegen/cost.h"

#include <stddef.h>

#define LOAD(offset)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define NR	       offsetof(struct seccomp_data, nr)
#define ARG0	       offsetof(struct seccomp_data, args)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/* Allows 1, and 2 when its first argument is 7 or 8. */
static const struct sock_filter filter[] = {
	LOAD(NR),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 3),
	LOAD(ARG0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8, 1, 0),
	RETURN(SECCOMP_RET_ERRNO | 1),
	RETURN(SECCOMP_RET_ALLOW),
};

enum { LENGTH = sizeof(filter) / sizeof(*filter) };

static struct codegen_cost cost_of(uint32_t nr)
{
	struct codegen_cost cost;

	assert_int_equal(codegen_cost(filter, LENGTH, 0xc000003e, nr, &cost, NULL), CALLGATE_OK);
	return cost;
}

static void an_unconditional_call_has_one_way(void **state)
{
	struct codegen_cost cost = cost_of(1);

	assert_true(cost.cached);
	assert_int_equal(cost.least, 3);
	assert_int_equal(cost.most, 3);
	assert_true(cost.mean == 3);
}

static void a_refused_call_is_not_cached(void **state)
{
	struct codegen_cost cost = cost_of(5);

	assert_false(cost.cached);
	assert_int_equal(cost.least, 4);
	assert_int_equal(cost.most, 4);
}

static void the_arguments_may_go_either_way(void **state)
{
	struct codegen_cost cost = cost_of(2);

	assert_false(cost.cached);
	assert_int_equal(cost.least, 6);
	assert_int_equal(cost.most, 7);
	assert_true(cost.mean == 6.5);
}

static void x32_has_no_bitmap(void **state)
{
	const struct sock_filter allow[] = { RETURN(SECCOMP_RET_ALLOW) };
	struct codegen_cost cost;

	assert_int_equal(codegen_cost(allow, 1, 0xc000003e, 0x40000001, &cost, NULL), CALLGATE_OK);
	assert_false(cost.cached);
	assert_int_equal(codegen_cost(allow, 1, 0xc000003e, 1, &cost, NULL), CALLGATE_OK);
	assert_true(cost.cached);
}

/* Whatever the arguments, what is executed lies between the least and the most. */
static void every_run_lies_within_the_bounds(void **state)
{
	struct random random = { 11 };
	struct sock_filter insns[24];

	for (unsigned i = 0; i < 5000; i++) {
		size_t length = 1 + random_below(&random, 24);
		struct seccomp_data data;
		struct codegen_cost cost;
		unsigned executed;

		random_valid_program(&random, insns, length);
		random_data(&random, &data);
		assert_int_equal(codegen_cost(insns, length, data.arch, (uint32_t)data.nr, &cost, NULL), CALLGATE_OK);
		if (bpf_simulate(insns, length, &data, &executed) == 0)
			continue; /* perhaps ended early, by a division by zero */
		assert_in_range(executed, cost.least, cost.most);
		assert_true(cost.mean >= cost.least - 1e-9 && cost.mean <= cost.most + 1e-9);
	}
}

static void an_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct codegen_cost cost;
		int status = codegen_cost(filter, LENGTH, 0, 0, &cost, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
	});
}

UNIT_TESTS(test_codegen_cost, cmocka_unit_test(an_unconditional_call_has_one_way),
	   cmocka_unit_test(a_refused_call_is_not_cached), cmocka_unit_test(the_arguments_may_go_either_way),
	   cmocka_unit_test(x32_has_no_bitmap), cmocka_unit_test(every_run_lies_within_the_bounds),
	   cmocka_unit_test(an_allocation_may_fail), )
