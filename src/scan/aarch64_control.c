/*
 * Branches, exceptions and system instructions. A pointer that is signed or checked (PAC) is the same pointer; what
 * marks a place that may be branched to (BTI) does nothing.
 */
#include "scan/aarch64.h"

static const uint8_t conditions[16] = {
	CONDITION_EQUAL,   CONDITION_NOT_EQUAL,	  CONDITION_NOT_BELOW, CONDITION_BELOW,
	CONDITION_SIGN,	   CONDITION_NOT_SIGN,	  CONDITION_OTHER,     CONDITION_OTHER,
	CONDITION_ABOVE,   CONDITION_NOT_ABOVE,	  CONDITION_NOT_LESS,  CONDITION_LESS,
	CONDITION_GREATER, CONDITION_NOT_GREATER, CONDITION_OTHER,     CONDITION_OTHER,
};

enum { ALWAYS_FIRST = 14 };

static void control_target(struct insn *insn, uint8_t op, int64_t distance)
{
	insn->op = op;
	insn->imm = (int64_t)insn->address + distance * 4;
}

/* cbz, cbnz, tbz, tbnz: some bits of a register are all zero, or not. Zero's always are. */
static void control_test(uint32_t word, struct insn *insn, uint64_t mask, int64_t distance)
{
	uint8_t number = register_or_zero(bits(word, 4, 0));
	bool on_zero = !bits(word, 24, 24);

	if (number == REGISTER_NONE && !on_zero) {
		insn->op = INSN_NOP;
		return;
	}
	control_target(insn, number == REGISTER_NONE ? INSN_JUMP : INSN_BRANCH, distance);
	if (number == REGISTER_NONE)
		return;
	insn->operand = OPERAND_REGISTER;
	insn->source = number;
	insn->reads = register_mask(number);
	insn->displacement = (int64_t)mask;
	insn->condition = on_zero ? CONDITION_EQUAL : CONDITION_NOT_EQUAL;
}

static void control_exception(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 23, 21) << 2 | bits(word, 1, 0);

	insn->op = INSN_TRAP;
	if (kind == 1)
		insn->op = INSN_SYSCALL; /* svc, whatever its immediate */
	else if (kind == 2 || kind == 3)
		aarch64_other(insn, 0, 1); /* of a hypervisor, which answers in x0 */
}

static void control_system(uint32_t word, struct insn *insn)
{
	uint32_t group = bits(word, 20, 19), kind = bits(word, 15, 12);

	if (bits(word, 21, 21)) {
		aarch64_other(insn, 0, field_mask(word, 0));
		return;
	}
	/* Hints and barriers do nothing; what else is there may change the flags. */
	insn->op = group == 0 && kind != 4 ? INSN_NOP : INSN_OTHER;
	if (group == 0)
		return;
	insn->reads = field_mask(word, 0);
	if (group == 1 && kind == 7 && insn->reads) { /* caches; one of these writes zeros (dc zva) */
		insn->base = (uint8_t)bits(word, 4, 0);
		insn->scale = 1;
		insn->has_memory = insn->writes_memory = true;
	}
}

static void control_register(uint32_t word, struct insn *insn)
{
	uint8_t number = register_or_zero(bits(word, 9, 5));
	uint32_t kind = bits(word, 24, 21) & 7;

	if (bits(word, 20, 16) != 31)
		return;
	if (kind == 2 && !bits(word, 11, 11) && number != X30)
		kind = 0; /* a return to elsewhere is a jump */
	if (kind == 2 || kind == 4 || kind == 5) {
		insn->op = kind == 2 ? INSN_RETURN : INSN_TRAP; /* eret and drps are no program's */
		insn->reads = kind == 2 ? field_mask(word, 5) : 0;
		if (bits(word, 11, 11) && kind == 2)
			insn->reads = register_mask(X30) | register_mask(SP);
		return;
	}
	if (kind > 1)
		return;
	insn->op = kind == 1 ? INSN_CALL_INDIRECT : INSN_JUMP_INDIRECT;
	insn->width = 8;
	insn->operand = OPERAND_REGISTER;
	insn->source = number;
	insn->reads = field_mask(word, 5);
	if (bits(word, 24, 24))
		insn->reads |= register_mask((uint8_t)bits(word, 4, 0)); /* what its signature was made with */
}

void aarch64_control(uint32_t word, struct insn *insn)
{
	uint32_t top = bits(word, 31, 24);

	if (bits(word, 30, 26) == 5) {
		control_target(insn, word >> 31 ? INSN_CALL : INSN_JUMP, bits_signed(word, 25, 0));
	} else if (bits(word, 30, 25) == 0x1a) {
		insn->width = word >> 31 ? 8 : 4;
		control_test(word, insn, UINT64_MAX, bits_signed(word, 23, 5));
	} else if (bits(word, 30, 25) == 0x1b) {
		insn->width = 8;
		control_test(word, insn, UINT64_C(1) << (bits(word, 31, 31) << 5 | bits(word, 23, 19)),
			     bits_signed(word, 18, 5));
	} else if (top == 0x54) {
		insn->condition = conditions[bits(word, 3, 0)];
		control_target(insn, bits(word, 3, 0) >= ALWAYS_FIRST ? INSN_JUMP : INSN_BRANCH,
			       bits_signed(word, 23, 5));
	} else if (top == 0xd4) {
		control_exception(word, insn);
	} else if (top == 0xd5) {
		control_system(word, insn);
	} else if (bits(word, 31, 25) == 0x6b) {
		control_register(word, insn);
	}
}
