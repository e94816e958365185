/*
 * The frame is a short sorted list: optimised code keeps little in it that matters here, and code that was not
 * optimised keeps everything in it, a few places at a time.
 */
#include "scan/state.h"

#include <string.h>

void state_unknown(struct state *ret_state)
{
	memset(ret_state, 0, offsetof(struct state, cells));
	ret_state->flags_register = REGISTER_NONE;
	ret_state->escaped = INT32_MAX;
}

void state_at_entry(struct values *values, const struct arch *arch, struct state *ret_state)
{
	state_unknown(ret_state);
	for (unsigned i = 0; i < VALUE_ARGUMENTS; i++)
		ret_state->registers[arch->arguments[i]] =
			value_make(values, (struct value){ .kind = VALUE_PARAM, .param = i, .width = 8 });
	ret_state->registers[arch->stack] = value_of(values, VALUE_STACK, 0);
}

bool state_holds_pointer(const struct values *values, const struct state *state, uint32_t registers)
{
	if (!state->has_pointers)
		return false;
	for (unsigned rest = registers; rest; rest &= rest - 1)
		if (state_is_pointer(values, state->registers[__builtin_ctz(rest)]))
			return true;
	for (uint8_t i = 0; i < state->cell_count; i++)
		if (state_is_pointer(values, state->cells[i].value))
			return true;
	return false;
}

uint32_t state_load(const struct values *values, const struct state *state, int64_t offset, uint32_t width)
{
	for (uint8_t i = 0; i < state->cell_count; i++) {
		const struct state_cell *cell = &state->cells[i];

		if (cell->offset == offset && cell->width == width)
			return cell->value;
		if (cell->offset == offset && width == 4 && value_kind(values, cell->value) == VALUE_NUMBERS)
			return cell->value; /* its low half: the caller cuts it */
	}
	return UNKNOWN;
}

static void state_remove_cell(struct state *state, uint8_t index)
{
	state->cell_count--;
	memmove(&state->cells[index], &state->cells[index + 1], (state->cell_count - index) * sizeof(*state->cells));
}

static void state_forget(struct state *state, int64_t start, int64_t end)
{
	for (uint8_t i = state->cell_count; i-- > 0;)
		if (state->cells[i].offset < end && state->cells[i].offset + (int64_t)state->cells[i].width > start)
			state_remove_cell(state, i);
}

bool state_store(const struct values *values, struct state *state, int64_t offset, uint32_t width, uint32_t value)
{
	uint8_t at = 0;

	state_forget(state, offset, offset + (width ? width : STATE_VECTOR));
	if (value == UNKNOWN || width < 4 || width > 8)
		return true;
	if (state->cell_count == STATE_CELLS_MAX || offset < INT32_MIN || offset > INT32_MAX)
		return false;
	while (at < state->cell_count && state->cells[at].offset < offset)
		at++;
	memmove(&state->cells[at + 1], &state->cells[at], (size_t)(state->cell_count - at) * sizeof(*state->cells));
	state->cells[at] = (struct state_cell){ (int32_t)offset, value, width };
	state->cell_count++;
	return true;
}

void state_forget_above(const struct values *values, struct state *state, int64_t start)
{
	for (uint8_t i = state->cell_count; i-- > 0;)
		if (state->cells[i].offset + (int64_t)state->cells[i].width > start &&
		    value_kind(values, state->cells[i].value) != VALUE_PAGE)
			state_remove_cell(state, i);
}

/* Both lists ascend: what stands in one only is unknown in the other. */
static bool state_join_cells(struct values *values, struct state *into, const struct state *from, bool widens)
{
	uint8_t kept = 0, j = 0, count = into->cell_count;
	bool changed = false;

	if (count == 0 ||
	    (count == from->cell_count && memcmp(into->cells, from->cells, count * sizeof(*into->cells)) == 0))
		return false;
	for (uint8_t i = 0; i < count; i++) {
		struct state_cell cell = into->cells[i];
		uint32_t value = UNKNOWN;

		while (j < from->cell_count && from->cells[j].offset < cell.offset)
			j++;
		if (j < from->cell_count && from->cells[j].offset == cell.offset && from->cells[j].width == cell.width)
			value = value_join(values, cell.value, from->cells[j].value);
		changed |= value != cell.value;
		if (value != cell.value && widens)
			value = UNKNOWN;
		cell.value = value;
		if (value != UNKNOWN)
			into->cells[kept++] = cell;
	}
	into->cell_count = kept;
	return changed;
}

static bool state_join_flags(struct state *into, const struct state *from)
{
	bool changed = false;

	if (into->flags != FLAGS_UNKNOWN &&
	    (into->flags != from->flags || into->flags_value != from->flags_value ||
	     into->flags_number != from->flags_number || into->flags_width != from->flags_width)) {
		into->flags = FLAGS_UNKNOWN;
		changed = true;
	}
	if (into->flags_register != REGISTER_NONE && into->flags_register != from->flags_register) {
		into->flags_register = REGISTER_NONE;
		changed = true;
	}
	return changed;
}

/* Those of some registers, and their neighbours, of which two states say different things; most agree in most, and are
 * compared two at a time. */
static uint32_t state_differs(const struct state *a, const struct state *b, uint32_t registers)
{
	uint32_t mask = 0;

	for (unsigned reg = 0; reg < REGISTERS && registers >> reg; reg += 2) {
		uint64_t mine, other;

		memcpy(&mine, &a->registers[reg], sizeof(mine));
		memcpy(&other, &b->registers[reg], sizeof(other));
		if (mine != other)
			mask |= 3u << reg;
	}
	return mask;
}

bool state_join(struct values *values, struct state *into, const struct state *from, uint32_t live, bool widens)
{
	unsigned differs = into->low_only ^ from->low_only;
	bool changed = false;
	uint32_t facts;

	for (uint32_t rest = live & (differs | state_differs(into, from, live)); rest; rest &= rest - 1) {
		unsigned reg = (unsigned)__builtin_ctz(rest);
		uint32_t mine = into->registers[reg], value;

		if (mine == UNKNOWN)
			continue;
		value = differs >> reg & 1 ? UNKNOWN : value_join(values, mine, from->registers[reg]);
		if (value == mine)
			continue;
		into->registers[reg] = widens ? UNKNOWN : value;
		changed = true;
	}
	into->has_pointers &= from->has_pointers; /* what only one of them has is lost */
	changed |= (into->low_only & from->low_only) != into->low_only;
	into->low_only &= from->low_only;
	facts = facts_join(values, into->facts, from->facts);
	changed |= facts != into->facts;
	into->facts = facts;
	if (from->escaped < into->escaped) {
		into->escaped = from->escaped;
		changed = true;
	}
	changed |= state_join_flags(into, from);
	changed |= state_join_cells(values, into, from, widens);
	return changed;
}
