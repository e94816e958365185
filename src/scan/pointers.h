/*
 * scan/pointers.h - the pointers that a module's data holds when it is loaded
 *
 * In what can be moved each is a relocation. A program at a fixed address has none for its own addresses: there, every
 * aligned word of its data that could be an address in it is taken for one.
 */
#ifndef CALLGATE_SCAN_POINTERS_H
#define CALLGATE_SCAN_POINTERS_H

#include "elf/module.h"

#define POINTER_LOCAL UINT32_MAX

struct pointer {
	uint64_t address;
	uint64_t target;     /* in the module, where relocation is POINTER_LOCAL */
	uint32_t relocation; /* of module->relocations, which the linker binds */
};

struct pointers {
	struct arena arena;
	VEC(struct pointer);
	uint64_t low; /* the first one's address */
	unsigned shift;
	uint32_t *strips; /* by (address - low) >> shift: the first pointer there or behind; ends with their number */
	size_t strip_count;
};

/* By address, ascending. False: memory is out. */
bool pointers_init(struct pointers *pointers, const struct module *module);
void pointers_fini(struct pointers *pointers);

/* The index of the first pointer at or behind address. */
size_t pointers_from(const struct pointers *pointers, uint64_t address);

/* The pointer exactly there, NULL. */
const struct pointer *pointer_at(const struct pointers *pointers, uint64_t address);

#endif
