/*
 * Boundaries are collected, sorted, and those inside of a symbol's object taken out again.
 *
 * A slot of the global offset table is an object of its own, whatever is next to it: the linker writes the table, and
 * no code reads one slot by way of another.
 *
 * A section whose name is a word of C is a linker set, which is gone through from __start_NAME to __stop_NAME: one
 * object too, however many symbols lie in it. In a C library whose layout is known that is told by its layout.
 *
 * On aarch64 a section is one object: compilers reach neighbours by distances from one address that they keep (section
 * anchors), and align objects to no more than fields are.
 */
#include "scan/objects.h"

#include "base/sort.h"
#include "scan/model.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>

struct boundaries {
	const struct module *module;
	struct summary *summary;
	bool has_layout; /* MODEL_LAYOUT holds for it */
	struct arena arena;
	struct {
		VEC(struct module_range);
	} symbols;
	struct {
		VEC(struct module_range);
	} sets;
};

static bool is_word_of_c(const char *name)
{
	size_t length = 0;

	while (isalnum((unsigned char)name[length]) || name[length] == '_')
		length++;
	return length > 0 && !name[length] && !isdigit((unsigned char)name[0]);
}

static bool boundaries_find_sets(struct boundaries *all)
{
	for (size_t i = 0; i < all->module->sections.length && !all->has_layout; i++) {
		const struct module_section *section = &all->module->sections.items[i];
		struct module_range range = { section->address, section->address + section->size };

		if (section->flags & SHF_ALLOC && range.end > range.start && is_word_of_c(section->name) &&
		    !VEC_PUSH(&all->arena, &all->sets, range))
			return false;
	}
	return true;
}

static bool is_in_set(const struct boundaries *all, uint64_t address)
{
	for (size_t i = 0; i < all->sets.length; i++)
		if (address >= all->sets.items[i].start && address < all->sets.items[i].end)
			return true;
	return false;
}

static bool boundary(struct boundaries *all, uint64_t address)
{
	return VEC_PUSH(&all->summary->arena, &all->summary->objects, address);
}

static bool boundary_of_reference(struct boundaries *all, uint64_t address)
{
	const struct module_segment *segment = module_segment_of(all->module, address);

	if (!all->has_layout || !segment || segment->flags & PF_X || address % OBJECT_ALIGNMENT != 0)
		return true;
	return boundary(all, address);
}

static bool boundaries_of_symbols(struct boundaries *all, const struct module_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct module_symbol *symbol = &symbols[i];
		struct module_range range = { symbol->value, symbol->value + symbol->size };

		if (!symbol->is_defined || symbol->type != STT_OBJECT || symbol->size == 0 || range.end < range.start ||
		    is_in_set(all, range.start))
			continue;
		if (!VEC_PUSH(&all->arena, &all->symbols, range))
			return false;
	}
	return true;
}

static bool is_got_kind(uint32_t kind)
{
	switch ((enum module_relocation_kind)kind) {
	case RELOCATION_GLOBAL:
	case RELOCATION_SLOT:
	case RELOCATION_IRELATIVE:
	case RELOCATION_TLS:
		return true;
	default:
		return false;
	}
}

static bool boundaries_of_slots(struct boundaries *all)
{
	for (size_t i = 0; i < all->module->relocations.length; i++) {
		const struct module_relocation *relocation = &all->module->relocations.items[i];

		if (is_got_kind(relocation->kind) &&
		    (!boundary(all, relocation->address) || !boundary(all, relocation->address + 8)))
			return false;
	}
	return true;
}

static bool boundaries_of_layout(struct boundaries *all)
{
	const struct module *module = all->module;

	for (size_t i = 0; i < module->segments.length; i++)
		if (module->segments.items[i].type == PT_LOAD &&
		    (!boundary(all, module->segments.items[i].address) ||
		     !boundary(all, module->segments.items[i].address + module->segments.items[i].size)))
			return false;
	for (size_t i = 0; i < module->sections.length; i++)
		if (module->sections.items[i].flags & SHF_ALLOC && !(module->sections.items[i].flags & SHF_TLS) &&
		    !boundary(all, module->sections.items[i].address))
			return false;
	return true;
}

/* Takes out what is inside a symbol's object, and what is there twice. */
static void boundaries_settle(struct boundaries *all)
{
	uint64_t *items = all->summary->objects.items, inside = 0;
	size_t kept = 0, symbol = 0;

	sort_by_key(items, all->summary->objects.length, sizeof(*items));
	for (size_t i = 0; i < all->summary->objects.length; i++) {
		while (symbol < all->symbols.length && all->symbols.items[symbol].start < items[i]) {
			if (all->symbols.items[symbol].end > inside)
				inside = all->symbols.items[symbol].end;
			symbol++;
		}
		if (items[i] < inside || (kept > 0 && items[i] == items[kept - 1]))
			continue;
		items[kept++] = items[i];
	}
	all->summary->objects.length = kept;
}

static bool boundaries_collect(struct boundaries *all, const struct pointers *pointers)
{
	const struct module *module = all->module;
	const struct summary *summary = all->summary;

	if (!boundaries_of_layout(all) || !boundaries_of_slots(all))
		return false;
	if (module->machine == EM_AARCH64)
		return true;
	if (!boundaries_find_sets(all) ||
	    !boundaries_of_symbols(all, module->dynamic_symbols.items, module->dynamic_symbols.length) ||
	    !boundaries_of_symbols(all, module->symbols.items, module->symbols.length))
		return false;
	for (size_t i = 0; i < all->symbols.length; i++)
		if (!boundary(all, all->symbols.items[i].start) || !boundary(all, all->symbols.items[i].end))
			return false;
	for (size_t i = 0; i < pointers->length; i++)
		if (pointers->items[i].relocation == POINTER_LOCAL &&
		    !boundary_of_reference(all, pointers->items[i].target))
			return false;
	for (size_t i = 0; i < summary->effects.length; i++)
		if (summary->effects.items[i].kind == EFFECT_ESCAPE &&
		    !boundary_of_reference(all, summary->effects.items[i].target))
			return false;
	return true;
}

bool objects_find(const struct module *module, const struct pointers *pointers, struct summary *summary)
{
	bool has_layout = model_find(module->soname, MODEL_IS_LAYOUT, 0) < model_count && model_is_tried(module);
	struct boundaries all = { .module = module, .summary = summary, .has_layout = has_layout };
	bool done = boundaries_collect(&all, pointers);

	if (done && all.symbols.length > 0)
		sort_by_key(all.symbols.items, all.symbols.length, sizeof(*all.symbols.items));
	if (done && summary->objects.length > 0)
		boundaries_settle(&all);
	arena_fini(&all.arena);
	return done;
}
