/*
 * elf/module.h - one ELF file, read: what the dynamic linker and the analyser look at, as plain arrays
 *
 * A module is a little-endian 64-bit executable or shared object, for x86-64 or aarch64. Its bytes are read once, and
 * names point into them, so that nothing that happens to the file afterwards is noticed. What the dynamic linker obeys
 * (segments and the dynamic table) is read first, and sections only add what it does not need: the symbols of a static
 * program, the extent of data. Nothing in the file is trusted: a range that leaves the file or its segments is an
 * error, and an address of anything is only an address until module_bytes has found it.
 *
 * Addresses are the file's own (link-time) ones.
 */
#ifndef CALLGATE_ELF_MODULE_H
#define CALLGATE_ELF_MODULE_H

#include "base/arena.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger files and tables are refused. */
#define MODULE_SIZE_MAX	       ((size_t)1 << 31)
#define MODULE_RELOCATIONS_MAX ((size_t)1 << 24)

struct module_segment {
	uint32_t type;	    /* PT_* */
	uint32_t flags;	    /* PF_* */
	uint64_t address;   /* first byte */
	uint64_t size;	    /* in memory */
	uint64_t file_size; /* of it, what the file holds; the rest is zero */
	uint64_t offset;    /* in the file */
};

struct module_section {
	const char *name;
	uint32_t type;	/* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t address;
	uint64_t size;
	uint64_t offset; /* in the file, inside it unless type is SHT_NOBITS */
};

struct module_symbol {
	const char *name;	  /* "" for none */
	const char *version;	  /* "GLIBC_2.34"; NULL where it has none */
	const char *version_file; /* undefined ones: the soname that the version is asked of, else NULL */
	uint64_t value;
	uint64_t size;
	uint8_t type;	    /* STT_* */
	uint8_t binding;    /* STB_* */
	uint8_t visibility; /* STV_* */
	bool is_defined;    /* its section is not SHN_UNDEF */
	bool is_absolute;   /* SHN_ABS: value is not moved with the module */
	bool is_hidden;	    /* its version is not the default one (NAME@VERSION rather than NAME@@VERSION) */
};

/* What a relocation writes, whatever its machine calls it: relocations.def. */
enum module_relocation_kind {
	RELOCATION_OTHER,
	RELOCATION_RELATIVE,  /* the address addend; RELR's are of this kind */
	RELOCATION_IRELATIVE, /* what the function at addend answers */
	RELOCATION_POINTER,   /* a symbol's address, plus addend */
	RELOCATION_GLOBAL,    /* the same, in the global offset table */
	RELOCATION_SLOT,      /* the same, for calls */
	RELOCATION_COPY,      /* the symbol's object itself */
	RELOCATION_TLS,	      /* where threads have something */
};

struct module_relocation {
	uint64_t address; /* of the place that is written */
	int64_t addend;	  /* of RELR: what stood at the place */
	uint32_t kind;	  /* enum module_relocation_kind */
	uint32_t symbol;  /* in dynamic_symbols, 0 for none */
	bool is_lazy;	  /* it is one of DT_JMPREL: the place is a slot of the procedure linkage table */
};

struct module_range {
	uint64_t start, end; /* [start, end) */
};

/* Pointers to code that is run when the file is loaded, or at the end. */
struct module_array {
	uint64_t start, end;
	bool is_fini;
};

/* What .eh_frame says of a stretch of code. */
struct module_frame {
	uint64_t start, end;  /* [start, end), by start in order; a signal frame's without the byte before */
	uint64_t lsda;	      /* where its landing pads are listed, 0 for none */
	bool is_signal_frame; /* augmentation 'S': the C library's signal restorer */
};

struct module {
	struct arena arena;
	const char *path;	 /* as it was opened */
	const uint8_t *bytes;	 /* all that the file holds */
	size_t size;		 /* of it */
	bool is_file;		 /* bytes are module_open's, and module_free's to give back */
	uint16_t machine;	 /* EM_X86_64 or EM_AARCH64 */
	uint64_t device, inode;	 /* which file it is */
	int64_t changed_ns;	 /* when it, or what is said of it, was last changed */
	const uint8_t *build_id; /* NULL where it has none */
	size_t build_id_size;	 /* of it */
	bool is_position_free;	 /* ET_DYN: a shared object or a PIE */
	bool is_executable;	 /* it has an interpreter, or is ET_EXEC, or a static PIE (DF_1_PIE) */
	uint64_t entry;		 /* 0 for none */
	const char *interpreter; /* PT_INTERP, NULL for a static program and most libraries */
	const char *soname;	 /* NULL where it has none */
	const char *rpath;	 /* DT_RPATH, NULL */
	const char *runpath;	 /* DT_RUNPATH, NULL; then rpath is ignored by the linker */
	uint64_t flags, flags_1; /* DT_FLAGS (also DT_SYMBOLIC as DF_SYMBOLIC), DT_FLAGS_1 */
	uint64_t init, fini;	 /* DT_INIT, DT_FINI, 0 for none */
	struct {
		VEC(struct module_segment);
	} segments;
	struct {
		VEC(struct module_section);
	} sections; /* all, by index; empty where the file has no table of them */
	struct {
		VEC(struct module_range);
	} code; /* what is executed, ascending: sections of executable segments, or all of one that has none */
	struct {
		VEC(const char *);
	} needed; /* DT_NEEDED, in order */
	struct {
		VEC(struct module_array);
	} arrays; /* preinit, init, fini */
	struct {
		VEC(struct module_symbol);
	} dynamic_symbols; /* by ELF index, 0 is empty */
	struct {
		VEC(struct module_symbol);
	} symbols; /* of .symtab: its defined functions and objects; of a stripped Go program those of its runtime's own
		    * table; else empty where it was stripped */
	struct {
		VEC(struct module_relocation);
	} relocations; /* in the file's order: RELR, RELA, JMPREL */
	struct {
		VEC(struct module_frame);
	} frames; /* by start, none overlaps the next one's start */
	struct {
		VEC(uint64_t);
	} personalities; /* addresses of code, or (personality_slots) of pointers to it, that unwinding calls */
	struct {
		VEC(uint64_t);
	} personality_slots;
};

/*
 * Reads a file. ret_module is the caller's, for module_free.
 *
 * Fails with E_OS (cannot open or read), E_NOT_EXECUTABLE (not a regular file), E_UNSUPPORTED (no ELF file, or one of
 * another machine, class or byte order, which the message names), E_INVALID (damaged: the message says where; or it was
 * written to meanwhile), E_LIMIT and E_NOMEM.
 */
int module_open(const char *path, struct module **ret_module, struct callgate_error *err);

/* The same of bytes in memory, which must stay there; name is for messages. */
int module_parse(const char *name, const uint8_t *bytes, size_t size, struct module **ret_module,
		 struct callgate_error *err);

void module_free(struct module *module);

/* The file's bytes for [address, address + size), NULL unless one loaded segment's file part holds all of them. */
const uint8_t *module_bytes(const struct module *module, uint64_t address, uint64_t size);

/* How many bytes from address on its loaded segment's file part holds; 0 for none. */
uint64_t module_room(const struct module *module, uint64_t address);

/* The 8-byte word at address as the file has it (before relocation); false unless it is backed by the file. */
bool module_word(const struct module *module, uint64_t address, uint64_t *ret_word);

/* The loaded segment that holds address (bytes that are zeroed at load included), NULL. */
const struct module_segment *module_segment_of(const struct module *module, uint64_t address);

/* Whether instructions can be there. Linkers put constants beside them into one segment: sections tell them apart. */
static inline bool module_is_code(const struct module *module, uint64_t address)
{
	for (size_t i = 0; i < module->code.length; i++)
		if (address - module->code.items[i].start < module->code.items[i].end - module->code.items[i].start)
			return true;
	return false;
}

/* By name, the first; NULL. */
const struct module_section *module_section(const struct module *module, const char *name);

/* The NUL-terminated text at address, NULL where the file does not hold it whole. */
const char *module_text(const struct module *module, uint64_t address);

/* The index of the defined dynamic symbol by name, and by version where version is not NULL; 0 for none. A look-up of
 * one: the linker builds a table of its own. */
size_t module_find_symbol(const struct module *module, const char *name, const char *version);

#endif
