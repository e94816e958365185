/*
 * Decoding follows control: an address is pending until the run of instructions from it has met an instruction that is
 * there already, or one behind which nothing comes. A hash table finds instructions by address, so that jumps into the
 * middle of others (past a lock prefix) simply make second ones.
 */
#include "scan/code.h"

#include "scan/landing.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64, BUCKETS_LIKELY = 1 << 16 };

static size_t bucket_of(const struct code_function *function, uint64_t address)
{
	return (address * 0x9e3779b97f4a7c15 >> 20) & (function->bucket_count - 1);
}

uint32_t code_insn_at(const struct code_function *function, uint64_t address)
{
	for (size_t at = bucket_of(function, address); function->buckets[at];
	     at = (at + 1) & (function->bucket_count - 1))
		if (function->insns.items[function->buckets[at] - 1].insn.address == address)
			return function->buckets[at] - 1;
	return CODE_NONE;
}

static void function_hash(struct code_function *function, uint32_t index)
{
	size_t at = bucket_of(function, function->insns.items[index].insn.address);

	while (function->buckets[at])
		at = (at + 1) & (function->bucket_count - 1);
	function->buckets[at] = index + 1;
}

/* Makes a table of so many buckets for the instructions that are there. */
static bool function_rehash(struct code_function *function, size_t buckets)
{
	if (buckets > function->bucket_room) {
		uint32_t *larger = malloc(buckets * sizeof(*larger));

		if (!larger)
			return false;
		free(function->buckets);
		function->buckets = larger;
		function->bucket_room = buckets;
	}
	memset(function->buckets, 0, buckets * sizeof(*function->buckets));
	function->bucket_count = buckets;
	for (size_t i = 0; i < function->insns.length; i++)
		function_hash(function, (uint32_t)i);
	return true;
}

static uint32_t function_push(struct code_function *function, const struct insn *insn)
{
	struct code_insn item = { .insn = *insn, .next = CODE_NONE, .target = CODE_NONE };

	if (function->insns.length >= CODE_INSNS_MAX || !VEC_PUSH(&function->arena, &function->insns, item))
		return CODE_NONE;
	if (function->insns.length * 2 <= function->bucket_count)
		function_hash(function, (uint32_t)function->insns.length - 1);
	else if (!function_rehash(function, function->bucket_count * 2))
		return CODE_NONE;
	return (uint32_t)function->insns.length - 1;
}

static void function_pend(struct code_function *function, uint64_t address)
{
	if (!VEC_PUSH(&function->arena, &function->pending, address))
		function->failed = true;
}

/* Whether a jump there is a call of another function. */
static bool function_leaves(const struct code_function *function, uint64_t target)
{
	if (target >= function->low && target < function->high)
		return false;
	return code_is_start(function->map, target);
}

/* Behind a call at the very end of a frame comes another function: it does not come back. */
static bool function_ends(const struct code_function *function, const struct insn *insn)
{
	const struct module_frame *frame;

	if (insn->op == INSN_CALL && function->never_returns(function->context, (uint64_t)insn->imm, false))
		return true;
	if (insn->op == INSN_CALL_INDIRECT && insn->is_absolute &&
	    function->never_returns(function->context, (uint64_t)insn->displacement, true))
		return true;
	frame = code_frame(function->map->module, insn->address);
	return frame && insn->address + insn->length >= frame->end;
}

/* Whether control goes on behind the instruction; what it branches to is pending then. */
static bool function_follow(struct code_function *function, struct code_insn *item)
{
	const struct insn *insn = &item->insn;

	switch (insn->op) {
	case INSN_RETURN:
	case INSN_TRAP:
	case INSN_INVALID:
	case INSN_JUMP_INDIRECT:
		return false;
	case INSN_JUMP:
		item->is_tail = function_leaves(function, (uint64_t)insn->imm);
		if (!item->is_tail)
			function_pend(function, (uint64_t)insn->imm);
		return false;
	case INSN_BRANCH:
		function_pend(function, (uint64_t)insn->imm);
		return true;
	case INSN_CALL:
	case INSN_CALL_INDIRECT:
		return !function_ends(function, insn);
	default:
		return true;
	}
}

static bool function_enter_frame(struct code_function *function, const struct module_frame *frame)
{
	for (size_t i = 0; i < function->frames.length; i++)
		if (function->frames.items[i] == frame)
			return true;
	return VEC_PUSH(&function->arena, &function->frames, frame) && landing_add(function, frame);
}

/* Whether the run from inside the extent is about to enter another function. */
static bool function_runs_out(const struct code_function *function, uint64_t address)
{
	return address >= function->high && code_is_start(function->map, address);
}

static void function_run(struct code_function *function, uint64_t address)
{
	const struct module_frame *frame = code_frame(function->map->module, address);
	uint64_t room = module_room(function->map->module, address), done = 0;
	const uint8_t *bytes = module_bytes(function->map->module, address, room);
	uint32_t last = CODE_NONE;

	if (frame && !function_enter_frame(function, frame))
		function->failed = true;
	if (!module_is_code(function->map->module, address))
		return;
	while (!function->failed && done < room) {
		uint32_t index = code_insn_at(function, address + done);
		struct insn insn;

		if (index == CODE_NONE && last != CODE_NONE && function_runs_out(function, address + done)) {
			function->insns.items[last].is_tail = true;
			return;
		}
		if (last != CODE_NONE && index != CODE_NONE)
			function->insns.items[last].next = index;
		if (index != CODE_NONE) {
			function->insns.items[index].is_leader = true;
			return;
		}
		function->map->arch->decode(bytes + done, room - done, address + done, &insn);
		index = function_push(function, &insn);
		if (index == CODE_NONE) {
			function->failed = true;
			return;
		}
		if (last != CODE_NONE)
			function->insns.items[last].next = index;
		else
			function->insns.items[index].is_leader = true;
		if (!function_follow(function, &function->insns.items[index]))
			return;
		last = index;
		done += insn.length;
	}
}

static void function_decode(struct code_function *function)
{
	while (!function->failed && function->pending.length > 0)
		function_run(function, function->pending.items[--function->pending.length]);
}

static void function_link(struct code_function *function)
{
	for (size_t i = 0; i < function->insns.length; i++) {
		struct code_insn *item = &function->insns.items[i];

		if ((item->insn.op != INSN_JUMP && item->insn.op != INSN_BRANCH) || item->is_tail)
			continue;
		item->target = code_insn_at(function, (uint64_t)item->insn.imm);
		if (item->target != CODE_NONE)
			function->insns.items[item->target].is_leader = true;
		if (item->insn.op == INSN_BRANCH && item->next != CODE_NONE)
			function->insns.items[item->next].is_leader = true;
	}
}

static bool function_cut(struct code_function *function)
{
	function->blocks.length = 0;
	for (uint32_t i = 0; i < function->insns.length;) {
		struct code_block block = { .first = i, .next = CODE_NONE, .target = CODE_NONE };
		uint32_t number = (uint32_t)function->blocks.length;

		do {
			function->insns.items[i].block = number;
			block.end = ++i;
		} while (i < function->insns.length && function->insns.items[i - 1].next == i &&
			 !function->insns.items[i].is_leader);
		if (!VEC_PUSH(&function->arena, &function->blocks, block))
			return false;
	}
	for (size_t i = 0; i < function->blocks.length; i++) {
		struct code_block *block = &function->blocks.items[i];
		const struct code_insn *last = &function->insns.items[block->end - 1];

		if (last->next != CODE_NONE)
			block->next = function->insns.items[last->next].block;
		if (last->target != CODE_NONE)
			block->target = function->insns.items[last->target].block;
	}
	return true;
}

static void function_mark_entries(struct code_function *function)
{
	if (function->blocks.length > 0)
		function->blocks.items[0].is_entry = true;
	for (size_t i = 0; i < function->entries.length; i++) {
		uint32_t index = code_insn_at(function, function->entries.items[i]);

		if (index != CODE_NONE)
			function->blocks.items[function->insns.items[index].block].is_entry = true;
	}
}

static void function_finish(struct code_function *function)
{
	function_decode(function);
	if (function->failed)
		return;
	function_link(function);
	if (!function_cut(function)) {
		function->failed = true;
		return;
	}
	function_mark_entries(function);
	if (!code_function_order(function)) {
		function->failed = true;
		return;
	}
	code_function_liveness(function);
}

/* The first known start at or above address, or the end of its segment. */
static uint64_t map_next_start(const struct code_map *map, uint64_t address)
{
	const struct module_segment *segment = module_segment_of(map->module, address - 1);
	size_t low = 0, high = map->starts.length;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->starts.items[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < map->starts.length)
		return map->starts.items[low];
	return segment ? segment->address + segment->size : address;
}

/* Room for as many instructions as the extent is likely to hold. */
static size_t function_buckets(const struct code_function *function)
{
	const struct module_frame *frame = code_frame(function->map->module, function->entry);
	size_t buckets = BUCKETS_FIRST;

	while (frame && buckets < BUCKETS_LIKELY && buckets * 2 < frame->end - frame->start)
		buckets *= 2;
	return buckets;
}

void code_function_read(struct code_function *function, uint64_t entry)
{
	const struct module_frame *frame = code_frame(function->map->module, entry);

	function->insns.length = function->blocks.length = function->pending.length = 0;
	function->entries.length = function->frames.length = function->types.length = 0;
	function->failed = false;
	function->entry = entry;
	function->low = frame ? frame->start : entry;
	function->high = map_next_start(function->map, frame ? frame->end : entry + 1);
	if (!function_rehash(function, function_buckets(function))) {
		function->failed = true;
		return;
	}
	function_run(function, entry);
	function_finish(function);
}

bool code_function_add(struct code_function *function, const uint64_t *targets, size_t count)
{
	size_t before = function->insns.length;
	bool is_new = false;

	for (size_t i = 0; i < count; i++) {
		uint32_t index = code_insn_at(function, targets[i]);

		if (index == CODE_NONE) {
			function_pend(function, targets[i]);
		} else if (!function->insns.items[index].is_leader) {
			function->insns.items[index].is_leader = true;
			is_new = true;
		}
	}
	if (!is_new && function->pending.length == 0)
		return false;
	function_finish(function);
	return is_new || function->insns.length > before;
}

void code_function_open(struct code_function *function)
{
	for (size_t i = 0; i < function->frames.length; i++) {
		const struct module_frame *frame = function->frames.items[i];
		uint64_t at = frame->start;

		while (!function->failed && at < frame->end) {
			uint32_t index = code_insn_at(function, at);

			if (index == CODE_NONE) {
				function_pend(function, at);
				function_decode(function);
				index = code_insn_at(function, at);
			}
			at += index == CODE_NONE ? 1 : function->insns.items[index].insn.length;
		}
	}
	function_finish(function);
	for (size_t i = 0; i < function->blocks.length; i++)
		function->blocks.items[i].is_entry = true;
	function->entries_live = function->map->arch->registers;
}

void code_function_fini(struct code_function *function)
{
	free(function->buckets);
	arena_fini(&function->arena);
	*function = (struct code_function){ 0 };
}
