/*
 * A function of arguments as a list of cases. The value that most inputs have comes last and needs no condition: in
 * the table of an allow list that is the refusal, in that of a deny list the permission, as its author wrote it.
 */
#include "prove/describe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "prove/expression.h"

#include <string.h>

enum { CASES_MAX = 64 };

/* The values of a function, and how much of all inputs each has. */
struct values {
	uint32_t items[CASES_MAX];
	double shares[CASES_MAX];
	size_t count;
	bool too_many;
};

static uint32_t collect_value(uint32_t value, void *context)
{
	struct values *values = context;

	for (size_t i = 0; i < values->count; i++)
		if (values->items[i] == value)
			return value;
	if (values->count == CASES_MAX)
		values->too_many = true;
	else
		values->items[values->count++] = value;
	return value;
}

/* How often a condition holds, from 0 to 1. Operands have smaller numbers, so one pass upwards meets them first. */
static bool share_of(const struct diagram *diagram, uint32_t condition, double *ret_share)
{
	cleanup_free double *shares = calloc((size_t)condition + 1, sizeof(*shares));

	if (!shares)
		return false;
	for (size_t i = 0; i <= condition; i++) {
		struct diagram_node node = diagram_node(diagram, (uint32_t)i);

		if (node.variable == DIAGRAM_TERMINAL)
			shares[i] = i == DIAGRAM_TRUE ? 1 : 0;
		else
			shares[i] = (shares[node.low] + shares[node.high]) / 2;
	}
	*ret_share = shares[condition];
	return true;
}

static uint32_t is_value(uint32_t value, void *context)
{
	return value == *(uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

int describe_condition(struct diagram *diagram, uint32_t where, const struct abi_arch *arch,
		       const struct abi_syscall *syscall, struct arena *arena, const char **ret_text,
		       struct callgate_error *err)
{
	struct expression_context context = expression_context(diagram, arena, arch, syscall);
	cleanup(buf_fini) struct buf text = { 0 };
	const struct expression *expression;
	uint32_t swapped;
	char *copy;

	diagram_renew_steps(diagram);
	swapped = arch && arch->big_endian ? diagram_swap_halves(diagram, where) : where;
	if (swapped == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	expression = expression_of(&context, swapped);
	if (!expression && context.status == CALLGATE_E_LIMIT)
		return diagram_fail(diagram, err);
	if (!expression)
		return fail_nomem(err);
	expression_write(&context, expression, &text);
	copy = text.failed ? NULL : arena_strdup(arena, buf_text(&text));
	if (!copy)
		return fail_nomem(err);
	*ret_text = text.length ? copy : NULL;
	return CALLGATE_OK;
}

/* Smaller values first, but the most common last. */
static void order_values(struct values *values)
{
	size_t common = 0;
	uint32_t last;

	for (size_t i = 1; i < values->count; i++)
		for (size_t j = i; j > 0 && values->items[j] < values->items[j - 1]; j--) {
			uint32_t value = values->items[j];
			double share = values->shares[j];

			values->items[j] = values->items[j - 1];
			values->shares[j] = values->shares[j - 1];
			values->items[j - 1] = value;
			values->shares[j - 1] = share;
		}
	for (size_t i = 1; i < values->count; i++)
		if (values->shares[i] > values->shares[common])
			common = i;
	last = values->items[common];
	memmove(&values->items[common], &values->items[common + 1],
		(values->count - common - 1) * sizeof(*values->items));
	values->items[values->count - 1] = last;
}

static int measure(struct diagram *diagram, uint32_t root, struct values *values, struct callgate_error *err)
{
	for (size_t i = 0; i < values->count && values->count > 1; i++) {
		uint32_t where = diagram_map(diagram, is_value, &values->items[i], root);

		if (where == DIAGRAM_NONE)
			return diagram_fail(diagram, err);
		if (!share_of(diagram, where, &values->shares[i]))
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

int describe_function(struct diagram *diagram, uint32_t root, const struct abi_arch *arch,
		      const struct abi_syscall *syscall, struct arena *arena, struct describe_cases *ret_cases,
		      struct callgate_error *err)
{
	struct describe_cases cases = { 0 };
	struct values values = { .count = 0 };
	int status;

	if (diagram_map(diagram, collect_value, &values, root) == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	if (values.too_many)
		return fail(err, CALLGATE_E_LIMIT, "more than %d different actions for one call", CASES_MAX);
	status = measure(diagram, root, &values, err);
	if (status != CALLGATE_OK)
		return status;
	order_values(&values);
	for (size_t i = 0; i < values.count; i++) {
		struct describe_case one = { .value = values.items[i] };

		one.where = diagram_map(diagram, is_value, &values.items[i], root);
		if (one.where == DIAGRAM_NONE)
			return diagram_fail(diagram, err);
		if (i + 1 < values.count)
			status = describe_condition(diagram, one.where, arch, syscall, arena, &one.condition, err);
		if (status != CALLGATE_OK)
			return status;
		if (!VEC_PUSH(arena, &cases, one))
			return fail_nomem(err);
	}
	*ret_cases = cases;
	return CALLGATE_OK;
}
