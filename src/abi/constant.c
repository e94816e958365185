/*
 * Constants by family and by name, and errno, each with the value of one arch.
 *
 * Most constants are the same everywhere; a row has the common value and points at what differs.
 */
#include "abi/tables.h"
#include "base/nearest.h"

#include <string.h>

_Static_assert(ABI_ARCH_COUNT <= 32, "an arch is a bit of abi_constant_differs");

static bool constant_value(const struct abi_constant_row *row, enum abi_arch_id arch, uint64_t *ret_value)
{
	const struct abi_constant_differs *differs = &abi_constant_differs[row->first];

	for (unsigned i = 0; i < row->differences; i++) {
		if ((unsigned)arch >= ABI_ARCH_COUNT || !(differs[i].arches >> arch & 1))
			continue;
		if (!differs[i].is_missing)
			*ret_value = differs[i].value;
		return !differs[i].is_missing;
	}
	*ret_value = row->value;
	return true;
}

/* The row of this name in a family, by halving. */
static const struct abi_constant_row *set_row(const struct abi_constant_set *set, const char *name)
{
	size_t low = set->first, high = low + set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, abi_strings + abi_constant_rows[middle].name);

		if (order == 0)
			return &abi_constant_rows[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool abi_constant_find(const struct abi_constant_set *set, enum abi_arch_id arch, const char *name, uint64_t *ret_value)
{
	const struct abi_constant_row *row = set_row(set, name);

	return row && constant_value(row, arch, ret_value);
}

bool abi_constant_find_any(enum abi_arch_id arch, const char *name, uint64_t *ret_value,
			   const struct abi_constant_set **ret_set)
{
	uint32_t slot = abi_name_hash(name, abi_constant_seed) & abi_constant_mask;

	for (; abi_constant_slots[slot]; slot = (slot + 1) & abi_constant_mask) {
		const struct abi_constant_row *row = &abi_constant_rows[abi_constant_slots[slot] - 1];

		if (strcmp(abi_strings + row->name, name) != 0)
			continue;
		if (!constant_value(row, arch, ret_value))
			return false;
		*ret_set = &abi_constant_sets[row->set];
		return true;
	}
	return false;
}

const char *abi_constant_set_name(const struct abi_constant_set *set)
{
	return abi_strings + set->name;
}

size_t abi_constant_count(const struct abi_constant_set *set)
{
	return set->count;
}

struct abi_constant abi_constant_at(const struct abi_constant_set *set, enum abi_arch_id arch, size_t index)
{
	struct abi_constant constant = { 0 };

	const struct abi_constant_row *row = &abi_constant_rows[set->first + index];

	if (index < set->count && constant_value(row, arch, &constant.value)) {
		constant.name = abi_strings + row->name;
		constant.is_alias = row->is_alias;
	}
	return constant;
}

const char *abi_constant_name(const struct abi_constant_set *set, enum abi_arch_id arch, uint64_t value)
{
	const char *name = NULL, *alias = NULL;

	for (size_t i = 0; i < set->count; i++) {
		struct abi_constant constant = abi_constant_at(set, arch, i);

		if (!constant.name || constant.value != value)
			continue;
		if (constant.is_alias)
			alias = constant.name;
		else if (name)
			return NULL;
		else
			name = constant.name;
	}
	return name ? name : alias;
}

int abi_errno_by_name(enum abi_arch_id arch, const char *name)
{
	uint64_t value = 0;

	return abi_constant_find(&abi_constant_sets[abi_errors_set], arch, name, &value) ? (int)value : -1;
}

const char *abi_errno_name(enum abi_arch_id arch, int number)
{
	return number > 0 ? abi_constant_name(&abi_constant_sets[abi_errors_set], arch, (uint64_t)number) : NULL;
}

const char *abi_constant_nearest(const struct abi_constant_set *set_or_null, const char *name)
{
	const struct abi_constant_set *last = &abi_constant_sets[abi_constant_sets_count - 1];
	size_t first = set_or_null ? set_or_null->first : 0;
	size_t end = set_or_null ? first + set_or_null->count : (size_t)last->first + last->count;
	struct nearest nearest = nearest_to(name);

	for (size_t i = first; i < end; i++)
		nearest_try(&nearest, abi_strings + abi_constant_rows[i].name);
	return nearest.name;
}

const char *abi_errno_nearest(const char *name)
{
	return abi_constant_nearest(&abi_constant_sets[abi_errors_set], name);
}
