/*
 * Reverse postorder: when a block's turn comes, all that leads to it has had its own, but for what comes back from
 * further on. Both analyses over blocks then need few rounds.
 */
#include "scan/code.h"

enum { ORDER_ENTERED = 1, ORDER_SECOND = 2, ORDER_DONE = 3 };

static bool order_enter(struct code_function *function, uint32_t block)
{
	if (block == CODE_NONE || function->blocks.items[block].visit != 0)
		return true;
	function->blocks.items[block].visit = ORDER_ENTERED;
	return VEC_PUSH(&function->arena, &function->stack, block);
}

/* Depth first from one block; blocks are appended when they are left. */
static bool order_from(struct code_function *function, uint32_t root)
{
	if (!order_enter(function, root))
		return false;
	while (function->stack.length > 0) {
		uint32_t number = function->stack.items[function->stack.length - 1];
		struct code_block *block = &function->blocks.items[number];

		if (block->visit == ORDER_ENTERED) {
			block->visit = ORDER_SECOND;
			if (!order_enter(function, block->target))
				return false;
		} else if (block->visit == ORDER_SECOND) {
			block->visit = ORDER_DONE;
			if (!order_enter(function, block->next))
				return false;
		} else {
			function->stack.length--;
			if (!VEC_PUSH(&function->arena, &function->order, number))
				return false;
		}
	}
	return true;
}

bool code_function_order(struct code_function *function)
{
	uint32_t *items;

	function->order.length = function->stack.length = 0;
	for (uint32_t i = (uint32_t)function->blocks.length; i-- > 0;)
		if (function->blocks.items[i].is_entry && i > 0 && !order_from(function, i))
			return false;
	if (function->blocks.length > 0 && !order_from(function, 0))
		return false;
	for (uint32_t i = 0; i < function->blocks.length; i++)
		if (function->blocks.items[i].visit == 0 && !order_from(function, i))
			return false;
	items = function->order.items;
	for (size_t i = 0, j = function->order.length; i + 1 < j; i++) {
		uint32_t swapped = items[i];

		items[i] = items[--j];
		items[j] = swapped;
	}
	for (uint32_t i = 0; i < function->order.length; i++)
		function->blocks.items[items[i]].rank = i;
	return true;
}
