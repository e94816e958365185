/*
 * codegen/steps.h - a program before it has an order: instructions that name what follows them
 *
 * A directed graph without cycles, hash-consed: equal instructions with equal successors are one step, so equal tails
 * are shared by construction. Layout (layout.h) gives it an order.
 */
#ifndef CALLGATE_CODEGEN_STEPS_H
#define CALLGATE_CODEGEN_STEPS_H

#include "base/arena.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define STEP_NONE UINT32_MAX

/* Each step is at least one instruction, so more than this can never become a program. */
#define STEPS_MAX BPF_MAXINSNS

struct step {
	uint16_t code;
	uint32_t k;
	uint32_t yes;	   /* where a comparison holds; what follows a load or an AND; STEP_NONE behind a return */
	uint32_t no;	   /* where a comparison does not hold, else STEP_NONE */
	uint32_t size;	   /* an upper bound of the steps behind and with this one, saturated */
	uint32_t position; /* where a jump to it goes, counted from the program's end; STEP_NONE while it has none */
	uint32_t home;	   /* the same for its newest copy; position may be that of a JA to it */
	uint32_t chain;	   /* the next step of the same hash */
};

struct steps {
	struct arena *arena;
	struct {
		VEC(struct step);
	} list;
	uint32_t *buckets;
	int status; /* CALLGATE_OK, or why a step could not be made; then every step is STEP_NONE */
};

/* Each gives the step's index, or STEP_NONE when steps->status is not OK or an operand was STEP_NONE. */
uint32_t steps_return(struct steps *steps, uint32_t action);
/* A comparison of A with k, code being BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET; a successor itself when both are equal. */
uint32_t steps_compare(struct steps *steps, uint16_t comparison, uint32_t k, uint32_t yes, uint32_t no);
uint32_t steps_load(struct steps *steps, uint32_t offset, uint32_t next);
uint32_t steps_and(struct steps *steps, uint32_t mask, uint32_t next);

#endif
