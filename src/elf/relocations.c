/*
 * Relocations in the order in which the dynamic linker applies them. RELR packs relative ones: a word with bit 0 clear
 * is an address, one with bit 0 set says which of the next 63 words are relocated too.
 *
 * A static program that is not position-free has few (IRELATIVE ones for IFUNCs), which no dynamic table names: they
 * stand in a section, between __rela_iplt_start and __rela_iplt_end.
 */
#include "base/error.h"
#include "elf/reader.h"

#include <string.h>

enum { RELR_WORDS = 63, TYPE_NONE = 0 };

static uint32_t relocation_kind(uint16_t machine, uint64_t type)
{
	static const struct {
		uint16_t machine;
		uint16_t type, kind;
	} rows[] = {
#define RELOCATION(machine, type, kind) { EM_##machine, R_##type, kind },
#include "elf/relocations.def"
#undef RELOCATION
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].machine == machine && rows[i].type == type)
			return rows[i].kind;
	return RELOCATION_OTHER;
}

static int reader_push(struct reader *reader, struct module_relocation relocation)
{
	struct module *module = reader->module;

	if (module->relocations.length >= MODULE_RELOCATIONS_MAX)
		return fail(reader->err, CALLGATE_E_LIMIT, "'%s' has more than %zu relocations", reader->name,
			    MODULE_RELOCATIONS_MAX);
	return VEC_PUSH(&module->arena, &module->relocations, relocation) ? CALLGATE_OK : fail_nomem(reader->err);
}

static int reader_relative(struct reader *reader, uint64_t address)
{
	uint64_t word;

	if (!module_word(reader->module, address, &word))
		return reader_damaged(reader, "a packed relocation leaves it");
	return reader_push(reader, (struct module_relocation){
					   .address = address, .addend = (int64_t)word, .kind = RELOCATION_RELATIVE });
}

static int reader_relr(struct reader *reader, uint64_t table, uint64_t size)
{
	uint64_t next = 0;

	for (uint64_t at = 0; at + 8 <= size; at += 8) {
		uint64_t entry;
		int status = CALLGATE_OK;

		if (!module_word(reader->module, table + at, &entry))
			return reader_damaged(reader, "its packed relocations leave it");
		if (!(entry & 1)) {
			status = reader_relative(reader, entry);
			next = entry + 8;
		} else {
			for (unsigned bit = 0; status == CALLGATE_OK && bit < RELR_WORDS; bit++)
				if (entry >> (bit + 1) & 1)
					status = reader_relative(reader, next + bit * (uint64_t)8);
			next += RELR_WORDS * 8;
		}
		if (status != CALLGATE_OK)
			return status;
	}
	return CALLGATE_OK;
}

static int reader_rela(struct reader *reader, uint64_t address, uint64_t size, bool is_lazy)
{
	uint64_t count = size / sizeof(Elf64_Rela);
	const uint8_t *table = reader_table(reader, address, count, sizeof(Elf64_Rela));
	int status = CALLGATE_OK;

	if (!table && count > 0)
		return reader_damaged(reader, "its relocations leave it");
	for (uint64_t i = 0; status == CALLGATE_OK && i < count; i++) {
		Elf64_Rela rela;

		memcpy(&rela, table + i * sizeof(rela), sizeof(rela));
		if (ELF64_R_TYPE(rela.r_info) == TYPE_NONE)
			continue;
		status = reader_push(
			reader, (struct module_relocation){
					.address = rela.r_offset,
					.addend = rela.r_addend,
					.kind = relocation_kind(reader->module->machine, ELF64_R_TYPE(rela.r_info)),
					.symbol = (uint32_t)ELF64_R_SYM(rela.r_info),
					.is_lazy = is_lazy,
				});
	}
	return status;
}

static int reader_static_relocations(struct reader *reader)
{
	const struct module *module = reader->module;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < module->sections.length; i++) {
		const struct module_section *section = &module->sections.items[i];

		if (section->type == SHT_RELA && section->flags & SHF_ALLOC &&
		    module_bytes(module, section->address, section->size))
			status = reader_rela(reader, section->address, section->size, true);
	}
	return status;
}

int reader_relocations(struct reader *reader)
{
	uint64_t table, size;
	int status = CALLGATE_OK;

	if (!reader->dynamic)
		return reader_static_relocations(reader);
	if (reader_tag(reader, DT_RELR, &table) && reader_tag(reader, DT_RELRSZ, &size))
		status = reader_relr(reader, table, size);
	if (status == CALLGATE_OK && reader_tag(reader, DT_RELA, &table) && reader_tag(reader, DT_RELASZ, &size))
		status = reader_rela(reader, table, size, false);
	if (status == CALLGATE_OK && reader_tag(reader, DT_JMPREL, &table) && reader_tag(reader, DT_PLTRELSZ, &size))
		status = reader_rela(reader, table, size, true);
	return status;
}
