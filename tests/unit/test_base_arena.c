#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	struct arena arena = { 0 };

	for (size_t size = 0; size < 20000; size = size * 3 + 1) {
		char *memory = arena_alloc(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
	}
	arena_fini(&arena);
}

static void a_product_that_overflows_is_refused(void **state)
{
	struct arena arena = { 0 };

	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	arena_fini(&arena);
}

static void a_vector_keeps_its_items_as_it_grows(void **state)
{
	struct arena arena = { 0 };
	struct {
		VEC(int);
	} numbers = { 0 };

	for (int i = 0; i < 1000; i++)
		assert_true(VEC_PUSH(&arena, &numbers, i));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers.items[i], i);
	arena_fini(&arena);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct arena arena = { 0 };
		struct buf buf = { 0 };

		for (int i = 0; i < 100; i++) {
			arena_printf(&arena, "%d", i);
			buf_printf(&buf, "%d ", i);
		}
		if (!unit_allocation_failed())
			assert_int_equal(buf.length, 290);
		arena_fini(&arena);
		buf_fini(&buf);
	});
}

UNIT_TESTS(test_base_arena, cmocka_unit_test(memory_is_zeroed_and_aligned),
	   cmocka_unit_test(a_product_that_overflows_is_refused),
	   cmocka_unit_test(a_vector_keeps_its_items_as_it_grows), cmocka_unit_test(every_allocation_may_fail), )
