/*
 * The rules of one call are a union, of which the manual gives no order: where rules with different actions match, we
 * take the strictest, in the kernel's own precedence, and of several that are equally strict the one that was added
 * first.
 */
#include "rule.h"

#include <errno.h>
#include <stdlib.h>

static int compare_numbers(int a, int b)
{
	return ((uint32_t)a > (uint32_t)b) - ((uint32_t)a < (uint32_t)b);
}

static int precedence(const struct rule *rule)
{
	return (int)(rule->action & SECCOMP_RET_ACTION_FULL);
}

static int rule_compare(const void *a, const void *b)
{
	const struct rule *left = *(const struct rule *const *)a, *right = *(const struct rule *const *)b;
	int by_number = compare_numbers(left->number, right->number);
	bool left_all, right_all;

	if (by_number)
		return by_number;
	left_all = rule_is_unconditional(left);
	right_all = rule_is_unconditional(right);
	if (left_all != right_all)
		return left_all ? -1 : 1;
	if (!left_all && precedence(left) != precedence(right))
		return precedence(left) < precedence(right) ? -1 : 1;
	return (left > right) - (left < right);
}

/* Drops what stands behind a rule without comparisons. */
static void drop_hidden(struct rule_order *order)
{
	size_t kept = 0;

	for (size_t i = 0; i < order->length; i++) {
		const struct rule *last = kept ? order->items[kept - 1] : NULL;

		if (last && last->number == order->items[i]->number && rule_is_unconditional(last))
			continue;
		order->items[kept++] = order->items[i];
	}
	order->length = kept;
}

int rule_order(const struct filter *filter, struct arena *arena, struct rule_order *ret_order)
{
	struct rule_order order = { .items = arena_array(arena, filter->count, sizeof(*order.items)) };

	if (!order.items)
		return -ENOMEM;
	for (size_t i = 0; i < filter->count; i++)
		order.items[order.length++] = &filter->rules[i];
	if (order.length)
		qsort(order.items, order.length, sizeof(*order.items), rule_compare);
	drop_hidden(&order);
	*ret_order = order;
	return 0;
}
