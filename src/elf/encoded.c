/*
 * Every read is checked once, here: past the end nothing is read and the place stays past the end, so that a reader of
 * a whole record looks only once whether all of it was there.
 */
#include "elf/encoded.h"

#include <string.h>

uint64_t encoded_take(struct encoded *encoded, unsigned size, bool is_signed)
{
	uint64_t value = 0;

	if (encoded->at > encoded->end || size > encoded->end - encoded->at) {
		encoded->at = encoded->end + 1;
		return 0;
	}
	memcpy(&value, encoded->bytes + encoded->at, size);
	encoded->at += size;
	if (is_signed && size < 8 && value >> (size * 8 - 1))
		value |= ~(uint64_t)0 << (size * 8);
	return value;
}

uint64_t encoded_leb(struct encoded *encoded, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)encoded_take(encoded, 1, false);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= ~(uint64_t)0 << shift;
	return value;
}

/* A pointer, without the indirection; as a bare number where relative is false. */
uint64_t encoded_pointer(struct encoded *encoded, uint8_t encoding, bool relative)
{
	uint64_t place = encoded->address + encoded->at, value;

	switch (encoding & ENCODED_FORMAT) {
	case ENCODED_ULEB128:
	case ENCODED_SLEB128:
		value = encoded_leb(encoded, (encoding & ENCODED_FORMAT) == ENCODED_SLEB128);
		break;
	case ENCODED_UDATA2:
	case ENCODED_SDATA2:
		value = encoded_take(encoded, 2, encoding & 8);
		break;
	case ENCODED_UDATA4:
	case ENCODED_SDATA4:
		value = encoded_take(encoded, 4, encoding & 8);
		break;
	default:
		value = encoded_take(encoded, 8, false);
		break;
	}
	if (relative && (encoding & ENCODED_RELATIVE) == ENCODED_PCREL && value != 0)
		value += place;
	return value;
}

unsigned encoded_size(uint8_t encoding)
{
	switch (encoding & ENCODED_FORMAT) {
	case ENCODED_UDATA2:
	case ENCODED_SDATA2:
		return 2;
	case ENCODED_UDATA4:
	case ENCODED_SDATA4:
		return 4;
	case ENCODED_ULEB128:
	case ENCODED_SLEB128:
		return 0;
	default:
		return 8;
	}
}
