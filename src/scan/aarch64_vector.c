/*
 * Floating point and vectors have registers of their own. What matters of them is what they exchange with the general
 * ones, and which of them write the flags.
 */
#include "scan/aarch64.h"

/* Conversions, and moves between both kinds of registers. */
static void vector_convert(struct insn *insn, uint32_t word, bool to_general)
{
	if (to_general)
		aarch64_other(insn, 0, field_mask(word, 0));
	else
		aarch64_other(insn, field_mask(word, 5), 0);
}

static void vector_scalar(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 18, 16);

	if (!bits(word, 21, 21)) {
		vector_convert(insn, word, bits(word, 20, 19) == 3);
	} else if (bits(word, 15, 10) == 0) {
		vector_convert(insn, word, !(kind == 2 || kind == 3 || kind == 7));
		if (bits(word, 20, 19) == 3 && kind == 6)
			insn->op = INSN_OTHER; /* fjcvtzs writes the flags */
	} else if (bits(word, 13, 10) == 8 || bits(word, 11, 10) == 1) {
		insn->op = INSN_OTHER; /* comparisons */
	}
}

/* dup, ins, smov, umov */
static void vector_copy(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 14, 11);

	if (kind == 1 || kind == 3)
		vector_convert(insn, word, false);
	else if (kind == 5 || kind == 7)
		vector_convert(insn, word, true);
}

void aarch64_vector(uint32_t word, struct insn *insn)
{
	insn->op = INSN_NOP;
	if (bits(word, 28, 24) == 0x1e && !bits(word, 30, 29))
		vector_scalar(word, insn);
	else if (!(word >> 31) && bits(word, 28, 21) == 0x70 && !bits(word, 29, 29) && !bits(word, 15, 15) &&
		 bits(word, 10, 10))
		vector_copy(word, insn);
}
