/*
 * scan/forms.h - the forms that frequent instructions have, a function each
 *
 * Each reads what stands behind the opcode and fills the instruction. False: of this one Zydis knows more.
 */
#ifndef CALLGATE_SCAN_FORMS_H
#define CALLGATE_SCAN_FORMS_H

#include "scan/insn.h"

#include <string.h>

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

/* An instruction that is being read. */
struct code {
	const uint8_t *start, *at;
	struct insn *insn;
	uint8_t rex;	   /* 0x40 to 0x4f, 0 for none */
	bool operand16;	   /* prefix 66 */
	uint8_t repeat;	   /* F3 or F2, 0 for neither */
	bool locked;	   /* F0 */
	uint8_t reg;	   /* ModRM.reg, with REX.R */
	uint8_t rm;	   /* the register of ModRM.rm, REGISTER_NONE where that is memory */
	bool rip_relative; /* displacement counts from the next instruction */
};

static inline uint32_t bit(uint8_t number)
{
	return number < REGISTERS ? 1u << number : 0;
}

/* The next size bytes as a number, sign-extended. */
static inline int64_t code_take(struct code *code, unsigned size)
{
	int64_t value = 0;

	switch (size) {
	case 1:
		/* NOLINTNEXTLINE(bugprone-signed-char-misuse,cert-str34-c): the sign is meant */
		value = *(const int8_t *)code->at;
		break;
	case 2: {
		int16_t word;

		memcpy(&word, code->at, 2);
		value = word;
		break;
	}
	case 4: {
		int32_t word;

		memcpy(&word, code->at, 4);
		value = word;
		break;
	}
	case 8:
		memcpy(&value, code->at, 8);
		break;
	default:
		break;
	}
	code->at += size;
	return value;
}

static inline void code_index(struct code *code, uint8_t mod)
{
	struct insn *insn = code->insn;
	uint8_t sib = *code->at++;

	insn->index = (uint8_t)((sib >> 3 & 7) | (code->rex & REX_X ? 8 : 0));
	if (insn->index == RSP)
		insn->index = REGISTER_NONE;
	insn->scale = (uint8_t)(1 << (sib >> 6));
	insn->base = (uint8_t)((sib & 7) | (code->rex & REX_B ? 8 : 0));
	if ((sib & 7) == 5 && mod == 0) {
		insn->base = REGISTER_NONE;
		insn->displacement = code_take(code, 4);
		insn->is_absolute = insn->index == REGISTER_NONE;
	}
}

/* Registers and memory of a ModRM byte. */
static inline void code_modrm(struct code *code)
{
	struct insn *insn = code->insn;
	uint8_t byte = *code->at++, mod = byte >> 6;

	code->reg = (uint8_t)((byte >> 3 & 7) | (code->rex & REX_R ? 8 : 0));
	if (mod == 3) {
		code->rm = (uint8_t)((byte & 7) | (code->rex & REX_B ? 8 : 0));
		return;
	}
	code->rm = REGISTER_NONE;
	insn->has_memory = true;
	insn->scale = 1;
	if ((byte & 7) == 4) {
		code_index(code, mod);
	} else if (mod == 0 && (byte & 7) == 5) {
		insn->displacement = code_take(code, 4);
		insn->is_absolute = code->rip_relative = true;
	} else {
		insn->base = (uint8_t)((byte & 7) | (code->rex & REX_B ? 8 : 0));
	}
	if (mod == 1)
		insn->displacement = code_take(code, 1);
	else if (mod == 2)
		insn->displacement = code_take(code, 4);
	insn->reads |= bit(insn->base) | bit(insn->index);
}

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
bool code_count(struct code *code, uint8_t opcode);
bool code_bit(struct code *code, uint8_t opcode);
bool code_double_shift(struct code *code);
bool code_bswap(struct code *code, uint8_t opcode);

/* In vectors.c: the rest of vector instructions, those with a VEX prefix, and of x87. */
bool code_sse(struct code *code, uint8_t opcode);
bool code_vex(struct code *code, uint8_t opcode);
bool code_x87(struct code *code, uint8_t opcode);

#endif
