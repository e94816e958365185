/*
 * One file is mapped and its headers are read by libelf, which checks that the tables of segments and sections lie in
 * it. All the rest is found as the dynamic linker finds it, from the dynamic table through the segments: section
 * headers are for tools, may be missing, and nothing makes them true.
 */
#include "elf/module.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "elf/reader.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_ALIGNMENT = 4, CODE_PADDING = 64 };

const struct module_segment *module_segment_of(const struct module *module, uint64_t address)
{
	for (size_t i = 0; i < module->segments.length; i++) {
		const struct module_segment *segment = &module->segments.items[i];

		if (segment->type == PT_LOAD && address - segment->address < segment->size)
			return segment;
	}
	return NULL;
}

uint64_t module_room(const struct module *module, uint64_t address)
{
	const struct module_segment *segment = module_segment_of(module, address);

	if (!segment || address - segment->address >= segment->file_size)
		return 0;
	return segment->file_size - (address - segment->address);
}

const uint8_t *module_bytes(const struct module *module, uint64_t address, uint64_t size)
{
	const struct module_segment *segment = module_segment_of(module, address);

	if (!segment || address - segment->address > segment->file_size ||
	    size > segment->file_size - (address - segment->address))
		return NULL;
	return module->bytes + segment->offset + (address - segment->address);
}

bool module_word(const struct module *module, uint64_t address, uint64_t *ret_word)
{
	const uint8_t *bytes = module_bytes(module, address, sizeof(*ret_word));

	if (!bytes)
		return false;
	memcpy(ret_word, bytes, sizeof(*ret_word));
	return true;
}

const char *module_text(const struct module *module, uint64_t address)
{
	uint64_t room = module_room(module, address);

	return reader_string((const char *)module_bytes(module, address, room), room, 0);
}

const struct module_section *module_section(const struct module *module, const char *name)
{
	for (size_t i = 0; i < module->sections.length; i++)
		if (strcmp(module->sections.items[i].name, name) == 0)
			return &module->sections.items[i];
	return NULL;
}

Elf64_Dyn reader_dynamic(const struct reader *reader, size_t i)
{
	Elf64_Dyn entry;

	memcpy(&entry, reader->dynamic + i * sizeof(entry), sizeof(entry));
	return entry;
}

bool reader_tag(const struct reader *reader, int64_t tag, uint64_t *ret_value)
{
	for (size_t i = reader->dynamic_count; i-- > 0;) {
		Elf64_Dyn entry = reader_dynamic(reader, i);

		if (entry.d_tag == tag) {
			*ret_value = entry.d_un.d_val;
			return true;
		}
	}
	return false;
}

const char *reader_string(const char *strings, uint64_t strings_size, uint64_t offset)
{
	if (!strings || offset >= strings_size || !memchr(strings + offset, 0, strings_size - offset))
		return NULL;
	return strings + offset;
}

const uint8_t *reader_table(const struct reader *reader, uint64_t address, uint64_t count, uint64_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return module_bytes(reader->module, address, bytes);
}

static const char *reader_machine(const uint8_t *bytes, uint16_t machine)
{
	if (machine == EM_X86_64)
		return bytes[EI_CLASS] == ELFCLASS32 ? "x32" : NULL;
	if (machine == EM_AARCH64)
		return bytes[EI_CLASS] == ELFCLASS32 ? "aarch64 with 32-bit pointers" : NULL;
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_ARM:
		return "32-bit ARM";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "64-bit PowerPC";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "MIPS";
	default:
		return "another machine";
	}
}

/* Names what the file is when it is none that we read. */
static int reader_kind(const struct reader *reader)
{
	const struct module *module = reader->module;
	const char *machine;
	Elf64_Ehdr header;

	if (module->size < EI_NIDENT + 4 || memcmp(module->bytes, ELFMAG, SELFMAG) != 0)
		return fail(reader->err, CALLGATE_E_UNSUPPORTED, "'%s' is not an ELF file", reader->name);
	memset(&header, 0, sizeof(header));
	memcpy(&header, module->bytes, module->size < sizeof(header) ? module->size : sizeof(header));
	if (header.e_ident[EI_DATA] != ELFDATA2LSB)
		return fail(reader->err, CALLGATE_E_UNSUPPORTED, "'%s' is a big-endian program", reader->name);
	machine = reader_machine(module->bytes, header.e_machine);
	if (machine) {
		error_set(reader->err, CALLGATE_E_UNSUPPORTED, "'%s' is a program for %s", reader->name, machine);
		error_hint(reader->err, "programs and libraries for x86_64 and aarch64 are read");
		return CALLGATE_E_UNSUPPORTED;
	}
	if (header.e_ident[EI_CLASS] != ELFCLASS64)
		return reader_damaged(reader, "it is of no class");
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return fail(reader->err, CALLGATE_E_UNSUPPORTED, "'%s' is %s, which nothing executes", reader->name,
			    header.e_type == ET_REL    ? "an object file"
			    : header.e_type == ET_CORE ? "a core dump"
						       : "an ELF file of another type");
	reader->module->machine = header.e_machine;
	reader->module->is_position_free = header.e_type == ET_DYN;
	reader->module->is_executable = header.e_type == ET_EXEC;
	reader->module->entry = header.e_entry;
	return CALLGATE_OK;
}

/* The smallest page that there is. */
#define SEGMENT_PAGE 4096U

/* Segments are mapped by pages, each over the one before: what lies in a page of both must be the same in both. */
static bool is_covered(const struct module_segment *before, const struct module_segment *segment)
{
	uint64_t end = before->address + before->size;

	return segment->address < end || (segment->address / SEGMENT_PAGE == (end - 1) / SEGMENT_PAGE &&
					  segment->address - segment->offset != before->address - before->offset);
}

static int reader_segments(struct reader *reader, Elf *elf)
{
	struct module *module = reader->module;
	struct module_segment last = { 0 };
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return reader_damaged(reader, elf_errmsg(-1));
	if (count == 0)
		return reader_damaged(reader, "it has no segments");
	for (size_t i = 0; i < count; i++) {
		struct module_segment segment;
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header))
			return reader_damaged(reader, elf_errmsg(-1));
		segment = (struct module_segment){ header.p_type,  header.p_flags,  header.p_vaddr,
						   header.p_memsz, header.p_filesz, header.p_offset };
		if (segment.type != PT_GNU_STACK &&
		    (segment.offset > module->size || segment.file_size > module->size - segment.offset ||
		     segment.address + segment.size < segment.address))
			return reader_damaged(reader, "a segment leaves it");
		if (segment.type == PT_LOAD && segment.file_size > segment.size)
			return reader_damaged(reader, "a segment is larger than its place");
		if (segment.type == PT_LOAD && last.size > 0 && segment.size > 0 && is_covered(&last, &segment))
			return reader_damaged(reader, "its segments overlap, or are not in order");
		if (segment.type == PT_LOAD && segment.size > 0)
			last = segment;
		if (!VEC_PUSH(&module->arena, &module->segments, segment))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

/* A table of sections that is wrong is as none: no program needs it. */
static int reader_sections(struct reader *reader, Elf *elf)
{
	struct module *module = reader->module;
	size_t count, names;

	if (elf_getshdrnum(elf, &count) != 0 || elf_getshdrstrndx(elf, &names) != 0)
		return CALLGATE_OK;
	for (size_t i = 0; i < count; i++) {
		struct module_section section;
		GElf_Shdr header;
		Elf_Scn *scn = elf_getscn(elf, i);

		if (!scn || !gelf_getshdr(scn, &header)) {
			module->sections.length = 0;
			break;
		}
		section = (struct module_section){ elf_strptr(elf, names, header.sh_name),
						   header.sh_type,
						   header.sh_flags,
						   header.sh_addr,
						   header.sh_size,
						   header.sh_offset };
		if (!section.name)
			section.name = "";
		if (section.address + section.size < section.address ||
		    (section.type != SHT_NOBITS &&
		     (section.offset > module->size || section.size > module->size - section.offset)))
			section.type = SHT_NULL;
		if (!VEC_PUSH(&module->arena, &module->sections, section))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

/* Adds a stretch of code, to the one before it where only padding is between. */
static bool reader_add_code(struct module *module, uint64_t start, uint64_t end)
{
	struct module_range range = { start, end };
	struct module_range *last =
		module->code.length ? &module->code.items[module->code.length - 1] : &(struct module_range){ 0, 0 };

	if (last->end != 0 && start >= last->start && start <= last->end + CODE_PADDING) {
		last->end = end > last->end ? end : last->end;
		return true;
	}
	return VEC_PUSH(&module->arena, &module->code, range);
}

static bool is_in_segment(const struct module_section *section, const struct module_segment *segment)
{
	return section->flags & SHF_ALLOC && section->size > 0 && section->address - segment->address < segment->size &&
	       section->size <= segment->size - (section->address - segment->address);
}

/*
 * All that the kernel maps to be executed is code, but for what a section says is data: a linker that separates neither
 * puts constants there. What no section tells of is code, and where their order makes no sense all of it is.
 */
static int reader_code_of(struct reader *reader, const struct module_segment *segment)
{
	struct module *module = reader->module;
	uint64_t at = segment->address, end = segment->address + segment->size;
	size_t before = module->code.length;

	for (size_t i = 0; i < module->sections.length; i++) {
		const struct module_section *section = &module->sections.items[i];

		if (!is_in_segment(section, segment) || section->flags & SHF_EXECINSTR)
			continue;
		if (section->address < at) {
			module->code.length = before;
			at = segment->address;
			break;
		}
		if (section->address > at && !reader_add_code(module, at, section->address))
			return fail_nomem(reader->err);
		at = section->address + section->size;
	}
	if (at < end && !reader_add_code(module, at, end))
		return fail_nomem(reader->err);
	return CALLGATE_OK;
}

static int reader_code_in(struct reader *reader)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < reader->module->segments.length; i++) {
		const struct module_segment *segment = &reader->module->segments.items[i];

		if (segment->type == PT_LOAD && segment->flags & PF_X)
			status = reader_code_of(reader, segment);
	}
	return status;
}

/* Sections that say of the first instruction that it is data are wrong of others, too. */
static int reader_code(struct reader *reader)
{
	struct module *module = reader->module;
	int status = reader_code_in(reader);

	if (status != CALLGATE_OK || module->entry == 0 || module_is_code(module, module->entry))
		return status;
	module->sections.length = module->code.length = 0;
	return reader_code_in(reader);
}

static const struct module_segment *reader_segment(const struct reader *reader, uint32_t type)
{
	for (size_t i = 0; i < reader->module->segments.length; i++)
		if (reader->module->segments.items[i].type == type)
			return &reader->module->segments.items[i];
	return NULL;
}

static int reader_build_id(struct reader *reader)
{
	struct module *module = reader->module;

	for (size_t i = 0; i < module->segments.length; i++) {
		const struct module_segment *segment = &module->segments.items[i];
		const uint8_t *at = module->bytes + segment->offset;
		uint64_t left = segment->type == PT_NOTE ? segment->file_size : 0;

		while (left >= sizeof(Elf64_Nhdr)) {
			Elf64_Nhdr note;
			uint64_t name, whole;

			memcpy(&note, at, sizeof(note));
			name = ((uint64_t)note.n_namesz + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
			whole = sizeof(note) + name +
				((uint64_t)note.n_descsz + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
			if (whole > left)
				break;
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			    memcmp(at + sizeof(note), "GNU", 4) == 0 && note.n_descsz > 0) {
				module->build_id = at + sizeof(note) + name;
				module->build_id_size = note.n_descsz;
			}
			at += whole;
			left -= whole;
		}
	}
	return CALLGATE_OK;
}

static int reader_interpreter(struct reader *reader)
{
	const struct module_segment *segment = reader_segment(reader, PT_INTERP);

	if (!segment)
		return CALLGATE_OK;
	reader->module->interpreter =
		reader_string((const char *)reader->module->bytes + segment->offset, segment->file_size, 0);
	if (!reader->module->interpreter)
		return reader_damaged(reader, "the path of its interpreter has no end");
	reader->module->is_executable = true;
	return CALLGATE_OK;
}

static int reader_array(struct reader *reader, int64_t tag, int64_t size_tag)
{
	struct module_array array = { .is_fini = tag == DT_FINI_ARRAY };
	uint64_t size;

	if (!reader_tag(reader, tag, &array.start) || !reader_tag(reader, size_tag, &size) || size == 0)
		return CALLGATE_OK;
	array.end = array.start + size;
	if (!module_bytes(reader->module, array.start, size))
		return reader_damaged(reader, "an array of constructors leaves it");
	return VEC_PUSH(&reader->module->arena, &reader->module->arrays, array) ? CALLGATE_OK : fail_nomem(reader->err);
}

/* A static program has no dynamic table, but sections by these types. */
static int reader_section_arrays(struct reader *reader)
{
	struct module *module = reader->module;

	for (size_t i = 0; i < module->sections.length; i++) {
		const struct module_section *section = &module->sections.items[i];
		struct module_array array = { section->address, section->address + section->size,
					      section->type == SHT_FINI_ARRAY };

		if (section->type != SHT_INIT_ARRAY && section->type != SHT_FINI_ARRAY &&
		    section->type != SHT_PREINIT_ARRAY)
			continue;
		if (module_bytes(module, array.start, section->size) &&
		    !VEC_PUSH(&module->arena, &module->arrays, array))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

static bool loads_otherwise(int64_t tag)
{
	return tag == DT_AUXILIARY || tag == DT_FILTER || tag == DT_AUDIT || tag == DT_DEPAUDIT;
}

static int reader_needed(struct reader *reader)
{
	struct module *module = reader->module;

	for (size_t i = 0; i < reader->dynamic_count; i++) {
		Elf64_Dyn entry = reader_dynamic(reader, i);
		const char *text;

		if (loads_otherwise(entry.d_tag))
			return fail(reader->err, CALLGATE_E_UNSUPPORTED,
				    "'%s' has libraries that filter or audit others, and what those do is not followed",
				    reader->name);
		if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME && entry.d_tag != DT_RPATH &&
		    entry.d_tag != DT_RUNPATH)
			continue;
		text = reader_string(reader->strings, reader->strings_size, entry.d_un.d_val);
		if (!text)
			return reader_damaged(reader, "a name in its dynamic table leaves the table of strings");
		if (entry.d_tag == DT_SONAME)
			module->soname = text;
		else if (entry.d_tag == DT_RPATH)
			module->rpath = text;
		else if (entry.d_tag == DT_RUNPATH)
			module->runpath = text;
		else if (!VEC_PUSH(&module->arena, &module->needed, text))
			return fail_nomem(reader->err);
	}
	return CALLGATE_OK;
}

static int reader_dynamic_table(struct reader *reader)
{
	const struct module_segment *segment = reader_segment(reader, PT_DYNAMIC);
	struct module *module = reader->module;
	uint64_t address, value;
	int status;

	if (!segment && module->interpreter)
		return reader_damaged(reader, "it has an interpreter, and no table for it");
	if (!segment)
		return reader_section_arrays(reader);
	/* Where the dynamic linker looks for it, whatever its segment says of the file. */
	reader->dynamic = module_bytes(module, segment->address, 0);
	for (size_t most = module_room(module, segment->address) / sizeof(Elf64_Dyn); reader->dynamic_count < most;
	     reader->dynamic_count++)
		if (reader_dynamic(reader, reader->dynamic_count).d_tag == DT_NULL)
			break;
	if (reader_tag(reader, DT_STRTAB, &address) && reader_tag(reader, DT_STRSZ, &value)) {
		reader->strings = (const char *)module_bytes(module, address, value);
		reader->strings_size = value;
		if (!reader->strings)
			return reader_damaged(reader, "its table of strings leaves it");
	}
	if (reader_tag(reader, DT_FLAGS, &value))
		module->flags = value;
	if (reader_tag(reader, DT_SYMBOLIC, &value))
		module->flags |= DF_SYMBOLIC;
	if (reader_tag(reader, DT_FLAGS_1, &value))
		module->flags_1 = value;
	if (module->flags_1 & DF_1_PIE)
		module->is_executable = true;
	if (reader_tag(reader, DT_INIT, &value))
		module->init = value;
	if (reader_tag(reader, DT_FINI, &value))
		module->fini = value;
	status = reader_needed(reader);
	if (status == CALLGATE_OK)
		status = reader_array(reader, DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ);
	if (status == CALLGATE_OK)
		status = reader_array(reader, DT_INIT_ARRAY, DT_INIT_ARRAYSZ);
	if (status == CALLGATE_OK)
		status = reader_array(reader, DT_FINI_ARRAY, DT_FINI_ARRAYSZ);
	return status;
}

static int reader_headers(struct reader *reader, Elf *elf)
{
	int status = reader_segments(reader, elf);

	if (status == CALLGATE_OK)
		status = reader_sections(reader, elf);
	if (status == CALLGATE_OK)
		status = reader_code(reader);
	if (status == CALLGATE_OK)
		status = reader_build_id(reader);
	if (status == CALLGATE_OK)
		status = reader_interpreter(reader);
	return status;
}

static int reader_libelf(struct reader *reader)
{
	Elf *elf;
	int status;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)reader->module->bytes, reader->module->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		status = reader_damaged(reader, elf_errmsg(-1));
	else
		status = reader_headers(reader, elf);
	elf_end(elf);
	return status;
}

static int reader_run(struct reader *reader)
{
	int status = reader_kind(reader);

	if (status == CALLGATE_OK)
		status = reader_libelf(reader);
	if (status == CALLGATE_OK)
		status = reader_dynamic_table(reader);
	if (status == CALLGATE_OK)
		status = reader_relocations(reader);
	if (status == CALLGATE_OK)
		status = reader_symbols(reader);
	if (status == CALLGATE_OK)
		status = reader_go_functions(reader);
	if (status == CALLGATE_OK)
		status = reader_frames(reader);
	return status;
}

static void module_free_pointer(struct module **module)
{
	module_free(*module);
}

int module_parse(const char *name, const uint8_t *bytes, size_t size, struct module **ret_module,
		 struct callgate_error *err)
{
	cleanup(module_free_pointer) struct module *module = calloc(1, sizeof(*module));
	struct reader reader = { .module = module, .name = name, .err = err };
	int status;

	if (!module)
		return fail_nomem(err);
	module->bytes = bytes;
	module->size = size;
	module->path = arena_strdup(&module->arena, name);
	if (!module->path)
		return fail_nomem(err);
	status = reader_run(&reader);
	if (status == CALLGATE_OK)
		*ret_module = take_ptr(module);
	return status;
}
