/*
 * Flags are named greedily, the constant with most bits first, so that O_SYNC is not spelt as its halves.
 */
#include "policy/terms.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TERM_SMALL_FAMILY = 48 /* constants of an enumeration whose values may also be combined with flags */ };

static uint64_t term_low_bits(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((1ULL << bits) - 1);
}

/* As the tables spell values: negative ones with all their high bits. */
static uint64_t term_extended(const struct abi_arg *type, uint64_t value)
{
	if (!type->is_signed || type->bits >= 64 || !(value >> (type->bits - 1)))
		return value;
	return value | ~0ULL << type->bits;
}

bool term_is_less(const struct abi_arg *type, uint64_t left, uint64_t right)
{
	return type->is_signed ? (int64_t)term_extended(type, left) < (int64_t)term_extended(type, right)
			       : left < right;
}

/* The constant within value that has most bits, or NULL. */
static const char *term_largest_part(const struct abi_arch *arch, const struct abi_arg *type, uint64_t value,
				     uint64_t *ret_part)
{
	const char *name = NULL;
	int most = 0;

	for (size_t i = 0; type->constants && i < abi_constant_count(type->constants); i++) {
		struct abi_constant constant = abi_constant_at(type->constants, arch->id, i);
		uint64_t part = term_low_bits(constant.value, type->bits);
		int bits = __builtin_popcountll(part);

		if (!constant.name || constant.is_alias || part & ~value || bits <= most)
			continue;
		name = constant.name;
		most = bits;
		*ret_part = part;
	}
	return name;
}

static const struct policy_value *term_number(struct arena *arena, const struct abi_arg *type, uint64_t value)
{
	struct policy_value *number = arena_alloc(arena, sizeof(*number));
	const char *spelt = value > 9 ? arena_printf(arena, "0x%llx", (unsigned long long)value) : NULL;

	if (!number || (value > 9 && !spelt))
		return NULL;
	*number = (struct policy_value){ .kind = POLICY_VALUE_NUMBER, .number = value, .name = spelt };
	if (type->is_signed && type->bits < 64 && value >> (type->bits - 1))
		*number = (struct policy_value){
			.kind = POLICY_VALUE_NUMBER,
			.number = term_low_bits(-value, type->bits),
			.negative = true,
		};
	return number;
}

static const struct policy_value *term_name(struct arena *arena, const char *name)
{
	struct policy_value *value = arena_alloc(arena, sizeof(*value));

	if (value)
		*value = (struct policy_value){ .kind = POLICY_VALUE_NAME, .name = name };
	return value;
}

static const struct policy_value *term_or(struct arena *arena, const struct policy_value *left,
					  const struct policy_value *right)
{
	struct policy_value *both;

	if (!left || !right)
		return left ? left : right;
	both = arena_alloc(arena, sizeof(*both));
	if (both)
		*both = (struct policy_value){ .kind = POLICY_VALUE_OR, .left = left, .right = right };
	return both;
}

const struct policy_value *term_value(struct arena *arena, const struct abi_arch *arch, const struct abi_arg *type,
				      uint64_t value)
{
	const char *name =
		type->constants ? abi_constant_name(type->constants, arch->id, term_extended(type, value)) : NULL;
	const struct policy_value *parts = NULL;
	uint64_t rest = value, part = 0;

	if (name)
		return term_name(arena, name);
	if (type->kind == ABI_ARG_ENUM && type->constants && abi_constant_count(type->constants) > TERM_SMALL_FAMILY)
		return term_number(arena, type, value);
	while ((name = term_largest_part(arch, type, rest, &part))) {
		const struct policy_value *named = term_name(arena, name);

		parts = named ? term_or(arena, parts, named) : NULL;
		if (!parts)
			return NULL;
		rest &= ~part;
	}
	if (parts && !rest)
		return parts;
	/* What is left has no name; of a number, half a name says nothing. */
	if (type->kind == ABI_ARG_ENUM || !parts)
		return term_number(arena, type, value);
	if (type->is_signed && type->bits < 64 && rest >> (type->bits - 1))
		return term_number(arena, type, value);
	return term_or(arena, parts, term_number(arena, type, rest));
}

static struct policy_condition *term_compare(struct arena *arena, const char *arg, const struct policy_value *value)
{
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));

	if (condition)
		*condition = (struct policy_condition){
			.kind = POLICY_COMPARE,
			.arg = arg,
			.op = POLICY_OP_EQ,
			.value = value,
		};
	return condition;
}

/* Values to write down: those seen and their siblings, ascending. */
struct term_values {
	uint64_t items[TERM_VALUES_MAX * 2];
	size_t count;
};

static void term_values_add(struct term_values *values, uint64_t value)
{
	size_t at = 0;

	while (at < values->count && values->items[at] < value)
		at++;
	if ((at < values->count && values->items[at] == value) ||
	    values->count == sizeof(values->items) / sizeof(*values->items))
		return;
	memmove(values->items + at + 1, values->items + at, (values->count - at) * sizeof(*values->items));
	values->items[at] = value;
	values->count++;
}

static bool term_values_have(const struct term_values *values, uint64_t value)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->items[i] == value)
			return true;
	return false;
}

/* The value of the family's next member, whose name *at moves behind; false at the end. */
static bool term_next_member(const struct term_subject *subject, const char **at, uint64_t *ret_value, bool *ret_found)
{
	size_t length = strcspn(*at, " ");
	char name[48];

	if (length == 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)length, *at);
	*at += length + ((*at)[length] == ' ');
	*ret_found = abi_constant_find(subject->type->constants, subject->arch->id, name, ret_value);
	*ret_value = *ret_found ? term_low_bits(*ret_value, subject->type->bits) : 0;
	return true;
}

static void term_values_add_siblings(const struct term_subject *subject, struct term_values *values)
{
	static const char *const families[] = {
#define SIBLINGS(family) family,
#include "policy/siblings.def"
#undef SIBLINGS
	};

	for (size_t i = 0; subject->type->constants && i < sizeof(families) / sizeof(*families); i++) {
		bool seen = false, found;
		uint64_t value;

		for (const char *at = families[i]; term_next_member(subject, &at, &value, &found);)
			seen |= found && term_values_have(values, value);
		for (const char *at = families[i]; seen && term_next_member(subject, &at, &value, &found);)
			if (found)
				term_values_add(values, value);
	}
}

static const struct policy_condition *term_exact(struct arena *arena, const struct term_subject *subject)
{
	struct term_values values = { 0 };
	struct policy_condition *condition;
	struct policy_range *ranges;

	for (size_t i = 0; i < subject->seen->count; i++)
		term_values_add(&values, subject->seen->values[i]);
	term_values_add_siblings(subject, &values);
	ranges = arena_array(arena, values.count, sizeof(*ranges));
	condition = term_compare(arena, subject->type->name, NULL);
	if (!ranges || !condition)
		return NULL;
	for (size_t i = 0; i < values.count; i++) {
		ranges[i].low = term_value(arena, subject->arch, subject->type, values.items[i]);
		ranges[i].high = ranges[i].low;
		if (!ranges[i].low)
			return NULL;
	}
	if (values.count == 1) {
		condition->value = ranges[0].low;
		return condition;
	}
	condition->op = POLICY_OP_IN;
	condition->ranges = ranges;
	condition->range_count = values.count;
	return condition;
}

/* From the least to the greatest that was seen, in the argument's own order. */
static const struct policy_condition *term_span(struct arena *arena, const struct term_subject *subject)
{
	const struct term_seen *seen = subject->seen;
	struct policy_range *range = arena_alloc(arena, sizeof(*range));
	struct policy_condition *condition = term_compare(arena, subject->type->name, NULL);
	uint64_t low = seen->values[0], high = seen->values[0];

	if (!range || !condition)
		return NULL;
	for (size_t i = 1; i < seen->count; i++) {
		if (term_is_less(subject->type, seen->values[i], low))
			low = seen->values[i];
		if (term_is_less(subject->type, high, seen->values[i]))
			high = seen->values[i];
	}
	range->low = term_value(arena, subject->arch, subject->type, low);
	range->high = term_value(arena, subject->arch, subject->type, high);
	condition->op = POLICY_OP_IN;
	condition->ranges = range;
	condition->range_count = 1;
	return range->low && range->high ? condition : NULL;
}

static const struct policy_condition *term_mask(struct arena *arena, const struct term_subject *subject)
{
	struct policy_value *inverted = arena_alloc(arena, sizeof(*inverted));
	const struct policy_value *zero = term_number(arena, subject->type, 0);
	struct policy_condition *condition = term_compare(arena, subject->type->name, zero);
	uint64_t seen = 0;

	for (size_t i = 0; i < subject->seen->count; i++)
		seen |= subject->seen->values[i];
	if (!inverted || !zero || !condition)
		return NULL;
	if (!seen) {
		condition->value = term_value(arena, subject->arch, subject->type, 0);
		return condition->value ? condition : NULL;
	}
	inverted->kind = POLICY_VALUE_NOT;
	inverted->left = term_value(arena, subject->arch, subject->type, seen);
	condition->mask = inverted;
	return inverted->left ? condition : NULL;
}

static struct policy_condition *term_any_of(struct arena *arena, const char *arg, const char *constant)
{
	const struct policy_value *value = term_name(arena, constant);
	struct policy_condition *condition = value ? term_compare(arena, arg, value) : NULL;

	if (condition)
		condition->op = POLICY_OP_ANY;
	return condition;
}

static struct policy_condition *term_join(struct arena *arena, enum policy_condition_kind kind,
					  const struct policy_condition *left, const struct policy_condition *right)
{
	struct policy_condition *joined = arena_alloc(arena, sizeof(*joined));

	if (!joined || !left || (kind != POLICY_NOT && !right))
		return NULL;
	*joined = (struct policy_condition){ .kind = kind, .left = left, .right = right };
	return joined;
}

/* not (prot & PROT_EXEC), or not (prot & PROT_WRITE and prot & PROT_EXEC). */
static const struct policy_condition *term_wx(struct arena *arena, const struct term_subject *subject, bool executes)
{
	const struct policy_condition *exec = term_any_of(arena, subject->type->name, "PROT_EXEC");
	const struct policy_condition *write = term_any_of(arena, subject->type->name, "PROT_WRITE");

	if (executes)
		exec = term_join(arena, POLICY_AND, write, exec);
	return term_join(arena, POLICY_NOT, exec, NULL);
}

static int term_wx_condition(struct arena *arena, const struct term_subject *subject,
			     const struct policy_condition **ret_condition, struct callgate_error *err)
{
	const struct abi_constant_set *family = subject->type->constants;
	uint64_t exec, write;
	bool executes = false, both = false;

	*ret_condition = NULL;
	if (!abi_constant_find(family, subject->arch->id, "PROT_EXEC", &exec) ||
	    !abi_constant_find(family, subject->arch->id, "PROT_WRITE", &write))
		return CALLGATE_OK;
	for (size_t i = 0; i < subject->seen->count; i++) {
		executes |= subject->seen->values[i] & exec;
		both |= (subject->seen->values[i] & (exec | write)) == (exec | write);
	}
	if (both || subject->seen->many)
		return CALLGATE_OK;
	*ret_condition = term_wx(arena, subject, executes);
	return *ret_condition ? CALLGATE_OK : fail_nomem(err);
}

static const struct policy_condition *term_standard(struct arena *arena, const struct term_subject *subject)
{
	struct policy_condition *condition = term_compare(arena, subject->type->name, NULL);
	struct policy_range *range = arena_alloc(arena, sizeof(*range));

	if (!condition || !range)
		return NULL;
	range->low = term_number(arena, subject->type, 0);
	range->high = term_number(arena, subject->type, 2);
	condition->op = POLICY_OP_IN;
	condition->ranges = range;
	condition->range_count = 1;
	return range->low && range->high ? condition : NULL;
}

static bool term_fits(const struct term_subject *subject, enum term_how how)
{
	enum abi_arg_kind kind = subject->type->kind;

	if (how == TERM_STANDARD)
		return kind == ABI_ARG_DESCRIPTOR;
	return (kind == ABI_ARG_FLAGS || kind == ABI_ARG_ENUM) && subject->type->constants;
}

int term_condition(struct arena *arena, const struct term_subject *subject, enum term_how how,
		   const struct policy_condition **ret_condition, struct callgate_error *err)
{
	const struct term_seen *seen = subject->seen;

	*ret_condition = NULL;
	if (!term_fits(subject, how))
		return CALLGATE_OK;
	if (how == TERM_WX)
		return term_wx_condition(arena, subject, ret_condition, err);
	if (seen->many || seen->count == 0 || (how == TERM_EXACT && seen->count > TERM_VALUES_MAX))
		return CALLGATE_OK;
	if (how == TERM_SPAN || (how == TERM_RANGE && seen->count > TERM_VALUES_MAX))
		*ret_condition = term_span(arena, subject);
	else if (how == TERM_EXACT || how == TERM_RANGE)
		*ret_condition = term_exact(arena, subject);
	else if (how == TERM_MASK)
		*ret_condition = term_mask(arena, subject);
	else
		*ret_condition = term_standard(arena, subject);
	return *ret_condition ? CALLGATE_OK : fail_nomem(err);
}

int term_and(struct arena *arena, const struct policy_condition *left, const struct policy_condition *right,
	     const struct policy_condition **ret_condition, struct callgate_error *err)
{
	if (!left || !right) {
		*ret_condition = left ? left : right;
		return CALLGATE_OK;
	}
	*ret_condition = term_join(arena, POLICY_AND, left, right);
	return *ret_condition ? CALLGATE_OK : fail_nomem(err);
}

const struct term_constraint *term_constraint_at(size_t index)
{
	static const struct term_constraint constraints[] = {
#define CONSTRAINT(syscall, position, how) { #syscall, position, TERM_##how },
#include "policy/constraints.def"
#undef CONSTRAINT
	};

	return index < sizeof(constraints) / sizeof(*constraints) ? &constraints[index] : NULL;
}

int term_constrain(struct arena *arena, const struct abi_syscall *syscall, const struct abi_arch *arch,
		   const struct term_seen seen[6], const struct policy_condition **ret_condition,
		   struct callgate_error *err)
{
	const struct policy_condition *all = NULL;
	const struct term_constraint *constraint;
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(syscall, arch->id, types);
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && (constraint = term_constraint_at(i)); i++) {
		unsigned at = constraint->position;
		const struct term_subject subject = { arch, &types[at], &seen[at] };
		const struct policy_condition *one;

		if (strcmp(constraint->syscall, syscall->name) != 0 || at >= count)
			continue;
		status = term_condition(arena, &subject, constraint->how, &one, err);
		if (!status)
			status = term_and(arena, all, one, &all, err);
	}
	if (!status)
		*ret_condition = all;
	return status;
}
