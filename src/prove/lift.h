/*
 * prove/lift.h - what lifting keeps, for lift.c and walk.c
 */
#ifndef CALLGATE_PROVE_LIFT_H
#define CALLGATE_PROVE_LIFT_H

#include "base/arena.h"
#include "bpf/bpf.h"
#include "prove/value.h"

enum {
	REGISTER_A,
	REGISTER_X,
	REGISTER_M, /* the first of the scratch words */
	REGISTERS = REGISTER_M + BPF_MEMWORDS,
	STATES_MAX = 1 << 16,
	STATE_NONE = -1,
};

struct lift_range {
	uint32_t low, high; /* of the word's values, inclusive */
	int state;	    /* where they go */
};

/* How a state goes on once its straight instructions are run. */
enum lift_end { LIFT_RETURN, LIFT_BRANCH, LIFT_DIVIDE, LIFT_SWITCH };

struct lift_state {
	uint32_t registers[REGISTERS]; /* values; VALUE_ZERO for those that nothing reads later */
	size_t pc;		       /* the instruction that comes next in this state */
	int next;		       /* another state at the same instruction, or STATE_NONE */
	enum lift_end end;
	uint32_t node;		/* BRANCH: the condition until the second pass; then, as for RETURN, the function */
	int yes, no;		/* BRANCH: the successors; DIVIDE has one, `no`, where the divisor is not 0 */
	enum diagram_word word; /* SWITCH */
	size_t range_first, range_count;
};

struct lift {
	const struct sock_filter *insns;
	size_t length;
	struct values values;
	struct arena arena;
	uint32_t *live; /* by instruction: the registers that it or a later one reads, as bits */
	bool *target;	/* by instruction: a jump goes there */
	int *first;	/* by instruction: its newest state */
	struct {
		VEC(struct lift_state);
	} states;
	struct {
		VEC(struct lift_range);
	} ranges; /* of all switches */
	struct {
		VEC(struct lift_range);	     /* .state is an instruction's index here */
	} walk;				     /* what the current walk has still to do, the smallest values on top */
	int *walk_leaf;			     /* by instruction: the state that the current walk made there */
	struct diagram_range *switch_ranges; /* room for one switch */
	const struct lift_state **joined;    /* by state: the switch that chose it by a condition */
	size_t at;			     /* the instruction that is being lifted, for messages */
	bool too_many;			     /* states beyond STATES_MAX */
};

/* The state at an instruction with these registers, an old one where there is one. STATE_NONE without memory or when
 * there are too many. */
int lift_state_at(struct lift *lift, size_t pc, const uint32_t *registers);

/* Whether this jump compares a word of the input in A with a constant, so that a walk can begin at it. */
bool walk_starts(const struct lift *lift, const struct sock_filter *insn, const uint32_t *registers);

/* Ends a state, in which A is a word of the input, with all the comparisons of that word that follow. False without
 * memory or when there are too many states. */
bool lift_walk(struct lift *lift, int number, size_t pc, const uint32_t *registers);

static inline bool is_jump(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP;
}

static inline bool is_conditional(const struct sock_filter *insn)
{
	return is_jump(insn) && BPF_OP(insn->code) != BPF_JA;
}

#endif
