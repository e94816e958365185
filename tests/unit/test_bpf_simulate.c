#include "unit.h"

#include "random_bpf.h"

#include <stddef.h>

static uint32_t run(const struct sock_filter *insns, size_t length, const struct seccomp_data *data)
{
	return bpf_simulate(insns, length, data, NULL);
}

static void executed_instructions_are_counted(void **state)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 2),
	};
	unsigned executed;

	assert_int_equal(bpf_simulate(insns, 4, &(struct seccomp_data){ .nr = 7 }, &executed), 2);
	assert_int_equal(executed, 3);
}

static void a_division_by_x_that_is_zero_kills(void **state)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 9),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	assert_int_equal(run(insns, 3, &(struct seccomp_data){ 0 }), SECCOMP_RET_KILL_THREAD);
}

static void a_length_is_that_of_the_data(void **state)
{
	const struct sock_filter insns[] = { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0) };

	assert_int_equal(run(insns, 2, &(struct seccomp_data){ 0 }), 64);
}

/* What the kernel's bitmap answers, the filter would have answered the same, whatever the arguments. */
static void a_cacheable_number_is_always_allowed(void **state)
{
	struct random random = { 7 };
	struct sock_filter insns[12];
	unsigned cacheable = 0;

	for (unsigned i = 0; i < 20000; i++) {
		struct seccomp_data data;
		size_t length = 2 + random_below(&random, 10);

		random_valid_program(&random, insns, length);
		insns[length - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		random_data(&random, &data);
		if (!bpf_is_cacheable(insns, length, data.arch, (uint32_t)data.nr, NULL))
			continue;
		cacheable++;
		assert_int_equal(run(insns, length, &data), SECCOMP_RET_ALLOW);
	}
	assert_true(cacheable > 100);
}

static void the_emulation_says_where_it_gave_up(void **state)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),	      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x40000000, 0, 1),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 5),	      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 3),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
	};
	int lost;

	assert_true(bpf_is_cacheable(insns, 7, 0, 5, &lost));
	assert_int_equal(lost, -1);
	assert_false(bpf_is_cacheable(insns, 7, 0, 3, &lost));
	assert_int_equal(lost, -1);
	assert_false(bpf_is_cacheable(insns, 7, 0, 0x40000001, &lost));
	assert_int_equal(lost, 2);
}

UNIT_TESTS(test_bpf_simulate, cmocka_unit_test(executed_instructions_are_counted),
	   cmocka_unit_test(a_division_by_x_that_is_zero_kills), cmocka_unit_test(a_length_is_that_of_the_data),
	   cmocka_unit_test(a_cacheable_number_is_always_allowed),
	   cmocka_unit_test(the_emulation_says_where_it_gave_up), )
