/*
 * Calling conventions as rows. On x86-64 Go passes arguments in rax, rbx and more of the registers that C has for its
 * own, and hand-written wrappers of the kernel's calls take theirs in r10. aarch64's are the same for C, Go and the
 * kernel, which takes its number in x8; x16 and x17 belong to the linker's stubs.
 */
#include "scan/arch.h"

#include "scan/aarch64.h"

#include <elf.h>

#define BIT(reg) (1u << (reg))

enum {
	X86_64_CALL = BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(RCX) | BIT(R8) | BIT(R9) | BIT(RAX) | BIT(R10) | BIT(R11),
	X86_64_SYSCALL = BIT(RAX) | BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(R10) | BIT(R8) | BIT(R9),
	AARCH64_CALL = 0x7ffff, /* x0 to x18 */
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
	{
		.machine = EM_AARCH64,
		.abi = ABI_AARCH64,
		.registers = UINT32_MAX,
		.stack = SP,
		.frame = X29,
		.call_reads = AARCH64_CALL,
		.call_changes = AARCH64_CALL | BIT(X30),
		.syscall_reads = BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(8),
		.syscall_changes = BIT(0),
		.return_reads = BIT(0) | BIT(1),
		.veneer = BIT(X16) | BIT(X17),
		.has_pages = true,
		.arguments = { 0, 1, 2, 3, 4, 5, 6, 7, 8 },
		.syscall_arguments = { 0, 1, 2, 3, 4, 5, 8 },
		.decode = aarch64_decode,
	},
};

const struct arch *arch_of(const struct module *module)
{
	for (size_t i = 1; i < sizeof(arches) / sizeof(*arches); i++)
		if (arches[i].machine == module->machine)
			return &arches[i];
	return &arches[0];
}
