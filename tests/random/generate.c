/*
 * Text is made and not rules, so that the parser and the binding are tried with every policy too. A value is kept
 * small enough for the argument on every arch of the policy, a constant is taken only where all of them have it.
 */
#include "generate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t draw(struct generator *generator, uint32_t below)
{
	generator->state = generator->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((generator->state >> 33) % below);
}

static bool one_in(struct generator *generator, uint32_t count)
{
	return draw(generator, count) == 0;
}

static uint64_t draw_bits(struct generator *generator)
{
	return (uint64_t)draw(generator, 1u << 22) << 42 ^ (uint64_t)draw(generator, 1u << 22) << 21 ^
	       draw(generator, 1u << 22);
}

void generator_init(struct generator *generator, uint64_t seed)
{
	*generator = (struct generator){ .state = seed * 2654435761u + 12345 };
	draw(generator, 2);
}

static void remember(struct generator *generator, uint64_t value)
{
	generator->values[generator->value_count++ % GENERATE_VALUES] = value;
}

static const struct abi_syscall *draw_syscall(struct generator *generator)
{
	return abi_syscall_at(draw(generator, (uint32_t)abi_syscall_count()));
}

/* The argument by this name on every arch of the policy, at its narrowest. */
static bool common_arg(const struct generator *generator, const struct abi_syscall *syscall, struct abi_arg *arg)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		struct abi_arg args[6];
		unsigned count, i = 0;

		if (!generator->arches[arch] || syscall->nr[arch] < 0)
			continue;
		count = abi_syscall_args(syscall, arch, args);
		while (i < count && strcmp(args[i].name, arg->name) != 0)
			i++;
		if (i == count || args[i].kind != arg->kind)
			return false;
		arg->is_signed &= args[i].is_signed;
		if (args[i].bits < arg->bits)
			arg->bits = args[i].bits;
	}
	return true;
}

static bool draw_arg(struct generator *generator, const struct abi_syscall *syscall, struct abi_arg *ret_arg)
{
	struct abi_arg args[6];
	unsigned count = syscall->nr[ABI_X86_64] >= 0 ? abi_syscall_args(syscall, ABI_X86_64, args) : 0;

	struct abi_arg arg;

	if (!count || one_in(generator, 4))
		return false;
	arg = args[draw(generator, count)];
	if (!common_arg(generator, syscall, &arg))
		return false;
	*ret_arg = arg;
	return true;
}

static bool draw_constant(struct generator *generator, const struct abi_arg *arg, struct buf *text)
{
	struct abi_constant constant;

	if (!arg->constants || !abi_constant_count(arg->constants))
		return false;
	constant = abi_constant_at(arg->constants, ABI_X86_64,
				   draw(generator, (uint32_t)abi_constant_count(arg->constants)));
	if (!constant.name || constant.value >> (arg->bits - 1))
		return false;
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		uint64_t value;

		if (!generator->arches[arch])
			continue;
		if (!abi_constant_find(arg->constants, arch, constant.name, &value) || value >> (arg->bits - 1))
			return false;
		remember(generator, value);
	}
	buf_puts(text, constant.name);
	return true;
}

static uint64_t draw_number(struct generator *generator, const struct abi_arg *arg)
{
	uint64_t most = arg->bits == 64 ? INT64_MAX : (UINT64_C(1) << (arg->bits - 1)) - 1;
	uint64_t number = draw_bits(generator) >> draw(generator, 64);

	if (one_in(generator, 3))
		number = UINT64_C(1) << draw(generator, 63);
	return number & most;
}

static void write_number(struct generator *generator, const struct abi_arg *arg, struct buf *text)
{
	uint64_t number = draw_number(generator, arg);
	bool negative = arg->is_signed && number && one_in(generator, 3);

	remember(generator, negative ? -number : number);
	buf_printf(text, one_in(generator, 2) ? "%s0x%" PRIx64 : "%s%" PRIu64, negative ? "-" : "", number);
}

static void write_value(struct generator *generator, const struct abi_arg *arg, struct buf *text, unsigned depth)
{
	if (depth && one_in(generator, 4)) {
		buf_puts(text, one_in(generator, 3) ? "~(" : "(");
		write_value(generator, arg, text, depth - 1);
		buf_puts(text, one_in(generator, 2) ? " | " : " & ");
		write_value(generator, arg, text, depth - 1);
		buf_putc(text, ')');
	} else if (!draw_constant(generator, arg, text)) {
		write_number(generator, arg, text);
	}
}

/* A range that is not empty: small numbers, the second above the first. */
static void write_range(struct generator *generator, const struct abi_arg *arg, struct buf *text)
{
	uint64_t low = draw_number(generator, arg) / 2;
	uint64_t high = low + draw_number(generator, arg) / 2;
	bool negative = arg->is_signed && one_in(generator, 3);

	remember(generator, negative ? -low : low);
	remember(generator, high);
	buf_printf(text, "%s%" PRIu64 "..%" PRIu64, negative ? "-" : "", low, high);
}

static void write_list(struct generator *generator, const struct abi_arg *arg, struct buf *text, bool ranges)
{
	unsigned count = 1 + draw(generator, 5);

	buf_puts(text, " in {");
	for (unsigned i = 0; i < count; i++) {
		if (i)
			buf_puts(text, ", ");
		if (ranges && one_in(generator, 3))
			write_range(generator, arg, text);
		else
			write_value(generator, arg, text, 1);
	}
	buf_putc(text, '}');
}

static void write_compare(struct generator *generator, const struct abi_syscall *syscall, struct buf *text)
{
	static const char *const operators[] = { " == ", " != ", " & ", " has ", " < ", " <= ", " > ", " >= " };
	struct abi_arg arg = { .bits = 64, .kind = ABI_ARG_NUMBER };
	bool named = draw_arg(generator, syscall, &arg);
	bool masked = one_in(generator, 4) && arg.kind != ABI_ARG_POINTER;
	bool ordered = !(masked && arg.kind == ABI_ARG_FLAGS);

	if (named)
		buf_puts(text, arg.name);
	else
		buf_printf(text, "arg%u", draw(generator, 6));
	if (arg.kind == ABI_ARG_POINTER) {
		buf_printf(text, one_in(generator, 2) ? " == NULL" : " != 0");
		return;
	}
	if (masked) {
		buf_puts(text, " & ");
		write_value(generator, &arg, text, 1);
	}
	if (one_in(generator, 4)) {
		write_list(generator, &arg, text, ordered);
		return;
	}
	buf_puts(text, operators[draw(generator, ordered ? 8 : 4)]);
	write_value(generator, &arg, text, 2);
}

static void write_condition(struct generator *generator, const struct abi_syscall *syscall, struct buf *text,
			    unsigned depth)
{
	if (!depth || one_in(generator, 2)) {
		write_compare(generator, syscall, text);
		return;
	}
	if (one_in(generator, 4)) {
		buf_puts(text, "not (");
		write_condition(generator, syscall, text, depth - 1);
	} else {
		buf_putc(text, '(');
		write_condition(generator, syscall, text, depth - 1);
		buf_puts(text, one_in(generator, 2) ? " and " : " or ");
		write_condition(generator, syscall, text, depth - 1);
	}
	buf_putc(text, ')');
}

static void write_action(struct generator *generator, struct buf *text)
{
	static const char *const actions[] = { "allow",	       "log",	     "notify",	    "trace 7",
					       "errno EPERM",  "errno 4095", "trap 3",	    "kill-thread",
					       "kill-process", "allow",	     "errno ENOSYS" };

	buf_puts(text, actions[draw(generator, sizeof(actions) / sizeof(*actions))]);
}

static void write_rule(struct generator *generator, struct buf *text)
{
	bool again = generator->call_count && one_in(generator, 2);
	const struct abi_syscall *syscall =
		again ? generator->calls[draw(generator, (uint32_t)generator->call_count)] : draw_syscall(generator);

	if (!again && generator->call_count < GENERATE_CALLS)
		generator->calls[generator->call_count++] = syscall;
	write_action(generator, text);
	buf_printf(text, " %s", syscall->name);
	if (one_in(generator, 5))
		buf_printf(text, ", %s", draw_syscall(generator)->name);
	else if (!one_in(generator, 3)) {
		buf_puts(text, " if ");
		write_condition(generator, syscall, text, 3);
	}
	buf_putc(text, '\n');
}

static void draw_arches(struct generator *generator, struct buf *text)
{
	generator->arches[ABI_X86_64] = true;
	buf_puts(text, "arch x86_64");
	for (enum abi_arch_id arch = ABI_X86_64 + 1; arch < ABI_ARCH_COUNT; arch++) {
		generator->arches[arch] = one_in(generator, 5);
		if (generator->arches[arch])
			buf_printf(text, ", %s", abi_arch(arch)->name);
	}
	buf_putc(text, '\n');
}

void generate_policy(struct generator *generator, struct buf *text)
{
	unsigned rules = draw(generator, 24);

	buf_printf(text, "kernel %u.%u\n", 3 + draw(generator, 4), draw(generator, 10));
	draw_arches(generator, text);
	buf_puts(text, "default ");
	write_action(generator, text);
	if (one_in(generator, 2)) {
		buf_puts(text, "\nnewer ");
		write_action(generator, text);
	}
	if (one_in(generator, 3)) {
		buf_puts(text, "\nforeign ");
		write_action(generator, text);
	}
	buf_putc(text, '\n');
	for (unsigned i = 0; i < rules; i++)
		write_rule(generator, text);
}

static uint64_t draw_word(struct generator *generator)
{
	uint64_t value = draw_bits(generator);

	if (generator->value_count && !one_in(generator, 5)) {
		size_t count = generator->value_count < GENERATE_VALUES ? generator->value_count : GENERATE_VALUES;

		value = generator->values[draw(generator, (uint32_t)count)] + draw(generator, 3) - 1;
	}
	if (one_in(generator, 4))
		value = (uint32_t)value;
	if (one_in(generator, 6))
		value ^= UINT64_C(1) << draw(generator, 64);
	return value;
}

void generate_call(struct generator *generator, struct seccomp_data *ret_data)
{
	const struct abi_arch *arch = abi_arch((enum abi_arch_id)draw(generator, ABI_ARCH_COUNT));
	const struct abi_syscall *syscall = draw_syscall(generator);

	if (!one_in(generator, 3) && !generator->arches[arch->id])
		arch = abi_arch(ABI_X86_64);
	if (generator->call_count && !one_in(generator, 6))
		syscall = generator->calls[draw(generator, (uint32_t)generator->call_count)];
	*ret_data = (struct seccomp_data){ .nr = syscall->nr[arch->id], .arch = arch->audit };
	if (one_in(generator, 20))
		ret_data->nr = (int)draw(generator, 600);
	if (one_in(generator, 30))
		ret_data->nr ^= 0x40000000;
	for (unsigned i = 0; i < 6; i++)
		ret_data->args[i] = draw_word(generator);
}
