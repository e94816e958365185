/*
 * Between what an author wrote and what the kernel reads stand an arch and a syscall: `flags` is the third argument of
 * openat and the second of open, 32 bits wide in both, and O_DIRECTORY has another value on arm. Binding puts numbers
 * in the place of names and refuses what could not mean what it says: a literal that the kernel would cut, a constant
 * of another family, the address in a pointer, which says nothing about the memory there.
 */
#include "base/error.h"
#include "policy/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SYSCALL_ARGS = 6 };

struct binding {
	const struct abi_syscall *syscall;
	enum abi_arch_id arch;
	struct arena *arena;
	struct callgate_error *err;
	struct abi_arg args[SYSCALL_ARGS]; /* as this arch reads them */
	unsigned arg_count;
	bool is_unseen; /* an argument was asked for that only other arches show */
	bool is_cut;	/* the argument is one of word0 to word5, to whose width numbers are cut */
};

static int fail_at(const struct binding *binding, const struct policy_position *position, int status)
{
	error_place(binding->err, position->file, position->line, position->col);
	return status;
}

static uint64_t width_mask(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* Bits that are given in a type of flags have no sign: 0x80000000 is one of them even where the kernel says int. */
static bool fits_signed(const struct abi_arg *arg, uint64_t value)
{
	uint64_t above = ~(width_mask(arg->bits) >> 1);

	if ((value & above) == above || (value & above) == 0)
		return true;
	return arg->kind == ABI_ARG_FLAGS && (value & ~width_mask(arg->bits)) == 0;
}

static int bind_number(const struct binding *binding, const struct abi_arg *arg, const struct policy_value *value,
		       uint64_t *ret_number)
{
	uint64_t number = value->negative ? -value->number : value->number;
	bool fits;

	if (binding->is_cut)
		fits = true;
	else if (value->negative)
		fits = arg->is_signed && value->number <= UINT64_C(1) << 63 && fits_signed(arg, number);
	else if (arg->is_signed)
		fits = fits_signed(arg, number) && (arg->kind == ABI_ARG_FLAGS || value->number <= INT64_MAX);
	else
		fits = (number & ~width_mask(arg->bits)) == 0;
	if (!fits) {
		error_set(binding->err, CALLGATE_E_SYNTAX, "%s%" PRIu64 " does not fit '%s' of %s, which is %u bits%s",
			  value->negative ? "-" : "", value->number, arg->name, binding->syscall->name, arg->bits,
			  arg->is_signed ? " and signed" : "");
		if (value->negative && !arg->is_signed)
			error_hint(binding->err,
				   "the kernel reads an unsigned number here; of all bits set it says 0x%" PRIx64,
				   width_mask(arg->bits));
		else
			error_hint(binding->err, "the kernel reads %u bits here and would never see that value",
				   arg->bits);
		return fail_at(binding, &value->position, CALLGATE_E_SYNTAX);
	}
	*ret_number = number & width_mask(arg->bits);
	return CALLGATE_OK;
}

static int fail_constant(const struct binding *binding, const struct abi_arg *arg, const struct policy_value *value)
{
	const struct abi_constant_set *other = NULL;
	const char *near;
	uint64_t number;

	if (arg->constants && abi_constant_find_any(binding->arch, value->name, &number, &other)) {
		error_set(binding->err, CALLGATE_E_SYNTAX, "'%s' is one of the %s, and '%s' of %s takes %s",
			  value->name, abi_constant_set_name(other), arg->name, binding->syscall->name,
			  abi_constant_set_name(arg->constants));
		error_hint(binding->err, "a number says the same where that is meant: %" PRIu64, number);
		return fail_at(binding, &value->position, CALLGATE_E_SYNTAX);
	}
	error_set(binding->err, CALLGATE_E_UNKNOWN, "unknown constant '%s' for '%s' of %s on %s", value->name,
		  arg->name, binding->syscall->name, abi_arch(binding->arch)->name);
	near = abi_constant_nearest(arg->constants, value->name);
	if (near && strcmp(near, value->name) != 0)
		error_hint(binding->err, "did you mean '%s'?", near);
	else if (near)
		error_hint(binding->err, "%s lacks it; a number is the same everywhere", abi_arch(binding->arch)->name);
	return fail_at(binding, &value->position, CALLGATE_E_UNKNOWN);
}

static int bind_name(const struct binding *binding, const struct abi_arg *arg, const struct policy_value *value,
		     uint64_t *ret_number)
{
	const struct abi_constant_set *set;
	uint64_t above = ~width_mask(arg->bits);
	uint64_t number;
	bool found;

	if (arg->constants)
		found = abi_constant_find(arg->constants, binding->arch, value->name, &number);
	else
		found = abi_constant_find_any(binding->arch, value->name, &number, &set);
	if (!found)
		return fail_constant(binding, arg, value);
	/* A negative constant is cut as C's conversion cuts it: AT_FDCWD is 0xffffff9c in 32 bits. */
	if ((number & above) != 0 && (number & above) != above) {
		error_set(binding->err, CALLGATE_E_SYNTAX, "'%s' is 0x%" PRIx64 ", and '%s' of %s has %u bits",
			  value->name, number, arg->name, binding->syscall->name, arg->bits);
		return fail_at(binding, &value->position, CALLGATE_E_SYNTAX);
	}
	*ret_number = number & width_mask(arg->bits);
	return CALLGATE_OK;
}

static int bind_value(const struct binding *binding, const struct abi_arg *arg, const struct policy_value *value,
		      uint64_t *ret_number)
{
	uint64_t left, right;
	int status;

	if (value->kind == POLICY_VALUE_NUMBER)
		return bind_number(binding, arg, value, ret_number);
	if (value->kind == POLICY_VALUE_NAME)
		return bind_name(binding, arg, value, ret_number);
	status = bind_value(binding, arg, value->left, &left);
	if (status)
		return status;
	if (value->kind == POLICY_VALUE_NOT) {
		*ret_number = ~left & width_mask(arg->bits);
		return CALLGATE_OK;
	}
	status = bind_value(binding, arg, value->right, &right);
	if (status)
		return status;
	*ret_number = value->kind == POLICY_VALUE_AND ? left & right : left | right;
	return CALLGATE_OK;
}

static bool is_null(const struct policy_value *value)
{
	if (!value)
		return false;
	return value->kind == POLICY_VALUE_NUMBER ? value->number == 0
						  : value->kind == POLICY_VALUE_NAME && !strcmp(value->name, "NULL");
}

/* `p == NULL`, `p != NULL` and nothing else. */
static int bind_pointer(const struct binding *binding, const struct abi_arg *arg,
			const struct policy_condition *condition, struct policy_test *test)
{
	bool equality = condition->op == POLICY_OP_EQ || condition->op == POLICY_OP_NE;

	if (equality && !condition->mask && is_null(condition->value)) {
		test->value = 0;
		return CALLGATE_OK;
	}
	error_set(binding->err, CALLGATE_E_SYNTAX, "'%s' of %s is a pointer, which can only be == or != NULL",
		  arg->name, binding->syscall->name);
	error_hint(binding->err,
		   "a filter sees the address and not the memory, which another thread can change; "
		   "`notify %s` lets a supervisor look",
		   binding->syscall->name);
	return fail_at(binding, &condition->position, CALLGATE_E_SYNTAX);
}

/* Whether a comes before b in the order of this type. */
static bool value_above(const struct abi_arg *arg, uint64_t a, uint64_t b)
{
	uint64_t sign = arg->is_signed ? UINT64_C(1) << (arg->bits - 1) : 0;

	return (a ^ sign) > (b ^ sign);
}

static int bind_ranges(const struct binding *binding, const struct abi_arg *arg,
		       const struct policy_condition *condition, struct policy_test *test)
{
	struct policy_bound_range *ranges;

	ranges = arena_array(binding->arena, condition->range_count, sizeof(*ranges));
	if (!ranges)
		return fail_nomem(binding->err);
	for (size_t i = 0; i < condition->range_count; i++) {
		const struct policy_range *range = &condition->ranges[i];
		int status = bind_value(binding, arg, range->low, &ranges[i].low);

		if (!status)
			status = bind_value(binding, arg, range->high, &ranges[i].high);
		if (status)
			return status;
		if (value_above(arg, ranges[i].low, ranges[i].high)) {
			error_set(binding->err, CALLGATE_E_SYNTAX, "the range is empty: its end lies before its start");
			return fail_at(binding, &range->low->position, CALLGATE_E_SYNTAX);
		}
	}
	test->ranges = ranges;
	test->range_count = condition->range_count;
	return CALLGATE_OK;
}

static bool is_ordered(const struct policy_condition *condition)
{
	if (condition->op == POLICY_OP_IN)
		for (size_t i = 0; i < condition->range_count; i++)
			if (condition->ranges[i].low != condition->ranges[i].high)
				return true;
	return condition->op >= POLICY_OP_LT && condition->op <= POLICY_OP_GE;
}

static int bind_operands(const struct binding *binding, const struct abi_arg *arg,
			 const struct policy_condition *condition, struct policy_test *test)
{
	int status;

	if (arg->kind == ABI_ARG_POINTER)
		return bind_pointer(binding, arg, condition, test);
	if (arg->kind == ABI_ARG_FLAGS && condition->mask && is_ordered(condition)) {
		error_set(binding->err, CALLGATE_E_SYNTAX, "'%s' of %s is flags: some of them have no order", arg->name,
			  binding->syscall->name);
		error_hint(binding->err, "compare with == or !=, or list the values: in {...}");
		return fail_at(binding, &condition->position, CALLGATE_E_SYNTAX);
	}
	if (condition->mask) {
		status = bind_value(binding, arg, condition->mask, &test->mask);
		if (status)
			return status;
	}
	if (condition->op == POLICY_OP_IN)
		return bind_ranges(binding, arg, condition, test);
	return bind_value(binding, arg, condition->value, &test->value);
}

/* arg0 to arg5 are the raw words; word0 to word5 are as much of them as a pointer of the arch has. */
static bool raw_arg(const char *name, enum abi_arch_id arch, unsigned *ret_index, struct abi_arg *ret_arg)
{
	bool is_word = strncmp(name, "word", 4) == 0;
	const char *digit = name + (is_word ? 4 : 3);
	uint8_t pointer_bits = abi_arch(arch)->pointer_bits;

	if ((!is_word && strncmp(name, "arg", 3) != 0) || *digit < '0' || *digit >= '0' + SYSCALL_ARGS || digit[1])
		return false;
	*ret_index = (unsigned)(*digit - '0');
	*ret_arg = (struct abi_arg){ .name = name, .bits = is_word ? pointer_bits : 64, .kind = ABI_ARG_NUMBER };
	return true;
}

static int fail_arg(const struct binding *binding, const struct policy_condition *condition)
{
	char names[200] = "";

	for (unsigned i = 0; i < binding->arg_count; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "", binding->args[i].name);
	}
	error_set(binding->err, CALLGATE_E_UNKNOWN, "%s has no argument '%s'", binding->syscall->name, condition->arg);
	if (!binding->syscall->args_known)
		error_hint(binding->err, "its arguments are not known by name; arg0 to arg5 are the raw words");
	else if (binding->arg_count)
		error_hint(binding->err, "its arguments are: %s", names);
	else
		error_hint(binding->err, "it has no arguments");
	return fail_at(binding, &condition->position, CALLGATE_E_UNKNOWN);
}

static unsigned find_arg(const struct abi_arg *args, unsigned count, const char *name)
{
	unsigned index = 0;

	while (index < count && strcmp(args[index].name, name) != 0)
		index++;
	return index;
}

static bool other_arch_has_arg(const struct abi_syscall *syscall, const char *name)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		struct abi_arg args[SYSCALL_ARGS];
		unsigned count = syscall->nr[arch] >= 0 ? abi_syscall_args(syscall, arch, args) : 0;

		if (find_arg(args, count, name) < count)
			return true;
	}
	return false;
}

static int bind_compare(struct binding *binding, const struct policy_condition *condition, struct policy_test *test)
{
	struct abi_arg arg;
	unsigned index;

	if (!raw_arg(condition->arg, binding->arch, &index, &arg)) {
		index = find_arg(binding->args, binding->arg_count, condition->arg);
		binding->is_unseen |= index == binding->arg_count;
		if (index == binding->arg_count && !other_arch_has_arg(binding->syscall, condition->arg))
			return fail_arg(binding, condition);
		if (index == binding->arg_count)
			return CALLGATE_OK;
		arg = binding->args[index];
	}
	binding->is_cut = strncmp(condition->arg, "word", 4) == 0;
	*test = (struct policy_test){
		.arg = (uint8_t)index,
		.bits = arg.bits,
		.is_signed = arg.is_signed,
		.op = condition->op,
		.mask = width_mask(arg.bits),
	};
	return bind_operands(binding, &arg, condition, test);
}

static int bind_condition(struct binding *binding, const struct policy_condition *condition,
			  const struct policy_bound **ret_bound)
{
	struct policy_bound *bound = arena_alloc(binding->arena, sizeof(*bound));
	int status = CALLGATE_OK;

	if (!bound)
		return fail_nomem(binding->err);
	bound->kind = condition->kind;
	if (condition->kind == POLICY_COMPARE)
		status = bind_compare(binding, condition, &bound->test);
	else if (condition->kind != POLICY_ALWAYS)
		status = bind_condition(binding, condition->left, &bound->left);
	if (!status && (condition->kind == POLICY_AND || condition->kind == POLICY_OR))
		status = bind_condition(binding, condition->right, &bound->right);
	if (!status)
		*ret_bound = bound;
	return status;
}

int policy_bind(const struct policy_condition *condition, const struct abi_syscall *syscall, enum abi_arch_id arch,
		struct arena *arena, const struct policy_bound **ret_bound, struct callgate_error *err)
{
	static const struct policy_bound unseen = { .kind = POLICY_UNSEEN };
	struct binding binding = { .syscall = syscall, .arch = arch, .arena = arena, .err = err };
	const struct policy_bound *bound;
	int status;

	binding.arg_count = abi_syscall_args(syscall, arch, binding.args);
	status = bind_condition(&binding, condition, &bound);
	if (!status)
		*ret_bound = binding.is_unseen ? &unseen : bound;
	return status;
}

static bool test_equals(const struct policy_test *a, const struct policy_test *b)
{
	if (a->arg != b->arg || a->bits != b->bits || a->is_signed != b->is_signed || a->op != b->op ||
	    a->mask != b->mask || a->value != b->value || a->range_count != b->range_count)
		return false;
	for (size_t i = 0; i < a->range_count; i++)
		if (a->ranges[i].low != b->ranges[i].low || a->ranges[i].high != b->ranges[i].high)
			return false;
	return true;
}

bool policy_bound_equals(const struct policy_bound *a, const struct policy_bound *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == POLICY_COMPARE)
		return test_equals(&a->test, &b->test);
	return (!a->left || policy_bound_equals(a->left, b->left)) &&
	       (!a->right || policy_bound_equals(a->right, b->right));
}
