/*
 * elf/reader.h - how the parts of the reader share one file: libelf for its headers, checked ranges for the rest
 */
#ifndef CALLGATE_ELF_READER_H
#define CALLGATE_ELF_READER_H

#include "elf/module.h"

#include <elf.h>

/* The dynamic table as one value a tag; those with several (DT_NEEDED) are read where they are wanted. */
struct reader {
	struct module *module;
	const char *name;	/* for messages */
	const uint8_t *dynamic; /* Elf64_Dyn, of no alignment */
	size_t dynamic_count;
	const char *strings; /* DT_STRTAB */
	uint64_t strings_size;
	struct callgate_error *err;
};

/* The last value of a tag; false where the table lacks it. */
bool reader_tag(const struct reader *reader, int64_t tag, uint64_t *ret_value);

/* The string at an offset of a table of strings; NULL where it leaves the table or does not end in it. */
const char *reader_string(const char *strings, uint64_t strings_size, uint64_t offset);

/* Entry i of the dynamic table, which ends before DT_NULL. */
Elf64_Dyn reader_dynamic(const struct reader *reader, size_t i);

/* A table of count items of size bytes at address, of no alignment; NULL where the file does not hold all of it. */
const uint8_t *reader_table(const struct reader *reader, uint64_t address, uint64_t count, uint64_t size);

/* Each fills its part of the module, or fails. */
int reader_symbols(struct reader *reader);
int reader_go_functions(struct reader *reader);
int reader_relocations(struct reader *reader);
int reader_frames(struct reader *reader);

#define reader_damaged(reader, what) \
	fail((reader)->err, CALLGATE_E_INVALID, "'%s' is a damaged ELF file: %s", (reader)->name, (what))

#endif
