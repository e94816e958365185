/*
 * Addresses of one file differ in three bytes of their eight. So they are dealt out by one byte after the other, from
 * the lowest on, which looks at an item as often as keys have bytes that differ, and compares nothing: of the tables of
 * a large library, a fraction of what qsort takes. What is dealt out are keys and places; the items move once, at the
 * end. Few items are put into their places one by one, and tables that linkers have sorted are left alone.
 */
#include "base/sort.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 24, BYTE_VALUES = 256 };

struct card {
	uint64_t key;
	size_t place; /* of its item */
};

static uint64_t key_at(const void *items, size_t place, size_t size)
{
	uint64_t key;

	memcpy(&key, (const char *)items + place * size, sizeof(key));
	return key;
}

/* How many items from the first on are in order. */
static size_t sorted_length(const void *items, size_t count, size_t size)
{
	size_t sorted = count > 0;

	while (sorted < count && key_at(items, sorted - 1, size) <= key_at(items, sorted, size))
		sorted++;
	return sorted;
}

/* Puts the items behind the first sorted ones into their places. */
static void sort_few(char *items, size_t sorted, size_t count, size_t size)
{
	char room[SORT_ITEM_MAX];

	for (; sorted < count; sorted++) {
		uint64_t key = key_at(items, sorted, size);
		size_t at = sorted;

		while (at > 0 && key_at(items, at - 1, size) > key)
			at--;
		memcpy(room, items + sorted * size, size);
		memmove(items + (at + 1) * size, items + at * size, (sorted - at) * size);
		memcpy(items + at * size, room, size);
	}
}

/* Deals cards out by the byte of their keys at shift. */
static void deal(const struct card *from, size_t count, unsigned shift, struct card *ret_to)
{
	size_t next[BYTE_VALUES] = { 0 }, sum = 0;

	for (size_t i = 0; i < count; i++)
		next[from[i].key >> shift & (BYTE_VALUES - 1)]++;
	for (unsigned i = 0; i < BYTE_VALUES; i++) {
		size_t here = next[i];

		next[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		ret_to[next[from[i].key >> shift & (BYTE_VALUES - 1)]++] = from[i];
}

/* Sorts cards, with as much room again behind them; gives which half they are in. */
static struct card *sort_cards(struct card *cards, size_t count)
{
	struct card *from = cards, *to = cards + count;
	uint64_t differs = 0;

	for (size_t i = 1; i < count; i++)
		differs |= cards[i].key ^ cards[0].key;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		struct card *dealt = to;

		if (!(differs >> shift & (BYTE_VALUES - 1)))
			continue;
		deal(from, count, shift, to);
		to = from;
		from = dealt;
	}
	return from;
}

/* Moves each item to where its card lies: round by round of items that take each other's places. */
static void move_items(char *items, size_t count, size_t size, struct card *cards)
{
	char room[SORT_ITEM_MAX];

	for (size_t i = 0; i < count; i++) {
		size_t at = i, from;

		if (cards[i].place == i)
			continue;
		memcpy(room, items + i * size, size);
		while ((from = cards[at].place) != i) {
			memcpy(items + at * size, items + from * size, size);
			cards[at].place = at;
			at = from;
		}
		memcpy(items + at * size, room, size);
		cards[at].place = at;
	}
}

void sort_by_key(void *items, size_t count, size_t size)
{
	size_t sorted = sorted_length(items, count, size), bytes;
	cleanup_free struct card *cards = NULL;

	if (sorted == count)
		return;
	if (count > FEW && !__builtin_mul_overflow(count, 2 * sizeof(*cards), &bytes))
		cards = malloc(bytes);
	if (!cards) {
		sort_few(items, sorted, count, size);
		return;
	}
	for (size_t i = 0; i < count; i++)
		cards[i] = (struct card){ key_at(items, i, size), i };
	move_items(items, count, size, sort_cards(cards, count));
}
