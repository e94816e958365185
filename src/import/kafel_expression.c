/*
 * Kafel's expressions: C's, without arithmetic, and a comma that is an `or` below all. Words and conditions share the
 * parentheses, so that one descent reads both and says where the one stands for the other.
 *
 * A word is what it makes of one argument, (argument & mask) | set; without an argument, set is its number. Kafel
 * compares 64 bits where a side has an argument that is declared so wide or a larger number, else the low 32, and
 * always without a sign.
 */
#include "base/error.h"
#include "import/build.h"
#include "import/kafel.h"

#include <string.h>

struct word {
	int arg; /* -1 for a number */
	uint64_t mask, set;
	bool is_wide;
};

/* What a part of an expression is. */
struct part {
	const struct policy_condition *condition; /* NULL for a word */
	struct word word;
};

struct reading {
	struct kafel_lexer *lexer;
	const struct kafel_scope *scope;
	unsigned depth;
};

static struct arena *arena(struct reading *reading)
{
	return &reading->lexer->import->policy->arena;
}

static int fail_memory(struct reading *reading)
{
	return fail_nomem(reading->lexer->import->err);
}

bool kafel_constant_find(const struct kafel_constants *constants, const char *name, uint64_t *ret_value)
{
	for (size_t i = 0; i < constants->length; i++) {
		if (strcmp(constants->items[i].name, name) != 0)
			continue;
		*ret_value = constants->items[i].value;
		return true;
	}
	return false;
}

static struct word number(uint64_t value)
{
	return (struct word){ .arg = -1, .set = value, .is_wide = value > UINT32_MAX };
}

/* The kernel's own name of an argument, or the manual's; -1. */
static int known_argument(const struct abi_syscall *syscall, const char *name, uint8_t *ret_bits)
{
	enum abi_arch_id arch = abi_arch_native()->id;
	struct abi_arg args[6];
	unsigned count = syscall ? abi_syscall_args(syscall, arch, args) : 0;

	for (unsigned i = 0; syscall && i < 6; i++) {
		const char *parameter = abi_syscall_parameter(syscall, arch, i, ret_bits);

		if (parameter && strcmp(parameter, name) == 0)
			return (int)i;
	}
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(args[i].name, name) != 0)
			continue;
		if (!abi_syscall_parameter(syscall, arch, i, ret_bits))
			*ret_bits = args[i].bits;
		return (int)i;
	}
	return -1;
}

static int fail_name(struct reading *reading, const char *name)
{
	const struct abi_constant_set *set;
	uint64_t value;
	int status = kafel_fail(reading->lexer, CALLGATE_E_UNKNOWN, "'%s' is no constant here and no argument%s%s",
				name, reading->scope->syscall ? " of " : "",
				reading->scope->syscall ? reading->scope->syscall->name : "");

	if (abi_constant_find_any(abi_arch_native()->id, name, &value, &set))
		error_hint(reading->lexer->import->err, "Kafel knows only its own: `#define %s 0x%llx`", name,
			   (unsigned long long)value);
	return status;
}

static int read_name(struct reading *reading, struct word *ret_word)
{
	const struct kafel_scope *scope = reading->scope;
	const char *name = reading->lexer->token.text;
	struct word word = { .arg = -1, .mask = UINT64_MAX };
	uint8_t bits = 64;
	uint64_t value;

	if (kafel_constant_find(scope->constants, name, &value)) {
		*ret_word = number(value);
		return kafel_next(reading->lexer);
	}
	if (!scope->is_declared)
		word.arg = known_argument(scope->syscall, name, &bits);
	for (unsigned i = 0; scope->is_declared && i < scope->count; i++)
		if (strcmp(scope->names[i], name) == 0)
			word.arg = (int)i;
	if (word.arg < 0)
		return fail_name(reading, name);
	word.is_wide = bits > 32;
	*ret_word = word;
	return kafel_next(reading->lexer);
}

static int read_any(struct reading *reading, struct part *ret_part);

/* A number, a name, or anything in parentheses. */
static int read_operand(struct reading *reading, struct part *ret_part)
{
	struct kafel_lexer *lexer = reading->lexer;
	int status;

	ret_part->condition = NULL;
	if (kafel_is(lexer, "(")) {
		status = kafel_next(lexer);
		if (!status)
			status = read_any(reading, ret_part);
		return status ? status : kafel_expect(lexer, ")");
	}
	if (lexer->token.kind == KAFEL_WORD)
		return read_name(reading, &ret_part->word);
	if (lexer->token.kind != KAFEL_NUMBER)
		return kafel_fail_expected(lexer, "a number, a constant or an argument");
	ret_part->word = number(lexer->token.number);
	return kafel_next(lexer);
}

/* Of two words one is a number. */
static int join_words(struct reading *reading, bool is_and, struct part *left, const struct part *right)
{
	struct word word = left->word, other = right->word;

	if (left->condition || right->condition)
		return kafel_fail(reading->lexer, CALLGATE_E_SYNTAX, "bits of a condition");
	if (word.arg >= 0 && other.arg >= 0)
		return kafel_fail(reading->lexer, CALLGATE_E_UNSUPPORTED,
				  "two arguments in one word: what that compares cannot be said here");
	if (other.arg >= 0) {
		struct word swapped = word;

		word = other;
		other = swapped;
	}
	word.mask &= is_and ? other.set : ~other.set;
	word.set = is_and ? word.set & other.set : word.set | other.set;
	/* All bits, or none, fall away before widths are looked at. */
	if (word.arg < 0 || other.set != (is_and ? UINT64_MAX : 0))
		word.is_wide |= other.is_wide;
	left->word = word;
	return CALLGATE_OK;
}

static int read_and_bits(struct reading *reading, struct part *ret_part)
{
	int status = read_operand(reading, ret_part);

	while (!status && kafel_is(reading->lexer, "&")) {
		struct part right;

		status = kafel_next(reading->lexer);
		if (!status)
			status = read_operand(reading, &right);
		if (!status)
			status = join_words(reading, true, ret_part, &right);
	}
	return status;
}

static int read_or_bits(struct reading *reading, struct part *ret_part)
{
	int status = read_and_bits(reading, ret_part);

	while (!status && kafel_is(reading->lexer, "|")) {
		struct part right;

		status = kafel_next(reading->lexer);
		if (!status)
			status = read_and_bits(reading, &right);
		if (!status)
			status = join_words(reading, false, ret_part, &right);
	}
	return status;
}

static bool is_comparison(const struct kafel_lexer *lexer, enum policy_op *ret_op)
{
	static const struct {
		const char *text;
		enum policy_op op;
	} signs[] = {
		{ "==", POLICY_OP_EQ }, { "!=", POLICY_OP_NE }, { "<", POLICY_OP_LT },
		{ "<=", POLICY_OP_LE }, { ">", POLICY_OP_GT },	{ ">=", POLICY_OP_GE },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!kafel_is(lexer, signs[i].text))
			continue;
		*ret_op = signs[i].op;
		return true;
	}
	return false;
}

static enum policy_op mirrored(enum policy_op op)
{
	switch (op) {
	case POLICY_OP_LT:
		return POLICY_OP_GT;
	case POLICY_OP_LE:
		return POLICY_OP_GE;
	case POLICY_OP_GT:
		return POLICY_OP_LT;
	case POLICY_OP_GE:
		return POLICY_OP_LE;
	default:
		return op;
	}
}

static bool holds(uint64_t a, enum policy_op op, uint64_t b)
{
	switch (op) {
	case POLICY_OP_EQ:
		return a == b;
	case POLICY_OP_NE:
		return a != b;
	case POLICY_OP_LT:
		return a < b;
	case POLICY_OP_LE:
		return a <= b;
	case POLICY_OP_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static int constant_condition(struct reading *reading, bool value, const struct policy_condition **ret_condition)
{
	*ret_condition = value ? &build_always : build_not(arena(reading), &build_always);
	return *ret_condition ? CALLGATE_OK : fail_memory(reading);
}

/* (argument & mask) | set against a number. */
static int compare_word(struct reading *reading, struct word word, enum policy_op op, uint64_t value,
			const struct policy_condition **ret_condition)
{
	static const char *const args[] = { "arg0", "arg1", "arg2", "arg3", "arg4", "arg5" };
	bool is_equality = op == POLICY_OP_EQ || op == POLICY_OP_NE;
	struct policy_condition *condition;

	if (!word.is_wide) {
		word.mask &= UINT32_MAX;
		word.set &= UINT32_MAX;
	}
	if (word.set && !is_equality)
		return kafel_fail(reading->lexer, CALLGATE_E_UNSUPPORTED, "an order on a word with bits set");
	if (is_equality && ((value & word.set) != word.set || (value & ~(word.mask | word.set))))
		return constant_condition(reading, op == POLICY_OP_NE, ret_condition);
	condition = build_compare(arena(reading), args[word.arg], op, value & ~word.set);
	if (!condition)
		return fail_memory(reading);
	if (word.mask != UINT64_MAX)
		condition->mask = build_number(arena(reading), word.mask);
	*ret_condition = condition;
	return condition->mask || word.mask == UINT64_MAX ? CALLGATE_OK : fail_memory(reading);
}

static int compare(struct reading *reading, struct part *left, enum policy_op op, const struct part *right)
{
	bool is_wide = left->word.is_wide || right->word.is_wide;
	struct word word = left->word;

	if (left->condition || right->condition)
		return kafel_fail(reading->lexer, CALLGATE_E_SYNTAX, "a condition is compared");
	if (left->word.arg >= 0 && right->word.arg >= 0)
		return kafel_fail(reading->lexer, CALLGATE_E_UNSUPPORTED,
				  "two arguments are compared with each other: that cannot be said here");
	if (left->word.arg < 0 && right->word.arg < 0)
		return constant_condition(reading, holds(left->word.set, op, right->word.set), &left->condition);
	if (left->word.arg < 0) {
		word = right->word;
		word.is_wide = is_wide;
		return compare_word(reading, word, mirrored(op), left->word.set, &left->condition);
	}
	word.is_wide = is_wide;
	return compare_word(reading, word, op, right->word.set, &left->condition);
}

/* A comparison, or what stands without one: a condition in parentheses, or a word, which is for the caller. */
static int read_comparison(struct reading *reading, struct part *ret_part)
{
	struct part right;
	enum policy_op op;
	int status;

	if (kafel_is(reading->lexer, "!")) {
		if (++reading->depth > KAFEL_NESTING_MAX)
			return kafel_fail(reading->lexer, CALLGATE_E_LIMIT, "the expression is too deep");
		status = kafel_next(reading->lexer);
		if (!status)
			status = read_comparison(reading, ret_part);
		reading->depth--;
		if (!status && !ret_part->condition)
			status = kafel_fail_expected(reading->lexer, "a comparison");
		if (status)
			return status;
		ret_part->condition = build_not(arena(reading), ret_part->condition);
		return ret_part->condition ? CALLGATE_OK : fail_memory(reading);
	}
	status = read_or_bits(reading, ret_part);
	if (status || !is_comparison(reading->lexer, &op))
		return status;
	status = kafel_next(reading->lexer);
	if (!status)
		status = read_or_bits(reading, &right);
	return status ? status : compare(reading, ret_part, op, &right);
}

static int join_conditions(struct reading *reading, enum policy_condition_kind kind, struct part *left,
			   const struct part *right)
{
	if (!left->condition || !right->condition)
		return kafel_fail_expected(reading->lexer, "a comparison");
	left->condition = build_both(arena(reading), kind, left->condition, right->condition);
	return left->condition ? CALLGATE_OK : fail_memory(reading);
}

static int read_and(struct reading *reading, struct part *ret_part)
{
	unsigned joined = 0;
	int status = read_comparison(reading, ret_part);

	while (!status && kafel_is(reading->lexer, "&&")) {
		struct part right;

		if (++joined > KAFEL_NESTING_MAX)
			return kafel_fail(reading->lexer, CALLGATE_E_LIMIT, "the expression is too deep");
		status = kafel_next(reading->lexer);
		if (!status)
			status = read_comparison(reading, &right);
		if (!status)
			status = join_conditions(reading, POLICY_AND, ret_part, &right);
	}
	return status;
}

static int read_any(struct reading *reading, struct part *ret_part)
{
	unsigned joined = 0;
	int status;

	if (++reading->depth > KAFEL_NESTING_MAX)
		return kafel_fail(reading->lexer, CALLGATE_E_LIMIT, "the expression is too deep");
	status = read_and(reading, ret_part);
	while (!status && (kafel_is(reading->lexer, "||") || kafel_is(reading->lexer, ","))) {
		struct part right;

		if (++joined > KAFEL_NESTING_MAX)
			return kafel_fail(reading->lexer, CALLGATE_E_LIMIT, "the expression is too deep");
		status = kafel_next(reading->lexer);
		if (!status)
			status = read_and(reading, &right);
		if (!status)
			status = join_conditions(reading, POLICY_OR, ret_part, &right);
	}
	reading->depth--;
	return status;
}

int kafel_expression(struct kafel_lexer *lexer, const struct kafel_scope *scope,
		     const struct policy_condition **ret_condition)
{
	struct reading reading = { .lexer = lexer, .scope = scope };
	struct part part;
	int status = read_any(&reading, &part);

	if (!status && !part.condition)
		status = kafel_fail_expected(lexer, "a comparison");
	if (!status)
		*ret_condition = part.condition;
	return status;
}
