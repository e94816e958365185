/*
 * Symbols with their versions. The dynamic table says where its symbols are but not how many: a hash table does, and
 * where there is none the relocations that name them. Versions stand beside the symbols as numbers, which two more
 * tables name: those that the module defines, and those that it asks of a library.
 */
#include "base/error.h"
#include "elf/reader.h"

#include <string.h>

enum { VERSIONS_MAX = 0x8000, VERSION_HIDDEN = 0x8000 };

struct version {
	const char *name;
	const char *file; /* of a library that is asked for it, else NULL */
};

struct versions {
	struct version *items; /* by number */
	size_t length;
	const uint8_t *numbers; /* uint16_t a symbol, of no alignment; NULL for none */
};

#define reader_load(reader, address, value) reader_load_((reader), (address), (value), sizeof(*(value)))

static bool reader_load_(const struct reader *reader, uint64_t address, void *value, size_t size)
{
	const uint8_t *bytes = module_bytes(reader->module, address, size);

	if (bytes)
		memcpy(value, bytes, size);
	return bytes;
}

/* Symbols that a GNU hash table reaches: the last chain's end. 0 where it is damaged or holds none. */
static uint64_t reader_gnu_hash_count(const struct reader *reader, uint64_t address)
{
	uint32_t header[4], last = 0, hash;
	uint64_t buckets, chain;

	if (!reader_load(reader, address, &header))
		return 0;
	buckets = address + sizeof(header) + (uint64_t)header[2] * 8;
	chain = buckets + (uint64_t)header[0] * 4;
	if (!reader_table(reader, buckets, header[0], 4))
		return 0;
	for (uint32_t i = 0; i < header[0]; i++) {
		uint32_t first;

		if (reader_load(reader, buckets + (uint64_t)i * 4, &first) && first > last)
			last = first;
	}
	if (last < header[1])
		return 0;
	do {
		if (!reader_load(reader, chain + (uint64_t)(last - header[1]) * 4, &hash))
			return 0;
		last++;
	} while (!(hash & 1));
	return last;
}

static uint64_t reader_symbol_count(const struct reader *reader)
{
	const struct module *module = reader->module;
	uint64_t address, count = 0;
	uint32_t header[2];

	if (reader_tag(reader, DT_HASH, &address) && reader_load(reader, address, &header))
		count = header[1];
	else if (reader_tag(reader, DT_GNU_HASH, &address))
		count = reader_gnu_hash_count(reader, address);
	for (size_t i = 0; i < module->sections.length; i++)
		if (module->sections.items[i].type == SHT_DYNSYM &&
		    module->sections.items[i].size / sizeof(Elf64_Sym) > count)
			count = module->sections.items[i].size / sizeof(Elf64_Sym);
	for (size_t i = 0; i < module->relocations.length; i++)
		if (module->relocations.items[i].symbol >= count)
			count = module->relocations.items[i].symbol + (uint64_t)1;
	return count;
}

static int reader_set_version(struct reader *reader, struct versions *versions, uint32_t number, uint32_t name,
			      const char *file)
{
	struct version version = { reader_string(reader->strings, reader->strings_size, name), file };

	number &= VERSIONS_MAX - 1;
	if (!version.name)
		return reader_damaged(reader, "the name of a version leaves the table of strings");
	if (number < versions->length)
		versions->items[number] = version;
	return CALLGATE_OK;
}

static int reader_defined_versions(struct reader *reader, struct versions *versions)
{
	uint64_t address, count;

	if (!reader_tag(reader, DT_VERDEF, &address) || !reader_tag(reader, DT_VERDEFNUM, &count))
		return CALLGATE_OK;
	for (uint64_t i = 0; i < count && i < VERSIONS_MAX; i++) {
		Elf64_Verdef definition;
		Elf64_Verdaux name;
		int status;

		if (!reader_load(reader, address, &definition) ||
		    !reader_load(reader, address + definition.vd_aux, &name))
			return reader_damaged(reader, "its versions leave it");
		status = reader_set_version(reader, versions, definition.vd_ndx, name.vda_name, NULL);
		if (status != CALLGATE_OK)
			return status;
		if (definition.vd_next == 0)
			break;
		address += definition.vd_next;
	}
	return CALLGATE_OK;
}

static int reader_asked_versions(struct reader *reader, struct versions *versions, uint64_t address)
{
	Elf64_Verneed needed;
	const char *file;

	if (!reader_load(reader, address, &needed))
		return reader_damaged(reader, "the versions that it needs leave it");
	file = reader_string(reader->strings, reader->strings_size, needed.vn_file);
	address += needed.vn_aux;
	for (unsigned i = 0; i < needed.vn_cnt; i++) {
		Elf64_Vernaux name;
		int status;

		if (!file || !reader_load(reader, address, &name))
			return reader_damaged(reader, "the versions that it needs leave it");
		status = reader_set_version(reader, versions, name.vna_other, name.vna_name, file);
		if (status != CALLGATE_OK)
			return status;
		address += name.vna_next;
	}
	return CALLGATE_OK;
}

static int reader_needed_versions(struct reader *reader, struct versions *versions)
{
	uint64_t address, count;

	if (!reader_tag(reader, DT_VERNEED, &address) || !reader_tag(reader, DT_VERNEEDNUM, &count))
		return CALLGATE_OK;
	for (uint64_t i = 0; i < count && i < VERSIONS_MAX; i++) {
		Elf64_Verneed needed;
		int status = reader_asked_versions(reader, versions, address);

		if (status != CALLGATE_OK)
			return status;
		if (!reader_load(reader, address, &needed) || needed.vn_next == 0)
			break;
		address += needed.vn_next;
	}
	return CALLGATE_OK;
}

static int reader_versions(struct reader *reader, uint64_t symbols, struct versions *ret_versions)
{
	uint64_t address, largest = 0;
	int status;

	if (!reader_tag(reader, DT_VERSYM, &address))
		return CALLGATE_OK;
	ret_versions->numbers = reader_table(reader, address, symbols, 2);
	if (!ret_versions->numbers)
		return reader_damaged(reader, "the versions of its symbols leave it");
	for (uint64_t i = 0; i < symbols; i++) {
		uint16_t number;

		memcpy(&number, ret_versions->numbers + i * 2, sizeof(number));
		if ((number & (VERSIONS_MAX - 1)) > largest)
			largest = number & (VERSIONS_MAX - 1);
	}
	ret_versions->items = arena_array(&reader->module->arena, largest + 1, sizeof(*ret_versions->items));
	if (!ret_versions->items)
		return fail_nomem(reader->err);
	ret_versions->length = largest + 1;
	status = reader_defined_versions(reader, ret_versions);
	return status == CALLGATE_OK ? reader_needed_versions(reader, ret_versions) : status;
}

static bool reader_symbol(const Elf64_Sym *elf, const char *strings, uint64_t strings_size,
			  struct module_symbol *ret_symbol)
{
	*ret_symbol = (struct module_symbol){
		.name = reader_string(strings, strings_size, elf->st_name),
		.value = elf->st_value,
		.size = elf->st_size,
		.type = ELF64_ST_TYPE(elf->st_info),
		.binding = ELF64_ST_BIND(elf->st_info),
		.visibility = ELF64_ST_VISIBILITY(elf->st_other),
		.is_defined = elf->st_shndx != SHN_UNDEF,
		.is_absolute = elf->st_shndx == SHN_ABS,
	};
	return ret_symbol->name;
}

/* Numbers 0 and 1 are local and global without a version; a version's own symbol (absolute) keeps its name. */
static void reader_symbol_version(const struct versions *versions, uint64_t index, struct module_symbol *symbol)
{
	uint16_t number;

	if (!versions->numbers)
		return;
	memcpy(&number, versions->numbers + index * 2, sizeof(number));
	symbol->is_hidden = number & VERSION_HIDDEN;
	number &= VERSIONS_MAX - 1;
	if (number < 2)
		return;
	symbol->version = versions->items[number].name;
	symbol->version_file = versions->items[number].file;
}

static int reader_dynamic_symbols(struct reader *reader)
{
	struct module *module = reader->module;
	struct versions versions = { 0 };
	uint64_t address, count;
	const uint8_t *table;
	int status;

	if (!reader_tag(reader, DT_SYMTAB, &address))
		return CALLGATE_OK;
	count = reader_symbol_count(reader);
	table = reader_table(reader, address, count, sizeof(Elf64_Sym));
	if (!table)
		return reader_damaged(reader, "its dynamic symbols leave it");
	status = reader_versions(reader, count, &versions);
	if (status != CALLGATE_OK)
		return status;
	module->dynamic_symbols.items = arena_array(&module->arena, count, sizeof(struct module_symbol));
	if (!module->dynamic_symbols.items)
		return fail_nomem(reader->err);
	module->dynamic_symbols.length = module->dynamic_symbols.capacity = count;
	for (uint64_t i = 0; i < count; i++) {
		struct module_symbol *symbol = &module->dynamic_symbols.items[i];
		Elf64_Sym elf;

		memcpy(&elf, table + i * sizeof(elf), sizeof(elf));
		if (!reader_symbol(&elf, reader->strings, reader->strings_size, symbol))
			return reader_damaged(reader, "the name of a symbol leaves the table of strings");
		reader_symbol_version(&versions, i, symbol);
	}
	return CALLGATE_OK;
}

/* The section of strings that a section of symbols names is in its header only, which module_section does not keep:
 * .strtab is the one that linkers write. */
static int reader_static_symbols(struct reader *reader)
{
	struct module *module = reader->module;
	const struct module_section *table = module_section(module, ".symtab");
	const struct module_section *strings = module_section(module, ".strtab");

	if (!table || !strings || table->type != SHT_SYMTAB || strings->type != SHT_STRTAB)
		return CALLGATE_OK;
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->size; at += sizeof(Elf64_Sym)) {
		struct module_symbol symbol;
		Elf64_Sym elf;

		memcpy(&elf, module->bytes + table->offset + at, sizeof(elf));
		if (elf.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(elf.st_info) == STT_SECTION ||
		    ELF64_ST_TYPE(elf.st_info) == STT_FILE || ELF64_ST_TYPE(elf.st_info) == STT_TLS ||
		    !reader_symbol(&elf, (const char *)module->bytes + strings->offset, strings->size, &symbol))
			continue;
		if (!VEC_PUSH(&module->arena, &module->symbols, symbol))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

int reader_symbols(struct reader *reader)
{
	int status = reader_dynamic_symbols(reader);

	return status == CALLGATE_OK ? reader_static_symbols(reader) : status;
}

size_t module_find_symbol(const struct module *module, const char *name, const char *version)
{
	for (size_t i = 1; i < module->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &module->dynamic_symbols.items[i];

		if (!symbol->is_defined || strcmp(symbol->name, name) != 0)
			continue;
		if (version ? symbol->version && strcmp(symbol->version, version) == 0 : !symbol->is_hidden)
			return i;
	}
	return 0;
}
