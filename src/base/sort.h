/*
 * base/sort.h - many items in the order of their keys
 */
#ifndef CALLGATE_BASE_SORT_H
#define CALLGATE_BASE_SORT_H

#include <stddef.h>

#define SORT_ITEM_MAX 64

/* Sorts count items of size bytes each (8 to SORT_ITEM_MAX), of which the first eight are a uint64_t that is their key:
 * ascending, and equal ones as they stood. */
void sort_by_key(void *items, size_t count, size_t size);

#endif
