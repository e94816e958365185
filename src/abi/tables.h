/*
 * abi/tables.h - the form of the tables that tools/abi-tables makes of the .tsv files; only this room reads them
 *
 * Rows are sorted by name and hold numbers and offsets into abi_strings. A hash slot holds a row's index plus one.
 */
#ifndef CALLGATE_ABI_TABLES_H
#define CALLGATE_ABI_TABLES_H

#include "abi/abi.h"

struct abi_arg_row {
	uint16_t name;	   /* offset into abi_strings */
	uint8_t bits;	   /* 0: as many as a long of the arch */
	uint8_t is_signed; /* 0 or 1 */
	uint8_t kind;	   /* enum abi_arg_kind */
	uint8_t set;	   /* index into abi_constant_sets plus one, 0 for none */
};

/* The arguments of one call on some arches, where they are not those of the others; sorted by call. */
struct abi_args_differ {
	uint32_t arches;  /* one bit each, by enum abi_arch_id */
	uint16_t syscall; /* index into abi_syscalls */
	uint16_t first;	  /* index into abi_arg_rows */
	uint8_t count;
};

/* A parameter as the kernel's source declares it; sorted by call and position. */
struct abi_parameter_row {
	uint16_t syscall; /* index into abi_syscalls */
	uint16_t name;	  /* offset into abi_strings */
	uint8_t position; /* 0 to 5 */
	uint8_t bits;	  /* 0: as many as a long of the arch */
};

/* Numbers first to first + count - 1 of an arch: their rows (plus one, 0 for none) start at abi_nr_rows[rows]. */
struct abi_nr_range {
	uint32_t first;
	uint32_t count;
	uint32_t rows;
};

struct abi_constant_row {
	uint32_t name : 31; /* offset into abi_strings */
	uint32_t is_alias : 1;
	uint8_t set;	     /* index into abi_constant_sets */
	uint8_t differences; /* how many of abi_constant_differs are its own */
	uint16_t first;	     /* the first of them */
	uint64_t value;	     /* on every other arch */
};

struct abi_constant_differs {
	uint32_t arches;    /* one bit each, by enum abi_arch_id */
	uint8_t is_missing; /* 1: these arches have no such constant */
	uint64_t value;
};

struct abi_constant_set {
	uint32_t name;	/* offset into abi_strings */
	uint16_t first; /* of abi_constant_rows */
	uint16_t count;
};

extern const char abi_strings[];

extern const struct abi_syscall abi_syscalls[];
extern const size_t abi_syscalls_count;
extern const uint32_t abi_syscall_seed, abi_syscall_mask;
extern const uint16_t abi_syscall_slots[];
extern const struct abi_nr_range abi_nr_ranges[ABI_ARCH_COUNT][2];
extern const uint16_t abi_nr_rows[];

extern const struct abi_arg_row abi_arg_rows[];
extern const struct abi_args_differ abi_args_differ[];
extern const size_t abi_args_differ_count;

extern const struct abi_parameter_row abi_parameter_rows[];
extern const size_t abi_parameter_count;

extern const struct abi_constant_row abi_constant_rows[];
extern const struct abi_constant_differs abi_constant_differs[];
extern const struct abi_constant_set abi_constant_sets[];
extern const size_t abi_constant_sets_count;
extern const uint8_t abi_errors_set; /* the set that holds errno's values */
extern const uint32_t abi_constant_seed, abi_constant_mask;
extern const uint16_t abi_constant_slots[]; /* the first row of each name */

/* FNV-1a, folded; tools/abi-tables computes the same. */
static inline uint32_t abi_name_hash(const char *name, uint32_t seed)
{
	uint32_t hash = seed;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash ^ hash >> 15;
}

#endif
