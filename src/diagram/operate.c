/*
 * Operations on whole functions: the textbook recursion over both operands' first variable, with what was done already
 * remembered. The memory of results is lossy (a place is taken by the latest result that hashes to it), which bounds it
 * without bookkeeping; a budget of steps bounds the time that forgetting can cost.
 */
#include "diagram/diagram.h"

#include <callgate/action.h>

#include <stdlib.h>
#include <string.h>

enum {
	WORD_BITS = 32,
	MEMO_BITS_FIRST = 8,
	MEMO_BITS_LAST = 20,
	STEPS_PER_NODE = 16, /* steps that the budget grants for each node that it grants */
};

/* Operations that mean the same in every call; one-off ones are numbered from OPERATION_FIRST. */
enum { OPERATION_IF = 1, OPERATION_STACK, OPERATION_FIRST };

/* One remembered operation: `operation` on a, b and c gave result. */
struct diagram_memo {
	uint32_t operation; /* 0: nothing is remembered here */
	uint32_t a, b, c;
	uint32_t result;
};

/* What one recursion carries along. */
struct operation {
	struct diagram *diagram;
	uint32_t number;
	diagram_combine *combine;
	uint32_t (*map)(uint32_t value, void *context);
	void *context;
	unsigned first_variable; /* restrict: those of the word that is known; map_from: where it takes over */
	uint32_t value;
};

static size_t memo_place(const struct diagram_memo *memo, unsigned bits)
{
	uint64_t key = ((uint64_t)memo->a << 32 | memo->b) * 0x9e3779b97f4a7c15u;

	key = (key ^ key >> 29 ^ (uint64_t)memo->c << 17 ^ memo->operation) * 0xd6e8feb86659fd93u;
	return (size_t)(key >> (64 - bits));
}

static bool memo_grow(struct diagram *diagram)
{
	unsigned bits = diagram->memos ? diagram->memo_bits + 1 : MEMO_BITS_FIRST;
	struct diagram_memo *memos = calloc((size_t)1 << bits, sizeof(*memos));

	if (!memos) {
		diagram->status = CALLGATE_E_NOMEM;
		return false;
	}
	for (size_t i = 0; diagram->memos && i < (size_t)1 << diagram->memo_bits; i++)
		if (diagram->memos[i].operation)
			memos[memo_place(&diagram->memos[i], bits)] = diagram->memos[i];
	free(diagram->memos);
	diagram->memos = memos;
	diagram->memo_bits = bits;
	diagram->memos_kept = 0;
	return true;
}

/* Whether the result is remembered; if not, *key says what to remember. */
static bool memo_find(struct diagram *diagram, struct diagram_memo *key)
{
	const struct diagram_memo *memo;

	if (!diagram->memos)
		return false;
	memo = &diagram->memos[memo_place(key, diagram->memo_bits)];
	if (memo->operation != key->operation || memo->a != key->a || memo->b != key->b || memo->c != key->c)
		return false;
	key->result = memo->result;
	return true;
}

static uint32_t memo_keep(struct diagram *diagram, struct diagram_memo *key, uint32_t result)
{
	bool small = !diagram->memos ||
		     (diagram->memo_bits < MEMO_BITS_LAST && diagram->memos_kept > (size_t)1 << diagram->memo_bits);

	if (result == DIAGRAM_NONE || (small && !memo_grow(diagram)))
		return DIAGRAM_NONE;
	diagram->memos_kept++;
	key->result = result;
	diagram->memos[memo_place(key, diagram->memo_bits)] = *key;
	return result;
}

static bool step_granted(struct diagram *diagram)
{
	if (++diagram->steps <= diagram->nodes_max * STEPS_PER_NODE)
		return true;
	diagram->status = CALLGATE_E_LIMIT;
	return false;
}

static uint32_t operation_number(struct diagram *diagram)
{
	if (++diagram->last_operation == UINT32_MAX - OPERATION_FIRST) {
		/* All numbers were given: what is remembered under them must go. */
		if (diagram->memos)
			memset(diagram->memos, 0, sizeof(*diagram->memos) << diagram->memo_bits);
		diagram->last_operation = 0;
	}
	return OPERATION_FIRST + diagram->last_operation;
}

/* The function that remains of node when variable is known to be 0 (or 1). */
static uint32_t cofactor(const struct diagram *diagram, uint32_t node, unsigned variable, bool high)
{
	const struct diagram_node *at = &diagram->nodes[node];

	if (at->variable != variable)
		return node;
	return high ? at->high : at->low;
}

static unsigned first_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static uint32_t if_recurse(struct diagram *diagram, uint32_t condition, uint32_t yes, uint32_t no)
{
	struct diagram_memo key = { OPERATION_IF, condition, yes, no, 0 };
	unsigned variable;
	uint32_t low, high;

	if (condition == DIAGRAM_TRUE || yes == no)
		return yes;
	if (condition == DIAGRAM_FALSE)
		return no;
	if (yes == DIAGRAM_TRUE && no == DIAGRAM_FALSE)
		return condition;
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	variable = first_of(diagram->nodes[condition].variable,
			    first_of(diagram->nodes[yes].variable, diagram->nodes[no].variable));
	low = if_recurse(diagram, cofactor(diagram, condition, variable, false),
			 cofactor(diagram, yes, variable, false), cofactor(diagram, no, variable, false));
	if (low == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	high = if_recurse(diagram, cofactor(diagram, condition, variable, true), cofactor(diagram, yes, variable, true),
			  cofactor(diagram, no, variable, true));
	return memo_keep(diagram, &key, diagram_make(diagram, variable, low, high));
}

uint32_t diagram_if(struct diagram *diagram, uint32_t condition, uint32_t yes, uint32_t no)
{
	if (condition == DIAGRAM_NONE || yes == DIAGRAM_NONE || no == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	return if_recurse(diagram, condition, yes, no);
}

uint32_t diagram_not(struct diagram *diagram, uint32_t condition)
{
	return diagram_if(diagram, condition, DIAGRAM_FALSE, DIAGRAM_TRUE);
}

uint32_t diagram_and(struct diagram *diagram, uint32_t a, uint32_t b)
{
	if (a == b || a == DIAGRAM_TRUE)
		return b;
	if (a > b && b > DIAGRAM_TRUE)
		return diagram_if(diagram, b, a, DIAGRAM_FALSE);
	return diagram_if(diagram, a, b, DIAGRAM_FALSE);
}

uint32_t diagram_or(struct diagram *diagram, uint32_t a, uint32_t b)
{
	if (a == b || a == DIAGRAM_FALSE)
		return b;
	if (a > b && b > DIAGRAM_TRUE)
		return diagram_if(diagram, b, DIAGRAM_TRUE, a);
	return diagram_if(diagram, a, DIAGRAM_TRUE, b);
}

static uint32_t apply_recurse(struct operation *operation, uint32_t a, uint32_t b)
{
	struct diagram *diagram = operation->diagram;
	struct diagram_memo key = { operation->number, a, b, 0, 0 };
	unsigned variable = first_of(diagram->nodes[a].variable, diagram->nodes[b].variable);
	uint32_t low, high;

	if (variable == DIAGRAM_TERMINAL)
		return diagram_terminal(diagram, operation->combine(diagram->nodes[a].low, diagram->nodes[b].low,
								    operation->context));
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	low = apply_recurse(operation, cofactor(diagram, a, variable, false), cofactor(diagram, b, variable, false));
	if (low == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	high = apply_recurse(operation, cofactor(diagram, a, variable, true), cofactor(diagram, b, variable, true));
	return memo_keep(diagram, &key, diagram_make(diagram, variable, low, high));
}

uint32_t diagram_apply(struct diagram *diagram, diagram_combine *combine, void *context, uint32_t a, uint32_t b)
{
	struct operation operation = { .diagram = diagram, .combine = combine, .context = context };

	if (a == DIAGRAM_NONE || b == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	operation.number = operation_number(diagram);
	return apply_recurse(&operation, a, b);
}

static uint32_t stack_actions(uint32_t older, uint32_t newer, void *context)
{
	return callgate_action_overrides((struct callgate_action){ older }, (struct callgate_action){ newer }) ? older
													       : newer;
}

uint32_t diagram_stack(struct diagram *diagram, uint32_t older, uint32_t newer)
{
	struct operation operation = { .diagram = diagram, .number = OPERATION_STACK, .combine = stack_actions };

	if (older == DIAGRAM_NONE || newer == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	return apply_recurse(&operation, older, newer);
}

static uint32_t map_recurse(struct operation *operation, uint32_t node)
{
	struct diagram *diagram = operation->diagram;
	struct diagram_memo key = { operation->number, node, 0, 0, 0 };
	struct diagram_node at = diagram->nodes[node];
	uint32_t low, high;

	if (at.variable == DIAGRAM_TERMINAL)
		return diagram_terminal(diagram, operation->map(at.low, operation->context));
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	low = map_recurse(operation, at.low);
	high = low == DIAGRAM_NONE ? low : map_recurse(operation, at.high);
	return memo_keep(diagram, &key, diagram_make(diagram, at.variable, low, high));
}

uint32_t diagram_map(struct diagram *diagram, uint32_t (*map)(uint32_t value, void *context), void *context,
		     uint32_t root)
{
	struct operation operation = { .diagram = diagram, .map = map, .context = context };

	if (root == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	operation.number = operation_number(diagram);
	return map_recurse(&operation, root);
}

static uint32_t restrict_recurse(struct operation *operation, uint32_t node)
{
	struct diagram *diagram = operation->diagram;
	struct diagram_memo key = { operation->number, node, 0, 0, 0 };
	struct diagram_node at = diagram->nodes[node];
	uint32_t low, high;

	while (at.variable >= operation->first_variable && at.variable < operation->first_variable + WORD_BITS) {
		unsigned bit = operation->first_variable + WORD_BITS - 1 - at.variable;

		node = operation->value >> bit & 1 ? at.high : at.low;
		at = diagram->nodes[node];
	}
	if (at.variable >= operation->first_variable)
		return node;
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	low = restrict_recurse(operation, at.low);
	high = low == DIAGRAM_NONE ? low : restrict_recurse(operation, at.high);
	return memo_keep(diagram, &key, diagram_make(diagram, at.variable, low, high));
}

uint32_t diagram_restrict(struct diagram *diagram, uint32_t root, enum diagram_word word, uint32_t value)
{
	struct operation operation = { .diagram = diagram, .first_variable = word * WORD_BITS, .value = value };

	if (root == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	operation.number = operation_number(diagram);
	return restrict_recurse(&operation, root);
}

static uint32_t map_from_recurse(struct operation *operation, uint32_t node)
{
	struct diagram *diagram = operation->diagram;
	struct diagram_memo key = { operation->number, node, 0, 0, 0 };
	struct diagram_node at = diagram->nodes[node];
	uint32_t low, high;

	if (at.variable >= operation->first_variable)
		return operation->map(node, operation->context);
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	low = map_from_recurse(operation, at.low);
	high = low == DIAGRAM_NONE ? low : map_from_recurse(operation, at.high);
	return memo_keep(diagram, &key, diagram_make(diagram, at.variable, low, high));
}

uint32_t diagram_map_from(struct diagram *diagram, enum diagram_word word,
			  uint32_t (*map)(uint32_t node, void *context), void *context, uint32_t root)
{
	struct operation operation = { .diagram = diagram, .map = map, .context = context };

	if (root == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	operation.first_variable = word * WORD_BITS;
	operation.number = operation_number(diagram);
	return map_from_recurse(&operation, root);
}

static uint32_t swap_recurse(struct operation *operation, uint32_t node)
{
	struct diagram *diagram = operation->diagram;
	struct diagram_memo key = { operation->number, node, 0, 0, 0 };
	struct diagram_node at = diagram->nodes[node];
	unsigned variable = at.variable < operation->first_variable ? at.variable : at.variable ^ WORD_BITS;
	uint32_t test, low, high;

	if (at.variable == DIAGRAM_TERMINAL)
		return node;
	if (memo_find(diagram, &key))
		return key.result;
	if (!step_granted(diagram))
		return DIAGRAM_NONE;
	low = swap_recurse(operation, at.low);
	high = low == DIAGRAM_NONE ? low : swap_recurse(operation, at.high);
	test = diagram_make(diagram, variable, DIAGRAM_FALSE, DIAGRAM_TRUE);
	return memo_keep(diagram, &key, diagram_if(diagram, test, high, low));
}

uint32_t diagram_swap_halves(struct diagram *diagram, uint32_t root)
{
	struct operation operation = { .diagram = diagram, .first_variable = DIAGRAM_IP_20 * WORD_BITS };

	if (root == DIAGRAM_NONE)
		return DIAGRAM_NONE;
	operation.number = operation_number(diagram);
	return swap_recurse(&operation, root);
}
