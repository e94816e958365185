/*
 * What always works: every way through a diagram fixes some bits of some arguments and ends in an action. Depth first,
 * as deep as there are bits that are tested, which are at most 384. Ways that end in the action that is left out cost
 * time and no room, so that they are counted as well.
 */
#include "export/cubes.h"

#include "base/error.h"

/* Nodes visited for one call. */
#define STEPS_MAX (1u << 16)

struct walk {
	const struct diagram *diagram;
	uint32_t except;
	struct arena *arena;
	struct clauses *clauses;
	struct clause clause; /* of the way so far */
	size_t steps;
	struct callgate_error *err;
};

static int end(struct walk *walk, uint32_t action)
{
	struct clause clause = walk->clause;

	if (action == walk->except)
		return CALLGATE_OK;
	clause.action = action;
	for (unsigned arg = 0; arg < 6; arg++)
		clause.tests[arg].op = clause.tests[arg].mask ? CLAUSE_EQ : CLAUSE_NOTHING;
	return VEC_PUSH(walk->arena, walk->clauses, clause) ? CALLGATE_OK : fail_nomem(walk->err);
}

static int visit(struct walk *walk, uint32_t number)
{
	struct diagram_node node = diagram_node(walk->diagram, number);
	enum diagram_word word = (enum diagram_word)(node.variable / 32);
	struct clause_test *test;
	uint64_t bit;
	int status;

	if (++walk->steps > STEPS_MAX || walk->clauses->length > CLAUSES_MAX)
		return fail(walk->err, CALLGATE_E_LIMIT, "its conditions would take more than %d rules", CLAUSES_MAX);
	if (node.variable == DIAGRAM_TERMINAL)
		return end(walk, node.low);
	if (word < DIAGRAM_ARG0)
		return fail(walk->err, CALLGATE_E_UNSUPPORTED, "it looks at the instruction pointer");
	test = &walk->clause.tests[(word - DIAGRAM_ARG0) / 2];
	bit = UINT64_C(1) << (31 - node.variable % 32);
	if (diagram_arg_word((word - DIAGRAM_ARG0) / 2, true, false) == word)
		bit <<= 32;
	test->mask |= bit;
	status = visit(walk, node.low);
	test->value |= bit;
	if (!status)
		status = visit(walk, node.high);
	test->mask &= ~bit;
	test->value &= ~bit;
	return status;
}

int cubes_of(const struct diagram *diagram, uint32_t function, uint32_t except, struct arena *arena,
	     struct clauses *ret_clauses, struct callgate_error *err)
{
	struct clauses clauses = { 0 };
	struct walk walk = { .diagram = diagram, .except = except, .arena = arena, .clauses = &clauses, .err = err };
	int status = visit(&walk, function);

	if (!status)
		*ret_clauses = clauses;
	return status;
}
