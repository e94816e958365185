/*
 * Values, lists of arguments and lists of facts are each an array without repetitions and a hash table over it. Nothing
 * is ever removed: a module has a few thousand.
 */
#include "scan/value.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_FIRST = 256 };

/* Sizes are multiples of 4; the last 4 bytes may be read twice. */
static uint32_t hash_bytes(const void *bytes, size_t size)
{
	const char *at = bytes;
	uint64_t hash = size, word;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		memcpy(&word, at + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	if (size % 8) {
		memcpy(&word, at + size - 8, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* The slot of the item equal to this one, or the free one where it belongs. */
static struct value_slot *index_find(const struct value_index *index, uint32_t hash, const void *items, size_t size,
				     const void *item)
{
	size_t at = hash & (index->capacity - 1);

	while (index->slots[at].place &&
	       (index->slots[at].hash != hash ||
		memcmp((const char *)items + (index->slots[at].place - 1) * size, item, size) != 0))
		at = (at + 1) & (index->capacity - 1);
	return &index->slots[at];
}

static bool index_enlarge(struct values *values, struct value_index *index)
{
	struct value_index larger = { .capacity = index->capacity ? index->capacity * 2 : INDEX_FIRST };

	larger.slots = arena_array(&values->arena, larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < index->capacity; i++) {
		size_t at = index->slots[i].hash & (larger.capacity - 1);

		if (!index->slots[i].place)
			continue;
		while (larger.slots[at].place)
			at = (at + 1) & (larger.capacity - 1);
		larger.slots[at] = index->slots[i];
	}
	*index = larger;
	return true;
}

/* Room for one more of count items. */
static inline bool index_grow(struct values *values, struct value_index *index, size_t count)
{
	return index->capacity > count * 2 || index_enlarge(values, index);
}

/* The place of item, with this hash, in vec; it is added where it is not there. */
#define KEEP(values, vec, index, item)                                                                                \
	__extension__({                                                                                               \
		uint32_t kept_ = 0, hash_ = hash_bytes((item), sizeof(*(item)));                                      \
		if (!index_grow((values), (index), (vec)->length)) {                                                  \
			(values)->failed = true;                                                                      \
		} else {                                                                                              \
			struct value_slot *slot_ = index_find((index), hash_, (vec)->items, sizeof(*(item)), (item)); \
			if (!slot_->place && !VEC_PUSH(&(values)->arena, (vec), *(item)))                             \
				(values)->failed = true;                                                              \
			else if (!slot_->place)                                                                       \
				*slot_ = (struct value_slot){ hash_, (uint32_t)(vec)->length };                       \
			kept_ = slot_->place ? slot_->place - 1 : 0;                                                  \
		}                                                                                                     \
		kept_;                                                                                                \
	})

static uint32_t value_hash(const struct value *value)
{
	uint64_t rest, hash;

	memcpy(&rest, &value->offset, sizeof(rest));
	hash = ((uint64_t)value->number ^ rest << 23 ^ rest >> 41) * 0x9e3779b97f4a7c15;
	return (uint32_t)(hash ^ hash >> 32);
}

static bool value_equals(const struct value *a, const struct value *b)
{
	uint64_t mine, other;

	memcpy(&mine, &a->offset, sizeof(mine));
	memcpy(&other, &b->offset, sizeof(other));
	return a->number == b->number && mine == other;
}

static struct value_slot *value_find(const struct values *values, uint32_t hash, const struct value *value)
{
	const struct value_index *index = &values->value_index;
	size_t at = hash & (index->capacity - 1);

	while (index->slots[at].place && (index->slots[at].hash != hash ||
					  !value_equals(&values->values.items[index->slots[at].place - 1], value)))
		at = (at + 1) & (index->capacity - 1);
	return &index->slots[at];
}

/* The same as KEEP, without its memcmp: most of what an analysis makes are values. */
uint32_t value_make(struct values *values, struct value value)
{
	uint32_t hash = value_hash(&value);
	struct value_slot *slot;

	if (values->failed)
		return UNKNOWN;
	if (!index_grow(values, &values->value_index, values->values.length)) {
		values->failed = true;
		return UNKNOWN;
	}
	slot = value_find(values, hash, &value);
	if (slot->place)
		return slot->place - 1;
	if (!VEC_PUSH(&values->arena, &values->values, value)) {
		values->failed = true;
		return UNKNOWN;
	}
	*slot = (struct value_slot){ hash, (uint32_t)values->values.length };
	return slot->place - 1;
}

void value_table_init(struct values *values)
{
	*values = (struct values){ 0 };
	value_make(values, (struct value){ .kind = VALUE_UNKNOWN });
	value_make(values, (struct value){ .kind = VALUE_NONE });
	arguments_make(values, &(struct value_arguments){ { 0 } });
	if (!values->failed)
		KEEP(values, &values->facts, &values->facts_index, &((struct facts){ .count = 0 }));
}

void value_table_fini(struct values *values)
{
	arena_fini(&values->arena);
	*values = (struct values){ 0 };
}

const int64_t *value_numbers(const struct values *values, uint32_t value)
{
	const struct value *all = value_at(values, value);

	return all->count == 1 ? &all->number : values->sets.items[all->number].numbers;
}

uint32_t value_of(struct values *values, enum value_kind kind, int64_t number)
{
	return value_make(values, (struct value){ .kind = (uint8_t)kind, .number = number });
}

uint32_t value_number(struct values *values, int64_t number)
{
	bool is_small = number >= 0 && number < VALUE_SMALL;
	uint32_t value = is_small ? values->small[number] : 0;

	if (value)
		return value;
	value = value_make(values, (struct value){ .kind = VALUE_NUMBERS, .count = 1, .number = number });
	if (is_small)
		values->small[number] = value;
	return value;
}

static int number_order(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

static uint32_t value_sorted_set(struct values *values, const int64_t *numbers, size_t count)
{
	struct number_set set = { .count = count };
	struct value value = { .kind = VALUE_NUMBERS, .count = (uint8_t)count };
	uint32_t made;

	bool is_truth = count == 2 && numbers[0] == 0 && numbers[1] == 1;

	if (count == 1)
		return value_number(values, numbers[0]);
	if (is_truth && values->truth)
		return values->truth;
	if (count > VALUE_NUMBERS_MAX || values->failed)
		return UNKNOWN;
	memcpy(set.numbers, numbers, count * sizeof(*numbers));
	value.number = (int64_t)KEEP(values, &values->sets, &values->set_index, &set);
	made = value_make(values, value);
	if (is_truth)
		values->truth = made;
	return made;
}

uint32_t value_set(struct values *values, const int64_t *numbers, size_t count)
{
	int64_t sorted[VALUE_NUMBERS_MAX * VALUE_NUMBERS_MAX];
	size_t kept = 0;

	if (count == 0 || count > VALUE_NUMBERS_MAX * VALUE_NUMBERS_MAX)
		return UNKNOWN;
	memcpy(sorted, numbers, count * sizeof(*numbers));
	for (size_t i = 1; i < count; i++)
		if (sorted[i - 1] > sorted[i]) {
			qsort(sorted, count, sizeof(*sorted), number_order);
			break;
		}
	for (size_t i = 0; i < count; i++)
		if (i == 0 || sorted[i] != sorted[kept - 1])
			sorted[kept++] = sorted[i];
	return value_sorted_set(values, sorted, kept);
}

/* The union of two ascending lists. */
static size_t numbers_merge(const int64_t *a, size_t a_count, const int64_t *b, size_t b_count, int64_t *ret_both)
{
	size_t count = 0, i = 0, j = 0;

	while (i < a_count || j < b_count) {
		if (j == b_count || (i < a_count && a[i] < b[j])) {
			ret_both[count++] = a[i++];
		} else {
			if (i < a_count && a[i] == b[j])
				i++;
			ret_both[count++] = b[j++];
		}
	}
	return count;
}

uint32_t value_join(struct values *values, uint32_t a, uint32_t b)
{
	int64_t both[VALUE_NUMBERS_MAX * 2];
	const struct value *left, *right;
	size_t count;

	if (a == b || b == NO_VALUE)
		return a;
	if (a == NO_VALUE)
		return b;
	left = value_at(values, a);
	right = value_at(values, b);
	if (left->kind != VALUE_NUMBERS || right->kind != VALUE_NUMBERS)
		return UNKNOWN;
	count = numbers_merge(value_numbers(values, a), left->count, value_numbers(values, b), right->count, both);
	if (count == left->count)
		return a;
	return count == right->count ? b : value_sorted_set(values, both, count);
}

uint32_t arguments_make(struct values *values, const struct value_arguments *arguments)
{
	if (values->failed)
		return 0;
	return KEEP(values, &values->arguments, &values->arguments_index, arguments);
}

bool fact_holds(const struct fact *fact, int64_t number)
{
	int64_t moved = (int64_t)((uint64_t)number + (uint64_t)(int64_t)fact->offset);
	int64_t mine = fact->width == 4 ? (int32_t)moved : moved;
	int64_t other = fact->width == 4 ? (int32_t)fact->number : fact->number;
	uint64_t bits = fact->width == 4 ? (uint32_t)mine : (uint64_t)mine;
	uint64_t other_bits = fact->width == 4 ? (uint32_t)other : (uint64_t)other;

	switch ((enum fact_relation)fact->relation) {
	case FACT_EQUAL:
		return mine == other;
	case FACT_DIFFERS:
		return mine != other;
	case FACT_BELOW:
		return bits <= other_bits;
	case FACT_ABOVE:
		return bits >= other_bits;
	case FACT_LESS:
		return mine <= other;
	case FACT_GREATER:
		return mine >= other;
	case FACT_ANY:
		return bits & other_bits;
	case FACT_NO_BIT:
		return !(bits & other_bits);
	}
	return true;
}

static int fact_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct fact));
}

static uint32_t facts_make(struct values *values, struct facts *facts)
{
	if (facts->count > 1)
		qsort(facts->items, facts->count, sizeof(*facts->items), fact_order);
	return values->failed ? 0 : KEEP(values, &values->facts, &values->facts_index, facts);
}

static bool is_same_place(const struct fact *a, const struct fact *b)
{
	return a->param == b->param && a->width == b->width && a->offset == b->offset;
}

/* Room for one more where it says more than one that is there: an equality than anything of the same value, anything
 * than a difference. */
static bool facts_make_room(struct facts *list, const struct fact *fact)
{
	for (uint64_t i = list->count; i-- > 0;)
		if (fact->relation == FACT_EQUAL && is_same_place(&list->items[i], fact)) {
			list->count--;
			list->items[i] = list->items[list->count];
			list->items[list->count] = (struct fact){ 0 };
		}
	for (uint64_t i = 0; list->count == FACTS_MAX && fact->relation != FACT_DIFFERS && i < list->count; i++)
		if (list->items[i].relation == FACT_DIFFERS) {
			list->count--;
			list->items[i] = list->items[list->count];
			list->items[list->count] = (struct fact){ 0 };
		}
	return list->count < FACTS_MAX;
}

uint32_t facts_add(struct values *values, uint32_t facts, struct fact fact, bool *ret_contradiction)
{
	struct facts list = values->facts.items[facts];

	for (uint64_t i = 0; i < list.count; i++) {
		const struct fact *other = &list.items[i];

		if (memcmp(other, &fact, sizeof(fact)) == 0)
			return facts;
		if (other->param != fact.param || other->width != fact.width)
			continue;
		if ((other->relation == FACT_EQUAL && !fact_holds(&fact, other->number - other->offset)) ||
		    (fact.relation == FACT_EQUAL && !fact_holds(other, fact.number - fact.offset)))
			*ret_contradiction = true;
	}
	if (!facts_make_room(&list, &fact))
		return facts;
	list.items[list.count++] = fact;
	return facts_make(values, &list);
}

uint32_t facts_join(struct values *values, uint32_t a, uint32_t b)
{
	struct facts both = { .count = 0 }, left, right;

	if (a == b)
		return a;
	left = values->facts.items[a];
	right = values->facts.items[b];
	for (uint64_t i = 0; i < left.count; i++)
		for (uint64_t j = 0; j < right.count; j++)
			if (memcmp(&left.items[i], &right.items[j], sizeof(struct fact)) == 0)
				both.items[both.count++] = left.items[i];
	return facts_make(values, &both);
}
