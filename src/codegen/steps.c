/*
 * One vector of steps and a chained hash table over it. A step is made after its successors, so the graph has no
 * cycles and a step's size is known when it is made.
 */
#include "codegen/steps.h"

#include <callgate/error.h>

#define BUCKETS 1024u /* a power of two */

static uint32_t step_hash(const struct step *step)
{
	uint32_t hash = step->code * 0x9e3779b1u;

	hash = (hash ^ step->k) * 0x85ebca6bu;
	hash = (hash ^ step->yes) * 0xc2b2ae35u;
	hash = (hash ^ step->no) * 0x27d4eb2fu;
	return (hash ^ hash >> 15) & (BUCKETS - 1);
}

static bool step_equals(const struct step *a, const struct step *b)
{
	return a->k == b->k && a->code == b->code && a->yes == b->yes && a->no == b->no;
}

static uint32_t successor_size(const struct steps *steps, uint32_t successor)
{
	return successor == STEP_NONE ? 0 : steps->list.items[successor].size;
}

static bool steps_prepare(struct steps *steps)
{
	if (steps->status == CALLGATE_OK && !steps->buckets) {
		steps->buckets = arena_array(steps->arena, BUCKETS, sizeof(*steps->buckets));
		if (!steps->buckets)
			steps->status = CALLGATE_E_NOMEM;
	}
	return steps->status == CALLGATE_OK;
}

/* Buckets and chains hold an index plus one, so that zeroed memory is empty. */
static uint32_t steps_make(struct steps *steps, struct step step)
{
	uint32_t *bucket, size;

	if (!steps_prepare(steps))
		return STEP_NONE;
	bucket = &steps->buckets[step_hash(&step)];
	for (uint32_t i = *bucket; i; i = steps->list.items[i - 1].chain)
		if (step_equals(&steps->list.items[i - 1], &step))
			return i - 1;
	size = 1 + successor_size(steps, step.yes) + successor_size(steps, step.no);
	step.size = size < UINT32_MAX / 4 ? size : UINT32_MAX / 4;
	step.position = STEP_NONE;
	step.chain = *bucket;
	if (steps->list.length == STEPS_MAX)
		steps->status = CALLGATE_E_LIMIT;
	else if (!VEC_PUSH(steps->arena, &steps->list, step))
		steps->status = CALLGATE_E_NOMEM;
	if (steps->status != CALLGATE_OK)
		return STEP_NONE;
	*bucket = (uint32_t)steps->list.length;
	return *bucket - 1;
}

uint32_t steps_return(struct steps *steps, uint32_t action)
{
	return steps_make(steps,
			  (struct step){ .code = BPF_RET | BPF_K, .k = action, .yes = STEP_NONE, .no = STEP_NONE });
}

uint32_t steps_compare(struct steps *steps, uint16_t comparison, uint32_t k, uint32_t yes, uint32_t no)
{
	if (yes == no || yes == STEP_NONE || no == STEP_NONE)
		return yes == no ? yes : STEP_NONE;
	return steps_make(steps, (struct step){ .code = BPF_JMP | comparison | BPF_K, .k = k, .yes = yes, .no = no });
}

uint32_t steps_load(struct steps *steps, uint32_t offset, uint32_t next)
{
	if (next == STEP_NONE)
		return STEP_NONE;
	return steps_make(steps,
			  (struct step){ .code = BPF_LD | BPF_W | BPF_ABS, .k = offset, .yes = next, .no = STEP_NONE });
}

uint32_t steps_and(struct steps *steps, uint32_t mask, uint32_t next)
{
	if (next == STEP_NONE)
		return STEP_NONE;
	return steps_make(steps,
			  (struct step){ .code = BPF_ALU | BPF_AND | BPF_K, .k = mask, .yes = next, .no = STEP_NONE });
}
