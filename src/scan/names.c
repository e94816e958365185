/*
 * The symbol that covers an address: one of the full table where there is one, else an exported one. A function without
 * a size reaches to whatever comes next, so only its very start is called by its name.
 */
#include "scan/names.h"

#include <elf.h>

static const char *name_in(const struct module_symbol *symbols, size_t count, uint64_t address)
{
	const char *name = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct module_symbol *symbol = &symbols[i];

		if (address != symbol->value && address - symbol->value >= symbol->size)
			continue;
		if (!symbol->is_defined || symbol->is_absolute || symbol->type == STT_TLS || symbol->name[0] == '\0')
			continue;
		/* Of several, the one that a program would use. */
		if (!name || (name[0] == '_' && symbol->name[0] != '_'))
			name = symbol->name;
		if (name[0] != '_')
			break;
	}
	return name;
}

const char *name_at(const struct module *module, uint64_t address)
{
	const char *name = name_in(module->symbols.items, module->symbols.length, address);

	return name ? name : name_in(module->dynamic_symbols.items, module->dynamic_symbols.length, address);
}
