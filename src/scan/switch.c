/*
 * Switches that compilers turn into tables: of distances from the table or from a place of the code (GCC and clang,
 * code that can be moved; aarch64's are as short as they can be, and count instructions), or of addresses (Go, code
 * that cannot). How long a table is stands nowhere; the comparison right before the jump says it, and where there is
 * none a table is as long as its entries stay inside the function.
 */
#include "scan/flow.h"
#include "scan/place.h"

#include <string.h>

enum { SWITCH_ENTRIES_MAX = 1 << 16, TARGETS_FIRST = 64, COMPARE_NEAR = 4 };

struct table {
	uint64_t address;
	uint64_t base; /* to which relative entries are added, times 2^shift */
	uint8_t shift;
	bool is_signed;	     /* entries may be negative */
	uint8_t width;	     /* of an entry: 1, 2 or 4 relative, 8 absolute */
	uint8_t param;	     /* of which PARAM the index is, PARAM_NONE */
	uint8_t index_width; /* of it */
	int32_t index_offset;
};

static bool table_entry(const struct flow *flow, const struct table *table, uint64_t i, uint64_t *ret_target)
{
	const uint8_t *bytes = module_bytes(flow->module, table->address + i * table->width, table->width);
	const struct pointer *pointer;
	uint64_t distance = 0;

	if (!bytes)
		return false;
	if (table->width < 8) {
		unsigned above = 64 - table->width * 8u;

		memcpy(&distance, bytes, table->width);
		if (table->is_signed)
			distance = (uint64_t)((int64_t)(distance << above) >> above);
		*ret_target = table->base + (distance << table->shift);
		return true;
	}
	pointer = pointer_at(flow->pointers, table->address + i * table->width);
	if (!pointer || pointer->relocation != POINTER_LOCAL)
		return false;
	*ret_target = pointer->target;
	return true;
}

/* Relative entries: of which table, and from where on. */
static struct table table_of_target(const struct flow *flow, const struct value *target)
{
	const struct value *entry = value_at(flow->values, (uint32_t)target->offset);

	return (struct table){
		.address = (uint64_t)entry->number,
		.base = (uint64_t)target->number,
		.shift = target->count,
		.is_signed = entry->count & TABLE_SIGNED,
		.width = entry->count & TABLE_BYTES,
		.param = entry->param,
		.index_width = entry->width,
		.index_offset = entry->offset,
	};
}

static struct table table_of_pointers(uint64_t address, uint8_t param, uint8_t index_width, int32_t index_offset)
{
	return (struct table){
		.address = address,
		.width = 8,
		.param = param,
		.index_width = index_width,
		.index_offset = index_offset,
	};
}

/* The number of entries by `cmp $n, …; ja elsewhere` right before the block of the jump; 0 for not known. */
static uint64_t switch_bound(const struct code_function *function, const struct code_insn *jump)
{
	uint32_t first = function->blocks.items[jump->block].first;
	const struct insn *branch;

	if (first == 0)
		return 0;
	branch = &function->insns.items[first - 1].insn;
	if (branch->op != INSN_BRANCH || function->insns.items[first - 1].next != first ||
	    (branch->condition != CONDITION_ABOVE && branch->condition != CONDITION_NOT_BELOW))
		return 0;
	for (uint32_t back = 2; back < 2 + COMPARE_NEAR && back <= first; back++) {
		const struct insn *insn = &function->insns.items[first - back].insn;

		if (insn->op != INSN_COMPARE)
			continue;
		if (insn->operand != OPERAND_IMMEDIATE || insn->imm < 0 || insn->imm >= SWITCH_ENTRIES_MAX)
			return 0;
		return (uint64_t)insn->imm + (branch->condition == CONDITION_ABOVE);
	}
	return 0;
}

static uint32_t *target_bucket(const struct flow *flow, uint64_t address)
{
	size_t at = (address * 0x9e3779b97f4a7c15 >> 32) & (flow->target_room - 1);

	while (flow->target_buckets[at] && flow->targets.items[flow->target_buckets[at] - 1].address != address)
		at = (at + 1) & (flow->target_room - 1);
	return &flow->target_buckets[at];
}

static bool targets_rehash(struct flow *flow)
{
	size_t room = flow->target_room ? flow->target_room * 2 : TARGETS_FIRST;
	uint32_t *buckets = arena_array(&flow->arena, room, sizeof(*buckets));

	if (!buckets)
		return false;
	flow->target_buckets = buckets;
	flow->target_room = room;
	for (size_t i = 0; i < flow->targets.length; i++)
		*target_bucket(flow, flow->targets.items[i].address) = (uint32_t)i + 1;
	return true;
}

/* Only what was used is cleared, the last first, so that each is still found. */
void flow_clear_targets(struct flow *flow)
{
	for (size_t i = flow->targets.length; i-- > 0;)
		*target_bucket(flow, flow->targets.items[i].address) = 0;
	flow->targets.length = 0;
}

/* A place to which one number leads is a fact about that number; one to which several do is none. */
static bool target_add(struct flow *flow, struct flow_target item)
{
	uint32_t *bucket;

	if (flow->targets.length * 2 >= flow->target_room && !targets_rehash(flow))
		return false;
	bucket = target_bucket(flow, item.address);
	if (*bucket) {
		flow->targets.items[*bucket - 1].fact.param = PARAM_NONE;
		return true;
	}
	if (!VEC_PUSH(&flow->arena, &flow->targets, item))
		return false;
	*bucket = (uint32_t)flow->targets.length;
	return true;
}

static bool switch_add(struct flow *flow, const struct table *table, uint64_t target, uint64_t number)
{
	struct flow_target item = { target,
				    { .number = (int64_t)number, .param = table->param, .relation = FACT_EQUAL } };

	item.fact.offset = table->index_offset;
	item.fact.width = table->index_width == 8 ? 8 : 4;
	return target_add(flow, item);
}

static bool switch_read(struct flow *flow, const struct table *table, uint64_t bound)
{
	const struct code_function *function = &flow->function;

	for (uint64_t i = 0; i < (bound ? bound : SWITCH_ENTRIES_MAX); i++) {
		uint64_t target;
		bool is_there = table_entry(flow, table, i, &target) && module_is_code(flow->module, target);

		bool is_inside = is_there && target >= function->low && target < function->high;

		if (!is_inside && (!bound || table->width == 8))
			break;
		if (is_there && !switch_add(flow, table, target, i)) {
			flow->failed = true;
			return false;
		}
	}
	return flow->targets.length > 0;
}

/* Where only one number comes to a switch, its place is one place of the function. */
static bool switch_settled(struct flow *flow, uint64_t address)
{
	const struct code_function *function = &flow->function;
	struct flow_target target = { address, { .param = PARAM_NONE } };

	if (address <= function->low || address >= function->high || !module_is_code(flow->module, address))
		return false;
	flow->failed |= !target_add(flow, target);
	return true;
}

/* Whether a register's last writer in the block made an address of parts: then a table is behind it. */
static bool is_reckoned(const struct code_function *function, const struct code_insn *jump)
{
	const struct code_block *block = &function->blocks.items[jump->block];

	for (uint32_t i = block->end - 1; i-- > block->first;) {
		const struct insn *insn = &function->insns.items[i].insn;

		if (!(insn->writes >> jump->insn.source & 1))
			continue;
		return insn->op == INSN_ADD || (insn->has_memory && insn->index != REGISTER_NONE);
	}
	return false;
}

bool flow_switch(struct flow *flow, const struct state *state, const struct code_insn *item)
{
	const struct insn *jump = &item->insn;
	struct table table = { 0 };

	if (jump->operand == OPERAND_REGISTER) {
		const struct value *value = value_at(flow->values, state_get(state, jump->source));

		if (value->kind == VALUE_TARGET)
			table = table_of_target(flow, value);
		else if (value->kind == VALUE_ENTRY)
			table = table_of_pointers((uint64_t)value->number, value->param, value->width, value->offset);
		else if (value->kind == VALUE_ADDRESS && switch_settled(flow, (uint64_t)value->number))
			return true;
		else if (value->kind == VALUE_UNKNOWN && is_reckoned(&flow->function, item))
			flow->is_open = true;
	} else if (!jump->is_absolute && jump->index != REGISTER_NONE) {
		struct place place = place_of(flow->values, flow->module, state, jump);

		if (place.kind == PLACE_INDEXED && place.scale == 8)
			table = table_of_pointers((uint64_t)place.number, place.param, place.width, place.index_offset);
		else if (place.kind != PLACE_ADDRESS)
			flow->is_open = true;
	}
	if (table.width && switch_read(flow, &table, switch_bound(&flow->function, item)))
		return true;
	if (table.width && table.width < 8)
		flow->is_open = true;
	return false;
}

void flow_escape_targets(struct flow *flow, const struct state *state, uint64_t site, uint32_t value)
{
	struct table table = table_of_target(flow, value_at(flow->values, value));
	uint64_t target;

	for (uint64_t i = 0; i < SWITCH_ENTRIES_MAX && table_entry(flow, &table, i, &target); i++) {
		if (!module_is_code(flow->module, target))
			break;
		flow_escape(flow, state, site, value_of(flow->values, VALUE_ADDRESS, (int64_t)target));
	}
}
