/*
 * Jumps only go forward, so one pass over the program meets each instruction after all that lead to it. What is known
 * of A (arch, nr, constants and what is computed from them) decides comparisons; where it is not known, both ways are
 * taken. Ways that meet keep what they agree on.
 */
#include "codegen/cost.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>

#define X32_BIT	     0x40000000u
#define AUDIT_X86_64 0xc000003eu

/* How an instruction is reached. */
struct visit {
	bool reached;
	bool known; /* A holds `a` on all ways */
	uint32_t a;
	unsigned least, most; /* instructions executed before it */
	double share;	      /* how much of all calls come by */
	double executed;      /* the sum over them of instructions executed before it */
};

struct walk {
	const struct sock_filter *insns;
	struct visit *visits;
	uint32_t audit, nr;
	struct codegen_cost cost;
	bool returned;
};

static void visit_merge(struct visit *into, const struct visit *from)
{
	if (!into->reached) {
		*into = *from;
		return;
	}
	into->known = into->known && from->known && into->a == from->a;
	into->least = from->least < into->least ? from->least : into->least;
	into->most = from->most > into->most ? from->most : into->most;
	into->share += from->share;
	into->executed += from->executed;
}

static void walk_return(struct walk *walk, const struct visit *visit)
{
	struct codegen_cost *cost = &walk->cost;

	cost->least = walk->returned && cost->least < visit->least ? cost->least : visit->least;
	cost->most = walk->returned && cost->most > visit->most ? cost->most : visit->most;
	cost->mean += visit->executed;
	walk->returned = true;
}

static void walk_load(const struct walk *walk, const struct sock_filter *insn, struct visit *visit)
{
	visit->known = true;
	if (BPF_MODE(insn->code) == BPF_IMM)
		visit->a = insn->k;
	else if (BPF_MODE(insn->code) == BPF_LEN)
		visit->a = sizeof(struct seccomp_data);
	else if (BPF_MODE(insn->code) == BPF_ABS && insn->k == offsetof(struct seccomp_data, nr))
		visit->a = walk->nr;
	else if (BPF_MODE(insn->code) == BPF_ABS && insn->k == offsetof(struct seccomp_data, arch))
		visit->a = walk->audit;
	else
		visit->known = false;
}

/* What arithmetic makes of a known A: the simulator says. */
static void walk_alu(const struct sock_filter *insn, struct visit *visit)
{
	const struct sock_filter program[] = { BPF_STMT(BPF_LD | BPF_IMM, visit->a), *insn,
					       BPF_STMT(BPF_RET | BPF_A, 0) };

	visit->known = visit->known && (BPF_SRC(insn->code) == BPF_K || BPF_OP(insn->code) == BPF_NEG);
	if (visit->known)
		visit->a = bpf_simulate(program, 3, &(struct seccomp_data){ 0 }, NULL);
}

static bool holds(const struct sock_filter *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	case BPF_JGE:
		return a >= insn->k;
	default:
		return a & insn->k;
	}
}

static void walk_jump(struct walk *walk, size_t pc, struct visit *visit)
{
	const struct sock_filter *insn = &walk->insns[pc];
	struct visit *next = &walk->visits[pc + 1];

	if (BPF_OP(insn->code) == BPF_JA) {
		visit_merge(next + insn->k, visit);
	} else if (visit->known && BPF_SRC(insn->code) == BPF_K) {
		visit_merge(next + (holds(insn, visit->a) ? insn->jt : insn->jf), visit);
	} else {
		visit->share /= 2;
		visit->executed /= 2;
		visit_merge(next + insn->jt, visit);
		visit_merge(next + insn->jf, visit);
	}
}

static void walk_step(struct walk *walk, size_t pc)
{
	const struct sock_filter *insn = &walk->insns[pc];
	struct visit visit = walk->visits[pc];

	visit.least++;
	visit.most++;
	visit.executed += visit.share;
	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		walk_return(walk, &visit);
		return;
	case BPF_JMP:
		walk_jump(walk, pc, &visit);
		return;
	case BPF_LD:
		walk_load(walk, insn, &visit);
		break;
	case BPF_ALU:
		walk_alu(insn, &visit);
		break;
	case BPF_MISC:
		visit.known = visit.known && BPF_MISCOP(insn->code) == BPF_TAX;
		break;
	default:
		break;
	}
	visit_merge(&walk->visits[pc + 1], &visit);
}

int codegen_cost(const struct sock_filter *insns, size_t length, uint32_t audit, uint32_t nr,
		 struct codegen_cost *ret_cost, struct callgate_error *err)
{
	cleanup_free struct visit *visits = calloc(length, sizeof(*visits));
	struct walk walk = { .insns = insns, .visits = visits, .audit = audit, .nr = nr };

	if (!visits)
		return fail_nomem(err);
	visits[0] = (struct visit){ .reached = true, .known = true, .share = 1 };
	for (size_t pc = 0; pc < length; pc++)
		if (visits[pc].reached)
			walk_step(&walk, pc);
	walk.cost.cached = !(audit == AUDIT_X86_64 && nr & X32_BIT) && bpf_is_cacheable(insns, length, audit, nr, NULL);
	*ret_cost = walk.cost;
	return CALLGATE_OK;
}
