/*
 * scan/state.h - what is known at one place of a function: registers, the frame, the last comparison
 */
#ifndef CALLGATE_SCAN_STATE_H
#define CALLGATE_SCAN_STATE_H

#include "scan/arch.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

/* Places of the frame that are remembered; what comes beyond is forgotten. */
#define STATE_CELLS_MAX 24

/* Bytes that a store of no known width may cover. */
enum { STATE_VECTOR = 64 };

struct state_cell {
	int32_t offset; /* from the stack pointer at entry */
	uint32_t value;
	uint32_t width; /* 4 or 8 */
};

enum state_flags { FLAGS_UNKNOWN, FLAGS_COMPARE, FLAGS_TEST };

struct state {
	uint32_t registers[REGISTERS];
	uint32_t facts;
	uint32_t low_only;	/* registers of which only the low byte is what registers says */
	uint8_t flags;		/* enum state_flags: of flags_value and flags_number */
	uint8_t flags_width;	/* bytes that were compared */
	uint8_t flags_register; /* that still holds what was compared, REGISTER_NONE */
	uint8_t cell_count;
	bool has_pointers; /* else no register or cell is one (state_is_pointer) */
	uint32_t flags_value;
	int64_t flags_number;
	int32_t escaped; /* cells from here up may be changed by whom has their address; INT32_MAX: none */
	struct state_cell cells[STATE_CELLS_MAX]; /* ascending by offset */
};

/* At a function's entry: registers that carry arguments are its parameters. */
void state_at_entry(struct values *values, const struct arch *arch, struct state *ret_state);

/* Copies what there is of it. */
static inline void state_copy(struct state *into, const struct state *from)
{
	memcpy(into, from, offsetof(struct state, cells)); /* of a constant size: in place */
	for (uint8_t i = 0; i < from->cell_count; i++)
		into->cells[i] = from->cells[i];
}

/* Where nothing is known. */
void state_unknown(struct state *ret_state);

static inline uint32_t state_get(const struct state *state, uint8_t reg)
{
	return reg >= REGISTERS || state->low_only >> reg & 1 ? UNKNOWN : state->registers[reg];
}

/* Whoever puts a pointer there says so in has_pointers. */
static inline void state_set(struct state *state, uint8_t reg, uint32_t value)
{
	if (reg >= REGISTERS)
		return;
	state->registers[reg] = value;
	state->low_only &= ~(1u << reg);
	if (state->flags_register == reg)
		state->flags_register = REGISTER_NONE;
}

/* What the frame holds there, UNKNOWN. */
uint32_t state_load(const struct values *values, const struct state *state, int64_t offset, uint32_t width);

/* Keeps value there; false: there was no room for it, and it is forgotten. What it overlaps is forgotten as well. */
bool state_store(const struct values *values, struct state *state, int64_t offset, uint32_t width, uint32_t value);

/* Forgets the cells from start up, or those that others may have changed. Pages of addresses are kept by compilers
 * only, where no one else writes. */
void state_forget_above(const struct values *values, struct state *state, int64_t start);

static inline void state_forget_escaped(const struct values *values, struct state *state)
{
	if (state->escaped != INT32_MAX)
		state_forget_above(values, state, state->escaped);
}

/* Makes into what holds of both, of the live registers; where widens is set what would grow is unknown. True: into
 * changed. */
bool state_join(struct values *values, struct state *into, const struct state *from, uint32_t live, bool widens);

/* Nothing is known of these registers any more. */
static inline void state_forget_registers(struct state *state, uint32_t registers)
{
	for (uint32_t rest = registers; rest; rest &= rest - 1)
		state->registers[__builtin_ctz(rest)] = UNKNOWN;
	state->low_only &= ~registers;
	if (state->flags_register < REGISTERS && registers >> state->flags_register & 1)
		state->flags_register = REGISTER_NONE;
}

/* Whether a value is a pointer that must not be lost: it can lead to code. */
static inline bool state_is_pointer(const struct values *values, uint32_t value)
{
	const unsigned pointers =
		1u << VALUE_ADDRESS | 1u << VALUE_SLOT | 1u << VALUE_FIELD | 1u << VALUE_ENTRY | 1u << VALUE_PAGE;

	return value != UNKNOWN && pointers >> value_kind(values, value) & 1;
}

/* Whether one of these registers or a cell is one. */
bool state_holds_pointer(const struct values *values, const struct state *state, uint32_t registers);

#endif
