/*
 * Calling conventions as rows. On x86-64 Go passes arguments in rax, rbx and more of the registers that C has for its
 * own, and hand-written wrappers of the kernel's calls take theirs in r10.
 */
#include "scan/arch.h"

#include <elf.h>

#define BIT(reg) (1u << (reg))

enum {
	X86_64_CALL = BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(RCX) | BIT(R8) | BIT(R9) | BIT(RAX) | BIT(R10) | BIT(R11),
	X86_64_SYSCALL = BIT(RAX) | BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(R10) | BIT(R8) | BIT(R9),
};

static const struct arch arches[] = {
	{
		.machine = EM_X86_64,
		.abi = ABI_X86_64,
		.registers = 0xffff,
		.stack = RSP,
		.frame = RBP,
		.call_reads = X86_64_CALL,
		.call_changes = X86_64_CALL,
		.syscall_reads = X86_64_SYSCALL,
		.syscall_changes = BIT(RAX) | BIT(RCX) | BIT(R11),
		.return_reads = BIT(RAX) | BIT(RDX),
		.arguments = { RDI, RSI, RDX, RCX, R8, R9, RAX, RBX, R10 },
		.syscall_arguments = { RDI, RSI, RDX, R10, R8, R9, RAX },
		.decode = insn_decode,
	},
};

const struct arch *arch_of(const struct module *module)
{
	for (size_t i = 1; i < sizeof(arches) / sizeof(*arches); i++)
		if (arches[i].machine == module->machine)
			return &arches[i];
	return &arches[0];
}
