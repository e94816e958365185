/*
 * Blocks double in size, so that a small policy costs one malloc and a large one a dozen. What is larger than a
 * block gets one of its own.
 *
 * A large vector too has a block of its own, several times its size, in which it grows where it is: pages that nobody
 * touches cost nothing, copies and what they leave behind do.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST_BLOCK = 4096, ARENA_LARGEST_BLOCK = 1 << 20, ARENA_LARGE_VECTOR = 1 << 17, ARENA_VECTOR_ROOM = 8 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	bool is_vector; /* one vector has it all */
	max_align_t bytes[];
};

static size_t arena_round(size_t size)
{
	size_t unit = _Alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

static bool arena_add_block(struct arena *arena, size_t least)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : ARENA_FIRST_BLOCK;
	struct arena_block *block;

	if (size > ARENA_LARGEST_BLOCK)
		size = ARENA_LARGEST_BLOCK;
	if (size < least)
		size = least;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return false;
	block->next = arena->blocks;
	block->size = size;
	block->is_vector = false;
	arena->blocks = block;
	arena->used = 0;
	return true;
}

/* Memory that is not cleared. */
static void *arena_take(struct arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = arena_round(size ? size : 1);
	if ((!arena->blocks || arena->blocks->size - arena->used < size) && !arena_add_block(arena, size))
		return NULL;
	memory = (char *)arena->blocks->bytes + arena->used;
	arena->used += size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory = arena_take(arena, size);

	return memory ? memset(memory, 0, size) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	text = arena_alloc(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

/* Room of its own for a vector of so many bytes and more, which nothing else is put into. */
static void *arena_take_large(struct arena *arena, size_t bytes)
{
	size_t size = bytes > SIZE_MAX / 4 / ARENA_VECTOR_ROOM ? bytes : bytes * ARENA_VECTOR_ROOM;
	struct arena_block *block = bytes > SIZE_MAX / 4 ? NULL : malloc(sizeof(*block) + size);
	struct arena_block **place = arena->blocks ? &arena->blocks->next : &arena->blocks;

	if (!block)
		return NULL;
	if (!arena->blocks)
		arena->used = size;
	*block = (struct arena_block){ .next = *place, .size = size, .is_vector = true };
	*place = block;
	return block->bytes;
}

/* Whether these items have a block of their own, with room for so many bytes. */
static bool arena_has_room(const struct arena *arena, const void *items, size_t bytes)
{
	for (const struct arena_block *block = arena->blocks; block; block = block->next)
		if (block->is_vector && (const void *)block->bytes == items)
			return bytes <= block->size;
	return false;
}

void *arena_grow(struct arena *arena, void *items, size_t length, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 8;
	size_t bytes;
	void *grown;

	if (__builtin_mul_overflow(wanted, size, &bytes))
		return NULL;
	if (bytes > ARENA_LARGE_VECTOR && arena_has_room(arena, items, bytes)) {
		*capacity = wanted;
		return items;
	}
	grown = bytes > ARENA_LARGE_VECTOR ? arena_take_large(arena, bytes) : arena_take(arena, bytes);
	if (!grown)
		return NULL;
	if (length)
		memcpy(grown, items, length * size);
	*capacity = wanted;
	return grown;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}
