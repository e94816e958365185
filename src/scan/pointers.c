/*
 * Relocations come nearly sorted; the words of a program that has none are found by looking at them all, but for code
 * and the tables of linkers, if sections tell where these are: code may lie in one segment with constants.
 */
#include "scan/pointers.h"

#include "base/sort.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool is_pointer_kind(uint32_t kind)
{
	return kind != RELOCATION_OTHER && kind != RELOCATION_TLS;
}

static bool pointers_of_relocations(struct pointers *pointers, const struct module *module)
{
	for (size_t i = 0; i < module->relocations.length; i++) {
		const struct module_relocation *relocation = &module->relocations.items[i];
		struct pointer pointer = { .address = relocation->address, .relocation = (uint32_t)i };

		if (relocation->kind == RELOCATION_RELATIVE) {
			pointer.relocation = POINTER_LOCAL;
			pointer.target = (uint64_t)relocation->addend;
		}
		if (is_pointer_kind(relocation->kind) && !VEC_PUSH(&pointers->arena, pointers, pointer))
			return false;
	}
	return true;
}

/* Whether a section is read by linkers and unwinders only, which find by other ways what it points to. */
static bool is_for_linkers(const struct module_section *section)
{
	switch (section->type) {
	case SHT_PROGBITS:
		return section->flags & SHF_EXECINSTR || strncmp(section->name, ".eh_frame", 9) == 0;
	case SHT_NOBITS:
	case SHT_INIT_ARRAY:
	case SHT_FINI_ARRAY:
	case SHT_PREINIT_ARRAY:
		return false;
	default:
		return true;
	}
}

/* From address on, the end of what is to be looked at, or (ret_skipped) of what is not. */
static uint64_t words_until(const struct module *module, uint64_t address, uint64_t end, bool *ret_skipped)
{
	*ret_skipped = false;
	for (size_t i = 0; i < module->sections.length; i++) {
		const struct module_section *section = &module->sections.items[i];

		if (!(section->flags & SHF_ALLOC) || section->size == 0 || !is_for_linkers(section))
			continue;
		if (address - section->address < section->size) {
			*ret_skipped = true;
			return section->address + section->size;
		}
		if (section->address > address && section->address < end)
			end = section->address;
	}
	return end;
}

static bool pointers_of_words(struct pointers *pointers, const struct module *module,
			      const struct module_segment *segment)
{
	uint64_t end = segment->address + segment->file_size, at = (segment->address + 7) & ~(uint64_t)7;

	while (at + 8 <= end) {
		bool is_skipped;
		uint64_t until = words_until(module, at, end, &is_skipped);

		for (; at < until && at + 8 <= end; at += 8) {
			struct pointer pointer = { .address = at, .relocation = POINTER_LOCAL };

			memcpy(&pointer.target, module->bytes + segment->offset + (at - segment->address), 8);
			if (!is_skipped && pointer.target != 0 && module_segment_of(module, pointer.target) &&
			    !VEC_PUSH(&pointers->arena, pointers, pointer))
				return false;
		}
	}
	return true;
}

/* Divides the addresses into as many strips as there are pointers, of a power of 2 each: most are looked for at once. */
static bool pointers_divide(struct pointers *pointers)
{
	uint64_t span = pointers->items[pointers->length - 1].address - pointers->items[0].address;
	size_t next = 0;

	pointers->low = pointers->items[0].address;
	while (span >> pointers->shift >= pointers->length)
		pointers->shift++;
	pointers->strip_count = (span >> pointers->shift) + 1;
	pointers->strips = arena_array(&pointers->arena, pointers->strip_count + 1, sizeof(*pointers->strips));
	if (!pointers->strips)
		return false;
	for (size_t i = 0; i < pointers->length; i++)
		for (uint64_t at = (pointers->items[i].address - pointers->low) >> pointers->shift; next <= at; next++)
			pointers->strips[next] = (uint32_t)i;
	pointers->strips[next] = (uint32_t)pointers->length;
	return true;
}

bool pointers_init(struct pointers *pointers, const struct module *module)
{
	*pointers = (struct pointers){ 0 };
	if (!pointers_of_relocations(pointers, module))
		return false;
	for (size_t i = 0; !module->is_position_free && i < module->segments.length; i++)
		if (module->segments.items[i].type == PT_LOAD &&
		    !pointers_of_words(pointers, module, &module->segments.items[i]))
			return false;
	sort_by_key(pointers->items, pointers->length, sizeof(*pointers->items));
	return pointers->length == 0 || pointers_divide(pointers);
}

void pointers_fini(struct pointers *pointers)
{
	arena_fini(&pointers->arena);
	*pointers = (struct pointers){ 0 };
}

size_t pointers_from(const struct pointers *pointers, uint64_t address)
{
	size_t low, high;
	uint64_t strip;

	if (pointers->length == 0 || address <= pointers->low)
		return 0;
	strip = (address - pointers->low) >> pointers->shift;
	if (strip >= pointers->strip_count)
		return pointers->length;
	low = pointers->strips[strip];
	high = pointers->strips[strip + 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pointers->items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct pointer *pointer_at(const struct pointers *pointers, uint64_t address)
{
	size_t at = pointers_from(pointers, address);

	return at < pointers->length && pointers->items[at].address == address ? &pointers->items[at] : NULL;
}
