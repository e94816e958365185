/*
 * scan/value.h - what a register can hold at a place, as small numbers
 *
 * A value is what all paths to a place agree on: nothing known, a few numbers, an address in the module, what the
 * function was given, a place of its frame, what was loaded from a named place. Each distinct value is kept once and
 * stands as its index, so that comparing two is comparing two numbers, and a module's values are one array that can be
 * written to a file. The same holds for lists of arguments and of facts.
 */
#ifndef CALLGATE_SCAN_VALUE_H
#define CALLGATE_SCAN_VALUE_H

#include "base/arena.h"
#include "scan/insn.h"

#include <stdbool.h>
#include <stdint.h>

/* A set of more numbers than these is unknown. */
#define VALUE_NUMBERS_MAX 16

enum value_kind {
	VALUE_UNKNOWN,
	VALUE_NONE, /* no path leads here */
	VALUE_NUMBERS,
	VALUE_ADDRESS, /* number: of code or data of the module, taken by an instruction */
	VALUE_PARAM,   /* argument param as it was when the function was entered, plus offset, its low width bytes */
	VALUE_STACK,   /* the stack pointer at entry, plus number */
	VALUE_SLOT, /* the 8 bytes at address number of the module: a pointer that a relocation writes, or a variable */
	VALUE_FIELD,   /* the 8 bytes at offset of what SLOT number points to */
	VALUE_POINTEE, /* the width bytes at offset of what PARAM param points to */
	VALUE_CELL,    /* a place of the frame that holds the value with index number */
	VALUE_TABLE,   /* an entry of the table of distances at number; the index is PARAM param */
	VALUE_ENTRY,   /* an entry of the table of pointers at number; param as above */
	VALUE_TARGET,  /* number plus an entry of the TABLE with index offset, times 2^count: where a switch goes */
	VALUE_PAGE,    /* number, to which an instruction adds the rest of an address in the module */
};

enum { UNKNOWN = 0, NO_VALUE = 1 };

/* In a TABLE's count: its entries may be negative. */
enum { TABLE_SIGNED = 0x80, TABLE_BYTES = 0x0f };

struct value {
	int64_t number; /* NUMBERS: the only one, or where they are in sets */
	int32_t offset; /* PARAM, FIELD, POINTEE; TABLE, ENTRY: of the index; TARGET: a value */
	uint8_t kind;	/* enum value_kind */
	uint8_t param;	/* PARAM, POINTEE: which argument; TABLE, ENTRY: of the index, PARAM_NONE */
	uint8_t width;	/* PARAM, POINTEE: 4 or 8; TABLE, ENTRY: of the index */
	uint8_t count; /* NUMBERS: how many, at least 1, ascending; TABLE: an entry's bytes, with TABLE_SIGNED; TARGET */
};

/* How many arguments are followed: those of C, and what else may carry a number (scan/arch.h). Of a system call, the
 * first six are the kernel's arguments and VALUE_NUMBER is its number. */
enum { VALUE_ARGUMENTS = 9, VALUE_NUMBER = 6, PARAM_NONE = 0xff };

struct value_arguments {
	uint32_t values[VALUE_ARGUMENTS];
};

/* What a branch says of the register's value at entry, on the way to a place. */
enum fact_relation { FACT_EQUAL, FACT_DIFFERS, FACT_BELOW, FACT_ABOVE, FACT_LESS, FACT_GREATER, FACT_ANY, FACT_NO_BIT };

struct fact {
	int64_t number; /* ANY, NO_BIT: a mask; BELOW, ABOVE, LESS, GREATER: inclusive */
	int32_t offset; /* that is added to it first */
	uint8_t param;	/* of which PARAM */
	uint8_t width;	/* of the comparison: 4 or 8 */
	uint8_t relation;
	uint8_t unused;
};

#define FACTS_MAX 4

/* Numbers that are so frequent that their values are looked up directly. */
#define VALUE_SMALL 256

struct facts {
	struct fact items[FACTS_MAX]; /* in a fixed order; the rest is zero */
	uint64_t count;
};

/* One kind of thing that is kept once: open addressing, in which a look rarely touches an item that is another. */
struct value_index {
	struct value_slot {
		uint32_t hash;
		uint32_t place; /* plus one, 0: free */
	} * slots;
	size_t capacity; /* a power of 2, or 0 */
};

struct number_set {
	int64_t numbers[VALUE_NUMBERS_MAX]; /* ascending; the rest is zero */
	uint64_t count;			    /* at least 2 */
};

struct values {
	struct arena arena;
	struct {
		VEC(struct value);
	} values;
	struct {
		VEC(struct number_set);
	} sets;
	struct {
		VEC(struct value_arguments);
	} arguments; /* 0: nothing known of any */
	struct {
		VEC(struct facts);
	} facts; /* 0: none */
	struct value_index value_index, set_index, arguments_index, facts_index;
	uint32_t small[VALUE_SMALL]; /* values of the numbers from 0 on; 0: not made yet */
	uint32_t truth;		     /* the same of 0 or 1 */
	bool failed;		     /* memory was out: all that was answered since is worthless */
};

/* Holds UNKNOWN, NO_VALUE, and the empty lists; look at failed. */
void value_table_init(struct values *values);
void value_table_fini(struct values *values);

static inline const struct value *value_at(const struct values *values, uint32_t value)
{
	return &values->values.items[value];
}

static inline enum value_kind value_kind(const struct values *values, uint32_t value)
{
	return (enum value_kind)values->values.items[value].kind;
}

/* The numbers of a value that has some, ascending; their count is the value's. */
const int64_t *value_numbers(const struct values *values, uint32_t value);

uint32_t value_make(struct values *values, struct value value);
uint32_t value_number(struct values *values, int64_t number);
uint32_t value_of(struct values *values, enum value_kind kind, int64_t number);

/* Of numbers in any order, with repetitions; UNKNOWN for more than VALUE_NUMBERS_MAX. */
uint32_t value_set(struct values *values, const int64_t *numbers, size_t count);

/* What holds of both: their union where both are numbers, else UNKNOWN unless they are the same. */
uint32_t value_join(struct values *values, uint32_t a, uint32_t b);

uint32_t arguments_make(struct values *values, const struct value_arguments *arguments);

/* Facts with one more; the same where there is no room. ret_contradiction: the new one cannot hold beside them. */
uint32_t facts_add(struct values *values, uint32_t facts, struct fact fact, bool *ret_contradiction);

/* What both say. */
uint32_t facts_join(struct values *values, uint32_t a, uint32_t b);

/* Whether a number can be what the fact says. */
bool fact_holds(const struct fact *fact, int64_t number);

#endif
