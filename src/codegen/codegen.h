/*
 * codegen/codegen.h - from a diagram to the shortest, fastest program that it can be
 *
 * Decision-tree synthesis: pick a word and a comparison, split, memoise by node, stop at a constant; share equal
 * tails; weigh by frequency. Every unconditional ALLOW stays in the kernel's bitmap: nr and arch are tested first, by
 * loads, jumps and returns only.
 */
#ifndef CALLGATE_CODEGEN_CODEGEN_H
#define CALLGATE_CODEGEN_CODEGEN_H

#include "bpf/bpf.h"
#include "diagram/diagram.h"

/* How often a call was seen; counts of one arch are relative to each other. */
struct codegen_weight {
	uint32_t audit;
	uint32_t nr;
	double count;
};

struct codegen_options {
	const struct codegen_weight *weights; /* NULL: every number that is not cacheable weighs the same */
	size_t weight_count;
	bool plain;	/* no JSET: for readers that know only the instructions that libseccomp writes */
	bool no_bitmap; /* weigh cacheable calls too: for kernels before 5.11 */
};

/*
 * The program of a diagram. The caller frees ret_program->insns. The result is not proved: the caller lifts it back
 * (prove_equal), as filter does for everybody.
 *
 * E_LIMIT when it would be longer than 4096 instructions, E_NOMEM.
 */
int codegen_program(struct diagram *diagram, uint32_t root, const struct codegen_options *options,
		    struct bpf_program *ret_program, struct callgate_error *err);

#endif
