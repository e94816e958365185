/*
 * Starts of functions come from frames, from symbols, from what the loader calls and from relocations that hold
 * addresses of code. More are found while functions are read (targets of calls), which need no place here: only a jump
 * has to be told from a call in disguise.
 */
#include "scan/code.h"

#include "base/sort.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { STUB_INSNS_MAX = 6 };

static bool map_add(struct code_map *map, uint64_t address)
{
	return !module_is_code(map->module, address) || VEC_PUSH(&map->arena, &map->starts, address);
}

static bool map_add_named(struct code_map *map, uint64_t address)
{
	return !module_is_code(map->module, address) ||
	       (VEC_PUSH(&map->arena, &map->starts, address) && VEC_PUSH(&map->arena, &map->named, address));
}

static bool map_add_symbols(struct code_map *map, const struct module_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct module_symbol *symbol = &symbols[i];

		/* On aarch64 $x and $d only tell code from data. */
		if (symbol->is_defined && !symbol->is_absolute && symbol->name[0] != '$' &&
		    (symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC || symbol->type == STT_NOTYPE) &&
		    !map_add_named(map, symbol->value))
			return false;
	}
	return true;
}

static bool map_add_arrays(struct code_map *map)
{
	const struct module *module = map->module;

	for (size_t i = 0; i < module->arrays.length; i++) {
		const struct module_array *range = &module->arrays.items[i];
		uint64_t word;

		for (uint64_t at = range->start; at < range->end; at += 8)
			if (module_word(module, at, &word) && !map_add(map, word))
				return false;
	}
	for (size_t i = 0; i < module->relocations.length; i++) {
		const struct module_relocation *relocation = &module->relocations.items[i];

		if ((relocation->kind == RELOCATION_RELATIVE || relocation->kind == RELOCATION_IRELATIVE) &&
		    !map_add(map, (uint64_t)relocation->addend))
			return false;
	}
	return map_add(map, module->entry) && map_add(map, module->init) && map_add(map, module->fini);
}

static int address_order(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Sorts and takes out what is there twice; gives what is left. */
static size_t addresses_sort(uint64_t *items, size_t count)
{
	size_t kept = 0;

	if (count == 0)
		return 0;
	sort_by_key(items, count, sizeof(*items));
	for (size_t i = 1; i < count; i++)
		if (items[i] != items[kept])
			items[++kept] = items[i];
	return kept + 1;
}

bool code_map_init(struct code_map *map, const struct module *module)
{
	*map = (struct code_map){ .module = module, .arch = arch_of(module) };
	for (size_t i = 0; i < module->frames.length; i++)
		if (!VEC_PUSH(&map->arena, &map->starts, module->frames.items[i].start))
			return false;
	if (!map_add_symbols(map, module->dynamic_symbols.items, module->dynamic_symbols.length) ||
	    !map_add_symbols(map, module->symbols.items, module->symbols.length) || !map_add_arrays(map))
		return false;
	map->starts.length = addresses_sort(map->starts.items, map->starts.length);
	map->named.length = addresses_sort(map->named.items, map->named.length);
	return true;
}

void code_map_fini(struct code_map *map)
{
	arena_fini(&map->arena);
	*map = (struct code_map){ 0 };
}

bool code_is_start(const struct code_map *map, uint64_t address)
{
	return map->starts.length > 0 &&
	       bsearch(&address, map->starts.items, map->starts.length, sizeof(address), address_order);
}

bool code_is_function_symbol(const struct code_map *map, uint64_t address)
{
	return map->named.length > 0 &&
	       bsearch(&address, map->named.items, map->named.length, sizeof(address), address_order);
}

bool code_is_plt(const struct module *module, uint64_t address)
{
	for (size_t i = 0; i < module->sections.length; i++) {
		const struct module_section *section = &module->sections.items[i];

		if (address - section->address < section->size && strncmp(section->name, ".plt", 4) == 0)
			return true;
	}
	return false;
}

/* x86-64's is a jump through memory; aarch64's makes the slot's address in two steps, loads from it and jumps there. */
bool code_is_stub(const struct code_map *map, uint64_t address, uint64_t *ret_slot)
{
	uint64_t room = module_room(map->module, address), page = 0, done = 0;
	const uint8_t *bytes = module_bytes(map->module, address, room);
	uint8_t base = REGISTER_NONE, target = REGISTER_NONE;

	for (unsigned i = 0; i < STUB_INSNS_MAX && done < room; i++) {
		struct insn insn;

		map->arch->decode(bytes + done, room - done, address + done, &insn);
		done += insn.length;
		if (insn.op == INSN_JUMP_INDIRECT && insn.is_absolute) {
			*ret_slot = (uint64_t)insn.displacement;
			return true;
		}
		if (insn.op == INSN_JUMP_INDIRECT)
			return insn.source == target && target != REGISTER_NONE;
		if (insn.op == INSN_PAGE) {
			page = (uint64_t)insn.displacement;
			base = insn.destination;
		} else if (insn.op == INSN_MOVE && insn.has_memory && insn.base == base && base != REGISTER_NONE) {
			*ret_slot = page + (uint64_t)insn.displacement;
			target = insn.destination;
		} else if (insn.op != INSN_NOP && (insn.op != INSN_LEA || insn.base != base || base == REGISTER_NONE)) {
			return false;
		}
	}
	return false;
}

const struct module_frame *code_frame(const struct module *module, uint64_t address)
{
	size_t low = 0, high = module->frames.length;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (module->frames.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= module->frames.items[low - 1].end)
		return NULL;
	return &module->frames.items[low - 1];
}
