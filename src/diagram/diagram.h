/*
 * diagram/diagram.h - what a filter means, in one canonical form
 *
 * A filter is a total function from struct seccomp_data to an action. A diagram is that function as a hash-consed,
 * ordered, reduced, multi-terminal decision diagram over the bits of its sixteen 32-bit words. Within one struct
 * diagram, two functions are equal exactly when their roots are the same number.
 *
 * Words are named by what lies at their offset in memory, as BPF sees it: for a big-endian arch the "low" word of an
 * argument is the one at the higher offset. diagram_arg_word() tells. The order of the variables is that of
 * enum diagram_word, within a word from bit 31 down to bit 0.
 *
 * The terminals of a filter's diagram are canonical actions only: diagram_action(), in diagram/action.h, makes them.
 *
 * Failure is sticky and explicit: a function that cannot make its node (no memory, or beyond the budget) gives
 * DIAGRAM_NONE, takes DIAGRAM_NONE as an operand and hands it on; diagram_status() says why.
 */
#ifndef CALLGATE_DIAGRAM_DIAGRAM_H
#define CALLGATE_DIAGRAM_DIAGRAM_H

#include "abi/abi.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Place in the order; diagram_word_offset() gives its offset in struct seccomp_data. */
enum diagram_word {
	DIAGRAM_ARCH,  /* offset 4 */
	DIAGRAM_NR,    /* offset 0 */
	DIAGRAM_IP_20, /* offset 12: the half of the instruction pointer that is high on little-endian arches */
	DIAGRAM_IP_10, /* offset 8 */
	DIAGRAM_ARG0,  /* offset 20: then 16, 28, 24, … : for each argument first the word at the higher offset */
	DIAGRAM_WORDS = DIAGRAM_ARG0 + 12,
};

unsigned diagram_word_offset(enum diagram_word word);
enum diagram_word diagram_word_at(unsigned offset); /* offset below 64 and a multiple of 4 */
/* The word that holds the high (or low) half of argument arg on a big- or little-endian arch. */
enum diagram_word diagram_arg_word(unsigned arg, bool high, bool big_endian);

#define DIAGRAM_NONE  UINT32_MAX
#define DIAGRAM_FALSE 0u /* a condition's terminals; as an action, 0 is kill-thread */
#define DIAGRAM_TRUE  1u

struct diagram_node {
	uint16_t variable; /* word * 32 + (31 - bit); DIAGRAM_TERMINAL for a terminal */
	uint32_t low;	   /* where the bit is 0; the value of a terminal */
	uint32_t high;	   /* where the bit is 1 */
};

#define DIAGRAM_TERMINAL 0xffffu

/* Default and largest budget, in nodes: at most 20 bytes each, so 40 MiB, and 20 MiB of remembered operations. */
#define DIAGRAM_NODES_MAX (2u << 20)

struct diagram_memo; /* one remembered operation; operate.c's */

/* Open for diagram_node() alone: nobody outside this room touches it otherwise. */
struct diagram {
	struct diagram_node *nodes; /* by number; operands always have smaller numbers than what uses them */
	size_t count, capacity;
	size_t nodes_max;	    /* the budget */
	uint32_t *slots;	    /* node numbers + 1, open addressing by hash; 0 is free */
	unsigned slot_bits;	    /* there are 1 << slot_bits slots */
	struct diagram_memo *memos; /* one place for each hash: a later result takes it from an earlier one */
	unsigned memo_bits;
	size_t memos_kept;	 /* results kept since the places were last doubled */
	uint32_t last_operation; /* the number that the latest one-off operation was given */
	uint64_t steps;		 /* recursions since the budget was renewed */
	int status;
};

/* An empty diagram with a budget of nodes (0: the default). NULL without memory. */
struct diagram *diagram_new(size_t nodes_max);
void diagram_free(struct diagram *diagram);

/* CALLGATE_OK, CALLGATE_E_NOMEM or CALLGATE_E_LIMIT: why DIAGRAM_NONE was given. Once not OK it stays so until
 * diagram_clear_status. */
int diagram_status(const struct diagram *diagram);
/* The status, with a message, for a caller that was given DIAGRAM_NONE. */
int diagram_fail(const struct diagram *diagram, struct callgate_error *err);
void diagram_clear_status(struct diagram *diagram);
/* The budget also bounds time: 16 steps of an operation for each node that it grants. They are counted from here. */
void diagram_renew_steps(struct diagram *diagram);
size_t diagram_size(const struct diagram *diagram);		    /* nodes made so far */
size_t diagram_budget(const struct diagram *diagram);		    /* nodes that may be made in all */
size_t diagram_count(const struct diagram *diagram, uint32_t root); /* nodes that this function has; 0 without memory */

/* Inline, for whatever walks a diagram does little else. */
static inline struct diagram_node diagram_node(const struct diagram *diagram, uint32_t node)
{
	return diagram->nodes[node];
}

uint32_t diagram_terminal(struct diagram *diagram, uint32_t value);
/* if the variable's bit is 1 then high else low; reduced and hash-consed. Operands may only test later variables. */
uint32_t diagram_make(struct diagram *diagram, unsigned variable, uint32_t low, uint32_t high);

/* A function of one word by ranges of its value: sorted, disjoint; `otherwise` for what none covers. Results may
 * only test later words. Linear in the number of ranges. */
struct diagram_range {
	uint32_t low, high; /* inclusive */
	uint32_t result;
};
uint32_t diagram_switch(struct diagram *diagram, enum diagram_word word, const struct diagram_range *ranges,
			size_t count, uint32_t otherwise);

/* if condition (terminals DIAGRAM_FALSE and DIAGRAM_TRUE) then yes else no: any variables anywhere. */
uint32_t diagram_if(struct diagram *diagram, uint32_t condition, uint32_t yes, uint32_t no);
uint32_t diagram_not(struct diagram *diagram, uint32_t condition);
uint32_t diagram_and(struct diagram *diagram, uint32_t a, uint32_t b);
uint32_t diagram_or(struct diagram *diagram, uint32_t a, uint32_t b);
/* (word & mask) == value, as a condition; value within mask. */
uint32_t diagram_word_equals(struct diagram *diagram, enum diagram_word word, uint32_t mask, uint32_t value);

/* Two functions of actions into one, value by value. combine must be pure; it is told `context`. Memoised for the
 * length of the call. */
typedef uint32_t diagram_combine(uint32_t a, uint32_t b, void *context);
uint32_t diagram_apply(struct diagram *diagram, diagram_combine *combine, void *context, uint32_t a, uint32_t b);
/* A function's terminals replaced one by one. */
uint32_t diagram_map(struct diagram *diagram, uint32_t (*map)(uint32_t value, void *context), void *context,
		     uint32_t root);
/* The parts of a function that test no word before this one, replaced one by one: map gets and gives nodes. */
uint32_t diagram_map_from(struct diagram *diagram, enum diagram_word word,
			  uint32_t (*map)(uint32_t node, void *context), void *context, uint32_t root);
/* The function of the input whose instruction pointer and arguments have their two words exchanged: what a big-endian
 * arch's function is in terms of high and low words in the diagram's order, and back. */
uint32_t diagram_swap_halves(struct diagram *diagram, uint32_t root);
/* What remains when a word is known (the cofactor). */
uint32_t diagram_restrict(struct diagram *diagram, uint32_t root, enum diagram_word word, uint32_t value);

/* The input of a filter, word by word in the diagram's order. */
struct diagram_input {
	uint32_t words[DIAGRAM_WORDS];
};
uint32_t diagram_evaluate(const struct diagram *diagram, uint32_t root, const struct diagram_input *input);

/* What the kernel does with two stacked filters: the action of higher precedence, the newer (b) when equal. */
uint32_t diagram_stack(struct diagram *diagram, uint32_t older, uint32_t newer);

#endif
