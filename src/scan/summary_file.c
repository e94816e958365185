/*
 * Items are written as they lie in memory: what a summary is kept for is that it need not be made, and whoever reads it
 * back is the same program on the same machine. A header that does not agree in every word is no header.
 */
#include "scan/summary_file.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define SUMMARY_MAGIC "callgate scan\n\0"

enum { SUMMARY_ARRAYS = 7, ARRAY_ALIGNMENT = 8 };

struct header {
	char magic[16];
	uint32_t version;
	uint32_t sizes; /* of all items together, so that another layout is another version */
	struct summary_key key;
	uint64_t counts[SUMMARY_ARRAYS];
	uint64_t exact;
	uint64_t checksum; /* of all bytes, as if this were 0 */
};

/* One array of a summary: where it is and how large an item is. */
struct array {
	void **items;
	size_t *length, *capacity;
	size_t size;
};

#define ARRAY(vec)                                                                              \
	{                                                                                       \
		(void **)&(vec)->items, &(vec)->length, &(vec)->capacity, sizeof(*(vec)->items) \
	}

static void summary_arrays(struct summary *summary, struct array ret_arrays[SUMMARY_ARRAYS])
{
	struct array arrays[SUMMARY_ARRAYS] = {
		ARRAY(&summary->values.values), ARRAY(&summary->values.sets), ARRAY(&summary->values.arguments),
		ARRAY(&summary->values.facts),	ARRAY(&summary->functions),   ARRAY(&summary->effects),
		ARRAY(&summary->objects),
	};

	memcpy(ret_arrays, arrays, sizeof(arrays));
}

static uint64_t checksum(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15;
		sum ^= sum >> 32;
	}
	for (; size > 0; size--, at++)
		sum = (sum ^ *at) * 0x9e3779b97f4a7c15;
	return sum;
}

/* Of the header, whose own checksum does not count, and all that is behind it. */
static uint64_t checksum_all(struct header header, const void *behind, size_t size)
{
	header.checksum = 0;
	return checksum(checksum(size, &header, sizeof(header)), behind, size);
}

static size_t array_room(size_t size)
{
	return (size + ARRAY_ALIGNMENT - 1) / ARRAY_ALIGNMENT * ARRAY_ALIGNMENT;
}

static uint32_t sizes(const struct array arrays[SUMMARY_ARRAYS])
{
	uint32_t all = 0;

	for (unsigned i = 0; i < SUMMARY_ARRAYS; i++)
		all = all * 251 + (uint32_t)arrays[i].size;
	return all;
}

struct summary_key summary_key(const struct module *module)
{
	struct summary_key key = {
		.device = module->device, .inode = module->inode, .size = module->size, .changed_ns = module->changed_ns
	};
	size_t length = module->build_id_size < sizeof(key.build_id) ? module->build_id_size : sizeof(key.build_id);

	if (module->build_id)
		memcpy(key.build_id, module->build_id, length);
	return key;
}

void summary_seal(void *bytes, size_t size, const struct summary_key *key)
{
	struct summary summary;
	struct array arrays[SUMMARY_ARRAYS];
	struct header header;

	if (size < sizeof(header))
		return;
	summary_arrays(&summary, arrays);
	memcpy(&header, bytes, sizeof(header));
	memcpy(header.magic, SUMMARY_MAGIC, sizeof(header.magic));
	header.version = SUMMARY_VERSION;
	header.sizes = sizes(arrays);
	header.key = *key;
	header.checksum = checksum_all(header, (const uint8_t *)bytes + sizeof(header), size - sizeof(header));
	memcpy(bytes, &header, sizeof(header));
}

/* All that a file holds, where it lies: the header, and each array with what is behind it up to a whole word. */
struct pieces {
	struct header header;
	struct iovec items[1 + 2 * SUMMARY_ARRAYS];
};

enum { PIECES = 1 + 2 * SUMMARY_ARRAYS };

/* The sum goes on over an array as it stands in a file. */
static uint64_t checksum_array(uint64_t sum, const void *items, size_t size)
{
	size_t whole = size / ARRAY_ALIGNMENT * ARRAY_ALIGNMENT;
	uint8_t last[ARRAY_ALIGNMENT] = { 0 };

	sum = checksum(sum, items, whole);
	if (whole == size)
		return sum;
	memcpy(last, (const uint8_t *)items + whole, size - whole);
	return checksum(sum, last, sizeof(last));
}

static void pieces_find(const struct summary *summary, const struct summary_key *key, struct pieces *ret_pieces)
{
	static char zeros[ARRAY_ALIGNMENT];
	struct summary copy = *summary;
	struct array arrays[SUMMARY_ARRAYS];
	struct header header = { .version = SUMMARY_VERSION, .key = *key, .exact = summary->exact };
	size_t behind = 0;
	uint64_t sum;

	summary_arrays(&copy, arrays);
	memcpy(header.magic, SUMMARY_MAGIC, sizeof(header.magic));
	header.sizes = sizes(arrays);
	for (unsigned i = 0; i < SUMMARY_ARRAYS; i++) {
		size_t size = *arrays[i].length * arrays[i].size;

		header.counts[i] = *arrays[i].length;
		ret_pieces->items[1 + 2 * i] = (struct iovec){ *arrays[i].items, size };
		ret_pieces->items[2 + 2 * i] = (struct iovec){ zeros, array_room(size) - size };
		behind += array_room(size);
	}
	sum = checksum(behind, &header, sizeof(header));
	for (unsigned i = 1; i < PIECES; i += 2)
		sum = checksum_array(sum, ret_pieces->items[i].iov_base, ret_pieces->items[i].iov_len);
	header.checksum = sum;
	ret_pieces->header = header;
	ret_pieces->items[0] = (struct iovec){ &ret_pieces->header, sizeof(header) };
}

void summary_write(const struct summary *summary, const struct summary_key *key, struct buf *ret_bytes)
{
	struct pieces pieces;

	pieces_find(summary, key, &pieces);
	for (unsigned i = 0; i < PIECES; i++)
		buf_add(ret_bytes, pieces.items[i].iov_base, pieces.items[i].iov_len);
}

bool summary_save(const struct summary *summary, const struct summary_key *key, int fd)
{
	struct pieces pieces;
	size_t size = 0;
	ssize_t written;

	pieces_find(summary, key, &pieces);
	for (unsigned i = 0; i < PIECES; i++)
		size += pieces.items[i].iov_len;
	written = writev(fd, pieces.items, PIECES);
	return written >= 0 && (size_t)written == size;
}

static bool is_value_sound(const struct values *values, const struct value *value)
{
	switch ((enum value_kind)value->kind) {
	case VALUE_NUMBERS:
		if (value->count == 1)
			return true;
		return value->count > 1 && value->number >= 0 && (uint64_t)value->number < values->sets.length &&
		       values->sets.items[value->number].count == value->count;
	case VALUE_CELL:
		return value->number >= 0 && (uint64_t)value->number < values->values.length;
	case VALUE_PARAM:
	case VALUE_POINTEE:
		return value->param < VALUE_ARGUMENTS;
	case VALUE_TARGET:
		return value->offset >= 0 && (uint32_t)value->offset < values->values.length;
	default:
		return value->kind <= VALUE_PAGE;
	}
}

static bool are_facts_sound(const struct facts *facts)
{
	if (facts->count > FACTS_MAX)
		return false;
	for (uint64_t i = 0; i < facts->count; i++)
		if (facts->items[i].param >= VALUE_ARGUMENTS)
			return false;
	return true;
}

static bool are_values_sound(const struct values *values)
{
	if (values->values.length < 2 || values->arguments.length < 1 || values->facts.length < 1)
		return false;
	for (size_t i = 0; i < values->sets.length; i++)
		if (values->sets.items[i].count < 2 || values->sets.items[i].count > VALUE_NUMBERS_MAX)
			return false;
	for (size_t i = 0; i < values->values.length; i++)
		if (!is_value_sound(values, &values->values.items[i]))
			return false;
	for (size_t i = 0; i < values->arguments.length; i++)
		for (unsigned j = 0; j < VALUE_ARGUMENTS; j++)
			if (values->arguments.items[i].values[j] >= values->values.length)
				return false;
	for (size_t i = 0; i < values->facts.length; i++)
		if (!are_facts_sound(&values->facts.items[i]))
			return false;
	return values->values.items[UNKNOWN].kind == VALUE_UNKNOWN && values->values.items[NO_VALUE].kind == VALUE_NONE;
}

static bool is_effect_sound(const struct summary *summary, const struct effect *effect)
{
	if (effect->arguments >= summary->values.arguments.length || effect->facts >= summary->values.facts.length ||
	    effect->kind > EFFECT_FOREIGN_SYSCALL)
		return false;
	return (effect->kind != EFFECT_CALL && effect->kind != EFFECT_ESCAPE_CODE) ||
	       effect->target < summary->functions.length;
}

static bool is_summary_sound(const struct summary *summary)
{
	if (!are_values_sound(&summary->values) || summary->exact > summary->functions.length)
		return false;
	for (size_t i = 0; i < summary->effects.length; i++)
		if (!is_effect_sound(summary, &summary->effects.items[i]))
			return false;
	for (size_t i = 0; i < summary->functions.length; i++) {
		const struct summary_function *function = &summary->functions.items[i];

		if (function->first_effect > summary->effects.length ||
		    function->effect_count > summary->effects.length - function->first_effect)
			return false;
	}
	for (size_t i = 1; i < summary->objects.length; i++)
		if (summary->objects.items[i] < summary->objects.items[i - 1])
			return false;
	return true;
}

static bool is_header_sound(const struct header *header, const struct summary_key *key, uint32_t item_sizes)
{
	return memcmp(header->magic, SUMMARY_MAGIC, sizeof(header->magic)) == 0 && header->version == SUMMARY_VERSION &&
	       header->sizes == item_sizes && memcmp(&header->key, key, sizeof(*key)) == 0;
}

static void summary_free_pointer(struct summary **summary)
{
	summary_free(*summary);
}

/* Points the summary's arrays into its bytes; false where they are no such summary. */
static bool summary_point(struct summary *summary, size_t size, const struct summary_key *key)
{
	uint8_t *bytes = summary->kept;
	struct array arrays[SUMMARY_ARRAYS];
	struct header header;
	size_t at = sizeof(header);

	if (size < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	summary_arrays(summary, arrays);
	if (!is_header_sound(&header, key, sizes(arrays)) ||
	    header.checksum != checksum_all(header, bytes + at, size - at))
		return false;
	for (unsigned i = 0; i < SUMMARY_ARRAYS; i++) {
		size_t length;

		if (__builtin_mul_overflow(header.counts[i], arrays[i].size, &length) || length > size - at ||
		    array_room(length) > size - at)
			return false;
		*arrays[i].items = bytes + at;
		*arrays[i].length = *arrays[i].capacity = header.counts[i];
		at += array_room(length);
	}
	summary->exact = header.exact;
	return at == size && is_summary_sound(summary);
}

struct summary *summary_take(void *mapping, size_t size, const struct summary_key *key)
{
	cleanup(summary_free_pointer) struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary) {
		munmap(mapping, size);
		return NULL;
	}
	summary->kept = mapping;
	summary->kept_mapped = size;
	return summary_point(summary, size, key) ? take_ptr(summary) : NULL;
}

struct summary *summary_read(const void *bytes, size_t size, const struct summary_key *key)
{
	cleanup(summary_free_pointer) struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary || !(summary->kept = malloc(size ? size : 1)))
		return NULL;
	memcpy(summary->kept, bytes, size);
	return summary_point(summary, size, key) ? take_ptr(summary) : NULL;
}
