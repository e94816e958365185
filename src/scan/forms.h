/*
 * scan/forms.h - the forms that frequent instructions have, a function each
 *
 * Each reads what stands behind the opcode and fills the instruction. False: of this one Zydis knows more.
 */
#ifndef CALLGATE_SCAN_FORMS_H
#define CALLGATE_SCAN_FORMS_H

#include "scan/insn.h"

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

/* An instruction that is being read. */
struct code {
	const uint8_t *start, *at;
	struct insn *insn;
	uint8_t rex;	   /* 0x40 to 0x4f, 0 for none */
	bool operand16;	   /* prefix 66 */
	bool repeat;	   /* F3 or F2 */
	bool locked;	   /* F0 */
	uint8_t reg;	   /* ModRM.reg, with REX.R */
	uint8_t rm;	   /* the register of ModRM.rm, REGISTER_NONE where that is memory */
	bool rip_relative; /* displacement counts from the next instruction */
};

static inline uint32_t bit(uint8_t number)
{
	return number < REGISTERS ? 1u << number : 0;
}

/* Registers and memory of a ModRM byte. */
void code_modrm(struct code *code);

bool code_arithmetic(struct code *code, uint8_t opcode);
bool code_arithmetic_imm(struct code *code, uint8_t opcode);
bool code_shift(struct code *code, uint8_t opcode);
bool code_move(struct code *code, uint8_t opcode);
bool code_move_imm(struct code *code, uint8_t opcode);
bool code_extend(struct code *code, uint8_t op, uint8_t source_width);
bool code_test(struct code *code, uint8_t opcode);
bool code_unary(struct code *code, uint8_t opcode);
bool code_push_pop(struct code *code, uint8_t opcode);
bool code_push_imm(struct code *code, uint8_t opcode);
bool code_target(struct code *code, uint8_t op, unsigned size);
bool code_group5(struct code *code, uint8_t opcode);
bool code_lea(struct code *code);
bool code_widen(struct code *code, uint8_t opcode);
bool code_imul(struct code *code, unsigned imm_size);
bool code_conditional(struct code *code, uint8_t opcode);
bool code_vector(struct code *code, bool stores);
bool code_vector_exchange(struct code *code, uint8_t opcode);

#endif
