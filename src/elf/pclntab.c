/*
 * Go writes a table of its functions that stripping leaves: its runtime unwinds by it. Of a program without symbols it
 * gives what they would: where each function begins and ends, and its name. Its layout changed with Go 1.2, 1.16, 1.18
 * and 1.20, each with a number of its own at the beginning.
 */
#include "elf/reader.h"

#include "base/error.h"

#include <string.h>

enum {
	PCLNTAB_HEADER = 8, /* magic, two zeros, what instructions are multiples of, the size of a pointer */
	PCLNTAB_WORD = 8,
	PCLNTAB_FUNCTIONS_MAX = 1 << 22,
};

/* A version: which words behind the header say what, and how wide the pairs of the table of functions are. */
struct pclntab_kind {
	uint32_t magic;
	uint8_t text, names, table; /* words; 0 of text: entries are addresses; of the others: the table itself */
	uint8_t width;		    /* of either half of a pair, and of a function's own entry */
};

static const struct pclntab_kind kinds[] = {
	{ 0xfffffff1, 2, 3, 7, 4 }, /* 1.20 */
	{ 0xfffffff0, 2, 3, 7, 4 }, /* 1.18 */
	{ 0xfffffffa, 0, 2, 6, 8 }, /* 1.16 */
	{ 0xfffffffb, 0, 0, 0, 8 }, /* 1.2 */
};

struct pclntab {
	const struct pclntab_kind *kind;
	const uint8_t *bytes;
	uint64_t address, size;
	uint64_t count;	       /* of functions */
	uint64_t text;	       /* what entries count from */
	uint64_t names, table; /* offsets */
	uint64_t pairs;	       /* that of the first pair */
};

static bool pclntab_take(const struct pclntab *all, uint64_t offset, uint8_t width, uint64_t *ret_value)
{
	*ret_value = 0;
	if (offset > all->size || width > all->size - offset)
		return false;
	memcpy(ret_value, all->bytes + offset, width);
	return true;
}

static bool pclntab_word(const struct pclntab *all, unsigned word, uint64_t *ret_value)
{
	return pclntab_take(all, PCLNTAB_HEADER + (uint64_t)word * PCLNTAB_WORD, PCLNTAB_WORD, ret_value);
}

/* It is written by a relocation where the program can be moved. */
static bool pclntab_text(struct pclntab *all, const struct module *module)
{
	uint64_t at = all->address + PCLNTAB_HEADER + (uint64_t)all->kind->text * PCLNTAB_WORD;
	const struct module_section *text = module_section(module, ".text");

	all->text = 0;
	if (all->kind->text == 0)
		return true;
	if (!pclntab_word(all, all->kind->text, &all->text))
		return false;
	for (size_t i = 0; all->text == 0 && i < module->relocations.length; i++)
		if (module->relocations.items[i].address == at)
			all->text = (uint64_t)module->relocations.items[i].addend;
	if (all->text == 0 && text)
		all->text = text->address;
	return true;
}

static bool pclntab_open(struct pclntab *all, const struct module *module)
{
	all->names = all->table = 0;
	if (!pclntab_word(all, 0, &all->count) || all->count > PCLNTAB_FUNCTIONS_MAX || !pclntab_text(all, module))
		return false;
	if (all->kind->names && !pclntab_word(all, all->kind->names, &all->names))
		return false;
	if (all->kind->table && !pclntab_word(all, all->kind->table, &all->table))
		return false;
	all->pairs = all->kind->table ? all->table : PCLNTAB_HEADER + PCLNTAB_WORD;
	return all->pairs <= all->size && (all->count * 2 + 1) * all->kind->width <= all->size - all->pairs;
}

static bool pclntab_entry(const struct pclntab *all, uint64_t i, uint64_t *ret_address)
{
	uint64_t at = all->pairs + i * 2 * all->kind->width;

	if (!pclntab_take(all, at, all->kind->width, ret_address))
		return false;
	*ret_address += all->text;
	return true;
}

/* A function's own record begins with its entry again, and its name's place. */
static const char *pclntab_name(const struct pclntab *all, uint64_t i)
{
	uint64_t record, name;
	uint8_t width = all->kind->width;

	if (!pclntab_take(all, all->pairs + (i * 2 + 1) * width, width, &record) || record > all->size ||
	    !pclntab_take(all, all->table + record + width, 4, &name))
		return NULL;
	return reader_string((const char *)all->bytes, all->size, all->names + name);
}

static int pclntab_read(struct reader *reader, const struct pclntab *all)
{
	struct module *module = reader->module;
	uint64_t start, end;

	if (!pclntab_entry(all, 0, &start))
		return reader_damaged(reader, "Go's table of functions leaves it");
	for (uint64_t i = 0; i < all->count; i++, start = end) {
		struct module_symbol symbol = { .name = pclntab_name(all, i), .type = STT_FUNC, .is_defined = true };

		if (!symbol.name || !pclntab_entry(all, i + 1, &end) || end < start)
			return reader_damaged(reader, "Go's table of functions leaves it");
		symbol.value = start;
		symbol.size = end - start;
		if (!VEC_PUSH(&module->arena, &module->symbols, symbol))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

int reader_go_functions(struct reader *reader)
{
	struct module *module = reader->module;
	const struct module_section *section = module_section(module, ".gopclntab");
	struct pclntab all = { .kind = NULL };
	uint64_t magic;

	if (!section)
		section = module_section(module, ".data.rel.ro.gopclntab");
	if (!section || section->type != SHT_PROGBITS || module->symbols.length > 0)
		return CALLGATE_OK;
	all.bytes = module->bytes + section->offset;
	all.address = section->address;
	all.size = section->size;
	if (!pclntab_take(&all, 0, 4, &magic))
		return CALLGATE_OK;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].magic == magic)
			all.kind = &kinds[i];
	/* Of the older ones every entry would be written by a relocation. */
	if (!all.kind || (all.kind->text == 0 && module->is_position_free))
		return fail(reader->err, CALLGATE_E_UNSUPPORTED,
			    "'%s' is a stripped%s Go program, of a version of Go whose table of functions is not known",
			    reader->name, all.kind ? " and movable" : "");
	if (!pclntab_open(&all, module))
		return reader_damaged(reader, "Go's table of functions leaves it");
	return all.count ? pclntab_read(reader, &all) : CALLGATE_OK;
}
