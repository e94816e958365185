/*
 * The fixpoint and what follows from it. Rounds end because every join only loses knowledge, and a set of numbers
 * that still grows when a block's turn has come a few times (a loop's counter) is unknown.
 *
 * A block is gone through for the last time with its final state. If that time it had no effect and let no pointer on
 * to another block, it is not gone through again for its effects: most blocks are quiet so. One that is in no loop is
 * gone through just once, and what happens in it is written down then; only whether a pointer that it lets on gets lost
 * is not known yet.
 */
#include "scan/flow.h"

#include "scan/branch.h"

#include <stdlib.h>
#include <string.h>

/* In a block's mark, beside how often it was gone through. */
enum {
	FLOW_REACHED = 1,
	FLOW_DIRTY = 2,
	FLOW_NOISY = 4,	  /* it has effects that are yet to be written down */
	FLOW_LETS_ON = 8, /* it lets pointers on */
	FLOW_LOOP = 16,	  /* it may be gone through again */
	FLOW_VISIT = 32,
	FLOW_VISITS_MAX = 2
};

/* Pointers on which the paths into a block disagree, and which somebody reads. */
static void flow_escape_lost(struct flow *flow, const struct state *from, uint32_t block, uint64_t site)
{
	const struct state *into = &flow->states[block];
	uint32_t live = flow->function.blocks.items[block].live_in;

	for (unsigned rest = live; rest; rest &= rest - 1) {
		unsigned reg = (unsigned)__builtin_ctz(rest);

		if (from->registers[reg] != into->registers[reg])
			flow_escape_register(flow, from, site, (uint8_t)reg);
	}
	for (uint8_t i = 0, j = 0; i < from->cell_count; i++) {
		const struct state_cell *cell = &from->cells[i];

		while (j < into->cell_count && into->cells[j].offset < cell->offset)
			j++;
		if (j == into->cell_count || memcmp(&into->cells[j], cell, sizeof(*cell)) != 0)
			flow_escape(flow, from, site, cell->value);
	}
}

static void flow_soil(struct flow *flow, uint32_t block)
{
	uint32_t rank = flow->function.blocks.items[block].rank;

	flow->marks[block] |= FLOW_REACHED | FLOW_DIRTY;
	if (rank < flow->lowest)
		flow->lowest = rank;
}

/* Whether a block begins with what the one that is gone through ends with: it is left once, and nobody else comes
 * there. */
static bool flow_hands_over(const struct flow *flow, uint32_t block)
{
	const struct code_block *into = &flow->function.blocks.items[block];

	return !flow->has_switch && !into->is_met && !into->is_entry && !(flow->marks[flow->block] & FLOW_LOOP);
}

static void flow_into(struct flow *flow, const struct state *state, uint32_t block, uint64_t site)
{
	struct state *into = &flow->states[block];
	bool has_pointers;
	uint32_t live;

	if (block == CODE_NONE)
		return;
	live = flow->function.blocks.items[block].live_in;
	has_pointers = state_holds_pointer(flow->values, state, live);
	flow->is_noisy |= has_pointers && !flow_hands_over(flow, block);
	if (flow->is_settled) {
		if (has_pointers)
			flow_escape_lost(flow, state, block, site);
	} else if (!(flow->marks[block] & FLOW_REACHED)) {
		state_copy(into, state);
		for (uint32_t rest = flow->arch->registers & ~live; rest; rest &= rest - 1)
			into->registers[__builtin_ctz(rest)] = UNKNOWN;
		into->has_pointers = has_pointers;
		flow_soil(flow, block);
	} else if (state_join(flow->values, into, state, live, flow->marks[block] / FLOW_VISIT >= FLOW_VISITS_MAX)) {
		flow_soil(flow, block);
	}
}

/* The block at a switch's target, CODE_NONE where it is yet to be made. */
static uint32_t target_block(const struct code_function *function, uint64_t address)
{
	uint32_t index = code_insn_at(function, address);
	const struct code_insn *item = index == CODE_NONE ? NULL : &function->insns.items[index];

	return item && item->is_leader && function->blocks.items[item->block].first == index ? item->block : CODE_NONE;
}

static void flow_into_targets(struct flow *flow, const struct state *state, uint64_t site)
{
	for (size_t i = 0; i < flow->targets.length; i++) {
		const struct flow_target *target = &flow->targets.items[i];
		uint32_t block = target_block(&flow->function, target->address);
		struct state into;
		bool contradiction = false;

		state_copy(&into, state);
		if (target->fact.param != PARAM_NONE)
			into.facts = facts_add(flow->values, state->facts, target->fact, &contradiction);
		if (block == CODE_NONE && !VEC_PUSH(&flow->arena, &flow->unseen, target->address))
			flow->failed = true;
		if (!contradiction)
			flow_into(flow, &into, block, site);
	}
	flow_clear_targets(flow);
}

/* A branch that compares a register by itself leaves the flags as they were. */
static void flow_branch_register(struct flow *flow, const struct state *state, const struct code_block *block,
				 const struct insn *insn)
{
	struct state compared, room;

	state_copy(&compared, state);
	compared.flags = insn->displacement == -1 ? FLAGS_COMPARE : FLAGS_TEST;
	compared.flags_number = insn->displacement == -1 ? 0 : insn->displacement;
	compared.flags_width = insn->width;
	compared.flags_register = insn->source;
	compared.flags_value = state_get(state, insn->source);
	for (unsigned taken = 0; taken < 2; taken++) {
		const struct state *there = branch_take(flow->values, &compared, insn, taken, &room);

		room.flags = state->flags;
		room.flags_number = state->flags_number;
		room.flags_width = state->flags_width;
		room.flags_register = state->flags_register;
		room.flags_value = state->flags_value;
		if (there)
			flow_into(flow, there == &room ? &room : state, taken ? block->target : block->next,
				  insn->address);
	}
}

static void flow_branch(struct flow *flow, const struct state *state, const struct code_block *block,
			const struct insn *insn)
{
	struct state room;
	const struct state *there = branch_take(flow->values, state, insn, true, &room);

	if (there)
		flow_into(flow, there, block->target, insn->address);
	there = branch_take(flow->values, state, insn, false, &room);
	if (there)
		flow_into(flow, there, block->next, insn->address);
}

/* On to the blocks behind this one. */
static void flow_onward(struct flow *flow, const struct state *state, const struct code_block *block,
			const struct insn *last)
{
	if (last->op == INSN_BRANCH && last->operand == OPERAND_REGISTER) {
		flow_branch_register(flow, state, block, last);
	} else if (last->op == INSN_BRANCH) {
		flow_branch(flow, state, block, last);
	} else {
		flow_into(flow, state, block->next, last->address);
		flow_into(flow, state, block->target, last->address);
	}
	if (last->op == INSN_JUMP_INDIRECT)
		flow_into_targets(flow, state, last->address);
}

/*
 * Goes through a block. As long as states are not final, what it does to those behind it is joined to theirs, and its
 * effects are written down if FLOW_NOISY is wanted; when they are, what is wanted is. Gives what there was: FLOW_NOISY,
 * FLOW_LETS_ON.
 */
static uint8_t flow_block(struct flow *flow, uint32_t number, uint8_t wanted)
{
	struct state state;
	const struct code_block *block = &flow->function.blocks.items[number];
	const struct code_insn *insns = flow->function.insns.items, *last = &insns[block->end - 1];
	uint8_t marks;

	flow->block = number;
	flow->is_noisy = false;
	flow->emits = wanted & FLOW_NOISY;
	state_copy(&state, &flow->states[number]);
	for (uint32_t i = block->first, end = block->end; i < end && !flow->failed; i++)
		flow_step(flow, &state, &insns[i]);
	if (last->insn.op == INSN_SYSCALL && flow->is_over)
		return FLOW_NOISY; /* that of the call */
	if (last->is_tail && last->insn.op != INSN_JUMP)
		flow_fall(flow, &state, &last->insn);
	marks = flow->is_noisy ? FLOW_NOISY : 0;
	flow->is_noisy = false;
	flow->emits = flow->is_settled;
	if (!flow->is_settled || wanted & FLOW_LETS_ON)
		flow_onward(flow, &state, block, &last->insn);
	else
		flow_clear_targets(flow);
	return marks | (flow->is_noisy ? FLOW_LETS_ON : 0);
}

/* Marks blocks that may be gone through again: those between the target of a jump back and the jump, in order, and all
 * where a switch may jump anywhere. */
static void flow_find_loops(struct flow *flow)
{
	const struct code_function *function = &flow->function;
	uint32_t end = 0;

	flow->has_switch = false;
	memset(flow->loops, 0, function->blocks.length * sizeof(*flow->loops));
	for (size_t i = 0; i < function->blocks.length; i++) {
		const struct code_block *block = &function->blocks.items[i];
		uint32_t behind[2] = { block->next, block->target };

		flow->has_switch |= function->insns.items[block->end - 1].insn.op == INSN_JUMP_INDIRECT;
		for (unsigned j = 0; j < 2; j++) {
			uint32_t rank = behind[j] == CODE_NONE ? UINT32_MAX : function->blocks.items[behind[j]].rank;

			if (rank <= block->rank && flow->loops[rank] <= block->rank)
				flow->loops[rank] = block->rank + 1;
		}
	}
	for (uint32_t rank = 0; rank < function->order.length; rank++) {
		if (flow->loops[rank] > end)
			end = flow->loops[rank];
		if (flow->has_switch || rank < end)
			flow->marks[function->order.items[rank]] |= FLOW_LOOP;
	}
}

static bool flow_prepare(struct flow *flow)
{
	size_t blocks = flow->function.blocks.length;

	if (blocks > flow->room) {
		size_t room = blocks * 2;

		free(flow->states);
		free(flow->marks);
		free(flow->loops);
		/* A block has a state when a way leads to it, and marks from the start. */
		flow->states = malloc(room * sizeof(*flow->states));
		flow->marks = malloc(room * sizeof(*flow->marks));
		flow->loops = malloc(room * sizeof(*flow->loops));
		flow->room = flow->states && flow->marks && flow->loops ? room : 0;
		if (!flow->room)
			return false;
	}
	memset(flow->marks, 0, blocks * sizeof(*flow->marks));
	for (size_t i = 0; i < blocks; i++) {
		if (!flow->function.blocks.items[i].is_entry)
			continue;
		if (i == 0 && !flow->was_opened)
			state_at_entry(flow->values, flow->arch, &flow->states[i]);
		else
			state_unknown(&flow->states[i]);
		flow->marks[i] = FLOW_REACHED | FLOW_DIRTY;
	}
	flow_find_loops(flow);
	return true;
}

/* The first dirty block in order is always next, so that a loop has settled before what comes behind it is looked at. */
static void flow_settle(struct flow *flow)
{
	const struct code_function *function = &flow->function;

	for (uint32_t rank = 0; rank < function->order.length && !flow->failed; rank++) {
		uint32_t block = function->order.items[rank];
		bool is_final = !(flow->marks[block] & FLOW_LOOP);
		uint8_t marks;

		if (!(flow->marks[block] & FLOW_DIRTY))
			continue;
		flow->marks[block] &= (uint8_t) ~(FLOW_DIRTY | FLOW_NOISY | FLOW_LETS_ON);
		if (flow->marks[block] / FLOW_VISIT < FLOW_VISITS_MAX)
			flow->marks[block] += FLOW_VISIT;
		flow->lowest = UINT32_MAX;
		marks = flow_block(flow, block, is_final ? FLOW_NOISY : 0);
		flow->marks[block] |= is_final ? marks & FLOW_LETS_ON : marks;
		if (flow->lowest <= rank)
			rank = flow->lowest - 1;
	}
}

/* One fixpoint; true where it found more code, so that another is needed. */
static bool flow_round(struct flow *flow)
{
	flow->is_open = flow->can_return = false;
	flow->unseen.length = 0;
	flow_clear_targets(flow);
	flow_effects_clear(flow);
	if (!flow_prepare(flow)) {
		flow->failed = true;
		return false;
	}
	flow_settle(flow);
	if (flow->failed)
		return false;
	if (flow->unseen.length > 0)
		return code_function_add(&flow->function, flow->unseen.items, flow->unseen.length);
	if (!flow->is_open || flow->was_opened)
		return false;
	code_function_open(&flow->function);
	flow->was_opened = true;
	return true;
}

/* What landing pads catch is looked at by the unwinder. */
static void flow_emit_types(struct flow *flow)
{
	struct state nothing;

	state_unknown(&nothing);
	flow->block = UINT32_MAX;
	for (size_t i = 0; i < flow->function.types.length; i++)
		flow_emit(flow, &nothing,
			  (struct effect){ .site = flow->function.entry,
					   .target = flow->function.types.items[i],
					   .kind = EFFECT_ESCAPE_SLOT });
}

void flow_function(struct flow *flow, uint64_t entry, bool from_anywhere)
{
	flow->effects.length = flow->effect_blocks.length = 0; /* flow_effects_sort has cleared the table */
	flow->emits = flow->is_settled = false;
	flow->was_opened = from_anywhere;
	code_function_read(&flow->function, entry);
	if (from_anywhere && !flow->function.failed)
		code_function_open(&flow->function);
	while (!flow->function.failed && flow_round(flow))
		;
	flow->failed |= flow->function.failed || flow->values->failed;
	if (flow->failed)
		return;
	flow->is_settled = true;
	for (uint32_t i = 0; i < flow->function.blocks.length; i++)
		if (flow->marks[i] & (FLOW_NOISY | FLOW_LETS_ON))
			flow_block(flow, i, flow->marks[i]);
	flow_emit_types(flow);
	flow->failed |= flow->values->failed || !flow_effects_sort(flow);
}

void flow_fini(struct flow *flow)
{
	free(flow->states);
	free(flow->marks);
	free(flow->loops);
	code_function_fini(&flow->function);
	arena_fini(&flow->arena);
	*flow = (struct flow){ 0 };
}
