/*
 * Most of what an instruction names is a place of the frame or of something unknown; what is neither is worth its own
 * kind, since a load from a known slot says exactly which pointer was read.
 */
#include "scan/place.h"

#include "scan/arithmetic.h"

#include <elf.h>
#include <string.h>

/* Below this no module lies: what is smaller is a number. */
#define ADDRESS_LEAST 0x10000

uint32_t place_immediate(struct values *values, const struct module *module, int64_t number)
{
	if (!module->is_position_free && number >= ADDRESS_LEAST && module_segment_of(module, (uint64_t)number))
		return value_of(values, VALUE_ADDRESS, number);
	return value_number(values, number);
}

static void place_point(struct values *values, struct place *place, uint32_t base, uint32_t index)
{
	if (state_is_pointer(values, base))
		place->pointers[0] = base;
	if (state_is_pointer(values, index))
		place->pointers[1] = index;
}

/* As the processor adds: whoever wrote the program chose the numbers. */
static int64_t sum(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* base + displacement, base being one value. */
static void place_based(struct values *values, const struct module *module, uint32_t base, struct place *place)
{
	struct value value = *value_at(values, base);
	int64_t displacement = place->number;

	switch ((enum value_kind)value.kind) {
	case VALUE_ADDRESS:
		place->kind = PLACE_ADDRESS;
		place->number = sum(value.number, displacement);
		break;
	case VALUE_PAGE:
		place->kind = module_segment_of(module, (uint64_t)(sum(value.number, displacement))) ? PLACE_ADDRESS
												     : PLACE_UNKNOWN;
		place->number = sum(value.number, displacement);
		break;
	case VALUE_STACK:
		place->kind = PLACE_FRAME;
		place->number = sum(value.number, displacement);
		break;
	case VALUE_SLOT:
		place->kind = PLACE_SLOT;
		place->slot = (uint64_t)value.number;
		break;
	case VALUE_PARAM:
		place->kind = value.width == 8 ? PLACE_PARAM : PLACE_UNKNOWN;
		place->number = sum(place->number, value.offset);
		place->param = value.param;
		break;
	case VALUE_NUMBERS:
		if (value.count == 1 && module_segment_of(module, (uint64_t)(sum(value.number, displacement))) &&
		    !module->is_position_free) {
			place->kind = PLACE_ADDRESS;
			place->number = sum(value.number, displacement);
		}
		break;
	default:
		break;
	}
}

/* With an index of which nothing is known, the place is somewhere behind what base and displacement say. */
static void place_indexed(struct values *values, const struct module *module, uint32_t base, uint32_t index,
			  struct place *place)
{
	struct value left = *value_at(values, base), right = *value_at(values, index);

	place->param = right.kind == VALUE_PARAM ? right.param : PARAM_NONE;
	place->width = right.width;
	place->index_offset = right.offset;
	if (left.kind == VALUE_ADDRESS) {
		place->kind = PLACE_INDEXED;
		place->number = sum(place->number, left.number);
	} else if (right.kind == VALUE_ADDRESS && place->scale == 1) {
		place->kind = PLACE_INDEXED;
		place->number = sum(place->number, right.number);
	} else if (left.kind == VALUE_STACK || (right.kind == VALUE_STACK && place->scale == 1)) {
		place->kind = PLACE_FRAME_SOMEWHERE;
		place->number = sum(place->number, left.kind == VALUE_STACK ? left.number : right.number);
	} else if (!module->is_position_free && place->number >= ADDRESS_LEAST &&
		   module_segment_of(module, (uint64_t)place->number)) {
		place->kind = PLACE_INDEXED;
	}
}

/* An index of which only a part counts. */
static uint32_t place_index_part(struct values *values, const struct insn *insn, uint32_t index)
{
	uint8_t part = (uint8_t)(1u << ((insn->scale >> SCALE_PART) - 1));

	return value_extend(values, index, part, 8, insn->scale & SCALE_SIGNED);
}

struct place place_of(struct values *values, const struct module *module, const struct state *state,
		      const struct insn *insn)
{
	struct place place = { .number = insn->displacement, .scale = insn->scale };
	uint32_t base = state_get(state, insn->base), index = state_get(state, insn->index);
	struct value offset;

	if (insn->is_segment)
		return place;
	if (insn->is_absolute) {
		place.kind = module_segment_of(module, (uint64_t)place.number) ? PLACE_ADDRESS : PLACE_UNKNOWN;
		return place;
	}
	if (insn->scale > SCALE_FACTOR) {
		place.scale &= SCALE_FACTOR;
		index = place_index_part(values, insn, index);
	}
	offset = *value_at(values, index);
	place_point(values, &place, base, index);
	if (insn->index == REGISTER_NONE) {
		place_based(values, module, base, &place);
	} else if (offset.kind == VALUE_NUMBERS && offset.count == 1 && insn->base != REGISTER_NONE) {
		place.number = sum(place.number, (int64_t)((uint64_t)offset.number * place.scale));
		place_based(values, module, base, &place);
	} else {
		place_indexed(values, module, base, index, &place);
	}
	return place;
}

static bool is_read_only(const struct module *module, uint64_t address)
{
	const struct module_segment *segment = module_segment_of(module, address);

	return segment && !(segment->flags & PF_W);
}

static uint32_t load_address(struct values *values, const struct module *module, uint64_t address, uint8_t width)
{
	const uint8_t *bytes;
	uint32_t number = 0;
	uint64_t word;

	/* Code that is not moved keeps addresses beside itself. */
	if (width == 8 && !module->is_position_free && module_is_code(module, address) &&
	    module_word(module, address, &word))
		return place_immediate(values, module, (int64_t)word);
	if (width == 8)
		return value_of(values, VALUE_SLOT, (int64_t)address);
	bytes = is_read_only(module, address) ? module_bytes(module, address, width) : NULL;
	if (!bytes || width > 4 || width == 0)
		return UNKNOWN;
	memcpy(&number, bytes, width);
	return value_number(values, number);
}

uint32_t place_load(struct values *values, const struct module *module, const struct state *state,
		    const struct place *place, uint8_t width)
{
	struct value value = { .offset = (int32_t)place->number, .width = width };

	switch (place->kind) {
	case PLACE_ADDRESS:
		return load_address(values, module, (uint64_t)place->number, width);
	case PLACE_INDEXED:
		value = (struct value){ .number = place->number, .param = place->param, .width = place->width };
		value.offset = place->param == PARAM_NONE ? 0 : place->index_offset;
		value.kind = width == 8 ? VALUE_ENTRY : VALUE_TABLE;
		value.count = width == 8 ? 0 : width;
		return place->scale == width && (width >= 4 || arch_of(module)->has_pages) ? value_make(values, value)
											   : UNKNOWN;
	case PLACE_FRAME:
		return state_load(values, state, place->number, width);
	case PLACE_SLOT:
		value.kind = VALUE_FIELD;
		value.number = (int64_t)place->slot;
		value.width = 0;
		return width == 8 && value.offset == place->number ? value_make(values, value) : UNKNOWN;
	case PLACE_PARAM:
		value.kind = VALUE_POINTEE;
		value.param = place->param;
		return width >= 4 && value.offset == place->number ? value_make(values, value) : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

uint32_t place_address(struct values *values, const struct place *place)
{
	switch (place->kind) {
	case PLACE_ADDRESS:
		return value_of(values, VALUE_ADDRESS, place->number);
	case PLACE_FRAME:
		return value_of(values, VALUE_STACK, place->number);
	default:
		return UNKNOWN;
	}
}
