#include "unit.h"

#include "diagram/diagram.h"

#include <stdlib.h>

static uint32_t random_word(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 32);
}

static void words_and_offsets_are_inverse(void **state)
{
	for (unsigned offset = 0; offset < 64; offset += 4)
		assert_int_equal(diagram_word_offset(diagram_word_at(offset)), offset);
	assert_int_equal(diagram_word_offset(DIAGRAM_ARCH), 4);
	assert_int_equal(diagram_word_offset(DIAGRAM_NR), 0);
}

static void an_arguments_high_word_is_where_its_byte_order_puts_it(void **state)
{
	assert_int_equal(diagram_word_offset(diagram_arg_word(0, false, false)), 16);
	assert_int_equal(diagram_word_offset(diagram_arg_word(0, true, false)), 20);
	assert_int_equal(diagram_word_offset(diagram_arg_word(5, false, true)), 60);
	assert_int_equal(diagram_word_offset(diagram_arg_word(5, true, true)), 56);
}

static void equal_nodes_have_equal_numbers(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t five = diagram_terminal(diagram, 5);

	assert_int_equal(diagram_terminal(diagram, 0), DIAGRAM_FALSE);
	assert_int_equal(diagram_terminal(diagram, 1), DIAGRAM_TRUE);
	assert_int_equal(diagram_terminal(diagram, 5), five);
	assert_int_equal(diagram_make(diagram, 7, five, five), five);
	assert_int_equal(diagram_make(diagram, 7, five, 0), diagram_make(diagram, 7, five, 0));
	assert_int_not_equal(diagram_make(diagram, 7, five, 0), diagram_make(diagram, 8, five, 0));
	assert_int_not_equal(diagram_make(diagram, 7, five, 0), diagram_make(diagram, 7, 0, five));
	diagram_free(diagram);
}

/* Sorted, disjoint ranges, some adjacent, with values of their own. */
static size_t random_ranges(struct diagram *diagram, uint64_t *seed, struct diagram_range *ranges, size_t most)
{
	size_t count = 0;
	uint64_t next = random_word(seed) % 3;

	while (count < most && next <= UINT32_MAX) {
		uint32_t span = random_word(seed) >> (random_word(seed) % 32);
		uint64_t high = next + span > UINT32_MAX ? UINT32_MAX : next + span;

		ranges[count].low = (uint32_t)next;
		ranges[count].high = (uint32_t)high;
		ranges[count].result = diagram_terminal(diagram, random_word(seed) % 3);
		count++;
		next = high + 1 + random_word(seed) % 3;
	}
	return count;
}

static uint32_t value_by_ranges(const struct diagram *diagram, const struct diagram_range *ranges, size_t count,
				uint32_t word)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].low <= word && word <= ranges[i].high)
			return diagram_node(diagram, ranges[i].result).low;
	return 77;
}

static void a_switch_gives_each_value_its_range(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint64_t seed = 1;

	for (int round = 0; round < 200; round++) {
		struct diagram_range ranges[20];
		size_t count = random_ranges(diagram, &seed, ranges, 20);
		uint32_t root = diagram_switch(diagram, DIAGRAM_NR, ranges, count, diagram_terminal(diagram, 77));

		for (size_t i = 0; i < count; i++)
			for (int beside = -1; beside <= 1; beside++) {
				struct diagram_input low = { .words[DIAGRAM_NR] = ranges[i].low + (uint32_t)beside };
				struct diagram_input high = { .words[DIAGRAM_NR] = ranges[i].high + (uint32_t)beside };

				assert_int_equal(diagram_evaluate(diagram, root, &low),
						 value_by_ranges(diagram, ranges, count, low.words[DIAGRAM_NR]));
				assert_int_equal(diagram_evaluate(diagram, root, &high),
						 value_by_ranges(diagram, ranges, count, high.words[DIAGRAM_NR]));
			}
	}
	diagram_free(diagram);
}

static void a_switch_is_the_same_node_however_it_is_cut(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t five = diagram_terminal(diagram, 5);
	struct diagram_range whole[] = { { 10, 99, five } };
	struct diagram_range cut[] = { { 10, 20, five }, { 21, 21, five }, { 22, 99, five } };
	struct diagram_range around[] = { { 0, 9, DIAGRAM_FALSE }, { 100, UINT32_MAX, DIAGRAM_FALSE } };
	uint32_t root = diagram_switch(diagram, DIAGRAM_ARG0, whole, 1, DIAGRAM_FALSE);

	assert_int_equal(diagram_switch(diagram, DIAGRAM_ARG0, cut, 3, DIAGRAM_FALSE), root);
	assert_int_equal(diagram_switch(diagram, DIAGRAM_ARG0, around, 2, five), root);
	assert_int_equal(diagram_switch(diagram, DIAGRAM_ARG0, NULL, 0, five), five);
	diagram_free(diagram);
}

static void a_masked_word_equals_its_value(void **state)
{
	struct diagram *diagram = diagram_new(0);
	uint32_t root = diagram_word_equals(diagram, DIAGRAM_ARG0, 0xf0000001, 0x50000001);
	uint64_t seed = 2;

	for (int i = 0; i < 1000; i++) {
		struct diagram_input input = { .words[DIAGRAM_ARG0] = random_word(&seed) & 0xff00000f };
		bool equal = (input.words[DIAGRAM_ARG0] & 0xf0000001) == 0x50000001;

		assert_int_equal(diagram_evaluate(diagram, root, &input), equal);
	}
	assert_int_equal(diagram_count(diagram, root), 5 + 2);
	assert_int_equal(diagram_word_equals(diagram, DIAGRAM_ARG0, 0, 0), DIAGRAM_TRUE);
	diagram_free(diagram);
}

static void a_budget_ends_in_none_and_says_so(void **state)
{
	struct diagram *diagram = diagram_new(100);
	uint32_t root = DIAGRAM_TRUE;

	for (unsigned bit = 0; bit < 32; bit++)
		for (unsigned word = 0; word < DIAGRAM_WORDS; word++)
			root = diagram_and(diagram, root,
					   diagram_word_equals(diagram, (enum diagram_word)word, 1u << bit, 0));
	assert_int_equal(root, DIAGRAM_NONE);
	assert_int_equal(diagram_status(diagram), CALLGATE_E_LIMIT);
	assert_true(diagram_size(diagram) <= 100);
	assert_int_equal(diagram_make(diagram, 3, DIAGRAM_NONE, 0), DIAGRAM_NONE);
	diagram_clear_status(diagram);
	assert_int_equal(diagram_status(diagram), CALLGATE_OK);
	diagram_free(diagram);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct diagram *diagram = diagram_new(0);
		struct diagram_range ranges[64];
		uint64_t seed = 3;
		uint32_t root = DIAGRAM_TRUE;

		for (int round = 0; diagram && round < 60; round++) {
			size_t count = random_ranges(diagram, &seed, ranges, 64);

			root = diagram_switch(diagram, DIAGRAM_ARG0, ranges, count, DIAGRAM_TRUE);
		}
		assert_int_equal(!diagram || root == DIAGRAM_NONE ||
				 diagram_status(diagram) != CALLGATE_OK, unit_allocation_failed());
		diagram_free(diagram);
	});
}

UNIT_TESTS(test_diagram_diagram, cmocka_unit_test(words_and_offsets_are_inverse),
	   cmocka_unit_test(an_arguments_high_word_is_where_its_byte_order_puts_it),
	   cmocka_unit_test(equal_nodes_have_equal_numbers), cmocka_unit_test(a_switch_gives_each_value_its_range),
	   cmocka_unit_test(a_switch_is_the_same_node_however_it_is_cut),
	   cmocka_unit_test(a_masked_word_equals_its_value), cmocka_unit_test(a_budget_ends_in_none_and_says_so),
	   cmocka_unit_test(every_allocation_may_fail), )
