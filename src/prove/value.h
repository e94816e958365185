/*
 * prove/value.h - what a register holds, as 32 functions of the input
 *
 * A value is 32 conditions, one a bit. Arithmetic on it is what an adder or a divider does with wires, so every
 * instruction is exact; a constant has terminals for bits and costs nothing. Equal values have equal numbers.
 */
#ifndef CALLGATE_PROVE_VALUE_H
#define CALLGATE_PROVE_VALUE_H

#include "diagram/diagram.h"

enum { VALUE_BITS = 32, VALUE_ZERO = 0 };

/* No memory, or the budget is spent: values_status says which. */
#define VALUE_NONE UINT32_MAX

struct value {
	uint32_t bits[VALUE_BITS]; /* conditions, the least significant first; unset while `unfolded` is false */
	bool unfolded;
	bool is_constant;
	uint32_t constant;
	bool is_word; /* exactly one word of the input */
	enum diagram_word word;
};

struct values {
	struct diagram *diagram;
	struct value *items;
	size_t count, capacity;
	uint32_t *slots; /* number + 1 by hash of the bits, for unfolded values; 0 is free */
	size_t slot_count;
	uint32_t words[DIAGRAM_WORDS]; /* number + 1 of each word's value */
	uint64_t gates;		       /* bit operations done so far */
	int status;
};

/* Value VALUE_ZERO is made; false without memory (values_fini is right all the same). */
bool values_init(struct values *values, struct diagram *diagram);
void values_fini(struct values *values);
/* CALLGATE_OK, or why VALUE_NONE or DIAGRAM_NONE was given: the diagram's status, or that of this table. */
int values_status(const struct values *values);

uint32_t value_constant(struct values *values, uint32_t constant);
uint32_t value_word(struct values *values, enum diagram_word word);

/* a op b, for a BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH or BPF_RSH of classic BPF as
 * the kernel runs it: shifts use the low five bits of b; what a division by zero gives is undefined. */
uint32_t value_binary(struct values *values, unsigned op, uint32_t a, uint32_t b);

/* a op b, for BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET, as a condition. */
uint32_t value_compare(struct values *values, unsigned op, uint32_t a, uint32_t b);

/* The canonical action that a filter's return of this value is. */
uint32_t value_action(struct values *values, uint32_t value);

#endif
