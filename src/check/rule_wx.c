/*
 * Writable or executable, where one call alone does not tell.
 */
#include "check/check.h"

enum { PROT_EXEC_BIT = 4 };

void check_wx_dual(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		uint32_t memfd = check_syscall(check, arch, "memfd_create"), mmap = check_syscall(check, arch, "mmap");

		if (memfd == DIAGRAM_NONE || mmap == DIAGRAM_NONE || !check_may_pass(check, memfd))
			continue;
		check_report(check, arch, abi_syscall_by_name("mmap"), 0,
			     diagram_and(check->diagram, check_passes(check, mmap),
					 check_arg_is(check, arch, 2, PROT_EXEC_BIT, PROT_EXEC_BIT)),
			     "memfd_create passes, and mmap can map the same memory executable");
	}
}
