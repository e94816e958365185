/*
 * The dynamic linker asks the hash table of one module after the other. Here all modules' definitions stand in one
 * table, and the one that comes first in the asker's scope wins: the result is the same, and a name that nobody has
 * costs one look.
 */
#include "elf/link_names.h"

#include "base/error.h"

#include <elf.h>
#include <string.h>

enum {
	NAMES_BUCKETS_MIN = 1024,
	NAMES_OWN_GROUP = LINK_MODULES_MAX,	  /* rank of the asker's own group, behind group 0 */
	NAMES_OTHER_GROUP = 2 * LINK_MODULES_MAX, /* of those that others opened, which may have been for all */
};

struct names_entry {
	uint32_t hash;
	uint32_t next; /* the entry that was first of the bucket before, plus one; 0 for none */
	struct link_definition definition;
};

struct link_names {
	uint32_t *buckets;     /* an entry's number plus one, 0 for none */
	uint32_t bucket_count; /* a power of two */
	struct {
		VEC(struct names_entry);
	} entries;
};

/* What a reference asks for. */
struct names_reference {
	const char *name;
	const char *version; /* NULL for none */
	uint32_t group;	     /* of the module that asks */
	uint32_t besides;    /* a module that does not count, LINK_NOWHERE */
};

static uint32_t names_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static bool names_exports(const struct module_symbol *symbol)
{
	if (!symbol->is_defined || symbol->binding == STB_LOCAL || symbol->visibility == STV_HIDDEN ||
	    symbol->visibility == STV_INTERNAL)
		return false;
	return symbol->value != 0 || symbol->is_absolute || symbol->type == STT_TLS;
}

static bool names_versions_agree(const struct module_symbol *symbol, const char *version)
{
	/* A reference without a version takes the default one; a definition without one serves all. */
	if (!version)
		return !symbol->is_hidden;
	return symbol->version ? strcmp(symbol->version, version) == 0 : !symbol->is_hidden;
}

static uint32_t names_rank(const struct link *link, uint32_t module, uint32_t group)
{
	uint32_t its_group = link->modules.items[module]->group;

	if (its_group == 0)
		return module;
	return module + (uint32_t)(its_group == group ? NAMES_OWN_GROUP : NAMES_OTHER_GROUP);
}

static struct link_definition names_find(const struct link *link, const struct names_reference *reference)
{
	const struct link_names *names = link->names;
	struct link_definition best = { LINK_NOWHERE, 0 };
	uint32_t hash = names_hash(reference->name);
	uint32_t best_rank = UINT32_MAX;

	if (names->bucket_count == 0)
		return best;
	for (uint32_t at = names->buckets[hash & (names->bucket_count - 1)]; at;
	     at = names->entries.items[at - 1].next) {
		const struct names_entry *entry = &names->entries.items[at - 1];
		const struct module_symbol *symbol;
		uint32_t rank;

		if (entry->hash != hash || entry->definition.module == reference->besides)
			continue;
		symbol = &link->modules.items[entry->definition.module]
				  ->module->dynamic_symbols.items[entry->definition.symbol];
		if (strcmp(symbol->name, reference->name) != 0 || !names_versions_agree(symbol, reference->version))
			continue;
		rank = names_rank(link, entry->definition.module, reference->group);
		if (rank < best_rank) {
			best = entry->definition;
			best_rank = rank;
		}
	}
	return best;
}

bool link_next_definition(const struct link *link, const char *name, uint32_t *at,
			  struct link_definition *ret_definition)
{
	const struct link_names *names = link->names;
	uint32_t hash = names_hash(name);
	uint32_t next = 0;

	if (names->bucket_count == 0)
		return false;
	next = *at ? names->entries.items[*at - 1].next : names->buckets[hash & (names->bucket_count - 1)];
	for (; next; next = names->entries.items[next - 1].next) {
		const struct names_entry *entry = &names->entries.items[next - 1];
		const struct link_definition *found = &entry->definition;

		if (entry->hash != hash ||
		    strcmp(link->modules.items[found->module]->module->dynamic_symbols.items[found->symbol].name,
			   name) != 0)
			continue;
		*at = next;
		*ret_definition = *found;
		return true;
	}
	return false;
}

/* Room for so many more entries, so that adding them cannot fail. */
static int names_reserve(struct link *link, size_t more, struct callgate_error *err)
{
	struct link_names *names = link->names;
	size_t total = names->entries.length + more;
	uint32_t count = names->bucket_count ? names->bucket_count : NAMES_BUCKETS_MIN;
	uint32_t *buckets;

	while (names->entries.capacity < total) {
		void *grown = arena_grow(&link->arena, names->entries.items, names->entries.length,
					 &names->entries.capacity, sizeof(*names->entries.items));

		if (!grown)
			return fail_nomem(err);
		names->entries.items = grown;
	}
	while (count < total)
		count *= 2;
	if (count == names->bucket_count)
		return CALLGATE_OK;
	buckets = arena_array(&link->arena, count, sizeof(*buckets));
	if (!buckets)
		return fail_nomem(err);
	for (uint32_t i = 0; i < names->entries.length; i++) {
		uint32_t *bucket = &buckets[names->entries.items[i].hash & (count - 1)];

		names->entries.items[i].next = *bucket;
		*bucket = i + 1;
	}
	names->buckets = buckets;
	names->bucket_count = count;
	return CALLGATE_OK;
}

static void names_add(struct link_names *names, const char *name, struct link_definition definition)
{
	struct names_entry entry = { names_hash(name), 0, definition };
	uint32_t *bucket = &names->buckets[entry.hash & (names->bucket_count - 1)];

	entry.next = *bucket;
	names->entries.items[names->entries.length++] = entry;
	*bucket = (uint32_t)names->entries.length;
}

static void names_add_module(struct link *link, uint32_t index)
{
	const struct module *module = link->modules.items[index]->module;

	for (uint32_t i = 1; i < module->dynamic_symbols.length; i++)
		if (names_exports(&module->dynamic_symbols.items[i]))
			names_add(link->names, module->dynamic_symbols.items[i].name,
				  (struct link_definition){ index, i });
}

/* What a reference of that module to one of its dynamic symbols means. */
static struct link_definition names_define(const struct link *link, uint32_t index, uint32_t i)
{
	const struct link_module *one = link->modules.items[index];
	const struct module_symbol *symbol = &one->module->dynamic_symbols.items[i];
	struct link_definition itself = { symbol->is_defined ? index : LINK_NOWHERE, i };
	struct link_definition found;

	if (symbol->is_defined &&
	    (symbol->binding == STB_LOCAL || symbol->visibility != STV_DEFAULT || (one->module->flags & DF_SYMBOLIC)))
		return itself;
	if (!*symbol->name)
		return itself;
	found = names_find(link, &(struct names_reference){ symbol->name, symbol->version, one->group, LINK_NOWHERE });
	if (found.module != LINK_NOWHERE)
		return found;
	/* A reference with a version that nobody has means any definition of the name: so does one without. */
	if (!symbol->is_defined)
		return names_find(link, &(struct names_reference){ symbol->name, NULL, one->group, LINK_NOWHERE });
	return itself;
}

static void names_define_module(struct link *link, uint32_t index)
{
	struct link_module *one = link->modules.items[index];

	for (uint32_t i = 1; i < one->module->dynamic_symbols.length; i++)
		if (one->definitions[i].module == LINK_NOWHERE)
			one->definitions[i] = names_define(link, index, i);
}

int link_define(struct link *link, uint32_t first, struct callgate_error *err)
{
	size_t symbols = 0;
	int status;

	if (!link->names)
		link->names = arena_alloc(&link->arena, sizeof(*link->names));
	if (!link->names)
		return fail_nomem(err);
	for (uint32_t i = first; i < link->modules.length; i++) {
		struct link_module *one = link->modules.items[i];
		size_t count = one->module->dynamic_symbols.length;

		one->definitions = arena_array(&link->arena, count ? count : 1, sizeof(*one->definitions));
		if (!one->definitions)
			return fail_nomem(err);
		for (size_t j = 0; j < count; j++)
			one->definitions[j].module = LINK_NOWHERE;
		symbols += count;
	}
	status = names_reserve(link, symbols, err);
	if (status != CALLGATE_OK)
		return status;
	for (uint32_t i = first; i < link->modules.length; i++)
		names_add_module(link, i);
	for (uint32_t i = 0; i < link->modules.length; i++)
		names_define_module(link, i);
	return CALLGATE_OK;
}

int link_find_copies(struct link *link, struct callgate_error *err)
{
	const struct module *program = link->modules.items[0]->module;

	for (size_t i = 0; i < program->relocations.length; i++) {
		const struct module_relocation *relocation = &program->relocations.items[i];
		const struct module_symbol *symbol;
		struct link_copy copy;

		if (relocation->kind != RELOCATION_COPY || relocation->symbol >= program->dynamic_symbols.length)
			continue;
		symbol = &program->dynamic_symbols.items[relocation->symbol];
		copy = (struct link_copy){
			.address = relocation->address,
			.size = symbol->size,
			.from = names_find(link, &(struct names_reference){ symbol->name, symbol->version, 0, 0 }),
		};
		if (copy.from.module != LINK_NOWHERE && !VEC_PUSH(&link->arena, &link->copies, copy))
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

struct link_definition link_find(const struct link *link, uint32_t group, const char *name)
{
	return names_find(link, &(struct names_reference){ name, NULL, group, LINK_NOWHERE });
}
