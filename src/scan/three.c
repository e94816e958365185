/*
 * Instructions of three operands, of pairs of registers, and those that make an address in two steps: aarch64's ways to
 * do what x86-64 does otherwise.
 *
 * The page of an address means nothing by itself. It stays what it is through moves, and through calls too: a compiler
 * that has seen the called function keeps one in a register which that function leaves alone.
 */
#include "scan/arithmetic.h"
#include "scan/flow.h"

/* A register that is read; REGISTER_NONE and REGISTER_ZERO are zero. */
static uint32_t three_register(struct flow *flow, const struct state *state, uint8_t reg)
{
	return reg < REGISTERS ? state_get(state, reg) : value_number(flow->values, 0);
}

static void three_escape(struct flow *flow, const struct state *state, const struct insn *insn)
{
	for (unsigned rest = flow_listens(flow) ? insn->reads : 0; rest; rest &= rest - 1)
		flow_escape_register(flow, state, insn->address, (uint8_t)__builtin_ctz(rest));
}

/* A subtraction compares, an `and` tests. */
static void three_flags(const struct flow *flow, struct state *state, const struct insn *insn, uint32_t left,
			uint32_t right)
{
	const struct value *number = value_at(flow->values, right);

	state->flags = FLAGS_UNKNOWN;
	if ((insn->operation != INSN_SUB && insn->operation != INSN_AND) || number->kind != VALUE_NUMBERS ||
	    number->count != 1)
		return;
	state->flags = insn->operation == INSN_SUB ? FLAGS_COMPARE : FLAGS_TEST;
	state->flags_width = insn->width;
	state->flags_value = left;
	state->flags_number = number->number;
	state->flags_register = insn->operation == INSN_SUB ? insn->base : REGISTER_NONE;
}

static void three_reckon(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t left = three_register(flow, state, insn->base), right = flow_operand(flow, state, insn);
	uint32_t value = UNKNOWN;

	if (insn->operation == INSN_AND && insn->destination == flow->arch->stack) {
		flow_align(flow, state, left);
		return;
	}
	if (insn->operation != INSN_OTHER)
		value = value_operate(flow->values, insn->operation, insn->width, left, right);
	if (value == UNKNOWN)
		three_escape(flow, state, insn);
	if (insn->op == INSN_RECKON_FLAGS)
		three_flags(flow, state, insn, left, right);
	if (insn->destination != REGISTER_NONE) {
		flow_assign(flow, state, insn->destination, value);
		return;
	}
	for (unsigned rest = insn->writes; rest; rest &= rest - 1)
		state_set(state, (uint8_t)__builtin_ctz(rest), UNKNOWN);
}

static void three_insert(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t mask = value_number(flow->values, ~insn->displacement), part = value_number(flow->values, insn->imm);
	uint32_t value = value_operate(flow->values, INSN_AND, insn->width, state_get(state, insn->destination), mask);
	const struct value *all;

	value = value_operate(flow->values, INSN_OR, insn->width, value, part);
	all = value_at(flow->values, value);
	if (all->kind == VALUE_NUMBERS && all->count == 1)
		value = place_immediate(flow->values, flow->module, all->number);
	flow_assign(flow, state, insn->destination, value);
}

static void three_select(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t left = three_register(flow, state, insn->base), right = flow_operand(flow, state, insn);
	uint32_t value;

	if (insn->width == 4) {
		left = value_extend(flow->values, left, 4, 4, false);
		right = value_extend(flow->values, right, 4, 4, false);
	}
	value = value_join(flow->values, left, right);
	if (value == UNKNOWN)
		three_escape(flow, state, insn);
	flow_assign(flow, state, insn->destination, value);
}

static void three_move_base(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t base = state_get(state, insn->base), value;

	if (insn->imm == 0)
		return;
	value = value_operate(flow->values, INSN_ADD, 8, base, value_number(flow->values, insn->imm));
	if (value == UNKNOWN)
		flow_escape_register(flow, state, insn->address, insn->base);
	flow_assign(flow, state, insn->base, value);
}

/* The place of the first of a pair. */
static struct place three_place(struct flow *flow, const struct state *state, const struct insn *insn)
{
	struct insn first = *insn;

	first.index = REGISTER_NONE;
	return place_of(flow->values, flow->module, state, &first);
}

static void three_load(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place = three_place(flow, state, insn);
	bool is_vector = insn->destination == REGISTER_NONE && insn->second == REGISTER_NONE;
	uint32_t first, second;

	first = place_load(flow->values, flow->module, state, &place, insn->width);
	if (insn->width == 8 || (is_vector && (insn->width == 0 || insn->width > 8)))
		flow_read_through(flow, state, insn, &place);
	if (is_vector && place.kind == PLACE_ADDRESS && !module_is_code(flow->module, (uint64_t)place.number))
		flow_escape(flow, state, insn->address, place_address(flow->values, &place));
	place.number += insn->width;
	second = place_load(flow->values, flow->module, state, &place, insn->width);
	three_move_base(flow, state, insn);
	flow_assign(flow, state, insn->destination, first);
	flow_assign(flow, state, insn->second, second);
}

static void three_store(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place = three_place(flow, state, insn);
	uint32_t first = insn->source == REGISTER_NONE ? UNKNOWN : three_register(flow, state, insn->source);
	uint32_t second = three_register(flow, state, insn->second);

	if (place.kind == PLACE_FRAME) {
		flow_store_at(flow, state, insn, place.number, insn->width, first);
		if (insn->second != REGISTER_NONE)
			flow_store_at(flow, state, insn, place.number + insn->width, insn->width, second);
	} else {
		flow_overwrite(flow, state, insn, &place);
		flow_escape(flow, state, insn->address, first);
		flow_escape(flow, state, insn->address, second);
	}
	three_move_base(flow, state, insn);
}

void flow_step_three(struct flow *flow, struct state *state, const struct insn *insn)
{
	switch ((enum insn_op)insn->op) {
	case INSN_PAGE:
		flow_assign(flow, state, insn->destination, value_of(flow->values, VALUE_PAGE, insn->displacement));
		break;
	case INSN_RECKON:
	case INSN_RECKON_FLAGS:
		three_reckon(flow, state, insn);
		break;
	case INSN_INSERT:
		three_insert(flow, state, insn);
		break;
	case INSN_SELECT:
		three_select(flow, state, insn);
		break;
	case INSN_LOAD_PAIR:
		three_load(flow, state, insn);
		break;
	case INSN_STORE_PAIR:
		three_store(flow, state, insn);
		break;
	default:
		break;
	}
}
