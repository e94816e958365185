/*
 * Conditions, from the loosest operator to the tightest: or, and, not, comparison, |, &, ~. A bracket may hold a whole
 * condition or half a comparison (`(flags & O_ACCMODE) == O_RDONLY`), and which of them is known only behind it: so
 * the parser hands on operands, which are conditions or still wait to be compared.
 */
#include "base/error.h"
#include "lang/syntax.h"

struct operand {
	const struct policy_condition *condition; /* NULL while it is an argument that nothing was compared with */
	const char *arg;
	const struct policy_value *mask; /* or NULL */
	struct policy_position position;
};

static bool parse_or(struct syntax_parser *parser, struct operand *ret_operand);
static const struct policy_value *parse_value(struct syntax_parser *parser);

static bool enter(struct syntax_parser *parser)
{
	if (parser->depth++ < SYNTAX_DEPTH_MAX)
		return true;
	if (!parser->status) {
		parser->status = fail(parser->err, CALLGATE_E_LIMIT, "nested deeper than %d", SYNTAX_DEPTH_MAX);
		error_place(parser->err, parser->lex.name, parser->token.line, parser->token.col);
	}
	return false;
}

static const struct policy_value *new_value(struct syntax_parser *parser, struct policy_value value)
{
	struct policy_value *copy;

	if (!syntax_spend_node(parser))
		return NULL;
	copy = arena_alloc(parser->arena, sizeof(*copy));
	if (copy)
		*copy = value;
	else
		syntax_fail_nomem(parser);
	return copy;
}

static const struct policy_condition *new_condition(struct syntax_parser *parser, struct policy_condition condition)
{
	struct policy_condition *copy;

	if (!syntax_spend_node(parser))
		return NULL;
	copy = arena_alloc(parser->arena, sizeof(*copy));
	if (copy)
		*copy = condition;
	else
		syntax_fail_nomem(parser);
	return copy;
}

/* A number, a name, or a bracket. Numbers of long lists are no operators and spend nothing. */
static const struct policy_value *parse_atom(struct syntax_parser *parser)
{
	struct policy_value value = { .position = syntax_position(parser) };
	struct policy_value *copy;

	value.negative = syntax_accept(parser, LEX_MINUS);
	if (parser->token.kind == LEX_WORD && !value.negative)
		value.kind = POLICY_VALUE_NAME;
	else if (parser->token.kind != LEX_NUMBER)
		return syntax_fail(parser, value.negative ? "a number" : "a number or the name of a constant"), NULL;
	value.number = parser->token.number;
	value.name = syntax_text(parser);
	copy = arena_alloc(parser->arena, sizeof(*copy));
	if (!copy)
		return syntax_fail_nomem(parser), NULL;
	*copy = value;
	return value.name && syntax_advance(parser) ? copy : NULL;
}

static const struct policy_value *parse_unary(struct syntax_parser *parser)
{
	struct policy_position position = syntax_position(parser);
	const struct policy_value *value;

	if (parser->token.kind != LEX_NOT && parser->token.kind != LEX_OPEN)
		return parse_atom(parser);
	if (!enter(parser))
		return NULL;
	if (syntax_accept(parser, LEX_NOT)) {
		value = parse_unary(parser);
		if (value)
			value = new_value(parser, (struct policy_value){ .kind = POLICY_VALUE_NOT,
									 .left = value,
									 .position = position });
	} else {
		syntax_advance(parser);
		value = parse_value(parser);
		if (!syntax_expect(parser, LEX_CLOSE, "')'"))
			value = NULL;
	}
	parser->depth--;
	return value;
}

static const struct policy_value *parse_value_and(struct syntax_parser *parser)
{
	const struct policy_value *left = parse_unary(parser);

	while (left && syntax_accept(parser, LEX_AND)) {
		const struct policy_value *right = parse_unary(parser);

		left = right ? new_value(parser, (struct policy_value){ .kind = POLICY_VALUE_AND,
									.left = left,
									.right = right,
									.position = left->position })
			     : NULL;
	}
	return parser->status ? NULL : left;
}

static const struct policy_value *parse_value(struct syntax_parser *parser)
{
	const struct policy_value *left = parse_value_and(parser);

	while (left && syntax_accept(parser, LEX_OR)) {
		const struct policy_value *right = parse_value_and(parser);

		left = right ? new_value(parser, (struct policy_value){ .kind = POLICY_VALUE_OR,
									.left = left,
									.right = right,
									.position = left->position })
			     : NULL;
	}
	return parser->status ? NULL : left;
}

/* low or low..high */
static bool parse_range(struct syntax_parser *parser, struct policy_range *ret_range)
{
	ret_range->low = parse_value(parser);
	ret_range->high = ret_range->low;
	if (syntax_accept(parser, LEX_RANGE))
		ret_range->high = parse_value(parser);
	return !parser->status;
}

struct ranges {
	VEC(struct policy_range);
};

static bool push_range(struct syntax_parser *parser, struct ranges *ranges)
{
	struct policy_range range;

	if (!parse_range(parser, &range))
		return false;
	if (ranges->length >= SYNTAX_ITEMS_MAX) {
		parser->status =
			fail(parser->err, CALLGATE_E_LIMIT, "more than %d values in one list", SYNTAX_ITEMS_MAX);
		error_place(parser->err, parser->lex.name, parser->token.line, parser->token.col);
		return false;
	}
	return VEC_PUSH(parser->arena, ranges, range) || syntax_fail_nomem(parser);
}

/* {A, B, 3..7} or 3..7 */
static bool parse_ranges(struct syntax_parser *parser, struct ranges *ranges)
{
	if (!syntax_accept(parser, LEX_BRACE)) {
		if (!push_range(parser, ranges))
			return false;
		if (ranges->items[0].low != ranges->items[0].high)
			return true;
		syntax_fail(parser, "'..'");
		error_hint(parser->err, "a range is written 3..7, a list {3, 5, 7}");
		return false;
	}
	do {
		if (!push_range(parser, ranges))
			return false;
	} while (syntax_accept(parser, LEX_COMMA) && parser->token.kind != LEX_UNBRACE);
	return syntax_expect(parser, LEX_UNBRACE, "',' or '}'");
}

static bool is_reserved(const struct lex_token *token)
{
	return lex_is(token, "in") || lex_is(token, "and") || lex_is(token, "or") || lex_is(token, "not") ||
	       lex_is(token, "has") || lex_is(token, "if");
}

static bool parse_primary(struct syntax_parser *parser, struct operand *operand)
{
	*operand = (struct operand){ .position = syntax_position(parser) };
	if (parser->token.kind == LEX_OPEN) {
		bool parsed;

		if (!enter(parser) || !syntax_advance(parser))
			return false;
		parsed = parse_or(parser, operand) && syntax_expect(parser, LEX_CLOSE, "')'");
		parser->depth--;
		return parsed;
	}
	if (parser->token.kind != LEX_WORD || is_reserved(&parser->token))
		return syntax_fail(parser, "the name of an argument");
	operand->arg = syntax_text(parser);
	return operand->arg && syntax_advance(parser);
}

/* The masks behind an argument: flags & A & B. */
static bool parse_masks(struct syntax_parser *parser, struct operand *operand)
{
	while (syntax_accept(parser, LEX_AND)) {
		const struct policy_value *mask = parse_unary(parser);

		if (mask && operand->mask)
			mask = new_value(parser, (struct policy_value){ .kind = POLICY_VALUE_AND,
									.left = operand->mask,
									.right = mask,
									.position = mask->position });
		if (!mask)
			return false;
		operand->mask = mask;
	}
	return !parser->status;
}

static bool find_operator(const struct lex_token *token, enum policy_op *ret_op)
{
	static const struct {
		enum lex_kind kind;
		enum policy_op op;
	} operators[] = {
		{ LEX_EQ, POLICY_OP_EQ }, { LEX_NE, POLICY_OP_NE }, { LEX_LT, POLICY_OP_LT },
		{ LEX_LE, POLICY_OP_LE }, { LEX_GT, POLICY_OP_GT }, { LEX_GE, POLICY_OP_GE },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (token->kind != operators[i].kind)
			continue;
		*ret_op = operators[i].op;
		return true;
	}
	*ret_op = lex_is(token, "has") ? POLICY_OP_ALL : POLICY_OP_IN;
	return lex_is(token, "has") || lex_is(token, "in");
}

static bool parse_comparison(struct syntax_parser *parser, struct operand *operand)
{
	struct policy_condition compare = { .kind = POLICY_COMPARE };
	struct ranges ranges = { 0 };

	if (!parse_primary(parser, operand))
		return false;
	if (operand->condition)
		return true;
	if (!parse_masks(parser, operand) || !find_operator(&parser->token, &compare.op))
		return !parser->status;
	if (!syntax_advance(parser))
		return false;
	if (compare.op == POLICY_OP_IN)
		parse_ranges(parser, &ranges);
	else
		compare.value = parse_value(parser);
	if (parser->status)
		return false;
	compare.arg = operand->arg;
	compare.mask = operand->mask;
	compare.ranges = ranges.items;
	compare.range_count = ranges.length;
	compare.position = operand->position;
	operand->condition = new_condition(parser, compare);
	return operand->condition;
}

/* What an operand means where a condition is needed: a bare `x & M` is any bit of M. */
static const struct policy_condition *settle(struct syntax_parser *parser, const struct operand *operand)
{
	if (operand->condition)
		return operand->condition;
	if (parser->token.kind == LEX_OR) {
		syntax_fail(parser, "a comparison");
		error_hint(parser->err, "& binds tighter than |: write flags & (A | B)");
		return NULL;
	}
	if (!operand->mask) {
		syntax_fail(parser, "a comparison: one of == != < <= > >= & in has");
		return NULL;
	}
	return new_condition(parser, (struct policy_condition){ .kind = POLICY_COMPARE,
								.arg = operand->arg,
								.op = POLICY_OP_ANY,
								.value = operand->mask,
								.position = operand->position });
}

static bool parse_not(struct syntax_parser *parser, struct operand *operand)
{
	struct policy_position position = syntax_position(parser);
	const struct policy_condition *negated;

	if (!lex_is(&parser->token, "not"))
		return parse_comparison(parser, operand);
	if (!enter(parser) || !syntax_advance(parser) || !parse_not(parser, operand))
		return false;
	parser->depth--;
	negated = settle(parser, operand);
	if (!negated)
		return false;
	operand->condition = new_condition(
		parser, (struct policy_condition){ .kind = POLICY_NOT, .left = negated, .position = position });
	return operand->condition;
}

/* left is the whole of what stands before the operator; it takes the right side in. */
static bool join(struct syntax_parser *parser, enum policy_condition_kind kind, struct operand *left,
		 const struct operand *right, const struct policy_condition *left_condition)
{
	const struct policy_condition *right_condition = settle(parser, right);

	if (!right_condition)
		return false;
	left->condition = new_condition(parser, (struct policy_condition){ .kind = kind,
									   .left = left_condition,
									   .right = right_condition,
									   .position = left->position });
	return left->condition;
}

static bool parse_and(struct syntax_parser *parser, struct operand *operand)
{
	if (!parse_not(parser, operand))
		return false;
	while (lex_is(&parser->token, "and")) {
		const struct policy_condition *left = settle(parser, operand);
		struct operand right;

		if (!left || !syntax_advance(parser) || !parse_not(parser, &right) ||
		    !join(parser, POLICY_AND, operand, &right, left))
			return false;
	}
	return true;
}

static bool parse_or(struct syntax_parser *parser, struct operand *operand)
{
	if (!parse_and(parser, operand))
		return false;
	while (lex_is(&parser->token, "or")) {
		const struct policy_condition *left = settle(parser, operand);
		struct operand right;

		if (!left || !syntax_advance(parser) || !parse_and(parser, &right) ||
		    !join(parser, POLICY_OR, operand, &right, left))
			return false;
	}
	return true;
}

const struct policy_condition *syntax_condition(struct syntax_parser *parser)
{
	struct operand operand;

	return parse_or(parser, &operand) ? settle(parser, &operand) : NULL;
}
