/*
 * base/arena.h - memory that dies together
 *
 * A compilation makes thousands of small things that all live as long as it does: they come from one arena and are
 * released at once. Memory is zeroed and aligned for any type. A zeroed struct arena is empty and valid.
 */
#ifndef CALLGATE_BASE_ARENA_H
#define CALLGATE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* all that was allocated, the newest (which has the free room) first */
	size_t used;		    /* bytes of the newest block that are given out */
};

/* Zeroed memory that lives until arena_fini, or NULL when there is none. size may be 0. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for count items, NULL also when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies that end in NUL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);

/* Releases all; the arena is empty and usable again. */
void arena_fini(struct arena *arena);

/* For VEC_PUSH: room for one more of size bytes behind length items, at the same place or a larger one. It is not
 * cleared: items are written whole. */
void *arena_grow(struct arena *arena, void *items, size_t length, size_t *capacity, size_t size);

/* A vector in an arena: struct { VEC(int) } numbers; a zeroed one is empty. */
#define VEC(type)      \
	type *items;   \
	size_t length; \
	size_t capacity

/* Appends item and gives true, or changes nothing and gives false when memory is out. */
#define VEC_PUSH(arena, vec, item) (VEC_ROOM((arena), (vec)) ? ((vec)->items[(vec)->length++] = (item), true) : false)

#define VEC_ROOM(arena, vec)                 \
	((vec)->length < (vec)->capacity ||  \
	 vec_assign_((void **)&(vec)->items, \
		     arena_grow((arena), (vec)->items, (vec)->length, &(vec)->capacity, sizeof(*(vec)->items))))

static inline bool vec_assign_(void **items, void *grown)
{
	if (grown)
		*items = grown;
	return grown;
}

#endif
