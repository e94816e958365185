/*
 * Where control leaves a function for another: calls, returns, jumps elsewhere, the kernel. What the other side may see
 * escapes: registers that carry arguments, arguments on the stack, what lies in the frame behind an address that was
 * given away. What it may change is unknown afterwards.
 */
#include "scan/flow.h"

/* Bytes above the stack pointer in which a call's further arguments can lie. */
enum { OUTGOING_ARGUMENTS = 64 };

/* A page of an address means nothing to others. */
static void flow_escape_cell(struct flow *flow, const struct state *state, uint64_t site, uint32_t value)
{
	if (value_kind(flow->values, value) != VALUE_PAGE)
		flow_escape(flow, state, site, value);
}

/* What others can see of the frame: cells whose address was given away, and arguments on the stack. */
static void flow_escape_cells(struct flow *flow, const struct state *state, uint64_t site, bool all)
{
	const struct value *stack = value_at(flow->values, state_get(state, flow->arch->stack));

	if (!state->has_pointers || !flow_listens(flow))
		return;
	for (uint8_t i = 0; i < state->cell_count; i++) {
		const struct state_cell *cell = &state->cells[i];

		if (all || cell->offset >= state->escaped || stack->kind != VALUE_STACK ||
		    (cell->offset >= stack->number && cell->offset < stack->number + OUTGOING_ARGUMENTS))
			flow_escape_cell(flow, state, site, cell->value);
	}
}

static void flow_escape_registers(struct flow *flow, const struct state *state, uint64_t site, uint32_t mask)
{
	if (!state->has_pointers || !flow_listens(flow))
		return;
	for (unsigned rest = mask; rest; rest &= rest - 1)
		flow_escape_register(flow, state, site, (uint8_t)__builtin_ctz(rest));
}

/* What count registers carry; the address of a cell becomes the cell. */
static uint32_t flow_arguments(struct flow *flow, const struct state *state, const uint8_t *registers, unsigned count)
{
	struct value_arguments arguments = { { 0 } };

	for (unsigned i = 0; i < count; i++) {
		uint32_t value = state_get(state, registers[i]);
		const struct value all = *value_at(flow->values, value);

		if (value == UNKNOWN)
			continue;
		if (all.kind == VALUE_STACK) {
			uint32_t held = state_load(flow->values, state, all.number, 4);

			value = held == UNKNOWN ? UNKNOWN : value_of(flow->values, VALUE_CELL, held);
		} else if (all.kind == VALUE_TABLE || all.kind == VALUE_TARGET || all.kind == VALUE_PAGE) {
			value = UNKNOWN;
		}
		arguments.values[i] = value;
	}
	return arguments_make(flow->values, &arguments);
}

static struct effect call_effect(const struct flow *flow, const struct insn *insn, uint32_t callee)
{
	const struct value *value = value_at(flow->values, callee);
	struct effect effect = { .site = insn->address, .target = (uint64_t)value->number, .offset = value->offset };

	switch ((enum value_kind)value->kind) {
	case VALUE_ADDRESS:
		effect.kind = EFFECT_CALL;
		break;
	case VALUE_SLOT:
		effect.kind = EFFECT_CALL_SLOT;
		break;
	case VALUE_FIELD:
		effect.kind = EFFECT_CALL_FIELD;
		break;
	default:
		effect = (struct effect){ .site = insn->address, .kind = EFFECT_CALL_UNKNOWN };
		break;
	}
	return effect;
}

/* A call of, or a jump to, an address. */
static struct effect direct_effect(const struct insn *insn, uint64_t target)
{
	return (struct effect){ .site = insn->address, .target = target, .kind = EFFECT_CALL };
}

static struct effect indirect_effect(struct flow *flow, const struct state *state, const struct insn *insn)
{
	uint32_t callee = flow_operand(flow, state, insn);

	/* Any entry of a table may be called: the table's pointers are in reach. */
	if (value_kind(flow->values, callee) == VALUE_ENTRY)
		flow_escape(flow, state, insn->address, callee);
	if (value_kind(flow->values, callee) == VALUE_TARGET)
		flow_escape_targets(flow, state, insn->address, callee);
	return call_effect(flow, insn, callee);
}

static void flow_emit_call(struct flow *flow, const struct state *state, struct effect effect)
{
	effect.arguments = flow_arguments(flow, state, flow->arch->arguments, VALUE_ARGUMENTS);
	flow_emit(flow, state, effect);
}

/* Registers that hold pages of addresses, which mean nothing to anybody else. */
static uint32_t flow_pages(const struct flow *flow, const struct state *state)
{
	uint32_t pages = 0;

	if (!flow->arch->has_pages || !state->has_pointers)
		return 0;
	for (unsigned reg = 0; reg < REGISTERS; reg++)
		if (value_kind(flow->values, state_get(state, reg)) == VALUE_PAGE)
			pages |= 1u << reg;
	return pages;
}

/* The register that holds a call's target. No function is given itself. */
static uint32_t flow_target_register(const struct flow *flow, const struct insn *insn)
{
	bool is_held = flow->arch->has_pages && insn->operand == OPERAND_REGISTER && insn->source < REGISTERS;

	return is_held ? 1u << insn->source : 0;
}

/* A function that a compiler has seen may leave alone what others change: pages that registers still hold behind the
 * call. What others see of the registers is less by these, and by the call's target. */
static uint32_t flow_call_keeps(const struct flow *flow, const struct state *state, const struct insn *insn,
				uint32_t *given)
{
	uint32_t kept = flow_pages(flow, state) & flow->arch->call_changes;

	*given &= ~(kept | flow_target_register(flow, insn));
	if (insn->op == INSN_CALL)
		*given |= flow->arch->return_reads;
	return kept & ~flow->arch->return_reads;
}

static void flow_call(struct flow *flow, struct state *state, const struct insn *insn)
{
	uint32_t given = flow->arch->call_changes | flow->function.entries_live, kept = 0;

	flow->is_noisy = true;
	if (flow->emits)
		flow_emit_call(flow, state,
			       insn->op == INSN_CALL ? direct_effect(insn, (uint64_t)insn->imm)
						     : indirect_effect(flow, state, insn));
	if (flow->arch->has_pages)
		kept = flow_call_keeps(flow, state, insn, &given);
	flow_escape_registers(flow, state, insn->address, given);
	flow_escape_cells(flow, state, insn->address, flow->function.entries.length > 0);
	state_forget_registers(state, flow->arch->call_changes & ~kept);
	state_forget_escaped(flow->values, state);
	state->flags = FLAGS_UNKNOWN;
	state->has_pointers = state_holds_pointer(flow->values, state, flow->arch->registers);
}

/* A jump out of the function: all that this one knew is the other's now. */
static void flow_leave_function(struct flow *flow, const struct state *state, const struct insn *insn,
				struct effect effect)
{
	uint32_t given = flow->arch->registers & ~(flow->arch->veneer | flow_target_register(flow, insn));

	if (!flow->was_opened)
		given &= ~flow_pages(flow, state);
	flow_emit_call(flow, state, effect);
	flow_escape_registers(flow, state, insn->address, given);
	flow_escape_cells(flow, state, insn->address, true);
}

/* Whether the number is that of exit or exit_group, and can be no other. */
static bool is_exit(const struct flow *flow, const struct state *state)
{
	uint32_t number = state_get(state, flow->arch->syscall_arguments[VALUE_NUMBER]);
	int64_t exit = abi_syscall_by_name("exit")->nr[flow->arch->abi];
	int64_t exit_group = abi_syscall_by_name("exit_group")->nr[flow->arch->abi];

	if (value_kind(flow->values, number) != VALUE_NUMBERS)
		return false;
	for (uint8_t i = 0; i < value_at(flow->values, number)->count; i++) {
		int64_t one = (int32_t)value_numbers(flow->values, number)[i];

		if (one != exit && one != exit_group)
			return false;
	}
	return true;
}

static void flow_syscall(struct flow *flow, struct state *state, const struct insn *insn)
{
	bool is_foreign = insn->op == INSN_INT80;

	flow->is_over = !is_foreign && is_exit(flow, state);
	flow->is_noisy = true;
	if (flow->emits)
		flow_emit(flow, state,
			  (struct effect){ .site = insn->address,
					   .target = insn->address, /* each place counts */
					   .kind = is_foreign ? EFFECT_FOREIGN_SYSCALL : EFFECT_SYSCALL,
					   .arguments = flow_arguments(flow, state, flow->arch->syscall_arguments,
								       VALUE_NUMBER + 1) });
	flow_escape_registers(flow, state, insn->address, flow->arch->syscall_reads & ~flow_pages(flow, state));
	flow_escape_cells(flow, state, insn->address, false);
	state_forget_registers(state, flow->arch->syscall_changes);
	state_forget_escaped(flow->values, state);
	state->flags = FLAGS_UNKNOWN;
}

static void flow_jump_indirect(struct flow *flow, const struct state *state, const struct code_insn *item)
{
	const struct code_function *function = &flow->function;
	const struct value *to;

	if (flow_switch(flow, state, item))
		return;
	to = value_at(flow->values, flow_operand(flow, state, &item->insn));
	if (to->kind != VALUE_SLOT || !function->never_returns(function->context, (uint64_t)to->number, true))
		flow->can_return = true;
	flow->is_noisy = true;
	if (flow->emits)
		flow_leave_function(flow, state, &item->insn, indirect_effect(flow, state, &item->insn));
}

void flow_fall(struct flow *flow, const struct state *state, const struct insn *insn)
{
	uint64_t next = insn->address + insn->length;

	flow->can_return = flow->is_noisy = true;
	if (flow->emits)
		flow_leave_function(flow, state, insn, direct_effect(insn, next));
}

static void flow_jump(struct flow *flow, const struct state *state, const struct code_insn *item)
{
	const struct code_function *function = &flow->function;

	if (!item->is_tail)
		return;
	if (!function->never_returns(function->context, (uint64_t)item->insn.imm, false))
		flow->can_return = true;
	flow->is_noisy = true;
	if (flow->emits)
		flow_leave_function(flow, state, &item->insn, direct_effect(&item->insn, (uint64_t)item->insn.imm));
}

static void flow_return(struct flow *flow, const struct state *state, const struct insn *insn)
{
	flow->can_return = true;
	flow_escape_registers(flow, state, insn->address, flow->arch->return_reads & ~flow_pages(flow, state));
	flow_escape_cells(flow, state, insn->address, false);
}

void flow_transfer(struct flow *flow, struct state *state, const struct code_insn *item)
{
	const struct insn *insn = &item->insn;

	switch ((enum insn_op)insn->op) {
	case INSN_CALL:
	case INSN_CALL_INDIRECT:
		flow_call(flow, state, insn);
		break;
	case INSN_SYSCALL:
	case INSN_INT80:
		flow_syscall(flow, state, insn);
		break;
	case INSN_JUMP:
		flow_jump(flow, state, item);
		break;
	case INSN_JUMP_INDIRECT:
		flow_jump_indirect(flow, state, item);
		break;
	case INSN_RETURN:
		flow_return(flow, state, insn);
		break;
	default:
		break;
	}
}
