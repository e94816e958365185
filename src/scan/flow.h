/*
 * scan/flow.h - runs a function over values instead of numbers, and writes down its effects
 *
 * Every path is followed at once: a block's state is what all ways into it agree on, found by going round until nothing
 * changes. Then each block that can be reached is gone through once more with its final state, and what happens there
 * is an effect. What the analysis loses sight of must not be lost to it: a pointer that is stored, passed on, returned,
 * reckoned with, or on which two paths disagree while somebody still reads it, escapes, and from then on anybody may
 * call or read through it.
 */
#ifndef CALLGATE_SCAN_FLOW_H
#define CALLGATE_SCAN_FLOW_H

#include "scan/code.h"
#include "scan/effect.h"
#include "scan/place.h"
#include "scan/pointers.h"
#include "scan/state.h"

/* Where a switch goes, with how many of its numbers. */
struct flow_target {
	uint64_t address;
	struct fact fact; /* param is PARAM_NONE where it says nothing */
};

struct flow {
	const struct module *module;
	const struct arch *arch;	 /* of the module */
	const struct pointers *pointers; /* of the module */
	struct values *values;
	struct code_function function;
	struct state *states; /* one a block */
	uint8_t *marks;	      /* one a block: FLOW_REACHED and so on, flow.c */
	uint32_t *loops;      /* one a rank: where the loop ends that begins there, 0 for none */
	uint32_t lowest;      /* the first in order that may be dirty */
	size_t room;	      /* of all three */
	struct arena arena;
	struct {
		VEC(struct flow_target);
	} targets;		  /* of the switch that ends the block, each once */
	uint32_t *target_buckets; /* a hash over them */
	size_t target_room;
	struct {
		VEC(uint64_t);
	} unseen; /* of those, what was not decoded yet */
	struct {
		VEC(struct effect);
	} effects; /* of the function, each once */
	struct {
		VEC(uint32_t);
	} effect_blocks;	  /* in which block each is; UINT32_MAX: in none */
	uint32_t block;		  /* the one that is gone through */
	uint32_t *effect_buckets; /* a hash over them */
	size_t effect_room;
	bool is_settled; /* states are final */
	bool emits;	 /* effects are written down */
	bool is_noisy;	 /* the block that is gone through has effects, or lets a pointer on */
	bool is_over;	 /* the last system call ends the thread or the program */
	bool has_switch; /* it jumps to places that are not known beforehand */
	bool is_open;	 /* a switch was not understood */
	bool was_opened; /* and that was answered */
	bool can_return; /* a return or a jump into the unknown was reached */
	bool failed;	 /* memory was out, or a function was too large */
};

/* Analyses the function at entry, or, from_anywhere, one that may be entered at any of its instructions.
 * flow->function.map, never_returns and context, module, pointers and values are set. Its effects are in flow->effects
 * until the next. */
void flow_function(struct flow *flow, uint64_t entry, bool from_anywhere);

void flow_fini(struct flow *flow);

/* Adds an effect unless the function has it already; the site of the first stays. For the parts of this room. */
void flow_emit(struct flow *flow, const struct state *state, struct effect effect);

/* Forgets all effects. */
void flow_effects_clear(struct flow *flow);

/* Brings effects into the order of their blocks; false: memory was out. The table over them is empty then. */
bool flow_effects_sort(struct flow *flow);

/* Whether it matters what escapes: effects are wanted, or it is not known yet whether the block has any. */
static inline bool flow_listens(const struct flow *flow)
{
	return flow->emits || !flow->is_noisy;
}

/* The pointer can be anywhere from now on. */
void flow_escape_pointer(struct flow *flow, const struct state *state, uint64_t site, uint32_t pointer);

/* The same of a value that may be none. */
static inline void flow_escape(struct flow *flow, const struct state *state, uint64_t site, uint32_t value)
{
	if (state_is_pointer(flow->values, value))
		flow_escape_pointer(flow, state, site, value);
}

/* The same of what a register holds. The page of an address goes on in that register only. */
void flow_escape_held(struct flow *flow, const struct state *state, uint64_t site, uint8_t reg);

static inline void flow_escape_register(struct flow *flow, const struct state *state, uint64_t site, uint8_t reg)
{
	if (state_is_pointer(flow->values, state_get(state, reg)))
		flow_escape_held(flow, state, site, reg);
}

/* Goes one instruction on. */
void flow_step(struct flow *flow, struct state *state, const struct code_insn *item);

/* The same for one that hands control on: a call, a jump, a return, a system call; others do nothing here. */
void flow_transfer(struct flow *flow, struct state *state, const struct code_insn *item);

/* The function runs into the next one. */
void flow_fall(struct flow *flow, const struct state *state, const struct insn *insn);

/* The same for those of three operands, of pairs and of pages. */
void flow_step_three(struct flow *flow, struct state *state, const struct insn *insn);

/* Puts value into a register. A place of the frame whose address goes anywhere else than into the two registers that
 * point to frames can be written by whom gets it. */
static inline void flow_assign(struct flow *flow, struct state *state, uint8_t reg, uint32_t value)
{
	const struct value *all = value_at(flow->values, value);

	state->has_pointers |= state_is_pointer(flow->values, value);
	if (all->kind == VALUE_STACK && reg != flow->arch->stack && reg != flow->arch->frame &&
	    all->number < state->escaped)
		state->escaped = all->number < INT32_MIN ? INT32_MIN : (int32_t)all->number;
	state_set(state, reg, value);
}

/* Puts value into the frame, at an offset from the stack pointer at entry. */
void flow_store_at(struct flow *flow, struct state *state, const struct insn *insn, int64_t offset, uint8_t width,
		   uint32_t value);

/* Pointers are read through an instruction's base and index, and which is not known. */
void flow_read_through(struct flow *flow, const struct state *state, const struct insn *insn,
		       const struct place *place);

/* Something is stored, and not to one known place of the frame: what it may overwrite is not known any more, and since
 * it may as well be left as it was, what it points to escapes. */
void flow_overwrite(struct flow *flow, struct state *state, const struct insn *insn, const struct place *place);

/* What is somewhere below the frame that value is a place of. */
void flow_align(struct flow *flow, struct state *state, uint32_t value);

/* What an instruction's operand is. */
uint32_t flow_operand(struct flow *flow, const struct state *state, const struct insn *insn);

/* Where an indirect jump goes to, if that is a switch's table: its targets are added to flow->targets. False: it is
 * none, or one that was not understood (flow->is_open). */
bool flow_switch(struct flow *flow, const struct state *state, const struct code_insn *item);

/* Forgets them. */
void flow_clear_targets(struct flow *flow);

/* What a call through a VALUE_TARGET may reach: every entry of its table, as long as they are code. */
void flow_escape_targets(struct flow *flow, const struct state *state, uint64_t site, uint32_t value);

#endif
