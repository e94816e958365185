/*
 * Names are mistyped by a letter that is wrong, missing, doubled or swapped with its neighbour: the distance that
 * counts each of these as one (optimal string alignment) finds the name that was meant.
 */
#include "base/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t bounded_length(const char *text)
{
	return strnlen(text, NEAREST_LENGTH_MAX);
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_LENGTH_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_length = bounded_length(a), b_length = bounded_length(b);

	for (size_t j = 0; j <= b_length; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

struct nearest nearest_to(const char *wrong)
{
	return (struct nearest){ .wrong = wrong, .distance = bounded_length(wrong) / 3 + 2 };
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t distance = edit_distance(nearest->wrong, name);

	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->name = name;
	}
}
