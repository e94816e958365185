/*
 * Covers by the method of Minato and Morreale: split by the first variable; what must be covered only where it is 0
 * gets cubes that say so, likewise for 1, and what is left is covered by cubes that do not test it. The bounds "must"
 * (lower) and "may" (upper) let each part use what the others cover already.
 */
#include "prove/cover.h"

struct cover {
	struct diagram *diagram;
	struct field field;
	size_t limit;
	struct arena *arena;
	struct cubes cubes;
	int status;
};

static uint64_t field_bit(struct field field, unsigned variable)
{
	return UINT64_C(1) << (field.bits - 1 - (variable - field.first));
}

/* Small: a condition has as many nodes as its text has parts. Shared nodes are walked again, at most `budget` times. */
static void add_support(const struct diagram *diagram, uint32_t node, struct field field, uint64_t *support,
			unsigned *budget)
{
	struct diagram_node at = diagram_node(diagram, node);

	if (at.variable == DIAGRAM_TERMINAL || !*budget)
		return;
	--*budget;
	*support |= field_bit(field, at.variable);
	add_support(diagram, at.low, field, support, budget);
	add_support(diagram, at.high, field, support, budget);
}

uint64_t cover_support(const struct diagram *diagram, uint32_t condition, struct field field)
{
	enum { WALKS_MAX = 4096 };
	unsigned budget = WALKS_MAX;
	uint64_t support = 0;

	add_support(diagram, condition, field, &support, &budget);
	return budget ? support : field_max(field);
}

struct cube cover_fixed_bits(struct diagram *diagram, uint32_t condition, struct field field, uint64_t support)
{
	struct cube cube = { 0 };

	for (uint64_t left = support; left; left &= left - 1) {
		uint64_t bit = left & -left;
		unsigned variable = field.first + field.bits - 1 - (unsigned)__builtin_ctzll(bit);
		uint32_t is_set = diagram_make(diagram, variable, DIAGRAM_FALSE, DIAGRAM_TRUE);

		if (diagram_and(diagram, condition, is_set) == DIAGRAM_FALSE)
			cube.mask |= bit;
		else if (diagram_if(diagram, is_set, DIAGRAM_FALSE, condition) == DIAGRAM_FALSE)
			cube = (struct cube){ cube.mask | bit, cube.value | bit };
	}
	return cube;
}

uint32_t cover_cube(struct diagram *diagram, struct field field, struct cube cube)
{
	uint32_t node = DIAGRAM_TRUE;

	for (unsigned bit = 0; bit < field.bits; bit++) {
		unsigned variable = field.first + field.bits - 1 - bit;

		if (cube.mask >> bit & 1)
			node = cube.value >> bit & 1 ? diagram_make(diagram, variable, DIAGRAM_FALSE, node)
						     : diagram_make(diagram, variable, node, DIAGRAM_FALSE);
	}
	return node;
}

static uint32_t side(const struct diagram *diagram, uint32_t node, unsigned variable, bool high)
{
	struct diagram_node at = diagram_node(diagram, node);

	if (at.variable != variable)
		return node;
	return high ? at.high : at.low;
}

static uint32_t without(struct diagram *diagram, uint32_t a, uint32_t b)
{
	return diagram_if(diagram, b, DIAGRAM_FALSE, a);
}

static uint32_t cover_add(struct cover *cover, struct cube cube)
{
	if (cover->cubes.length == cover->limit)
		cover->status = CALLGATE_E_LIMIT;
	else if (!VEC_PUSH(cover->arena, &cover->cubes, cube))
		cover->status = CALLGATE_E_NOMEM;
	return DIAGRAM_TRUE;
}

/* Adds cubes, all within `prefix`, that cover `must` and nothing outside `may`; gives the function that they are. */
static uint32_t cover_recurse(struct cover *cover, uint32_t must, uint32_t may, struct cube prefix)
{
	struct diagram *diagram = cover->diagram;
	uint32_t must_low, must_high, may_low, may_high, low, high, rest;
	struct cube one = prefix, zero = prefix;
	unsigned variable, other;

	if (must == DIAGRAM_NONE || may == DIAGRAM_NONE)
		cover->status = diagram_status(diagram);
	if (cover->status != CALLGATE_OK || must == DIAGRAM_FALSE)
		return DIAGRAM_FALSE;
	if (may == DIAGRAM_TRUE)
		return cover_add(cover, prefix);
	variable = diagram_node(diagram, must).variable;
	other = diagram_node(diagram, may).variable;
	variable = other < variable ? other : variable;
	one.mask = zero.mask |= field_bit(cover->field, variable);
	one.value |= field_bit(cover->field, variable);
	must_low = side(diagram, must, variable, false);
	must_high = side(diagram, must, variable, true);
	may_low = side(diagram, may, variable, false);
	may_high = side(diagram, may, variable, true);
	low = cover_recurse(cover, without(diagram, must_low, may_high), may_low, zero);
	high = cover_recurse(cover, without(diagram, must_high, may_low), may_high, one);
	rest = diagram_or(diagram, without(diagram, must_low, low), without(diagram, must_high, high));
	rest = cover_recurse(cover, rest, diagram_and(diagram, may_low, may_high), prefix);
	return diagram_make(diagram, variable, diagram_or(diagram, low, rest), diagram_or(diagram, high, rest));
}

int cover_cubes(struct diagram *diagram, uint32_t condition, struct field field, size_t limit, struct arena *arena,
		struct cubes *ret_cubes)
{
	struct cover cover = { .diagram = diagram, .field = field, .limit = limit, .arena = arena };

	cover_recurse(&cover, condition, condition, (struct cube){ 0 });
	if (cover.status == CALLGATE_OK)
		*ret_cubes = cover.cubes;
	return cover.status;
}
