/*
 * elf/encoded.h - numbers and pointers as call frame information writes them
 */
#ifndef CALLGATE_ELF_ENCODED_H
#define CALLGATE_ELF_ENCODED_H

#include <stdbool.h>
#include <stdint.h>

/* Encodings of pointers, from the Linux Standard Base. */
enum {
	ENCODED_OMIT = 0xff,
	ENCODED_FORMAT = 0x0f,
	ENCODED_ULEB128 = 0x01,
	ENCODED_UDATA2 = 0x02,
	ENCODED_UDATA4 = 0x03,
	ENCODED_UDATA8 = 0x04,
	ENCODED_SLEB128 = 0x09,
	ENCODED_SDATA2 = 0x0a,
	ENCODED_SDATA4 = 0x0b,
	ENCODED_SDATA8 = 0x0c,
	ENCODED_RELATIVE = 0x70,
	ENCODED_PCREL = 0x10,
	ENCODED_INDIRECT = 0x80,
};

/* A place in bytes of the module; past the end once anything was not there. */
struct encoded {
	const uint8_t *bytes;
	uint64_t address; /* of bytes[0] */
	uint64_t at, end;
};

/* A number of 1, 2, 4 or 8 bytes; 0 where they are not there. */
uint64_t encoded_take(struct encoded *encoded, unsigned size, bool is_signed);

/* One of seven bits a byte. */
uint64_t encoded_leb(struct encoded *encoded, bool is_signed);

/* A pointer, without the indirection; as a bare number where relative is false. */
uint64_t encoded_pointer(struct encoded *encoded, uint8_t encoding, bool relative);

/* Bytes that a pointer takes, 0 where that differs. */
unsigned encoded_size(uint8_t encoding);

#endif
