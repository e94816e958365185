/*
 * The condition of each action, read back as a sentence of comparisons, is multiplied out: `a or b` is two clauses,
 * `a and b` each of a's with each of b's. Where that asks twice for one argument in a way that is not one test (3 <= x
 * and x <= 9), the ways through the diagram are taken instead, which are longer and always right.
 */
#include "export/clauses.h"

#include "base/error.h"
#include "export/cubes.h"
#include "prove/expression.h"

const char *clause_operator(enum clause_op op)
{
	static const char *const operators[] = {
		[CLAUSE_NOTHING] = "", [CLAUSE_EQ] = "==", [CLAUSE_NE] = "!=", [CLAUSE_LT] = "<",
		[CLAUSE_LE] = "<=",    [CLAUSE_GT] = ">",  [CLAUSE_GE] = ">=",
	};

	return operators[op];
}

struct product {
	struct arena *arena;
	bool failed;	/* no memory */
	bool is_beyond; /* it cannot be said in clauses, or not in few */
};

static void push(struct product *product, struct clauses *clauses, const struct clause *clause)
{
	product->is_beyond |= clauses->length >= CLAUSES_MAX;
	if (!product->is_beyond && !VEC_PUSH(product->arena, clauses, *clause))
		product->failed = true;
}

static void push_test(struct product *product, struct clauses *clauses, unsigned arg, enum clause_op op, uint64_t mask,
		      uint64_t value)
{
	struct clause clause = { 0 };

	clause.tests[arg] = (struct clause_test){ op, mask, value };
	push(product, clauses, &clause);
}

/* The argument's numbers from low to high. */
static void push_range(struct product *product, struct clauses *clauses, unsigned arg, uint64_t low, uint64_t high)
{
	if (low == high)
		push_test(product, clauses, arg, CLAUSE_EQ, UINT64_MAX, low);
	else if (high == UINT64_MAX)
		push_test(product, clauses, arg, CLAUSE_GE, UINT64_MAX, low);
	else if (low == 0)
		push_test(product, clauses, arg, CLAUSE_LE, UINT64_MAX, high);
	else
		product->is_beyond = true;
}

/* In none of the ranges, which are in order: what lies between them. */
static void push_gaps(struct product *product, struct clauses *clauses, const struct expression *test)
{
	uint64_t next = 0;

	if (test->range_count == 1 && test->ranges[0].low == test->ranges[0].high) {
		push_test(product, clauses, test->arg, CLAUSE_NE, UINT64_MAX, test->ranges[0].low);
		return;
	}
	for (size_t i = 0; i < test->range_count; i++) {
		if (test->ranges[i].low > next)
			push_range(product, clauses, test->arg, next, test->ranges[i].low - 1);
		if (test->ranges[i].high == UINT64_MAX)
			return;
		next = test->ranges[i].high + 1;
	}
	push_range(product, clauses, test->arg, next, UINT64_MAX);
}

/* The bits of the mask are the value, or one of them is not. */
static void push_masked(struct product *product, struct clauses *clauses, const struct expression *test)
{
	for (size_t i = 0; i < test->range_count; i++) {
		uint64_t value = test->ranges[i].low;

		if (value != test->ranges[i].high || (test->negated && test->range_count > 1)) {
			product->is_beyond = true;
			return;
		}
		if (!test->negated)
			push_test(product, clauses, test->arg, CLAUSE_EQ, test->mask, value);
		for (uint64_t bit = 1; bit && test->negated; bit <<= 1)
			if (test->mask & bit)
				push_test(product, clauses, test->arg, CLAUSE_EQ, bit, ~value & bit);
	}
}

static void push_comparison(struct product *product, struct clauses *clauses, const struct expression *test)
{
	if (test->arg >= EXPRESSION_ARGS || test->typed)
		product->is_beyond = true;
	else if (test->mask != UINT64_MAX)
		push_masked(product, clauses, test);
	else if (test->negated)
		push_gaps(product, clauses, test);
	else
		for (size_t i = 0; i < test->range_count; i++)
			push_range(product, clauses, test->arg, test->ranges[i].low, test->ranges[i].high);
}

/* Both tests of one argument as one; false when they cannot both hold. */
static bool join_tests(struct product *product, struct clause_test *test, const struct clause_test *other)
{
	if (test->op == CLAUSE_NOTHING || other->op == CLAUSE_NOTHING) {
		if (test->op == CLAUSE_NOTHING)
			*test = *other;
		return true;
	}
	if (test->op != CLAUSE_EQ || other->op != CLAUSE_EQ) {
		product->is_beyond = true;
		return false;
	}
	if ((test->value ^ other->value) & test->mask & other->mask)
		return false;
	test->mask |= other->mask;
	test->value |= other->value;
	return true;
}

static void multiply(struct product *product, const struct clauses *left, const struct clauses *right,
		     struct clauses *clauses)
{
	for (size_t i = 0; i < left->length; i++) {
		for (size_t k = 0; k < right->length && !product->failed && !product->is_beyond; k++) {
			struct clause clause = left->items[i];
			bool can_hold = true;

			for (unsigned arg = 0; arg < EXPRESSION_ARGS && can_hold; arg++)
				can_hold = join_tests(product, &clause.tests[arg], &right->items[k].tests[arg]);
			if (can_hold)
				push(product, clauses, &clause);
		}
	}
}

static void multiply_out(struct product *product, const struct expression *expression, struct clauses *clauses)
{
	static const struct clause always = { 0 };
	struct clauses left = { 0 }, right = { 0 };

	if (product->failed || product->is_beyond)
		return;
	switch (expression->kind) {
	case EXPRESSION_ALWAYS:
		push(product, clauses, &always);
		return;
	case EXPRESSION_NEVER:
		return;
	case EXPRESSION_CUT:
		product->is_beyond = true;
		return;
	case EXPRESSION_TEST:
		push_comparison(product, clauses, expression);
		return;
	case EXPRESSION_OR:
		multiply_out(product, expression->left, clauses);
		multiply_out(product, expression->right, clauses);
		return;
	case EXPRESSION_AND:
		multiply_out(product, expression->left, &left);
		multiply_out(product, expression->right, &right);
		multiply(product, &left, &right, clauses);
		return;
	}
}

static uint32_t is_value(uint32_t value, void *context)
{
	return value == *(const uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* The actions that a function ends in, each once; more than these are beyond what a person means. */
enum { ACTIONS_MAX = 16 };

struct actions {
	uint32_t values[ACTIONS_MAX + 1];
	size_t count;
	bool *seen; /* by node */
};

static void find_actions(const struct diagram *diagram, uint32_t number, uint32_t except, struct actions *actions)
{
	struct diagram_node node = diagram_node(diagram, number);

	if (actions->seen[number] || actions->count > ACTIONS_MAX)
		return;
	actions->seen[number] = true;
	if (node.variable != DIAGRAM_TERMINAL) {
		find_actions(diagram, node.low, except, actions);
		find_actions(diagram, node.high, except, actions);
	} else if (node.low != except) {
		actions->values[actions->count++] = node.low;
	}
}

/* The clauses of one action; beyond them, none. */
static int add_action(struct product *product, struct diagram *diagram, uint32_t function, uint32_t action,
		      struct clauses *clauses, struct callgate_error *err)
{
	struct expression_context context = expression_context(diagram, product->arena, NULL, NULL);
	uint32_t condition = diagram_map(diagram, is_value, &action, function);
	const struct expression *expression;
	size_t first = clauses->length;

	if (condition == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	expression = expression_of(&context, condition);
	if (!expression && context.status == CALLGATE_E_LIMIT)
		return diagram_fail(diagram, err);
	if (!expression)
		return fail_nomem(err);
	multiply_out(product, expression, clauses);
	for (size_t i = first; i < clauses->length; i++)
		clauses->items[i].action = action;
	return product->failed ? fail_nomem(err) : CALLGATE_OK;
}

static unsigned count_tests(const struct clause *clause)
{
	unsigned count = 0;

	for (unsigned arg = 0; arg < EXPRESSION_ARGS; arg++)
		count += clause->tests[arg].op != CLAUSE_NOTHING;
	return count;
}

/* Clauses of several arguments first: who merges the rules of a call may lose those behind shorter ones. */
static void sort_clauses(struct clauses *clauses)
{
	for (size_t i = 1; i < clauses->length; i++) {
		struct clause clause = clauses->items[i];
		size_t k = i;

		for (; k && count_tests(&clause) > count_tests(&clauses->items[k - 1]); k--)
			clauses->items[k] = clauses->items[k - 1];
		clauses->items[k] = clause;
	}
}

/* The sentences of all actions, multiplied out; beyond them when there are too many. */
static int multiply_actions(struct product *product, struct diagram *diagram, uint32_t function, uint32_t except,
			    struct clauses *clauses, struct callgate_error *err)
{
	struct actions actions = { .seen = arena_array(product->arena, diagram_size(diagram), sizeof(*actions.seen)) };
	int status = CALLGATE_OK;

	if (!actions.seen)
		return fail_nomem(err);
	find_actions(diagram, function, except, &actions);
	product->is_beyond = actions.count > ACTIONS_MAX;
	for (size_t i = 0; !status && !product->is_beyond && i < actions.count; i++)
		status = add_action(product, diagram, function, actions.values[i], clauses, err);
	return status;
}

int clauses_of(struct diagram *diagram, uint32_t function, bool big_endian, uint32_t except, struct arena *arena,
	       struct clauses *ret_clauses, struct callgate_error *err)
{
	struct product product = { .arena = arena };
	struct clauses cubes = { 0 }, clauses = { 0 };
	struct callgate_error cubes_err;
	int status, cubes_status;

	diagram_renew_steps(diagram);
	if (big_endian)
		function = diagram_swap_halves(diagram, function);
	if (function == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	cubes_status = cubes_of(diagram, function, except, arena, &cubes, &cubes_err);
	if (cubes_status && cubes_status != CALLGATE_E_LIMIT) {
		if (err)
			*err = cubes_err;
		return cubes_status;
	}
	status = multiply_actions(&product, diagram, function, except, &clauses, err);
	if (status)
		return status;
	if (cubes_status && product.is_beyond) {
		if (err)
			*err = cubes_err;
		return cubes_status;
	}
	if (product.is_beyond || (!cubes_status && clauses.length >= cubes.length))
		clauses = cubes;
	*ret_clauses = clauses;
	sort_clauses(ret_clauses);
	return CALLGATE_OK;
}
