/*
 * What a function was found to do, each thing once. Blocks are gone through in an order that speed decides, so an
 * effect remembers the first block that had it, and in the end all stand in the order of their blocks: a summary is the
 * same however it was made. A pointer that is lost sight of is an effect as well.
 */
#include "scan/flow.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE_REST_MAX = 1 << 15, /* the rest of an address behind its page, at most */
	EFFECT_BUCKETS_FIRST = 64
};

static uint64_t effect_hash(const struct effect *effect)
{
	uint64_t hash = effect->target;

	hash = (hash ^ (uint64_t)effect->kind << 40 ^ (uint32_t)effect->offset) * 0x9e3779b97f4a7c15;
	hash = (hash ^ effect->arguments ^ (uint64_t)effect->facts << 32) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static bool effect_equals(const struct effect *a, const struct effect *b)
{
	return a->kind == b->kind && a->target == b->target && a->offset == b->offset && a->arguments == b->arguments &&
	       a->facts == b->facts;
}

static uint32_t *effect_bucket(const struct flow *flow, const struct effect *effect)
{
	size_t at = effect_hash(effect) & (flow->effect_room - 1);

	while (flow->effect_buckets[at] && !effect_equals(&flow->effects.items[flow->effect_buckets[at] - 1], effect))
		at = (at + 1) & (flow->effect_room - 1);
	return &flow->effect_buckets[at];
}

static bool effects_rehash(struct flow *flow, size_t room)
{
	uint32_t *buckets = arena_array(&flow->arena, room, sizeof(*buckets));

	if (!buckets)
		return false;
	flow->effect_buckets = buckets;
	flow->effect_room = room;
	for (size_t i = 0; i < flow->effects.length; i++)
		*effect_bucket(flow, &flow->effects.items[i]) = (uint32_t)i + 1;
	return true;
}

/* The table is as large as the largest function so far needed; only what was used is cleared. */
static void effects_unhash(struct flow *flow)
{
	for (size_t i = flow->effects.length; i-- > 0;)
		*effect_bucket(flow, &flow->effects.items[i]) = 0;
}

void flow_effects_clear(struct flow *flow)
{
	effects_unhash(flow);
	flow->effects.length = flow->effect_blocks.length = 0;
}

static int effect_order(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

bool flow_effects_sort(struct flow *flow)
{
	size_t count = flow->effects.length, sorted = 1;
	cleanup_free uint64_t *order = NULL;
	cleanup_free struct effect *copy = NULL;

	effects_unhash(flow);
	while (sorted < count && flow->effect_blocks.items[sorted - 1] <= flow->effect_blocks.items[sorted])
		sorted++;
	if (sorted >= count)
		return true;
	order = malloc(count * sizeof(*order));
	copy = malloc(count * sizeof(*copy));
	if (!order || !copy)
		return false;
	for (size_t i = 0; i < count; i++)
		order[i] = (uint64_t)flow->effect_blocks.items[i] << 32 | i;
	qsort(order, count, sizeof(*order), effect_order);
	memcpy(copy, flow->effects.items, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		flow->effects.items[i] = copy[(uint32_t)order[i]];
	return true;
}

void flow_emit(struct flow *flow, const struct state *state, struct effect effect)
{
	uint32_t *bucket;

	effect.facts = state->facts;
	if (flow->failed)
		return;
	if (flow->effects.length * 2 >= flow->effect_room &&
	    !effects_rehash(flow, flow->effect_room ? flow->effect_room * 2 : EFFECT_BUCKETS_FIRST)) {
		flow->failed = true;
		return;
	}
	bucket = effect_bucket(flow, &effect);
	if (*bucket && flow->block >= flow->effect_blocks.items[*bucket - 1])
		return;
	if (*bucket) { /* here it is earlier than where it was seen before */
		flow->effects.items[*bucket - 1].site = effect.site;
		flow->effect_blocks.items[*bucket - 1] = flow->block;
		return;
	}
	if (!VEC_PUSH(&flow->arena, &flow->effects, effect) ||
	    !VEC_PUSH(&flow->arena, &flow->effect_blocks, flow->block))
		flow->failed = true;
	else
		*bucket = (uint32_t)flow->effects.length;
}

/* What an instruction makes of the page if its base is that: an address, or the pointer there. */
static void flow_escape_rest(struct flow *flow, const struct state *state, const struct insn *insn, uint64_t page)
{
	struct effect effect = { .site = insn->address, .target = page + (uint64_t)insn->displacement };

	if (!insn->has_memory || (insn->index != REGISTER_NONE && insn->op != INSN_LOAD_PAIR) ||
	    insn->displacement < 0 || insn->displacement >= PAGE_REST_MAX ||
	    !module_segment_of(flow->module, effect.target))
		return;
	/* Pointers to code are to functions, of which those that have frames are known. */
	if (module_is_code(flow->module, effect.target) && code_frame(flow->module, effect.target) &&
	    !code_is_start(flow->function.map, effect.target))
		return;
	effect.kind = insn->op == INSN_MOVE ? EFFECT_ESCAPE_SLOT : EFFECT_ESCAPE;
	if ((insn->op != INSN_MOVE && insn->op != INSN_LEA && !insn->reads_memory) || (insn->width & 7))
		return;
	flow_emit(flow, state, effect);
}

/* A page that is lost sight of in a register (REGISTER_NONE: anywhere) can come to any instruction that adds the rest. */
static void flow_escape_page(struct flow *flow, const struct state *state, uint64_t page, uint8_t reg)
{
	for (size_t i = 0; i < flow->function.insns.length; i++) {
		const struct insn *insn = &flow->function.insns.items[i].insn;

		if (insn->base == reg || (reg == REGISTER_NONE && insn->base != flow->arch->stack))
			flow_escape_rest(flow, state, insn, page);
	}
}

void flow_escape_held(struct flow *flow, const struct state *state, uint64_t site, uint8_t reg)
{
	uint32_t value = state_get(state, reg);

	if (value_kind(flow->values, value) != VALUE_PAGE) {
		flow_escape_pointer(flow, state, site, value);
		return;
	}
	flow->is_noisy = true;
	if (flow->emits)
		flow_escape_page(flow, state, (uint64_t)value_at(flow->values, value)->number, reg);
}

void flow_escape_pointer(struct flow *flow, const struct state *state, uint64_t site, uint32_t pointer)
{
	const struct value *all = value_at(flow->values, pointer);
	struct effect effect = { .site = site };

	flow->is_noisy = true;
	if (!flow->emits)
		return;
	if (all->kind == VALUE_PAGE) {
		flow_escape_page(flow, state, (uint64_t)all->number, REGISTER_NONE);
		return;
	}
	effect.target = (uint64_t)all->number;
	effect.offset = all->offset;
	if (all->kind == VALUE_ADDRESS || all->kind == VALUE_ENTRY)
		effect.kind = EFFECT_ESCAPE;
	else if (all->kind == VALUE_SLOT)
		effect.kind = EFFECT_ESCAPE_SLOT;
	else
		effect.kind = EFFECT_ESCAPE_FIELD;
	flow_emit(flow, state, effect);
}
