/*
 * Decoding follows control: an address is pending until the run of instructions from it has met an instruction that is
 * there already, or one behind which nothing comes. Instructions are found by address, so that jumps into the middle of
 * others (past a lock prefix) simply make second ones: in the function's own extent by a plain array over its bytes,
 * which costs a fraction of a hash, beyond it (cold parts) by a hash table.
 */
#include "scan/code.h"

#include "scan/landing.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 256, WINDOW_MAX = 1 << 22 };

static size_t bucket_of(const struct code_function *function, uint64_t address)
{
	return (address * 0x9e3779b97f4a7c15 >> 20) & (function->bucket_count - 1);
}

static uint32_t far_insn_at(const struct code_function *function, uint64_t address)
{
	if (function->far.length == 0)
		return CODE_NONE;
	for (size_t at = bucket_of(function, address); function->buckets[at];
	     at = (at + 1) & (function->bucket_count - 1))
		if (function->insns.items[function->buckets[at] - 1].insn.address == address)
			return function->buckets[at] - 1;
	return CODE_NONE;
}

uint32_t code_insn_at(const struct code_function *function, uint64_t address)
{
	if (address - function->low < function->window_count)
		return function->window[address - function->low] - 1; /* CODE_NONE where it is 0 */
	return far_insn_at(function, address);
}

/* Where there is room. */
static bool far_put(struct code_function *function, uint32_t index)
{
	size_t at = bucket_of(function, function->insns.items[index].insn.address);

	while (function->buckets[at])
		at = (at + 1) & (function->bucket_count - 1);
	function->buckets[at] = index + 1;
	return VEC_PUSH(&function->arena, &function->far, (uint32_t)at);
}

/* Makes a larger table for the far instructions before the one with index end. */
static bool far_rehash(struct code_function *function, uint32_t end)
{
	size_t count = function->bucket_count ? function->bucket_count * 2 : BUCKETS_FIRST;
	uint32_t *larger = calloc(count, sizeof(*larger));

	if (!larger)
		return false;
	free(function->buckets);
	function->buckets = larger;
	function->bucket_count = count;
	function->far.length = 0;
	for (uint32_t i = 0; i < end; i++)
		if (function->insns.items[i].insn.address - function->low >= function->window_count &&
		    !far_put(function, i))
			return false;
	return true;
}

static bool far_add(struct code_function *function, uint32_t index)
{
	if (function->far.length * 2 >= function->bucket_count && !far_rehash(function, index))
		return false;
	return far_put(function, index);
}

/* Forgets all instructions; what was written to the tables, and no more, is written again. */
static void function_forget(struct code_function *function)
{
	for (size_t i = 0; i < function->insns.length; i++) {
		uint64_t at = function->insns.items[i].insn.address - function->low;

		if (at < function->window_count)
			function->window[at] = 0;
	}
	for (size_t i = 0; i < function->far.length; i++)
		function->buckets[function->far.items[i]] = 0;
	function->far.length = function->insns.length = 0;
}

/* Sets the extent in which instructions are found without a hash. */
static bool function_open_window(struct code_function *function, uint64_t size)
{
	size_t count = size < WINDOW_MAX ? size : WINDOW_MAX;

	if (count > function->window_room) {
		size_t room = count > function->window_room * 2 ? count : function->window_room * 2;
		uint32_t *larger = calloc(room, sizeof(*larger));

		if (!larger)
			return false;
		free(function->window);
		function->window = larger;
		function->window_room = room;
	}
	function->window_count = count;
	return true;
}

/* Decodes the next instruction; CODE_NONE: it has no room. */
static uint32_t function_push(struct code_function *function, const uint8_t *bytes, size_t room, uint64_t address)
{
	uint32_t index = (uint32_t)function->insns.length;
	struct code_insn *item;

	if (function->insns.length >= CODE_INSNS_MAX || !VEC_ROOM(&function->arena, &function->insns))
		return CODE_NONE;
	item = &function->insns.items[index];
	function->map->arch->decode(bytes, room, address, &item->insn);
	item->next = item->target = CODE_NONE;
	item->is_leader = item->is_tail = false;
	if (address - function->low < function->window_count)
		function->window[address - function->low] = index + 1;
	else if (!far_add(function, index))
		return CODE_NONE;
	function->insns.length++;
	return index;
}

/* code_frame, of which the answer is mostly the function's own. */
static const struct module_frame *function_frame_at(const struct code_function *function, uint64_t address)
{
	const struct module_frame *frame = function->frame;

	if (frame && address - frame->start < frame->end - frame->start)
		return frame;
	return code_frame(function->map->module, address);
}

static void function_pend(struct code_function *function, uint64_t address)
{
	uint32_t index = code_insn_at(function, address);

	/* In another frame there may be landing pads to look at. */
	if (index != CODE_NONE && function->frame && function_frame_at(function, address) == function->frame)
		function->insns.items[index].is_leader = true;
	else if (!VEC_PUSH(&function->arena, &function->pending, address))
		function->failed = true;
}

/* Whether a jump there is a call of another function. A stub of the linkage table is one of its own, so that what it is
 * given counts where it is given, and the place is that of the jump. */
static bool function_leaves(const struct code_function *function, uint64_t target)
{
	const struct module *module = function->map->module;

	if (target >= function->low && target < function->high)
		return false;
	return code_is_start(function->map, target) ||
	       (code_is_plt(module, target) && !code_is_plt(module, function->entry));
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
	frame = function_frame_at(function, insn->address);
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
	if (!frame)
		return true;
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

/* Puts the instruction at address behind the last one (CODE_NONE: nothing leads to it); CODE_NONE: there the run ends. */
static uint32_t function_extend(struct code_function *function, uint32_t last, const uint8_t *bytes, size_t room,
				uint64_t address)
{
	uint32_t index = code_insn_at(function, address);

	if (index != CODE_NONE) {
		if (last != CODE_NONE)
			function->insns.items[last].next = index;
		function->insns.items[index].is_leader = true;
		return CODE_NONE;
	}
	if (last != CODE_NONE && function_runs_out(function, address)) {
		function->insns.items[last].is_tail = true;
		return CODE_NONE;
	}
	index = function_push(function, bytes, room, address);
	if (index == CODE_NONE)
		function->failed = true;
	else if (last != CODE_NONE)
		function->insns.items[last].next = index;
	else
		function->insns.items[index].is_leader = true;
	return index;
}

static void function_run(struct code_function *function, uint64_t address)
{
	const struct module *module = function->map->module;
	const struct module_segment *segment = module_segment_of(module, address);
	const uint8_t *bytes;
	uint64_t room;
	uint32_t last = CODE_NONE;

	if (!function_enter_frame(function, function_frame_at(function, address)))
		function->failed = true;
	if (!segment || !(segment->flags & PF_X) || address - segment->address >= segment->file_size)
		return;
	room = segment->file_size - (address - segment->address);
	bytes = module->bytes + segment->offset + (address - segment->address);
	for (uint64_t done = 0; !function->failed && done < room;) {
		uint32_t index = function_extend(function, last, bytes + done, room - done, address + done);

		if (index == CODE_NONE || !function_follow(function, &function->insns.items[index]))
			return;
		last = index;
		done += function->insns.items[index].insn.length;
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

		/* A block ends behind a system call, since a program may. */
		if (item->insn.op == INSN_SYSCALL && item->next != CODE_NONE)
			function->insns.items[item->next].is_leader = true;
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

/* Another way into a block. */
static void function_meet(struct code_function *function, uint32_t number)
{
	struct code_block *block = number == CODE_NONE ? NULL : &function->blocks.items[number];

	if (!block)
		return;
	block->is_met = block->has_way;
	block->has_way = true;
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
	for (size_t i = 0; i < function->blocks.length; i++) {
		const struct code_block *block = &function->blocks.items[i];

		function_meet(function, block->next);
		function_meet(function, block->target);
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

void code_function_read(struct code_function *function, uint64_t entry)
{
	const struct module_frame *frame = code_frame(function->map->module, entry);

	function_forget(function);
	function->blocks.length = function->pending.length = 0;
	function->entries.length = function->frames.length = function->types.length = 0;
	function->failed = false;
	function->entry = entry;
	function->frame = frame;
	function->low = frame ? frame->start : entry;
	function->high = map_next_start(function->map, frame ? frame->end : entry + 1);
	if (!function_open_window(function, function->high - function->low)) {
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
	free(function->window);
	free(function->buckets);
	arena_fini(&function->arena);
	*function = (struct code_function){ 0 };
}
