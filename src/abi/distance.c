/*
 * How far a misspelt name is from a right one, for the hint under an error.
 *
 * The distance counts letters put in, taken out or changed, and neighbours swapped, which is how "opne" happens. It is
 * bounded: a name that is far away is no hint, and most are dismissed by their length.
 */
#include "abi/tables.h"

#include <string.h>

/* Longer than every syscall and constant; a longer name is not a slip of the fingers. */
#define NAME_MAX_LENGTH 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One row of the table of distances: from the first letters of a up to a[i], to every start of b. */
static unsigned distance_row(const char *a, const char *b, unsigned i, unsigned rows[3][NAME_MAX_LENGTH + 1])
{
	unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
	unsigned smallest = now[0] = i;

	for (unsigned j = 1; b[j - 1]; j++) {
		now[j] = least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
			now[j] = least(now[j], twice[j - 2] + 1);
		smallest = least(smallest, now[j]);
	}
	return smallest;
}

unsigned abi_name_distance(const char *a, const char *b, unsigned bound)
{
	unsigned rows[3][NAME_MAX_LENGTH + 1] = { { 0 } };
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > NAME_MAX_LENGTH || b_length > NAME_MAX_LENGTH)
		return bound + 1;
	if ((a_length > b_length ? a_length - b_length : b_length - a_length) > bound)
		return bound + 1;
	for (unsigned j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_length; i++)
		if (distance_row(a, b, i, rows) > bound + 1)
			return bound + 1;
	return least(rows[a_length % 3][b_length], bound + 1);
}

unsigned abi_name_bound(const char *name)
{
	size_t length = strlen(name);

	return length > NAME_MAX_LENGTH ? 0 : length < 3 ? 1 : length < 8 ? 2 : 3;
}
