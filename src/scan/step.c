/*
 * One instruction's meaning. Whatever an instruction does with a pointer that cannot be followed makes it escape; what
 * it does with anything else that cannot be followed makes that unknown.
 */
#include "scan/arithmetic.h"
#include "scan/flow.h"
#include "scan/place.h"

/* How far the stack pointer moves when it is aligned, since nobody can say. */
enum { FRAME_ALIGNED = 1 << 16 };

#define BIT(reg) (1u << (reg))

static struct place flow_place(struct flow *flow, const struct state *state, const struct insn *insn)
{
	return place_of(flow->values, flow->module, state, insn);
}

/* The pointers that lie in the frame from start to end. */
static void flow_escape_frame(struct flow *flow, const struct state *state, const struct insn *insn, int64_t start,
			      int64_t end)
{
	if (!state->has_pointers || !flow_listens(flow))
		return;
	for (uint8_t i = 0; i < state->cell_count; i++)
		if (state->cells[i].offset + (int64_t)state->cells[i].width > start && state->cells[i].offset < end &&
		    value_kind(flow->values, state->cells[i].value) != VALUE_PAGE)
			flow_escape(flow, state, insn->address, state->cells[i].value);
}

/* A vector is stored, of which only the least length is sure. */
static void flow_store_vector(struct flow *flow, struct state *state, const struct insn *insn, int64_t offset)
{
	if (insn->width == 0)
		flow_escape_frame(flow, state, insn, offset, offset + STATE_VECTOR);
	state_store(flow->values, state, offset, insn->width, UNKNOWN);
}

void flow_overwrite(struct flow *flow, struct state *state, const struct insn *insn, const struct place *place)
{
	int64_t start = place->kind == PLACE_FRAME_SOMEWHERE ? INT32_MIN : state->escaped;

	if (start == INT32_MAX)
		return;
	flow_escape_frame(flow, state, insn, start, INT64_MAX);
	state_forget_above(flow->values, state, start);
}

void flow_read_through(struct flow *flow, const struct state *state, const struct insn *insn, const struct place *place)
{
	if (place->kind == PLACE_ADDRESS || place->kind == PLACE_FRAME || place->kind == PLACE_SLOT)
		return;
	if (place->kind == PLACE_INDEXED && module_is_code(flow->module, (uint64_t)place->number))
		return; /* a table among code: nobody calls what is read there */
	if (place->kind == PLACE_FRAME_SOMEWHERE)
		flow_escape_frame(flow, state, insn, INT32_MIN, INT64_MAX);
	if (place->kind == PLACE_INDEXED)
		flow_escape(flow, state, insn->address, value_of(flow->values, VALUE_ADDRESS, place->number));
	flow_escape(flow, state, insn->address, place->pointers[0]);
	flow_escape(flow, state, insn->address, place->pointers[1]);
}

static uint32_t flow_load(struct flow *flow, const struct state *state, const struct insn *insn, uint8_t width)
{
	struct place place = flow_place(flow, state, insn);
	uint32_t value = place_load(flow->values, flow->module, state, &place, width);

	if ((width == 8 || width == 0) && value_kind(flow->values, value) != VALUE_ENTRY)
		flow_read_through(flow, state, insn, &place);
	return value;
}

uint32_t flow_operand(struct flow *flow, const struct state *state, const struct insn *insn)
{
	switch ((enum insn_operand)insn->operand) {
	case OPERAND_REGISTER:
		return state_get(state, insn->source);
	case OPERAND_IMMEDIATE:
		return place_immediate(flow->values, flow->module, insn->imm);
	case OPERAND_MEMORY:
		return flow_load(flow, state, insn, insn->width);
	default:
		return UNKNOWN;
	}
}

void flow_store_at(struct flow *flow, struct state *state, const struct insn *insn, int64_t offset, uint8_t width,
		   uint32_t value)
{
	bool kept = state_store(flow->values, state, offset, width, value);

	state->has_pointers |= state_is_pointer(flow->values, value);
	if (!kept || (offset >= state->escaped && value_kind(flow->values, value) != VALUE_PAGE))
		flow_escape(flow, state, insn->address, value);
}

static void flow_store(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place = flow_place(flow, state, insn);
	uint32_t value = insn->operand == OPERAND_REGISTER ? state_get(state, insn->source)
							   : place_immediate(flow->values, flow->module, insn->imm);

	if (place.kind == PLACE_FRAME) {
		flow_store_at(flow, state, insn, place.number, insn->width, value);
		return;
	}
	flow_overwrite(flow, state, insn, &place);
	flow_escape(flow, state, insn->address, value);
}

static void flow_push(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t value = flow_operand(flow, state, insn);
	const struct value *stack = value_at(flow->values, state_get(state, RSP));
	int64_t offset = stack->number - 8;

	if (stack->kind != VALUE_STACK) {
		flow_escape(flow, state, insn->address, value);
		return;
	}
	state_set(state, RSP, value_of(flow->values, VALUE_STACK, offset));
	flow_store_at(flow, state, insn, offset, 8, value);
}

static void flow_pop(struct flow *flow, struct state *state, const struct insn *insn)
{
	const struct value stack = *value_at(flow->values, state_get(state, RSP));

	if (stack.kind != VALUE_STACK) {
		state_set(state, insn->destination, UNKNOWN);
		return;
	}
	flow_assign(flow, state, insn->destination, state_load(flow->values, state, stack.number, 8));
	if (insn->destination != RSP)
		state_set(state, RSP, value_of(flow->values, VALUE_STACK, stack.number + 8));
}

static void flow_leave(struct flow *flow, struct state *state, const struct insn *insn)
{
	const struct value frame = *value_at(flow->values, state_get(state, RBP));

	if (frame.kind != VALUE_STACK) {
		state_set(state, RSP, UNKNOWN);
		state_set(state, RBP, UNKNOWN);
		return;
	}
	state_set(state, RBP, state_load(flow->values, state, frame.number, 8));
	state_set(state, RSP, value_of(flow->values, VALUE_STACK, frame.number + 8));
}

/* What a switch makes of its table: an address of code, plus an entry times some. */
static uint32_t flow_target(struct flow *flow, const struct state *state, const struct insn *insn,
			    const struct place *place)
{
	uint32_t entry = state_get(state, insn->index), base = state_get(state, insn->base);
	uint8_t part = insn->scale >> SCALE_PART ? (uint8_t)(1u << ((insn->scale >> SCALE_PART) - 1)) : 8;

	if (value_kind(flow->values, entry) != VALUE_TABLE || value_kind(flow->values, base) != VALUE_ADDRESS ||
	    !module_is_code(flow->module, (uint64_t)place->number))
		return UNKNOWN;
	entry = part == 8 ? entry : value_extend(flow->values, entry, part, 8, insn->scale & SCALE_SIGNED);
	if (entry == UNKNOWN)
		return UNKNOWN;
	return value_target(flow->values, entry, base, (uint8_t)__builtin_ctz(insn->scale & SCALE_FACTOR));
}

static void flow_lea(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place = flow_place(flow, state, insn);
	uint32_t value =
		insn->width == 8 || !flow->module->is_position_free ? place_address(flow->values, &place) : UNKNOWN;
	uint32_t base = state_get(state, insn->base);

	if (value == UNKNOWN && place.kind == PLACE_INDEXED)
		value = flow_target(flow, state, insn, &place);
	if (value == UNKNOWN && insn->index == REGISTER_NONE)
		value = value_operate(flow->values, INSN_ADD, insn->width, base,
				      value_number(flow->values, insn->displacement));
	if (value == UNKNOWN)
		flow_read_through(flow, state, insn, &place);
	if (place.kind == PLACE_FRAME_SOMEWHERE && place.number < state->escaped)
		state->escaped = place.number < INT32_MIN ? INT32_MIN : (int32_t)place.number;
	if (value == UNKNOWN && place.kind == PLACE_SLOT)
		flow_escape(flow, state, insn->address, base);
	flow_assign(flow, state, insn->destination, value);
}

/* `and $-32,%rsp`: below what there was, by no known distance. */
void flow_align(struct flow *flow, struct state *state, uint32_t value)
{
	const struct value *stack = value_at(flow->values, value);

	state_set(state, flow->arch->stack,
		  stack->kind == VALUE_STACK ? value_of(flow->values, VALUE_STACK, stack->number - FRAME_ALIGNED)
					     : UNKNOWN);
}

/* What a comparison finds in memory: a parameter that lies in the frame, or a byte of it that is tested for bits. */
static uint32_t flow_compared(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place;
	uint32_t value;

	if (!insn->has_memory)
		return state_get(state, insn->destination);
	place = flow_place(flow, state, insn);
	value = place_load(flow->values, flow->module, state, &place, insn->width);
	return state_is_pointer(flow->values, value) ? UNKNOWN : value;
}

/* `testb $1,5(%rsp)` asks for bit 8 of what lies at 4(%rsp). */
static bool flow_test_part(struct flow *flow, struct state *state, const struct insn *insn)
{
	struct place place;

	if (insn->op != INSN_TEST || insn->width >= 4 || !insn->has_memory || insn->operand != OPERAND_IMMEDIATE)
		return false;
	place = flow_place(flow, state, insn);
	if (place.kind != PLACE_FRAME)
		return false;
	for (int64_t part = 0; part + insn->width <= 4; part++) {
		uint32_t value = state_load(flow->values, state, place.number - part, 4);
		uint64_t mask = (uint64_t)insn->imm & (insn->width == 1 ? 0xff : 0xffff);

		if (value == UNKNOWN)
			continue;
		state->flags = FLAGS_TEST;
		state->flags_register = REGISTER_NONE;
		state->flags_width = 4;
		state->flags_value = value;
		state->flags_number = (int64_t)(mask << (part * 8));
		return true;
	}
	return false;
}

static void flow_compare(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t other = insn->operand == OPERAND_MEMORY ? UNKNOWN : flow_operand(flow, state, insn);
	struct value other_value = *value_at(flow->values, other), *number = &other_value;
	bool is_self = insn->op == INSN_TEST && insn->operand == OPERAND_REGISTER && insn->source == insn->destination;

	if (flow_test_part(flow, state, insn))
		return;
	state->flags = FLAGS_UNKNOWN;
	state->flags_register = insn->width >= 4 ? insn->destination : REGISTER_NONE;
	state->flags_width = insn->width;
	state->flags_value = flow_compared(flow, state, insn);
	if (is_self) {
		state->flags = insn->width >= 4 ? FLAGS_COMPARE : FLAGS_TEST;
		state->flags_number = insn->width >= 4 ? 0 : -1;
	} else if (number->kind == VALUE_NUMBERS && number->count == 1) {
		state->flags = insn->op == INSN_TEST ? FLAGS_TEST : FLAGS_COMPARE;
		state->flags_number = number->number;
	}
}

/* The flags of `and` are those of `test`. */
static void flow_arithmetic_flags(const struct flow *flow, struct state *state, const struct insn *insn, uint32_t old,
				  uint32_t other)
{
	const struct value *number = value_at(flow->values, other);

	state->flags = FLAGS_UNKNOWN;
	if (insn->op != INSN_AND || number->kind != VALUE_NUMBERS || number->count != 1)
		return;
	state->flags = FLAGS_TEST;
	state->flags_width = insn->width;
	state->flags_value = old;
	state->flags_number = number->number;
	state->flags_register = REGISTER_NONE;
}

static bool is_zeroing(const struct insn *insn)
{
	return (insn->op == INSN_XOR || insn->op == INSN_SUB) && insn->operand == OPERAND_REGISTER &&
	       insn->source == insn->destination && insn->width >= 4;
}

static void flow_arithmetic(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t old = state_get(state, insn->destination), other = flow_operand(flow, state, insn);
	uint32_t value = UNKNOWN;

	if (insn->op == INSN_AND && insn->destination == flow->arch->stack) {
		flow_align(flow, state, old);
		return;
	}
	if (is_zeroing(insn)) {
		value = value_number(flow->values, 0);
	} else if (insn->op == INSN_SBB && insn->operand == OPERAND_REGISTER && insn->source == insn->destination) {
		int64_t either[2] = { 0, insn->width == 8 ? -1 : (int64_t)UINT32_MAX };

		value = insn->width >= 4 ? value_set(flow->values, either, 2) : UNKNOWN;
	} else if (insn->op == INSN_NOT || insn->op == INSN_NEG) {
		value = value_invert(flow->values, insn->op, insn->width, old);
	} else if (insn->width >= 4) {
		value = value_operate(flow->values, insn->op, insn->width, old, other);
	}
	if (value == UNKNOWN && !is_zeroing(insn)) {
		flow_escape(flow, state, insn->address, old);
		flow_escape(flow, state, insn->address, other);
	}
	flow_assign(flow, state, insn->destination, value);
	flow_arithmetic_flags(flow, state, insn, old, other);
}

/* Less than 4 bytes leave the rest of a register as it was. */
static uint32_t flow_merge(struct flow *flow, const struct state *state, const struct insn *insn, uint32_t value)
{
	uint32_t mask = insn->width == 1 ? 0xff : 0xffff;
	uint32_t old;

	if (insn->width >= 4)
		return value_extend(flow->values, value, insn->width, insn->width, false);
	old = value_operate(flow->values, INSN_AND, 8, state_get(state, insn->destination),
			    value_number(flow->values, (int64_t) ~(uint64_t)mask));
	value = value_operate(flow->values, INSN_AND, 8, value, value_number(flow->values, mask));
	return value_operate(flow->values, INSN_OR, 8, old, value);
}

static void flow_move(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t value = flow_operand(flow, state, insn);

	if (value_kind(flow->values, value) == VALUE_ADDRESS && insn->width >= 4) {
		flow_assign(flow, state, insn->destination, value);
		return;
	}
	flow_assign(flow, state, insn->destination, flow_merge(flow, state, insn, value));
}

static void flow_extend(struct flow *flow, struct state *state, const struct insn *insn)
{
	bool is_signed = insn->op == INSN_MOVE_SIGNED;
	uint32_t value = UNKNOWN;

	if (insn->operand == OPERAND_MEMORY)
		value = flow_load(flow, state, insn, insn->source_width);
	else if (insn->source_width == 1 && insn->source < REGISTERS && state->low_only >> insn->source & 1)
		value = state->registers[insn->source];
	else if (insn->source < REGISTERS)
		value = state_get(state, insn->source);
	if (state_is_pointer(flow->values, value))
		flow_escape(flow, state, insn->address, value);
	flow_assign(flow, state, insn->destination,
		    value_extend(flow->values, value, insn->source_width, insn->width, is_signed));
}

static void flow_set(struct flow *flow, struct state *state, const struct insn *insn)
{
	static const int64_t either[2] = { 0, 1 };
	const struct value *old = value_at(flow->values, state_get(state, insn->destination));
	bool is_whole = old->kind == VALUE_NUMBERS && old->count == 1 && (old->number & ~(int64_t)0xff) == 0;

	state_set(state, insn->destination, value_set(flow->values, either, 2));
	if (!is_whole)
		state->low_only |= BIT(insn->destination);
}

static void flow_cmov(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t old = state_get(state, insn->destination), other = flow_operand(flow, state, insn);
	uint32_t value;

	if (insn->width == 4) {
		old = value_extend(flow->values, old, 4, 4, false);
		other = value_extend(flow->values, other, 4, 4, false);
	}
	value = value_join(flow->values, old, other);
	if (value == UNKNOWN) {
		flow_escape(flow, state, insn->address, old);
		flow_escape(flow, state, insn->address, other);
	}
	flow_assign(flow, state, insn->destination, value);
}

/* All that is not followed: what it reads escapes, what it writes is unknown. */
static void flow_other(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t reads = insn->reads;

	if (insn->has_memory) {
		struct place place = flow_place(flow, state, insn);
		bool is_wide = insn->width == 0 || insn->width == 8;

		if (insn->reads_memory && is_wide) {
			flow_read_through(flow, state, insn, &place);
			if (place.kind == PLACE_ADDRESS && !module_is_code(flow->module, (uint64_t)place.number))
				flow_escape(flow, state, insn->address, place_address(flow->values, &place));
			else if (place.kind == PLACE_SLOT)
				flow_escape(flow, state, insn->address, place.pointers[0]);
		}
		if (insn->writes_memory && place.kind == PLACE_FRAME)
			flow_store_vector(flow, state, insn, place.number);
		else if (insn->writes_memory)
			flow_overwrite(flow, state, insn, &place);
		/* A base that moves is a pointer that is lost. */
		reads &= ~((insn->base < REGISTERS ? BIT(insn->base) : 0) |
			   (insn->index < REGISTERS ? BIT(insn->index) : 0)) |
			 insn->writes;
	}
	for (unsigned rest = state->has_pointers && flow_listens(flow) ? reads : 0; rest; rest &= rest - 1)
		flow_escape(flow, state, insn->address, state_get(state, (uint8_t)__builtin_ctz(rest)));
	state_forget_registers(state, insn->writes);
	state->flags = FLAGS_UNKNOWN;
}

/* What each kind of instruction means; those that are not here hand control on, or do nothing. One function of all of
 * them would save and restore registers for the largest at each instruction. */
static void (*const steps[INSN_INVALID + 1])(struct flow *flow, struct state *state, const struct insn *insn) = {
	[INSN_OTHER] = flow_other,
	[INSN_MOVE] = flow_move,
	[INSN_MOVE_SIGNED] = flow_extend,
	[INSN_MOVE_UNSIGNED] = flow_extend,
	[INSN_STORE] = flow_store,
	[INSN_LEA] = flow_lea,
	[INSN_ADD... INSN_NEG] = flow_arithmetic,
	[INSN_COMPARE] = flow_compare,
	[INSN_TEST] = flow_compare,
	[INSN_SET] = flow_set,
	[INSN_CMOV] = flow_cmov,
	[INSN_PUSH] = flow_push,
	[INSN_POP] = flow_pop,
	[INSN_LEAVE] = flow_leave,
	[INSN_PAGE... INSN_STORE_PAIR] = flow_step_three,
};

void flow_step(struct flow *flow, struct state *state, const struct code_insn *item)
{
	if (steps[item->insn.op])
		steps[item->insn.op](flow, state, &item->insn);
	else
		flow_transfer(flow, state, item);
}
