/*
 * A thicket of comparisons of one word with constants, walked from the smallest value of the word to the largest: at
 * each jump a range of values is cut, and its lower part goes on first, so that what is found comes out in order.
 *
 * Each comparison cuts the values that reach it at one or two places, so the ranges are about as many as the
 * instructions. JSET cuts at every multiple of its lowest bit: it is walked only where that is a few.
 */
#include "prove/lift.h"

enum {
	WALK_BLOCKS_MAX = 8,	/* pieces into which one JSET may cut a range */
	WALK_RANGES_MAX = 4096, /* ranges of one walk beyond which no JSET cuts any more */
};

/* The constant that the jump compares A with, when it is one. */
static bool jump_constant(const struct lift *lift, const struct sock_filter *insn, const uint32_t *registers,
			  uint32_t *ret_constant)
{
	const struct value *x = &lift->values.items[registers[REGISTER_X]];

	*ret_constant = BPF_SRC(insn->code) == BPF_X ? x->constant : insn->k;
	return BPF_SRC(insn->code) != BPF_X || x->is_constant;
}

static bool walk_push(struct lift *lift, size_t pc, uint32_t low, uint32_t high)
{
	struct lift_range range = { low, high, (int)pc };

	return low > high || VEC_PUSH(&lift->arena, &lift->walk, range);
}

/* Cuts a range into blocks over which the bits of mask do not change. False when there would be too many. */
static bool walk_cut_by_mask(struct lift *lift, const struct lift_range *range, uint32_t mask, size_t yes, size_t no,
			     bool *ret_failed)
{
	unsigned shift = mask ? (unsigned)__builtin_ctz(mask) : 0;
	uint32_t blocks = mask ? (range->high >> shift) - (range->low >> shift) : 0;

	if (blocks >= WALK_BLOCKS_MAX || (blocks && lift->walk.length > WALK_RANGES_MAX))
		return false;
	for (uint32_t i = 0; i <= blocks; i++) {
		uint32_t block = (range->high >> shift) - i;
		uint32_t first = i == blocks ? range->low : block << shift;
		uint32_t last = i ? (block << shift) + (uint32_t)((UINT64_C(1) << shift) - 1) : range->high;

		*ret_failed |= !walk_push(lift, first & mask ? yes : no, first, last);
	}
	return true;
}

/* Sends the values of a range where a jump sends them. False when that is not a matter of a few ranges. */
static bool walk_jump(struct lift *lift, const struct lift_range *range, const struct sock_filter *insn,
		      uint32_t constant, bool *ret_failed)
{
	size_t pc = (size_t)(insn - lift->insns) + 1;
	size_t yes = pc + insn->jt, no = pc + insn->jf;
	uint32_t low = range->low, high = range->high;

	if (BPF_OP(insn->code) == BPF_JSET)
		return walk_cut_by_mask(lift, range, constant, yes, no, ret_failed);
	if (BPF_OP(insn->code) == BPF_JGT && constant == UINT32_MAX) {
		*ret_failed |= !walk_push(lift, no, low, high);
		return true;
	}
	if (BPF_OP(insn->code) == BPF_JGT)
		constant++;
	if (constant < low || constant > high) {
		bool reached = BPF_OP(insn->code) != BPF_JEQ && constant < low;

		*ret_failed |= !walk_push(lift, reached ? yes : no, low, high);
	} else if (BPF_OP(insn->code) == BPF_JEQ) {
		if (constant < high)
			*ret_failed |= !walk_push(lift, no, constant + 1, high);
		*ret_failed |= !walk_push(lift, yes, constant, constant);
		if (constant > low)
			*ret_failed |= !walk_push(lift, no, low, constant - 1);
	} else {
		*ret_failed |= !walk_push(lift, yes, constant, high);
		if (constant > low)
			*ret_failed |= !walk_push(lift, no, low, constant - 1);
	}
	return true;
}

/* Adds what a walk found: values, in ascending order, and the state where they go. */
static bool walk_found(struct lift *lift, size_t first, const struct lift_range *range, const uint32_t *registers)
{
	struct lift_range found = *range;
	size_t pc = (size_t)range->state;

	if (lift->walk_leaf[pc] == STATE_NONE)
		lift->walk_leaf[pc] = lift_state_at(lift, pc, registers);
	found.state = lift->walk_leaf[pc];
	if (found.state == STATE_NONE)
		return false;
	if (lift->ranges.length > first && lift->ranges.items[lift->ranges.length - 1].state == found.state) {
		lift->ranges.items[lift->ranges.length - 1].high = found.high;
		return true;
	}
	return VEC_PUSH(&lift->arena, &lift->ranges, found);
}

/* One step with the smallest values that are left to do. */
static bool walk_step(struct lift *lift, size_t first, const uint32_t *registers)
{
	struct lift_range range = lift->walk.items[--lift->walk.length];
	const struct sock_filter *insn = &lift->insns[range.state];
	const struct value *a = &lift->values.items[registers[REGISTER_A]];
	bool failed = false;
	uint32_t constant;

	if (is_conditional(insn)) {
		bool small = lift->ranges.length - first < WALK_RANGES_MAX || BPF_OP(insn->code) != BPF_JSET;

		if (small && jump_constant(lift, insn, registers, &constant) &&
		    walk_jump(lift, &range, insn, constant, &failed))
			return !failed;
	} else if (is_jump(insn)) {
		return walk_push(lift, (size_t)range.state + 1 + insn->k, range.low, range.high);
	} else if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && diagram_word_at(insn->k) == a->word) {
		return walk_push(lift, (size_t)range.state + 1, range.low, range.high);
	}
	return walk_found(lift, first, &range, registers);
}

bool walk_starts(const struct lift *lift, const struct sock_filter *insn, const uint32_t *registers)
{
	uint32_t constant;

	if (!lift->values.items[registers[REGISTER_A]].is_word || !jump_constant(lift, insn, registers, &constant))
		return false;
	return BPF_OP(insn->code) != BPF_JSET || !constant || UINT32_MAX >> __builtin_ctz(constant) < WALK_BLOCKS_MAX;
}

bool lift_walk(struct lift *lift, int number, size_t pc, const uint32_t *registers)
{
	size_t first = lift->ranges.length;
	struct lift_state *state;
	bool more = walk_push(lift, pc, 0, UINT32_MAX);

	while (more && lift->walk.length)
		more = walk_step(lift, first, registers);
	for (size_t i = first; i < lift->ranges.length; i++)
		lift->walk_leaf[lift->states.items[lift->ranges.items[i].state].pc] = STATE_NONE;
	state = &lift->states.items[number];
	state->end = LIFT_SWITCH;
	state->word = lift->values.items[registers[REGISTER_A]].word;
	state->range_first = first;
	state->range_count = lift->ranges.length - first;
	return more;
}
