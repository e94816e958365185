/*
 * The instructions that compilers write, decoded by hand. Encodings are regular where they are frequent: a prefix or
 * two, an opcode whose low bits say width and direction, ModRM. Whatever is not plainly of such a form is left to
 * Zydis (decode_any.c), so a rare instruction costs time and never correctness.
 *
 * An instruction is at most 15 bytes: code near its segment's end is copied into a buffer, so that no read here
 * has to look whether it is the last.
 */
#include "scan/forms.h"

#include <string.h>

enum { INSN_LENGTH_MAX = 15, CODE_PADDED = 32 };

static bool code_multibyte_nop(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	insn->op = INSN_NOP;
	code_modrm(code);
	if (opcode == 0x1e && !insn->has_memory && code->repeat && code->reg == 1)
		return false; /* rdssp writes a register */
	insn->reads = 0;
	insn->has_memory = false;
	return true;
}

/* Behind 0f. */
static bool code_two_bytes(struct code *code)
{
	uint8_t opcode = *code->at++;
	struct insn *insn = code->insn;

	switch (opcode) {
	case 0x05:
		insn->op = INSN_SYSCALL;
		return true;
	case 0x0b:
		insn->op = INSN_TRAP;
		return true;
	case 0x1e:
	case 0x1f:
		return code_multibyte_nop(code, opcode);
	case 0x10:
	case 0x28:
	case 0x57:
	case 0x6f:
	case 0xef:
		return code_vector(code, false);
	case 0x11:
	case 0x29:
	case 0x7f:
		return code_vector(code, true);
	case 0xd6:
		return code->operand16 && code_vector(code, true);
	case 0x6e:
	case 0x7e:
		return code->repeat ? code_sse(code, opcode) : code_vector_exchange(code, opcode);
	case 0xa3:
	case 0xba:
		return code_bit(code, opcode);
	case 0xa4:
	case 0xac:
		return code_double_shift(code);
	case 0xc8 ... 0xcf:
		return code_bswap(code, opcode);
	case 0x40 ... 0x4f:
	case 0x90 ... 0x9f:
		return code_conditional(code, opcode);
	case 0x80 ... 0x8f:
		insn->condition = opcode & 15;
		return code_target(code, INSN_BRANCH, 4);
	case 0xaf:
		return code_imul(code, 0);
	case 0xb6:
	case 0xb7:
		return code_extend(code, INSN_MOVE_UNSIGNED, opcode == 0xb6 ? 1 : 2);
	case 0xb8:
	case 0xbc:
	case 0xbd:
		return code_count(code, opcode);
	case 0xbe:
	case 0xbf:
		return code_extend(code, INSN_MOVE_SIGNED, opcode == 0xbe ? 1 : 2);
	default:
		return code_sse(code, opcode);
	}
}

static bool code_leave(struct code *code)
{
	struct insn *insn = code->insn;

	insn->op = INSN_LEAVE;
	insn->width = 8;
	insn->reads |= bit(RBP) | bit(RSP);
	insn->writes |= bit(RSP) | bit(RBP);
	return !code->operand16;
}

/* Those that are not in rows. */
static bool code_rest(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	switch (opcode) {
	case 0x63:
		return code->rex & REX_W ? code_extend(code, INSN_MOVE_SIGNED, 4) : false;
	case 0x68:
	case 0x6a:
		return code_push_imm(code, opcode);
	case 0x69:
	case 0x6b:
		return code_imul(code, opcode == 0x6b ? 1 : 4);
	case 0x90:
		insn->op = INSN_NOP;
		return !(code->rex & REX_B);
	case 0x98:
	case 0x99:
		return code_widen(code, opcode);
	case 0xc3:
		insn->op = INSN_RETURN;
		insn->reads |= bit(RSP);
		insn->writes |= bit(RSP);
		return true;
	case 0xc4:
	case 0xc5:
		return code_vex(code, opcode);
	case 0xc9:
		return code_leave(code);
	case 0xcc: /* who handles SIGTRAP goes on behind it */
		insn->op = INSN_NOP;
		return true;
	case 0xf4:
		insn->op = INSN_TRAP;
		return true;
	case 0xe8:
		return code_target(code, INSN_CALL, 4);
	case 0xe9:
		return code_target(code, INSN_JUMP, 4);
	case 0xeb:
		return code_target(code, INSN_JUMP, 1);
	default:
		return false;
	}
}

static bool code_one_byte(struct code *code, uint8_t opcode)
{
	switch (opcode) {
	case 0x00 ... 0x3f:
		return code_arithmetic(code, opcode);
	case 0x50 ... 0x5f:
		return code_push_pop(code, opcode);
	case 0x70 ... 0x7f:
		code->insn->condition = opcode & 15;
		return code_target(code, INSN_BRANCH, 1);
	case 0x80:
	case 0x81:
	case 0x83:
		return code_arithmetic_imm(code, opcode);
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return code_test(code, opcode);
	case 0x88 ... 0x8b:
		return code_move(code, opcode);
	case 0x8d:
		return code_lea(code);
	case 0xb0 ... 0xbf:
	case 0xc6:
	case 0xc7:
		return code_move_imm(code, opcode);
	case 0xc0:
	case 0xc1:
	case 0xd0 ... 0xd3:
		return code_shift(code, opcode);
	case 0xd8 ... 0xdf:
		return code_x87(code, opcode);
	case 0xf6:
	case 0xf7:
		return code_unary(code, opcode);
	case 0xfe:
	case 0xff:
		return code_group5(code, opcode);
	default:
		return code_rest(code, opcode);
	}
}

/* Reads prefixes; false for those that change what is below (an address size, a second REX). Most instructions have a
 * REX and no other. */
static bool code_prefixes(struct code *code)
{
	if ((*code->at & 0xf0) == 0x40) {
		code->rex = *code->at++;
		return true;
	}
	for (;; code->at++) {
		switch (*code->at) {
		case 0x66:
			code->operand16 = true;
			break;
		case 0xf2:
		case 0xf3:
			code->repeat = *code->at;
			break;
		case 0xf0:
			code->locked = true;
			break;
		case 0x64:
		case 0x65:
			code->insn->is_segment = true;
			break;
		case 0x2e:
		case 0x3e:
			break;
		case 0x67:
			return false;
		default:
			if ((*code->at & 0xf0) == 0x40)
				code->rex = *code->at++;
			return true;
		}
		if (code->at - code->start > 6)
			return false;
	}
}

static void insn_clear(struct insn *insn, uint64_t address)
{
	*insn = (struct insn){
		.address = address,
		.destination = REGISTER_NONE,
		.source = REGISTER_NONE,
		.base = REGISTER_NONE,
		.index = REGISTER_NONE,
	};
}

static inline bool decode_common(const uint8_t *code_bytes, size_t room, uint64_t address, struct insn *ret_insn)
{
	uint8_t padded[CODE_PADDED] = { 0 };
	struct code code = { .insn = ret_insn, .rm = REGISTER_NONE };
	size_t length;
	bool known;

	if (room < sizeof(padded)) {
		memcpy(padded, code_bytes, room);
		code_bytes = padded;
	}
	insn_clear(ret_insn, address);
	code.start = code.at = code_bytes;
	if (!code_prefixes(&code))
		return false;
	if (*code.at == 0x0f) {
		code.at++;
		known = code_two_bytes(&code);
	} else {
		known = code_one_byte(&code, *code.at++);
	}
	length = (size_t)(code.at - code.start);
	if (!known || length > room || length > INSN_LENGTH_MAX)
		return false;
	ret_insn->length = (uint8_t)length;
	if (code.rip_relative)
		ret_insn->displacement += (int64_t)(address + length);
	return true;
}

bool insn_decode_common(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn)
{
	return decode_common(code, room, address, ret_insn);
}

void insn_decode(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn)
{
	if (!decode_common(code, room, address, ret_insn))
		insn_decode_any(code, room, address, ret_insn);
}
