/*
 * Call frame information says where functions begin and end, for code that has lost its symbols: compilers write it for
 * every function, since exceptions and profilers need it. Two peculiarities of it cost others system calls: the frame
 * of a signal restorer begins one byte early, so that an unwinder that looks at the byte before a return address finds
 * it (augmentation 'S'), and hand-written assembly ends its frame before the `syscall` whose stack it no longer
 * describes. The first is undone here; the second is for who looks for functions.
 *
 * A record that cannot be read ends the reading: what was found stands, code without a frame is found by other means.
 */
#include "base/error.h"
#include "base/sort.h"
#include "elf/encoded.h"
#include "elf/reader.h"

#include <stdlib.h>
#include <string.h>

struct cie {
	uint64_t offset;  /* of its record */
	uint8_t pointers; /* encoding of start and size */
	uint8_t lsda;	  /* encoding, ENCODED_OMIT for none */
	bool has_augmentation;
	bool is_signal_frame;
	bool is_known;
};

static int reader_personality(struct reader *reader, struct encoded *cursor, uint8_t encoding)
{
	struct module *module = reader->module;
	uint64_t address = encoded_pointer(cursor, encoding, true);
	bool pushed;

	if (address == 0 || cursor->at > cursor->end)
		return CALLGATE_OK;
	if (encoding & ENCODED_INDIRECT) {
		for (size_t i = 0; i < module->personality_slots.length; i++)
			if (module->personality_slots.items[i] == address)
				return CALLGATE_OK;
		pushed = VEC_PUSH(&module->arena, &module->personality_slots, address);
	} else {
		for (size_t i = 0; i < module->personalities.length; i++)
			if (module->personalities.items[i] == address)
				return CALLGATE_OK;
		pushed = VEC_PUSH(&module->arena, &module->personalities, address);
	}
	return pushed ? CALLGATE_OK : fail_nomem(reader->err);
}

static int reader_augmentation(struct reader *reader, struct encoded *cursor, const char *letters, struct cie *cie)
{
	int status = CALLGATE_OK;

	for (; status == CALLGATE_OK && *letters; letters++) {
		if (*letters == 'R')
			cie->pointers = (uint8_t)encoded_take(cursor, 1, false);
		else if (*letters == 'L')
			cie->lsda = (uint8_t)encoded_take(cursor, 1, false);
		else if (*letters == 'S')
			cie->is_signal_frame = true;
		else if (*letters == 'P')
			status = reader_personality(reader, cursor, (uint8_t)encoded_take(cursor, 1, false));
		else if (*letters != 'B')
			break;
	}
	return status;
}

/* The record at offset describes how the frames that name it are written. */
static int reader_cie(struct reader *reader, const struct encoded *all, uint64_t offset, struct cie *ret_cie)
{
	struct encoded cursor = *all;
	const char *letters;
	uint8_t version;

	*ret_cie = (struct cie){ .offset = offset, .lsda = ENCODED_OMIT };
	cursor.at = offset;
	cursor.end = offset + 4 + encoded_take(&cursor, 4, false);
	if (cursor.end > all->end || encoded_take(&cursor, 4, false) != 0)
		return CALLGATE_OK;
	version = (uint8_t)encoded_take(&cursor, 1, false);
	if (cursor.at > cursor.end)
		return CALLGATE_OK;
	letters = reader_string((const char *)cursor.bytes + cursor.at, cursor.end - cursor.at, 0);
	if (!letters)
		return CALLGATE_OK;
	cursor.at += strlen(letters) + 1;
	encoded_leb(&cursor, false);
	encoded_leb(&cursor, true);
	if (version == 1)
		encoded_take(&cursor, 1, false);
	else
		encoded_leb(&cursor, false);
	ret_cie->is_known = cursor.at <= cursor.end;
	if (*letters != 'z')
		return CALLGATE_OK;
	ret_cie->has_augmentation = true;
	encoded_leb(&cursor, false);
	return reader_augmentation(reader, &cursor, letters + 1, ret_cie);
}

static int reader_frame(struct reader *reader, struct encoded *cursor, const struct cie *cie)
{
	struct module *module = reader->module;
	struct module_frame frame = { .is_signal_frame = cie->is_signal_frame };

	frame.start = encoded_pointer(cursor, cie->pointers, true);
	frame.end = frame.start + encoded_pointer(cursor, cie->pointers, false);
	if (cie->has_augmentation) {
		encoded_leb(cursor, false);
		if (cie->lsda != ENCODED_OMIT)
			frame.lsda = encoded_pointer(cursor, cie->lsda, true);
	}
	if (frame.is_signal_frame && module->machine == EM_X86_64)
		frame.start++;
	if (cursor->at > cursor->end || frame.end <= frame.start || !module_is_code(module, frame.start))
		return CALLGATE_OK;
	return VEC_PUSH(&module->arena, &module->frames, frame) ? CALLGATE_OK : fail_nomem(reader->err);
}

static int reader_records(struct reader *reader, const struct encoded *all)
{
	struct encoded cursor = *all;
	struct cie cie = { .offset = UINT64_MAX };
	int status = CALLGATE_OK;

	while (status == CALLGATE_OK && cursor.at + 4 <= all->end) {
		uint64_t start = cursor.at, length = encoded_take(&cursor, 4, false), back;
		struct encoded record = cursor;

		if (length == UINT32_MAX || length > all->end - cursor.at)
			break;
		cursor.at += length;
		if (length == 0) /* an end, of one input file's at least */
			continue;
		record.end = cursor.at;
		back = encoded_take(&record, 4, false);
		if (back == 0 || back > start + 4)
			continue;
		if (cie.offset != start + 4 - back)
			status = reader_cie(reader, all, start + 4 - back, &cie);
		if (status == CALLGATE_OK && cie.is_known)
			status = reader_frame(reader, &record, &cie);
	}
	return status;
}

static void reader_order_frames(struct module *module)
{
	size_t kept = 0;

	if (module->frames.length == 0)
		return;
	sort_by_key(module->frames.items, module->frames.length, sizeof(struct module_frame));
	for (size_t i = 1; i < module->frames.length; i++) {
		struct module_frame *last = &module->frames.items[kept];
		const struct module_frame *next = &module->frames.items[i];

		if (next->start == last->start)
			continue;
		if (last->end > next->start)
			last->end = next->start;
		module->frames.items[++kept] = *next;
	}
	module->frames.length = kept + 1;
}

/* Where .eh_frame is: the section, or what the header of its search table points to. */
static bool reader_find_frames(const struct reader *reader, struct encoded *ret_cursor)
{
	const struct module *module = reader->module;
	const struct module_section *section = module_section(module, ".eh_frame");
	uint64_t address = section && section->type != SHT_NOBITS ? section->address : 0;
	uint64_t size = address ? section->size : 0;

	for (size_t i = 0; address == 0 && i < module->segments.length; i++) {
		uint64_t header = module->segments.items[i].address;
		struct encoded cursor = { module_bytes(module, header, 12), header, 4, 12 };
		const uint8_t *bytes = cursor.bytes;

		if (module->segments.items[i].type != PT_GNU_EH_FRAME || !bytes)
			continue;
		address = encoded_pointer(&cursor, bytes[1], true);
		size = module_room(module, address);
	}
	*ret_cursor = (struct encoded){ module_bytes(module, address, size), address, 0, size };
	return ret_cursor->bytes && size > 0;
}

int reader_frames(struct reader *reader)
{
	struct encoded all;
	int status;

	if (!reader_find_frames(reader, &all))
		return CALLGATE_OK;
	status = reader_records(reader, &all);
	if (status == CALLGATE_OK)
		reader_order_frames(reader->module);
	return status;
}
