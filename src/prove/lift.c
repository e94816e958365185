/*
 * From a program to its diagram, in two passes without recursion.
 *
 * Jumps only go forward. The first pass runs the program on symbols from the first instruction to the last: for each
 * instruction that a jump reaches it keeps the distinct states (what each register holds) in which it is reached. Only
 * registers that are read later count, so paths that differ in nothing else join again. The second pass goes back from
 * the returns: a state's function is made of those of its successors, which are known by then.
 *
 * What nearly all instructions of real filters do is to compare one word with constants. Such a thicket of comparisons
 * is walked at once (walk.c) and becomes one diagram_switch: no operation on diagrams is then needed at all.
 */
#include "prove/prove.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "diagram/action.h"
#include "prove/lift.h"

#include <string.h>

enum { LENGTH_OF_DATA = sizeof(struct seccomp_data) };

static bool is_divide_by_x(const struct sock_filter *insn)
{
	return insn->code == (BPF_ALU | BPF_DIV | BPF_X);
}

static uint32_t bit_of(unsigned number)
{
	return UINT32_C(1) << number;
}

/* The registers that are read before they are written, given those that are so after the instruction. */
static uint32_t live_before(const struct sock_filter *insn, uint32_t after)
{
	const uint32_t a = bit_of(REGISTER_A), x = bit_of(REGISTER_X);
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? x : 0;
	uint32_t memory = insn->k < BPF_MEMWORDS ? bit_of(REGISTER_M + insn->k) : 0;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return (after & ~a) | (BPF_MODE(insn->code) == BPF_MEM ? memory : 0);
	case BPF_LDX:
		return (after & ~x) | (BPF_MODE(insn->code) == BPF_MEM ? memory : 0);
	case BPF_ST:
		return (after & ~memory) | a;
	case BPF_STX:
		return (after & ~memory) | x;
	case BPF_ALU:
		return after | a | (BPF_OP(insn->code) == BPF_NEG ? 0 : operand);
	case BPF_JMP:
		return BPF_OP(insn->code) == BPF_JA ? after : after | a | operand;
	case BPF_RET:
		return BPF_RVAL(insn->code) == BPF_A ? a : 0;
	default:
		return BPF_MISCOP(insn->code) == BPF_TAX ? (after & ~x) | a : (after & ~a) | x;
	}
}

static void lift_prepare(struct lift *lift)
{
	for (size_t pc = lift->length; pc-- > 0;) {
		const struct sock_filter *insn = &lift->insns[pc];
		uint32_t after;

		lift->first[pc] = STATE_NONE;
		lift->walk_leaf[pc] = STATE_NONE;
		if (BPF_CLASS(insn->code) == BPF_RET)
			after = 0;
		else if (!is_jump(insn))
			after = lift->live[pc + 1];
		else if (is_conditional(insn))
			after = lift->live[pc + 1 + insn->jt] | lift->live[pc + 1 + insn->jf];
		else
			after = lift->live[pc + 1 + insn->k];
		if (is_conditional(insn))
			lift->target[pc + 1 + insn->jt] = lift->target[pc + 1 + insn->jf] = true;
		else if (is_jump(insn))
			lift->target[pc + 1 + insn->k] = true;
		lift->live[pc] = live_before(insn, after);
	}
}

int lift_state_at(struct lift *lift, size_t pc, const uint32_t *registers)
{
	struct lift_state state = { .pc = pc, .next = lift->first[pc] };

	for (uint32_t live = lift->live[pc]; live; live &= live - 1) {
		unsigned number = (unsigned)__builtin_ctz(live);

		state.registers[number] = registers[number];
	}
	for (int i = lift->first[pc]; i != STATE_NONE; i = lift->states.items[i].next)
		if (memcmp(lift->states.items[i].registers, state.registers, sizeof(state.registers)) == 0)
			return i;
	if (lift->states.length == STATES_MAX) {
		lift->too_many = true;
		return STATE_NONE;
	}
	if (!VEC_PUSH(&lift->arena, &lift->states, state))
		return STATE_NONE;
	lift->first[pc] = (int)lift->states.length - 1;
	return lift->first[pc];
}

static uint32_t load(struct lift *lift, const struct sock_filter *insn, const uint32_t *registers)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		return value_constant(&lift->values, insn->k);
	case BPF_MEM:
		return registers[REGISTER_M + insn->k];
	case BPF_LEN:
		return value_constant(&lift->values, LENGTH_OF_DATA);
	default:
		return value_word(&lift->values, diagram_word_at(insn->k));
	}
}

static uint32_t operand(struct lift *lift, const struct sock_filter *insn, const uint32_t *registers)
{
	return BPF_SRC(insn->code) == BPF_X ? registers[REGISTER_X] : value_constant(&lift->values, insn->k);
}

static uint32_t compute(struct lift *lift, const struct sock_filter *insn, const uint32_t *registers)
{
	uint32_t right;

	if (BPF_OP(insn->code) == BPF_NEG)
		return value_binary(&lift->values, BPF_SUB, VALUE_ZERO, registers[REGISTER_A]);
	right = operand(lift, insn, registers);
	if (right == VALUE_NONE)
		return VALUE_NONE;
	return value_binary(&lift->values, BPF_OP(insn->code), registers[REGISTER_A], right);
}

/* Runs an instruction that neither jumps nor returns. False when a value cannot be made. */
static bool lift_execute(struct lift *lift, const struct sock_filter *insn, uint32_t *registers)
{
	unsigned to = REGISTER_A;
	uint32_t value;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		value = load(lift, insn, registers);
		break;
	case BPF_LDX:
		to = REGISTER_X;
		value = load(lift, insn, registers);
		break;
	case BPF_ST:
	case BPF_STX:
		to = REGISTER_M + insn->k;
		value = registers[BPF_CLASS(insn->code) == BPF_ST ? REGISTER_A : REGISTER_X];
		break;
	case BPF_ALU:
		value = compute(lift, insn, registers);
		break;
	default:
		to = BPF_MISCOP(insn->code) == BPF_TAX ? REGISTER_X : REGISTER_A;
		value = registers[BPF_MISCOP(insn->code) == BPF_TAX ? REGISTER_A : REGISTER_X];
	}
	registers[to] = value;
	return value != VALUE_NONE;
}

static bool lift_return(struct lift *lift, int number, uint32_t node)
{
	lift->states.items[number].end = LIFT_RETURN;
	lift->states.items[number].node = node;
	return node != DIAGRAM_NONE;
}

static bool lift_branch(struct lift *lift, int number, uint32_t condition, int yes, int no)
{
	struct lift_state *state = &lift->states.items[number];

	state->end = LIFT_BRANCH;
	state->node = condition;
	state->yes = yes;
	state->no = no;
	return condition != DIAGRAM_NONE && yes != STATE_NONE && no != STATE_NONE;
}

static bool lift_go(struct lift *lift, int number, size_t pc, const uint32_t *registers)
{
	int next = lift_state_at(lift, pc, registers);

	return lift_branch(lift, number, DIAGRAM_TRUE, next, next);
}

static bool lift_jump(struct lift *lift, int number, size_t pc, const uint32_t *registers)
{
	const struct sock_filter *insn = &lift->insns[pc];
	uint32_t right, condition;
	int yes, no;

	if (BPF_OP(insn->code) == BPF_JA)
		return lift_go(lift, number, pc + 1 + insn->k, registers);
	if (walk_starts(lift, insn, registers))
		return lift_walk(lift, number, pc, registers);
	right = operand(lift, insn, registers);
	if (right == VALUE_NONE)
		return false;
	condition = value_compare(&lift->values, BPF_OP(insn->code), registers[REGISTER_A], right);
	if (condition <= DIAGRAM_TRUE)
		return lift_go(lift, number, pc + 1 + (condition ? insn->jt : insn->jf), registers);
	yes = lift_state_at(lift, pc + 1 + insn->jt, registers);
	no = lift_state_at(lift, pc + 1 + insn->jf, registers);
	return lift_branch(lift, number, condition, yes, no);
}

/* A division by X ends the program with 0 where X is 0; elsewhere it goes on. */
static bool lift_divide(struct lift *lift, int number, size_t pc, uint32_t *registers)
{
	uint32_t zero = value_compare(&lift->values, BPF_JEQ, registers[REGISTER_X], VALUE_ZERO);
	int go;

	if (zero == DIAGRAM_TRUE)
		return lift_return(lift, number, diagram_terminal(lift->values.diagram, diagram_action(0)));
	if (zero == DIAGRAM_NONE || !lift_execute(lift, &lift->insns[pc], registers))
		return false;
	go = lift_state_at(lift, pc + 1, registers);
	if (!lift_branch(lift, number, zero, go, go))
		return false;
	lift->states.items[number].end = LIFT_DIVIDE;
	return true;
}

/* Runs a state to its end, which is where its successors begin. */
static bool lift_run(struct lift *lift, int number)
{
	size_t start = lift->states.items[number].pc;
	uint32_t registers[REGISTERS];

	memcpy(registers, lift->states.items[number].registers, sizeof(registers));
	for (size_t pc = start;; pc++) {
		const struct sock_filter *insn = &lift->insns[pc];

		lift->at = pc;
		if (pc != start && lift->target[pc])
			return lift_go(lift, number, pc, registers);
		if (BPF_CLASS(insn->code) == BPF_RET && BPF_RVAL(insn->code) == BPF_A)
			return lift_return(lift, number, value_action(&lift->values, registers[REGISTER_A]));
		if (BPF_CLASS(insn->code) == BPF_RET)
			return lift_return(lift, number,
					   diagram_terminal(lift->values.diagram, diagram_action(insn->k)));
		if (is_jump(insn))
			return lift_jump(lift, number, pc, registers);
		if (is_divide_by_x(insn))
			return lift_divide(lift, number, pc, registers);
		if (!lift_execute(lift, insn, registers))
			return false;
	}
}

/* The values of a word that lead to one state, as a condition. */
static uint32_t range_condition(struct lift *lift, const struct lift_state *state, int leaf)
{
	const struct lift_range *ranges = &lift->ranges.items[state->range_first];
	struct diagram_range *values = lift->switch_ranges;
	size_t count = 0;

	for (size_t i = 0; i < state->range_count; i++)
		if (ranges[i].state == leaf)
			values[count++] = (struct diagram_range){ ranges[i].low, ranges[i].high, DIAGRAM_TRUE };
	return diagram_switch(lift->values.diagram, state->word, values, count, DIAGRAM_FALSE);
}

static bool tests_only_later_words(const struct lift *lift, uint32_t node, enum diagram_word word)
{
	return diagram_node(lift->values.diagram, node).variable >= (word + 1) * VALUE_BITS;
}

/*
 * The function of a switch. Where a successor tests the word again or an earlier one, the switch puts a terminal in its
 * place and the successor is chosen by a condition afterwards.
 */
static uint32_t join_switch(struct lift *lift, const struct lift_state *state)
{
	const struct lift_range *ranges = &lift->ranges.items[state->range_first];
	bool later = true;
	uint32_t node;

	for (size_t i = 0; i < state->range_count; i++) {
		uint32_t result = lift->states.items[ranges[i].state].node;

		if (!tests_only_later_words(lift, result, state->word)) {
			result = DIAGRAM_FALSE;
			later = false;
		}
		lift->switch_ranges[i] = (struct diagram_range){ ranges[i].low, ranges[i].high, result };
	}
	node = diagram_switch(lift->values.diagram, state->word, lift->switch_ranges, state->range_count,
			      DIAGRAM_FALSE);
	for (size_t i = 0; !later && i < state->range_count && node != DIAGRAM_NONE; i++) {
		int leaf = ranges[i].state;
		uint32_t result = lift->states.items[leaf].node;

		if (tests_only_later_words(lift, result, state->word) || lift->joined[leaf] == state)
			continue;
		lift->joined[leaf] = state;
		node = diagram_if(lift->values.diagram, range_condition(lift, state, leaf), result, node);
	}
	return node;
}

static uint32_t lift_join(struct lift *lift, const struct lift_state *state)
{
	struct lift_state *states = lift->states.items;

	switch (state->end) {
	case LIFT_RETURN:
		return state->node;
	case LIFT_BRANCH:
		return diagram_if(lift->values.diagram, state->node, states[state->yes].node, states[state->no].node);
	case LIFT_DIVIDE:
		return diagram_if(lift->values.diagram, state->node,
				  diagram_terminal(lift->values.diagram, diagram_action(0)), states[state->no].node);
	default:
		return join_switch(lift, state);
	}
}

static bool lift_forward(struct lift *lift)
{
	uint32_t registers[REGISTERS] = { 0 };

	/* The kernel clears A and X; the checker refuses to read scratch memory that was not written. */
	if (lift_state_at(lift, 0, registers) == STATE_NONE)
		return false;
	for (size_t pc = 0; pc < lift->length; pc++)
		for (int i = lift->first[pc]; i != STATE_NONE; i = lift->states.items[i].next)
			if (!lift_run(lift, i))
				return false;
	return true;
}

static bool lift_backward(struct lift *lift)
{
	lift->switch_ranges = arena_array(&lift->arena, lift->ranges.length, sizeof(*lift->switch_ranges));
	lift->joined = arena_array(&lift->arena, lift->states.length, sizeof(*lift->joined));
	if (!lift->switch_ranges || !lift->joined)
		return false;
	for (size_t pc = lift->length; pc-- > 0;) {
		lift->at = pc;
		for (int i = lift->first[pc]; i != STATE_NONE; i = lift->states.items[i].next) {
			uint32_t node = lift_join(lift, &lift->states.items[i]);

			if (node == DIAGRAM_NONE)
				return false;
			lift->states.items[i].node = node;
		}
	}
	return true;
}

static int lift_fail(const struct lift *lift, struct callgate_error *err)
{
	if (values_status(&lift->values) != CALLGATE_E_LIMIT && !lift->too_many)
		return fail_nomem(err);
	error_set(err, CALLGATE_E_LIMIT,
		  "unknown: instruction %zu makes the meaning of this program too large to compute", lift->at);
	error_hint(
		err,
		"the budget is %zu nodes and %d states; multiplying, dividing or comparing two arguments exceeds any",
		diagram_budget(lift->values.diagram), STATES_MAX);
	return CALLGATE_E_LIMIT;
}

static void lift_fini(struct lift *lift)
{
	values_fini(&lift->values);
	arena_fini(&lift->arena);
}

int prove_lift(struct diagram *diagram, const struct sock_filter *insns, size_t length, uint32_t *ret_root,
	       struct callgate_error *err)
{
	cleanup(lift_fini) struct lift lift = { .insns = insns, .length = length };
	int status = bpf_check(insns, length, err);

	if (status != CALLGATE_OK)
		return status;
	diagram_renew_steps(diagram);
	lift.live = arena_array(&lift.arena, length, sizeof(*lift.live));
	lift.target = arena_array(&lift.arena, length, sizeof(*lift.target));
	lift.first = arena_array(&lift.arena, length, sizeof(*lift.first));
	lift.walk_leaf = arena_array(&lift.arena, length, sizeof(*lift.walk_leaf));
	if (!values_init(&lift.values, diagram) || !lift.live || !lift.target || !lift.first || !lift.walk_leaf)
		return lift_fail(&lift, err);
	lift_prepare(&lift);
	if (!lift_forward(&lift) || !lift_backward(&lift))
		return lift_fail(&lift, err);
	*ret_root = lift.states.items[lift.first[0]].node;
	return CALLGATE_OK;
}
