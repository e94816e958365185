/*
 * Strict mode is older than filters and no program, but a total function like one: it lets four calls through and kills
 * the thread for the rest (kernel/seccomp.c, mode1_syscalls and get_compat_mode1_syscalls). So it is written as a
 * filter, and asked what filters are asked.
 */
#include "filter/strict.h"

#include "abi/abi.h"
#include "base/error.h"

/* For each of two arches two loads, two returns and the tests; the last return. */
enum { STRICT_CALLS = 4, STRICT_LENGTH_MAX = 2 * (STRICT_CALLS + 5) + 1 };

/* The arches that share a kernel; strict mode knows the calls of both. */
static const struct strict_arch {
	enum abi_arch_id arch;
	enum abi_arch_id machine; /* native where this row holds */
	const char *calls[STRICT_CALLS];
} strict_arches[] = {
	{ ABI_I386, ABI_X86_64, { "read", "write", "exit", "sigreturn" } },
	{ ABI_ARM, ABI_AARCH64, { "read", "write", "exit", "sigreturn" } },
};
static const char *const strict_calls[STRICT_CALLS] = { "read", "write", "exit", "rt_sigreturn" };

/* If the arch is this one: the numbers that pass, then the end. Falls through to the next arch otherwise. */
static void add_strict_arch(struct bpf_program *program, enum abi_arch_id arch, const char *const calls[STRICT_CALLS])
{
	struct sock_filter *insns = program->insns + program->length;
	size_t i = 0;

	insns[i++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	insns[i++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi_arch(arch)->audit, 0, STRICT_CALLS + 3);
	insns[i++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned call = 0; call < STRICT_CALLS; call++)
		insns[i++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							  (uint32_t)abi_syscall_by_name(calls[call])->nr[arch],
							  (unsigned char)(STRICT_CALLS - call), 0);
	insns[i++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD);
	insns[i++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program->length += i;
}

int strict_program(struct arena *arena, struct bpf_program *ret_program, struct callgate_error *err)
{
	enum abi_arch_id native = abi_arch_native()->id;
	struct bpf_program program = {
		.insns = arena_array(arena, STRICT_LENGTH_MAX, sizeof(*program.insns)),
	};

	if (!program.insns)
		return fail_nomem(err);
	add_strict_arch(&program, native, strict_calls);
	for (size_t i = 0; i < sizeof(strict_arches) / sizeof(*strict_arches); i++)
		if (strict_arches[i].machine == native)
			add_strict_arch(&program, strict_arches[i].arch, strict_arches[i].calls);
	program.insns[program.length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD);
	*ret_program = program;
	return CALLGATE_OK;
}
