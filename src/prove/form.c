/*
 * One argument's condition in every form that the language has: one value, a set, signed ranges, a mask, some fixed
 * bits and a rest, several masks, and the opposite of each. The cheapest is taken; costs are set so that what an author
 * would write wins over what is merely short.
 */
#include "prove/form.h"

#include "base/error.h"
#include "prove/cover.h"

#include <string.h>

enum {
	WORD_BITS = 32,
	ARG_BITS = 64,
	VALUES_MAX = 48, /* values or ranges in one set */
	CUBES_MAX = 16,	 /* masked comparisons of one argument */
	MASK_BITS_READ = 12,
	FORMS = 6,
};

/* How one argument is read: by name with its own width, or raw. */
struct view {
	unsigned arg;
	bool typed, is_flags, is_signed;
	struct field field;
	uint64_t support;
};

struct field form_field(unsigned arg)
{
	unsigned word = arg == EXPRESSION_IP ? (unsigned)DIAGRAM_IP_20 : DIAGRAM_ARG0 + 2 * arg;

	return (struct field){ word * WORD_BITS, ARG_BITS };
}

/* A pointer's name can be compared with NULL only. */
static bool is_null_test(struct expression_context *context, uint32_t condition, struct field field)
{
	uint32_t null = cover_cube(context->diagram, field, (struct cube){ .mask = field_max(field) });

	return condition == null || condition == diagram_not(context->diagram, null);
}

/* prctl's second argument is called arg2, which the language takes for the third word. */
static bool is_raw_name(const char *name)
{
	return strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] < '0' + EXPRESSION_ARGS && !name[4];
}

static struct view view_of(struct expression_context *context, uint32_t condition, unsigned arg)
{
	struct view view = { .arg = arg, .field = form_field(arg) };
	const struct abi_arg *type = arg < context->arg_count ? &context->args[arg] : NULL;
	struct field field;

	view.support = cover_support(context->diagram, condition, view.field);
	if (!type)
		return view;
	view.is_flags = type->kind == ABI_ARG_FLAGS;
	field = (struct field){ view.field.first + ARG_BITS - type->bits, type->bits };
	if (view.support & ~field_max(field) || is_raw_name(type->name))
		return view;
	if (type->kind == ABI_ARG_POINTER && !is_null_test(context, condition, field))
		return view;
	view.field = field;
	view.typed = true;
	view.is_signed = type->is_signed;
	return view;
}

/* Nobody writes a mask of many bits, but for the low word or for "none but these". */
static unsigned mask_cost(const struct view *view, uint64_t mask)
{
	if (mask == field_max(view->field))
		return 0;
	if (__builtin_popcountll(mask) > MASK_BITS_READ && mask != UINT32_MAX)
		return 3 * FORM_COST_VALUE;
	return view->is_flags ? 0 : FORM_COST_VALUE;
}

static const struct expression *new_test(struct expression_context *context, const struct view *view, bool negated,
					 uint64_t mask, const struct expression_range *ranges, size_t count)
{
	struct expression test = {
		.kind = EXPRESSION_TEST,
		.arg = view->arg,
		.typed = view->typed,
		.negated = negated,
		.mask = mask,
		.ranges = ranges,
		.range_count = count,
		.cost = (unsigned)count * FORM_COST_VALUE,
	};

	/* Of two forms with as many values, the one without a mask, a "not" or a ".." reads better. */
	test.cost += mask_cost(view, mask);
	if (negated && count > 1)
		test.cost += FORM_COST_VALUE;
	for (size_t i = 0; i < count; i++)
		test.cost += ranges[i].low != ranges[i].high;
	return expression_new(context, test);
}

static const struct expression *test_cube(struct expression_context *context, const struct view *view, bool negated,
					  struct cube cube)
{
	struct expression_range *range = arena_alloc(context->arena, sizeof(*range));

	if (!range)
		return expression_no_memory(context);
	range->low = range->high = cube.value;
	return new_test(context, view, negated, cube.mask, range, 1);
}

/* Forms of "condition", or of "not: condition" when negated: NULL with the status still OK where the form cannot say
 * it. */
typedef const struct expression *form(struct expression_context *context, const struct view *view, uint32_t condition,
				      bool negated);

static const struct expression *form_cube(struct expression_context *context, const struct view *view,
					  uint32_t condition, bool negated)
{
	struct cube cube = cover_fixed_bits(context->diagram, condition, view->field, view->support);

	if (cover_cube(context->diagram, view->field, cube) != condition)
		return NULL;
	return test_cube(context, view, negated, cube);
}

/* Signed numbers begin in the middle of the bit patterns: the upper half comes first, -1 and 0 are neighbours. */
static size_t order_signed(struct expression_range *to, const struct expression_range *from, size_t count,
			   struct field field)
{
	uint64_t sign = UINT64_C(1) << (field.bits - 1);
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (from[i].high >= sign)
			to[used++] = (struct expression_range){ from[i].low < sign ? sign : from[i].low, from[i].high };
	for (size_t i = 0; i < count; i++) {
		struct expression_range range = { from[i].low, from[i].high < sign ? from[i].high : sign - 1 };

		if (from[i].low >= sign)
			break;
		if (range.low == 0 && used && to[used - 1].high == field_max(field))
			to[used - 1].high = range.high;
		else
			to[used++] = range;
	}
	return used;
}

/* Where only the low word of 64 bits is read, that is what is cut into ranges. */
static struct field ranges_field(const struct view *view)
{
	if (view->field.bits == ARG_BITS && !(view->support >> WORD_BITS))
		return (struct field){ view->field.first + WORD_BITS, WORD_BITS };
	return view->field;
}

/* A mask and an order do not go together on flags that are called by their name. */
static bool may_order(const struct view *view, struct field field, const struct expression_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].low != ranges[i].high && view->typed && view->is_flags)
			return field.bits == view->field.bits;
	return true;
}

static const struct expression *form_ranges(struct expression_context *context, const struct view *view,
					    uint32_t condition, bool negated)
{
	struct expression_range found[VALUES_MAX], *ranges;
	struct field field = ranges_field(view);
	struct field_ranges walked;
	size_t count = 0;
	int status = field_ranges(context->diagram, condition, field, 2 * VALUES_MAX - 2, context->arena, &walked);

	if (status == CALLGATE_E_NOMEM)
		return expression_no_memory(context);
	if (status != CALLGATE_OK)
		return NULL;
	for (size_t i = 0; i < walked.length; i++)
		if (walked.items[i].node == DIAGRAM_TRUE)
			found[count++] = (struct expression_range){ walked.items[i].low, walked.items[i].high };
	if (!may_order(view, field, found, count))
		return NULL;
	ranges = arena_array(context->arena, count + 1, sizeof(*ranges));
	if (!ranges)
		return expression_no_memory(context);
	if (view->is_signed && field.bits == view->field.bits)
		count = order_signed(ranges, found, count, field);
	else
		memcpy(ranges, found, count * sizeof(*ranges));
	return new_test(context, view, negated, field_max(field), ranges, count);
}

struct masked_values {
	struct expression_range values[VALUES_MAX];
	size_t count;
	bool too_many;
};

/* All values of the support's bits from `bit` downwards for which the condition holds. */
static void walk_values(const struct diagram *diagram, const struct view *view, uint64_t bits_left, uint64_t value,
			uint32_t condition, struct masked_values *found)
{
	uint64_t bit = bits_left ? UINT64_C(1) << (63 - __builtin_clzll(bits_left)) : 0;
	struct diagram_node at = diagram_node(diagram, condition);
	bool tested;

	if (condition == DIAGRAM_FALSE || found->too_many)
		return;
	if (!bit) {
		found->too_many = found->count == VALUES_MAX;
		if (!found->too_many)
			found->values[found->count++] = (struct expression_range){ value, value };
		return;
	}
	tested = at.variable == view->field.first + view->field.bits - 1 - (unsigned)__builtin_ctzll(bit);
	walk_values(diagram, view, bits_left & ~bit, value, tested ? at.low : condition, found);
	walk_values(diagram, view, bits_left & ~bit, value | bit, tested ? at.high : condition, found);
}

static const struct expression *form_masked_set(struct expression_context *context, const struct view *view,
						uint32_t condition, bool negated)
{
	struct masked_values found = { .count = 0 };
	struct expression_range *ranges;

	if (view->support == field_max(view->field))
		return NULL;
	walk_values(context->diagram, view, view->support, 0, condition, &found);
	if (found.too_many)
		return NULL;
	ranges = arena_array(context->arena, found.count, sizeof(*ranges));
	if (!ranges)
		return expression_no_memory(context);
	for (size_t i = 0; i < found.count; i++)
		ranges[i] = found.values[i];
	return new_test(context, view, negated, view->support, ranges, found.count);
}

/* What is left to ask when the cube's bits are known. */
static uint32_t assume(struct expression_context *context, uint32_t condition, struct field field, struct cube cube)
{
	struct diagram_node at = diagram_node(context->diagram, condition);
	uint64_t bit;

	if (at.variable == DIAGRAM_TERMINAL)
		return condition;
	if (!context->work_left)
		return DIAGRAM_FALSE;
	context->work_left--;
	bit = UINT64_C(1) << (field.bits - 1 - (at.variable - field.first));
	if (cube.mask & bit)
		return assume(context, cube.value & bit ? at.high : at.low, field, cube);
	return diagram_make(context->diagram, at.variable, assume(context, at.low, field, cube),
			    assume(context, at.high, field, cube));
}

/* Some bits are fixed, and something is asked of the others. */
static const struct expression *form_factor(struct expression_context *context, const struct view *view,
					    uint32_t condition, bool negated)
{
	struct cube cube = cover_fixed_bits(context->diagram, condition, view->field, view->support);
	uint32_t rest;

	if (!cube.mask)
		return NULL;
	rest = assume(context, condition, view->field, cube);
	if (!context->work_left)
		return NULL;
	if (rest != DIAGRAM_NONE && negated)
		rest = diagram_not(context->diagram, rest);
	if (rest == DIAGRAM_NONE)
		return expression_no_node(context);
	if (rest <= DIAGRAM_TRUE)
		return NULL;
	return expression_join(context, negated ? EXPRESSION_OR : EXPRESSION_AND,
			       test_cube(context, view, negated, cube), form_of_argument(context, rest, view->arg));
}

/* One test for all cubes with the mask of the first. */
static const struct expression *test_cubes(struct expression_context *context, const struct view *view, bool negated,
					   const struct cubes *cubes, size_t first)
{
	struct expression_range *ranges = arena_array(context->arena, cubes->length, sizeof(*ranges));
	size_t count = 0;

	if (!ranges)
		return expression_no_memory(context);
	for (size_t i = first; i < cubes->length; i++)
		if (cubes->items[i].mask == cubes->items[first].mask)
			ranges[count++] = (struct expression_range){ cubes->items[i].value, cubes->items[i].value };
	return new_test(context, view, negated, cubes->items[first].mask, ranges, count);
}

static bool mask_seen(const struct cubes *cubes, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (cubes->items[i].mask == cubes->items[index].mask)
			return true;
	return false;
}

static const struct expression *form_cubes(struct expression_context *context, const struct view *view,
					   uint32_t condition, bool negated)
{
	const struct expression *all = negated ? &expression_always : &expression_never;
	struct cubes cubes;
	int status = cover_cubes(context->diagram, condition, view->field, CUBES_MAX, context->arena, &cubes);

	if (status == CALLGATE_E_NOMEM)
		return expression_no_memory(context);
	if (status != CALLGATE_OK)
		return NULL;
	for (size_t i = 0; i < cubes.length && all; i++)
		if (!mask_seen(&cubes, i))
			all = expression_join(context, negated ? EXPRESSION_AND : EXPRESSION_OR, all,
					      test_cubes(context, view, negated, &cubes, i));
	return all;
}

/* First what is asked of the high word, then what of the low one: a 32-bit comparison against a 64-bit one. */
static const struct expression *form_halves(struct expression_context *context, const struct view *view,
					    uint32_t condition, bool negated)
{
	enum diagram_word low_word = (enum diagram_word)(form_field(view->arg).first / WORD_BITS + 1);

	if (negated || !(view->support >> WORD_BITS) || !(view->support & UINT32_MAX))
		return NULL;
	return expression_split(context, condition, low_word);
}

const struct expression *form_of_argument(struct expression_context *context, uint32_t condition, unsigned arg)
{
	static form *const for_flags[FORMS] = { form_cube,   form_masked_set, form_ranges,
						form_factor, form_cubes,      form_halves };
	static form *const for_numbers[FORMS] = { form_ranges, form_cube,  form_masked_set,
						  form_factor, form_cubes, form_halves };
	struct view view = view_of(context, condition, arg);
	uint32_t opposite = diagram_not(context->diagram, condition);
	const struct expression *best = &expression_cut;

	if (opposite == DIAGRAM_NONE)
		return expression_no_node(context);
	for (size_t i = 0; i < FORMS && best->cost > FORM_COST_VALUE && context->work_left; i++)
		for (int negated = 0; negated < 2 && best->cost > FORM_COST_VALUE && context->work_left; negated++) {
			form *say = view.is_flags ? for_flags[i] : for_numbers[i];
			const struct expression *said = say(context, &view, negated ? opposite : condition, negated);

			context->work_left--;
			if (context->status != CALLGATE_OK)
				return NULL;
			if (said && said->cost < best->cost)
				best = said;
		}
	return best;
}
