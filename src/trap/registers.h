/*
 * trap/registers.h - the call that a signal interrupted, in its registers
 */
#ifndef CALLGATE_TRAP_REGISTERS_H
#define CALLGATE_TRAP_REGISTERS_H

#include <linux/audit.h>
#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)

#define TRAP_AUDIT AUDIT_ARCH_X86_64

static inline void trap_arguments(const ucontext_t *context, uint64_t args[6])
{
	static const int places[6] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 };

	for (int i = 0; i < 6; i++)
		args[i] = (uint64_t)context->uc_mcontext.gregs[places[i]];
}

static inline void trap_return(ucontext_t *context, int64_t result)
{
	context->uc_mcontext.gregs[REG_RAX] = result;
}

/* The call is to be made once more. */
static inline void trap_rewind(ucontext_t *context, uint32_t nr)
{
	context->uc_mcontext.gregs[REG_RAX] = nr;
	context->uc_mcontext.gregs[REG_RIP] -= 2; /* `syscall` */
}

#elif defined(__aarch64__)

#define TRAP_AUDIT AUDIT_ARCH_AARCH64

static inline void trap_arguments(const ucontext_t *context, uint64_t args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = context->uc_mcontext.regs[i];
}

static inline void trap_return(ucontext_t *context, int64_t result)
{
	context->uc_mcontext.regs[0] = (uint64_t)result;
}

/* The call is to be made once more. */
static inline void trap_rewind(ucontext_t *context, uint32_t nr)
{
	context->uc_mcontext.pc -= 4; /* `svc` */
}

#else

#define TRAP_AUDIT 0 /* callgate_trap_new refuses */

static inline void trap_arguments(const ucontext_t *context, uint64_t args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = 0;
}

static inline void trap_return(ucontext_t *context, int64_t result)
{
}

static inline void trap_rewind(ucontext_t *context, uint32_t nr)
{
}

#endif

#endif
