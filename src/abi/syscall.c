/*
 * Syscalls by name, by number and in order, and what their arguments are on an arch.
 *
 * A name costs one hash and one comparison, a number one index: a policy of four hundred names is looked up in less
 * time than it takes to read it.
 */
#include "abi/tables.h"
#include "base/nearest.h"

#include <string.h>

const struct abi_syscall *abi_syscall_by_name(const char *name)
{
	uint32_t slot = abi_name_hash(name, abi_syscall_seed) & abi_syscall_mask;

	for (; abi_syscall_slots[slot]; slot = (slot + 1) & abi_syscall_mask) {
		const struct abi_syscall *syscall = &abi_syscalls[abi_syscall_slots[slot] - 1];

		if (strcmp(syscall->name, name) == 0)
			return syscall;
	}
	return NULL;
}

const struct abi_syscall *abi_syscall_by_nr(enum abi_arch_id arch, uint32_t nr)
{
	if ((unsigned)arch >= ABI_ARCH_COUNT)
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		const struct abi_nr_range *range = &abi_nr_ranges[arch][i];

		if (nr - range->first < range->count) {
			uint16_t row = abi_nr_rows[range->rows + nr - range->first];

			return row ? &abi_syscalls[row - 1] : NULL;
		}
	}
	return NULL;
}

const struct abi_syscall *abi_syscall_from_nr(enum abi_arch_id arch, uint32_t nr)
{
	const struct abi_nr_range *range = abi_nr_ranges[arch];

	for (unsigned i = 0; i < 2; i++, range++) {
		const uint16_t *rows = &abi_nr_rows[range->rows];
		uint32_t at = nr > range->first ? nr - range->first : 0;

		while (at < range->count && !rows[at])
			at++;
		if (at < range->count)
			return &abi_syscalls[rows[at] - 1];
	}
	return NULL;
}

size_t abi_syscall_count(void)
{
	return abi_syscalls_count;
}

const struct abi_syscall *abi_syscall_at(size_t index)
{
	return index < abi_syscalls_count ? &abi_syscalls[index] : NULL;
}

/* Where the rows of this call start in abi_args_differ, which is sorted by call. */
static size_t first_that_differs(uint16_t call)
{
	size_t low = 0, high = abi_args_differ_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (abi_args_differ[middle].syscall < call)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The call's arguments on this arch when they are not those of most arches, else NULL. */
static const struct abi_args_differ *args_of_arch(const struct abi_syscall *syscall, enum abi_arch_id arch)
{
	uint16_t call = (uint16_t)(syscall - abi_syscalls);

	if (!syscall->args_differ)
		return NULL;
	for (size_t i = first_that_differs(call); i < abi_args_differ_count && abi_args_differ[i].syscall == call; i++)
		if (abi_args_differ[i].arches >> arch & 1)
			return &abi_args_differ[i];
	return NULL;
}

unsigned abi_syscall_args(const struct abi_syscall *syscall, enum abi_arch_id arch, struct abi_arg ret_args[6])
{
	const struct abi_args_differ *differ = args_of_arch(syscall, arch);
	const struct abi_arg_row *rows = &abi_arg_rows[differ ? differ->first : syscall->args_first];
	unsigned count = differ ? differ->count : syscall->arg_count;

	for (unsigned i = 0; i < count; i++)
		ret_args[i] = (struct abi_arg){
			.name = abi_strings + rows[i].name,
			.bits = rows[i].bits ? rows[i].bits : abi_arch(arch)->word_bits,
			.is_signed = rows[i].is_signed,
			.kind = (enum abi_arg_kind)rows[i].kind,
			.constants = rows[i].set ? &abi_constant_sets[rows[i].set - 1] : NULL,
		};
	return count;
}

/* Where the rows of this call start in abi_parameter_rows. */
static size_t first_parameter(uint16_t call)
{
	size_t low = 0, high = abi_parameter_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (abi_parameter_rows[middle].syscall < call)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *abi_syscall_parameter(const struct abi_syscall *syscall, enum abi_arch_id arch, unsigned position,
				  uint8_t *ret_bits)
{
	uint16_t call = (uint16_t)(syscall - abi_syscalls);

	for (size_t i = first_parameter(call); i < abi_parameter_count; i++) {
		const struct abi_parameter_row *row = &abi_parameter_rows[i];

		if (row->syscall != call)
			return NULL;
		if (row->position != position)
			continue;
		*ret_bits = row->bits ? row->bits : abi_arch(arch)->word_bits;
		return abi_strings + row->name;
	}
	return NULL;
}

const char *abi_syscall_nearest(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < abi_syscalls_count; i++)
		nearest_try(&nearest, abi_syscalls[i].name);
	return nearest.name;
}

bool abi_syscall_waits(const struct abi_syscall *syscall)
{
	static const char *const waits[] = {
#define WAITS(name) #name,
#include "abi/waits.def"
#undef WAITS
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (strcmp(waits[i], syscall->name) == 0)
			return true;
	return false;
}
