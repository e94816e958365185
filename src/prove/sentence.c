/*
 * Writes an expression in the policy language: "and" binds tighter than "or", "not" stands before one comparison.
 */
#include "prove/expression.h"

#include "prove/spell.h"

/* The type by which a test's values are spelt. Raw words are 64 bits and take any constant by name. */
static struct abi_arg test_type(const struct expression_context *context, const struct expression *test)
{
	struct abi_arg type = { .bits = 64, .kind = ABI_ARG_NUMBER };

	if (test->arg < context->arg_count) {
		type = context->args[test->arg];
		if (!test->typed) {
			type.bits = 64;
			type.is_signed = false;
		}
	}
	return type;
}

static uint64_t type_max(const struct abi_arg *type)
{
	return type->bits >= 64 ? UINT64_MAX : (UINT64_C(1) << type->bits) - 1;
}

static void write_name(const struct expression_context *context, const struct expression *test, struct buf *text)
{
	if (test->typed)
		buf_puts(text, context->args[test->arg].name);
	else if (test->arg == EXPRESSION_IP)
		buf_puts(text, "ip");
	else
		buf_printf(text, "arg%u", test->arg);
}

/* flags & O_ACCMODE == O_RDONLY: a mask that has a name, and a name for none of its bits. */
static bool zero_has_name(const struct expression_context *context, const struct abi_arg *type, uint64_t mask)
{
	return type->constants && __builtin_popcountll(mask) > 1 &&
	       abi_constant_name(type->constants, context->arch, mask) &&
	       abi_constant_name(type->constants, context->arch, 0);
}

static void write_masked(const struct expression_context *context, const struct expression *test,
			 const struct abi_arg *type, struct buf *text)
{
	uint64_t value = test->ranges[0].low;
	bool is_all = value == test->mask, is_one = __builtin_popcountll(test->mask) == 1;

	if (is_all && !is_one) {
		buf_puts(text, test->negated ? "not " : "");
		write_name(context, test, text);
		buf_puts(text, " has ");
		spell_mask(text, type, context->arch, test->mask);
		return;
	}
	write_name(context, test, text);
	buf_puts(text, " & ");
	spell_mask(text, type, context->arch, test->mask);
	if (is_all || (value == 0 && !zero_has_name(context, type, test->mask))) {
		buf_puts(text, test->negated == is_all ? " == 0" : "");
	} else {
		buf_puts(text, test->negated ? " != " : " == ");
		spell_value(text, type, context->arch, value);
	}
}

/* A few values that have names are read one by one, even where their numbers are neighbours. */
static bool is_list(const struct abi_arg *type, const struct expression_range *range)
{
	enum { LIST_SPAN = 4 };

	return type->constants && range->low < range->high && range->high - range->low < LIST_SPAN;
}

/* The names in an order mean nothing: domain >= 3, not domain >= AF_AX25. */
static void spell_bound(const struct expression_context *context, const struct abi_arg *type, uint64_t value,
			struct buf *text)
{
	struct abi_arg number = *type;

	if (type->kind == ABI_ARG_ENUM)
		number.constants = NULL;
	spell_value(text, &number, context->arch, value);
}

static void write_ranges(const struct expression_context *context, const struct expression *test,
			 const struct abi_arg *type, struct buf *text)
{
	for (size_t i = 0; i < test->range_count; i++) {
		const struct expression_range *range = &test->ranges[i];

		buf_puts(text, i ? ", " : "");
		if (range->low != range->high && !is_list(type, range)) {
			spell_bound(context, type, range->low, text);
			buf_puts(text, "..");
			spell_bound(context, type, range->high, text);
			continue;
		}
		spell_value(text, type, context->arch, range->low);
		for (uint64_t value = range->low; value++ != range->high;) {
			buf_puts(text, ", ");
			spell_value(text, type, context->arch, value);
		}
	}
}

static void write_in(const struct expression_context *context, const struct expression *test,
		     const struct abi_arg *type, struct buf *text)
{
	bool is_set = test->range_count > 1 || is_list(type, &test->ranges[0]);

	buf_puts(text, test->negated ? "not " : "");
	write_name(context, test, text);
	if (test->mask != type_max(type)) {
		buf_puts(text, " & ");
		spell_mask(text, type, context->arch, test->mask);
	}
	buf_puts(text, is_set ? " in {" : " in ");
	write_ranges(context, test, type, text);
	buf_puts(text, is_set ? "}" : "");
}

/* A single range: by an order where it reaches an end of the type. */
static void write_range(const struct expression_context *context, const struct expression *test,
			const struct abi_arg *type, struct buf *text)
{
	const struct expression_range *range = &test->ranges[0];
	uint64_t least = type->is_signed ? UINT64_C(1) << (type->bits - 1) : 0;
	bool one = range->low == range->high, from_least = range->low == least;

	if (!one && !from_least && range->high != (type_max(type) ^ least)) {
		write_in(context, test, type, text);
		return;
	}
	write_name(context, test, text);
	if (from_least && type->is_signed && range->high == type_max(type)) {
		buf_puts(text, test->negated ? " >= 0" : " < 0");
		return;
	}
	if (one)
		buf_puts(text, test->negated ? " != " : " == ");
	else if (from_least)
		buf_puts(text, test->negated ? " > " : " <= ");
	else
		buf_puts(text, test->negated ? " < " : " >= ");
	if (type->kind == ABI_ARG_POINTER && test->typed)
		buf_puts(text, "NULL");
	else if (one)
		spell_value(text, type, context->arch, range->low);
	else
		spell_bound(context, type, from_least ? range->high : range->low, text);
}

static void write_test(const struct expression_context *context, const struct expression *test, struct buf *text)
{
	struct abi_arg type = test_type(context, test);

	bool is_masked = test->mask != type_max(&type);

	if (test->range_count > 1 || (is_masked && test->ranges[0].low != test->ranges[0].high))
		write_in(context, test, &type, text);
	else if (is_masked)
		write_masked(context, test, &type, text);
	else
		write_range(context, test, &type, text);
}

static void write_side(const struct expression_context *context, const struct expression *side, bool in_and,
		       struct buf *text)
{
	bool brackets = in_and && side->kind == EXPRESSION_OR;

	buf_puts(text, brackets ? "(" : "");
	expression_write(context, side, text);
	buf_puts(text, brackets ? ")" : "");
}

void expression_write(const struct expression_context *context, const struct expression *expression, struct buf *text)
{
	switch (expression->kind) {
	case EXPRESSION_ALWAYS:
	case EXPRESSION_NEVER:
		break;
	case EXPRESSION_CUT:
		buf_puts(text, "…");
		break;
	case EXPRESSION_TEST:
		write_test(context, expression, text);
		break;
	case EXPRESSION_AND:
	case EXPRESSION_OR:
		write_side(context, expression->left, expression->kind == EXPRESSION_AND, text);
		buf_puts(text, expression->kind == EXPRESSION_AND ? " and " : " or ");
		write_side(context, expression->right, expression->kind == EXPRESSION_AND, text);
		break;
	}
}
