#include "unit.h"

#include "base/sort.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 3000 };

struct item {
	uint64_t key;
	uint32_t number; /* its place before */
};

static uint64_t random_state;

static uint64_t random_next(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 11;
}

static void fill(struct item *items, uint32_t count, uint64_t mask)
{
	for (uint32_t i = 0; i < count; i++)
		items[i] = (struct item){ random_next() & mask, i };
}

static void assert_in_order(const struct item *items, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		assert_true(items[i - 1].key <= items[i].key);
		if (items[i - 1].key == items[i].key)
			assert_true(items[i - 1].number < items[i].number);
	}
}

static void assert_same_items(const struct item *items, const struct item *before, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(items[i].key, before[items[i].number].key);
}

static void items_come_by_key_and_equal_ones_as_they_stood(void **state)
{
	static const uint64_t masks[] = { 3, 0xff00, 0xffffff, UINT64_MAX };
	static struct item items[ITEMS_MAX], before[ITEMS_MAX];

	random_state = 1;
	for (uint32_t count = 0; count < ITEMS_MAX; count = count * 3 / 2 + 1)
		for (unsigned i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
			fill(items, count, masks[i]);
			memcpy(before, items, sizeof(before));
			sort_by_key(items, count, sizeof(*items));
			assert_in_order(items, count);
			assert_same_items(items, before, count);
		}
}

static void bare_numbers_are_items(void **state)
{
	uint64_t numbers[100];

	for (unsigned i = 0; i < 100; i++)
		numbers[i] = (uint64_t)(99 - i) << 40;
	sort_by_key(numbers, 100, sizeof(*numbers));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(numbers[i], (uint64_t)i << 40);
	sort_by_key(NULL, 0, sizeof(*numbers));
}

static void it_needs_no_memory(void **state)
{
	static struct item items[200], before[200];

	random_state = 2;
	FOR_EACH_ALLOCATION({
		fill(items, 200, UINT64_MAX);
		memcpy(before, items, sizeof(before));
		sort_by_key(items, 200, sizeof(*items));
	});
	assert_in_order(items, 200);
	random_state = 2;
	fill(items, 200, UINT64_MAX);
	memcpy(before, items, sizeof(before));
	unit_fail_allocation(0);
	sort_by_key(items, 200, sizeof(*items));
	unit_fail_allocation(-1);
	assert_in_order(items, 200);
	assert_same_items(items, before, 200);
}

UNIT_TESTS(test_base_sort, cmocka_unit_test(items_come_by_key_and_equal_ones_as_they_stood),
	   cmocka_unit_test(bare_numbers_are_items), cmocka_unit_test(it_needs_no_memory), )
