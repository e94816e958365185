#include "unit.h"

#include "diagram/action.h"
#include "diagram/diagram.h"

#include <linux/seccomp.h>

/* Functions of five bits of different words, with their 32 values beside them. */
enum { BITS = 5, INPUTS = 1 << BITS };

static const unsigned bit_words[BITS] = { DIAGRAM_ARCH, DIAGRAM_NR, DIAGRAM_NR, DIAGRAM_ARG0, DIAGRAM_ARG0 + 11 };
static const unsigned bit_places[BITS] = { 31, 30, 0, 7, 0 };

struct function {
	uint32_t values[INPUTS];
	uint32_t root;
};

static struct diagram_input input_of(unsigned bits)
{
	struct diagram_input input = { 0 };

	for (unsigned i = 0; i < BITS; i++)
		input.words[bit_words[i]] |= (bits >> i & 1) << bit_places[i];
	return input;
}

static uint32_t build(struct diagram *diagram, const uint32_t *values, unsigned bits, unsigned place)
{
	unsigned variable = bit_words[place % BITS] * 32 + 31 - bit_places[place % BITS];

	if (place == BITS)
		return diagram_terminal(diagram, values[bits]);
	return diagram_make(diagram, variable, build(diagram, values, bits, place + 1),
			    build(diagram, values, bits | 1u << place, place + 1));
}

static struct function random_function(struct diagram *diagram, uint64_t *seed, uint32_t modulus)
{
	struct function function;

	for (unsigned i = 0; i < INPUTS; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		function.values[i] = (uint32_t)(*seed >> 33) % modulus;
	}
	function.root = build(diagram, function.values, 0, 0);
	return function;
}

static void assert_function(struct diagram *diagram, uint32_t root, const uint32_t *values)
{
	for (unsigned i = 0; i < INPUTS; i++) {
		struct diagram_input input = input_of(i);

		assert_int_equal(diagram_evaluate(diagram, root, &input), values[i]);
	}
	/* Canonical: built another way it is the same node. */
	assert_int_equal(root, build(diagram, values, 0, 0));
}

static void conditions_combine_value_by_value(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint64_t seed = 10;

	for (int round = 0; round < 300; round++) {
		struct function a = random_function(diagram, &seed, 2);
		struct function b = random_function(diagram, &seed, 2);
		struct function yes = random_function(diagram, &seed, 5);
		struct function no = random_function(diagram, &seed, 5);
		uint32_t both[INPUTS], either[INPUTS], neither[INPUTS], chosen[INPUTS];

		for (unsigned i = 0; i < INPUTS; i++) {
			both[i] = a.values[i] && b.values[i];
			either[i] = a.values[i] || b.values[i];
			neither[i] = !a.values[i];
			chosen[i] = a.values[i] ? yes.values[i] : no.values[i];
		}
		assert_function(diagram, diagram_and(diagram, a.root, b.root), both);
		assert_function(diagram, diagram_or(diagram, a.root, b.root), either);
		assert_function(diagram, diagram_not(diagram, a.root), neither);
		assert_function(diagram, diagram_if(diagram, a.root, yes.root, no.root), chosen);
	}
	diagram_free(diagram);
}

static uint32_t weighted_sum(uint32_t a, uint32_t b, void *context)
{
	return a * *(uint32_t *)context + b;
}

static uint32_t scaled(uint32_t value, void *context)
{
	return value * *(uint32_t *)context;
}

static void apply_and_map_follow_their_function_and_context(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint64_t seed = 11;

	for (uint32_t round = 1; round < 200; round++) {
		struct function a = random_function(diagram, &seed, 3);
		struct function b = random_function(diagram, &seed, 3);
		uint32_t sums[INPUTS], products[INPUTS];

		for (unsigned i = 0; i < INPUTS; i++) {
			sums[i] = a.values[i] * round + b.values[i];
			products[i] = a.values[i] * round;
		}
		assert_function(diagram, diagram_apply(diagram, weighted_sum, &round, a.root, b.root), sums);
		assert_function(diagram, diagram_map(diagram, scaled, &round, a.root), products);
	}
	diagram_free(diagram);
}

static void a_known_word_disappears(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint64_t seed = 12;

	for (int round = 0; round < 100; round++) {
		struct function a = random_function(diagram, &seed, 3);
		uint32_t rest[INPUTS];

		for (unsigned i = 0; i < INPUTS; i++)
			rest[i] = a.values[(i & ~6u) | 4]; /* the two bits of nr: bit 30 clear, bit 0 set */
		assert_function(diagram, diagram_restrict(diagram, a.root, DIAGRAM_NR, 0x3fff0001), rest);
	}
	diagram_free(diagram);
}

static uint32_t whether_it_is(uint32_t node, void *context)
{
	return node == *(uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

static void what_tests_later_words_only_is_replaced_as_a_node(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t later = diagram_word_equals(diagram, DIAGRAM_ARG0, UINT32_MAX, 7);
	uint32_t five = diagram_word_equals(diagram, DIAGRAM_NR, UINT32_MAX, 5);
	uint32_t root = diagram_if(diagram, five, later, diagram_terminal(diagram, 9));

	assert_int_equal(diagram_map_from(diagram, DIAGRAM_ARG0, whether_it_is, &later, root), five);
	diagram_free(diagram);
}

static void exchanging_halves_twice_changes_nothing(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint64_t seed = 14;
	uint32_t high = diagram_word_equals(diagram, DIAGRAM_ARG0, 0xff, 7);
	uint32_t low = diagram_word_equals(diagram, (enum diagram_word)(DIAGRAM_ARG0 + 1), 0xff, 7);

	assert_int_equal(diagram_swap_halves(diagram, high), low);
	for (int round = 0; round < 100; round++) {
		uint32_t root = random_function(diagram, &seed, 3).root;

		assert_int_equal(diagram_swap_halves(diagram, diagram_swap_halves(diagram, root)), root);
	}
	diagram_free(diagram);
}

static void a_stack_gives_the_action_of_higher_precedence_or_the_newer(void **state)
{
	static const uint32_t ranked[] = {
		SECCOMP_RET_KILL_PROCESS,
		SECCOMP_RET_KILL_THREAD,
		0x00010000,
		SECCOMP_RET_TRAP,
		0x00040000,
		SECCOMP_RET_ERRNO,
		0x00060000,
		SECCOMP_RET_USER_NOTIF,
		SECCOMP_RET_TRACE,
		SECCOMP_RET_LOG,
		0x7ffd0000,
		SECCOMP_RET_ALLOW,
	};
	struct diagram *diagram = diagram_new(0);
	size_t count = sizeof(ranked) / sizeof(*ranked);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			uint32_t a = diagram_terminal(diagram, ranked[i]);
			uint32_t b = diagram_terminal(diagram, ranked[j]);

			assert_int_equal(diagram_stack(diagram, a, b), i < j ? a : b);
		}
	assert_int_equal(diagram_stack(diagram, diagram_terminal(diagram, SECCOMP_RET_ERRNO | 1),
				       diagram_terminal(diagram, SECCOMP_RET_ERRNO | 2)),
			 diagram_terminal(diagram, SECCOMP_RET_ERRNO | 2));
	diagram_free(diagram);
}

static void equal_actions_have_one_canonical_value(void **state)
{
	assert_int_equal(diagram_action(SECCOMP_RET_ALLOW | 7), SECCOMP_RET_ALLOW);
	assert_int_equal(diagram_action(SECCOMP_RET_LOG | 7), SECCOMP_RET_LOG);
	assert_int_equal(diagram_action(SECCOMP_RET_USER_NOTIF | 7), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(diagram_action(SECCOMP_RET_KILL_THREAD | 7), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(diagram_action(SECCOMP_RET_KILL_PROCESS | 7), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(diagram_action(0x90000000), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(diagram_action(UINT32_MAX), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(diagram_action(SECCOMP_RET_ERRNO | 4095), SECCOMP_RET_ERRNO | 4095);
	assert_int_equal(diagram_action(SECCOMP_RET_ERRNO | 4096), SECCOMP_RET_ERRNO | 4095);
	assert_int_equal(diagram_action(SECCOMP_RET_TRAP | 0xffff), SECCOMP_RET_TRAP | 0xffff);
	assert_int_equal(diagram_action(SECCOMP_RET_TRACE | 9), SECCOMP_RET_TRACE | 9);
	/* Unknown ones keep their place between the known. */
	assert_int_equal(diagram_action(0x00020005), 0x00010000);
	assert_int_equal(diagram_action(0x70000000), 0x00060000);
	assert_int_equal(diagram_action(0x7ffe0000), 0x7ffd0000);
}

static void the_classes_of_actions_cover_all_values(void **state)
{
	uint64_t next = 0;

	for (size_t i = 0; i < DIAGRAM_ACTION_CLASSES; i++) {
		assert_int_equal(diagram_action_class(i)->low, next);
		next = (uint64_t)diagram_action_class(i)->high + 1;
	}
	assert_int_equal(next, UINT64_C(1) << 32);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		uint32_t factor = 3;
		uint32_t root = DIAGRAM_TRUE;
		uint64_t seed = 13;

		for (int round = 0; diagram && round < 50; round++) {
			uint32_t other = random_function(diagram, &seed, 20).root;

			root = diagram_apply(diagram, weighted_sum, &factor, root, other);
			root = diagram_map(diagram, scaled, &factor, root);
			root = diagram_restrict(diagram, root, DIAGRAM_NR, 5);
		}
		assert_int_equal(!diagram || root == DIAGRAM_NONE, unit_allocation_failed());
		diagram_free(diagram);
	});
}

UNIT_TESTS(test_diagram_operate, cmocka_unit_test(conditions_combine_value_by_value),
	   cmocka_unit_test(apply_and_map_follow_their_function_and_context), cmocka_unit_test(a_known_word_disappears),
	   cmocka_unit_test(what_tests_later_words_only_is_replaced_as_a_node),
	   cmocka_unit_test(exchanging_halves_twice_changes_nothing),
	   cmocka_unit_test(a_stack_gives_the_action_of_higher_precedence_or_the_newer),
	   cmocka_unit_test(equal_actions_have_one_canonical_value),
	   cmocka_unit_test(the_classes_of_actions_cover_all_values), cmocka_unit_test(every_allocation_may_fail), )
