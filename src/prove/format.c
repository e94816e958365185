/*
 * One call as a person writes it: what the kernel reads of each argument, by name where it has one. A half of an
 * argument that the kernel ignores and that is not zero is shown all the same, for a filter may look at it.
 */
#include "prove/prove.h"

#include "prove/spell.h"

enum { CALL_ARGS = 6 };

void prove_exchange_halves(struct seccomp_data *data)
{
	const struct abi_arch *arch = abi_arch_of_call(data->arch, (uint32_t)data->nr);

	if (!arch || arch->big_endian == abi_arch_native()->big_endian)
		return;
	for (unsigned i = 0; i < CALL_ARGS; i++)
		data->args[i] = data->args[i] << 32 | data->args[i] >> 32;
}

static void format_arg(struct buf *text, const struct abi_arg *type, const struct abi_arch *arch, uint64_t value)
{
	bool beyond = type && type->bits < 64 && value >> type->bits;

	if (!type && value == 0)
		buf_puts(text, "0");
	else if (!type || beyond || type->kind == ABI_ARG_POINTER)
		buf_printf(text, "0x%llx", (unsigned long long)value);
	else
		spell_value(text, type, arch->id, value);
}

void prove_format_call(const struct seccomp_data *data, struct buf *ret_text)
{
	struct seccomp_data values = *data;
	const struct abi_arch *arch = abi_arch_of_call(data->arch, (uint32_t)data->nr);
	const struct abi_syscall *syscall = arch ? abi_syscall_by_nr(arch->id, (uint32_t)data->nr) : NULL;
	struct abi_arg types[CALL_ARGS];
	unsigned known = syscall ? abi_syscall_args(syscall, arch->id, types) : 0;
	unsigned count = known;

	prove_exchange_halves(&values);
	for (unsigned i = known; i < CALL_ARGS; i++)
		if (values.args[i])
			count = i + 1;
	if (!arch)
		buf_printf(ret_text, "0x%08x:", data->arch);
	else if (arch != abi_arch_native())
		buf_printf(ret_text, "%s:", arch->name);
	if (syscall)
		buf_puts(ret_text, syscall->name);
	else
		buf_printf(ret_text, "#%u", (uint32_t)data->nr);
	buf_putc(ret_text, '(');
	for (unsigned i = 0; i < count; i++) {
		buf_puts(ret_text, i ? ", " : "");
		format_arg(ret_text, i < known ? &types[i] : NULL, arch, values.args[i]);
	}
	buf_putc(ret_text, ')');
	if (data->instruction_pointer)
		buf_printf(ret_text, " at 0x%llx", (unsigned long long)data->instruction_pointer);
}
