/*
 * The emulation by which the kernel decides, at attach, for which numbers a filter need not run: kernel/seccomp.c,
 * seccomp_is_const_allow. It is deliberately weaker than what we could prove: only what the kernel itself follows
 * counts.
 */
#include "bpf/bpf.h"

/* Whether a conditional jump's comparison holds; false in ret_known when the emulation does not know it. */
static bool emulate_comparison(const struct sock_filter *insn, uint32_t a, bool *ret_known)
{
	*ret_known = true;
	switch (insn->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		return a == insn->k;
	case BPF_JMP | BPF_JGT | BPF_K:
		return a > insn->k;
	case BPF_JMP | BPF_JGE | BPF_K:
		return a >= insn->k;
	case BPF_JMP | BPF_JSET | BPF_K:
		return a & insn->k;
	default:
		*ret_known = false;
		return false;
	}
}

static bool emulate_load(const struct sock_filter *insn, uint32_t arch, uint32_t nr, uint32_t *a)
{
	if (insn->k == offsetof(struct seccomp_data, nr))
		*a = nr;
	else if (insn->k == offsetof(struct seccomp_data, arch))
		*a = arch;
	else
		return false;
	return true;
}

bool bpf_is_cacheable(const struct sock_filter *insns, size_t length, uint32_t arch, uint32_t nr, int *ret_lost)
{
	uint32_t a = 0;
	bool known = true;
	int lost = -1;

	for (size_t pc = 0; pc < length; pc++) {
		const struct sock_filter *insn = &insns[pc];

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			known = emulate_load(insn, arch, nr, &a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_RET | BPF_K:
			if (ret_lost)
				*ret_lost = -1;
			return insn->k == SECCOMP_RET_ALLOW;
		default: {
			bool holds = emulate_comparison(insn, a, &known);

			if (known)
				pc += holds ? insn->jt : insn->jf;
			break;
		}
		}
		if (!known) {
			lost = (int)pc;
			break;
		}
	}
	if (ret_lost)
		*ret_lost = lost;
	return false;
}
