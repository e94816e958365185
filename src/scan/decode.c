/*
 * The instructions that compilers write, decoded by hand. Encodings are regular where they are frequent: a prefix or
 * two, an opcode whose low bits say width and direction, ModRM. Whatever is not plainly of such a form is left to
 * Zydis (decode_any.c), so a rare instruction costs time and never correctness.
 *
 * An instruction is at most 15 bytes: code near its segment's end is copied into a buffer of 16, so that no read here
 * has to look whether it is the last.
 */
#include "scan/insn.h"

#include <string.h>

enum { INSN_LENGTH_MAX = 15, CODE_PADDED = 16 };

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

static uint16_t bit(uint8_t number)
{
	return number < REGISTERS ? (uint16_t)(1u << number) : 0;
}

static int64_t code_take(struct code *code, unsigned size)
{
	int64_t value = 0;

	switch (size) {
	case 1:
		value = (int8_t)*code->at;
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

static uint8_t code_width(const struct code *code, bool is_byte)
{
	if (is_byte)
		return 1;
	return code->rex & REX_W ? 8 : code->operand16 ? 2 : 4;
}

/* Immediates are at most 32 bits, sign-extended. */
static unsigned code_imm_size(uint8_t width)
{
	return width == 8 ? 4 : width;
}

static void code_index(struct code *code, uint8_t mod)
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

static void code_modrm(struct code *code)
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

/* ah, ch, dh and bh are parts of the first four registers that no value here can stand for. */
static bool is_high_byte(const struct code *code, uint8_t width, uint8_t number)
{
	return width == 1 && !code->rex && number >= 4 && number < 8;
}

/* Where a high byte takes part only its register is told. */
static bool code_high_bytes(struct code *code, uint8_t width, bool writes_reg, bool writes_rm)
{
	struct insn *insn = code->insn;
	bool high_reg = is_high_byte(code, width, code->reg);
	bool high_rm = code->rm != REGISTER_NONE && is_high_byte(code, width, code->rm);
	uint8_t reg = high_reg ? code->reg & 3 : code->reg, rm = high_rm ? code->rm & 3 : code->rm;

	if (!high_reg && !high_rm)
		return false;
	insn->op = INSN_OTHER;
	insn->width = width;
	insn->reads |= bit(reg) | bit(rm);
	if (writes_reg)
		insn->writes |= bit(reg);
	if (writes_rm)
		insn->writes |= bit(rm);
	insn->reads_memory = insn->has_memory;
	insn->writes_memory = insn->has_memory && writes_rm;
	return true;
}

static void set_operand(struct code *code, uint8_t number)
{
	struct insn *insn = code->insn;

	if (number == REGISTER_NONE) {
		insn->operand = OPERAND_MEMORY;
		insn->reads_memory = true;
	} else {
		insn->operand = OPERAND_REGISTER;
		insn->source = number;
		insn->reads |= bit(number);
	}
}

/* destination op= what set_operand or an immediate says; a destination of memory makes it INSN_OTHER. */
static void set_arithmetic(struct code *code, uint8_t op, uint8_t width, uint8_t destination)
{
	struct insn *insn = code->insn;

	insn->op = op;
	insn->width = width;
	insn->destination = destination;
	insn->reads |= bit(destination);
	if (op != INSN_COMPARE && op != INSN_TEST) {
		insn->writes |= bit(destination);
		if (destination == REGISTER_NONE) {
			insn->op = INSN_OTHER;
			insn->writes_memory = true;
		}
	}
	if (destination == REGISTER_NONE)
		insn->reads_memory = true;
}

static const uint8_t arithmetic[8] = { INSN_ADD, INSN_OR,  INSN_OTHER, INSN_SBB,
				       INSN_AND, INSN_SUB, INSN_XOR,   INSN_COMPARE };

/* 00 to 3f: eight operations in six forms each. */
static bool code_arithmetic(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t op = arithmetic[opcode >> 3 & 7], form = opcode & 7, width = code_width(code, !(form & 1));
	bool writes = op != INSN_COMPARE;

	if (form >= 6)
		return false;
	if (form >= 4) {
		insn->imm = code_take(code, code_imm_size(width));
		insn->operand = OPERAND_IMMEDIATE;
		set_arithmetic(code, op, width, RAX);
		return true;
	}
	code_modrm(code);
	if (code_high_bytes(code, width, writes && form >= 2, writes && form < 2))
		return true;
	if (form < 2) {
		set_operand(code, code->reg);
		set_arithmetic(code, op, width, code->rm);
	} else {
		set_operand(code, code->rm);
		set_arithmetic(code, op, width, code->reg);
	}
	return true;
}

/* 80, 81, 83: the same eight with an immediate. */
static bool code_arithmetic_imm(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, opcode == 0x80), op;

	code_modrm(code);
	op = arithmetic[code->reg & 7];
	insn->imm = code_take(code, opcode == 0x81 ? code_imm_size(width) : 1);
	code->reg = RAX;
	if (code_high_bytes(code, width, false, op != INSN_COMPARE)) {
		insn->reads &= (uint16_t) ~(code->rm != REGISTER_NONE && (code->rm & 3) == RAX ? 0 : bit(RAX));
		return true;
	}
	insn->operand = OPERAND_IMMEDIATE;
	set_arithmetic(code, op, width, code->rm);
	return true;
}

/* c0, c1, d0 to d3: shifts and rotations. */
static bool code_shift(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, !(opcode & 1)), kind;

	code_modrm(code);
	kind = code->reg & 7;
	code->reg = RAX;
	if (opcode < 0xd0)
		insn->imm = code_take(code, 1) & (width == 8 ? 63 : 31);
	else
		insn->imm = 1;
	if (width == 1 && !code->rex && code->rm != REGISTER_NONE && code->rm >= 4)
		return false;
	insn->operand = OPERAND_IMMEDIATE;
	if (opcode >= 0xd2)
		insn->reads |= bit(RCX);
	set_arithmetic(code, kind == 4 ? INSN_SHL : kind == 5 ? INSN_SHR : INSN_OTHER, width, code->rm);
	if (opcode >= 0xd2)
		insn->op = INSN_OTHER;
	return true;
}

static bool code_move(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, !(opcode & 1));
	bool loads = opcode >= 0x8a;

	code_modrm(code);
	if (code_high_bytes(code, width, loads, !loads)) {
		insn->reads_memory = insn->has_memory && loads;
		return true;
	}
	insn->width = width;
	if (!loads && code->rm == REGISTER_NONE) {
		insn->op = INSN_STORE;
		insn->operand = OPERAND_REGISTER;
		insn->source = code->reg;
		insn->reads |= bit(code->reg);
		insn->writes_memory = true;
		return true;
	}
	insn->op = INSN_MOVE;
	insn->destination = loads ? code->reg : code->rm;
	insn->writes |= bit(insn->destination);
	if (width < 4)
		insn->reads |= bit(insn->destination);
	set_operand(code, loads ? code->rm : code->reg);
	return true;
}

static bool code_move_imm(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	insn->operand = OPERAND_IMMEDIATE;
	insn->op = INSN_MOVE;
	if (opcode < 0xc0) {
		insn->width = code_width(code, opcode < 0xb8);
		insn->destination = (uint8_t)((opcode & 7) | (code->rex & REX_B ? 8 : 0));
		if (is_high_byte(code, insn->width, insn->destination)) {
			insn->destination &= 3;
			insn->op = INSN_OTHER;
		}
		insn->imm = code_take(code, insn->width);
	} else {
		insn->width = code_width(code, opcode == 0xc6);
		code_modrm(code);
		if ((code->reg & 7) != 0)
			return false;
		insn->imm = code_take(code, code_imm_size(insn->width));
		insn->destination = code->rm;
		if (code->rm == REGISTER_NONE) {
			insn->op = INSN_STORE;
			insn->writes_memory = true;
		} else if (is_high_byte(code, insn->width, code->rm)) {
			return false;
		}
	}
	insn->writes |= bit(insn->destination);
	if (insn->width < 4)
		insn->reads |= bit(insn->destination);
	if (insn->width == 4 && insn->destination != REGISTER_NONE)
		insn->imm = (int64_t)(uint32_t)insn->imm;
	return true;
}

static bool code_extend(struct code *code, uint8_t op, uint8_t source_width)
{
	struct insn *insn = code->insn;

	insn->width = code_width(code, false);
	code_modrm(code);
	if (source_width == 1 && code->rm != REGISTER_NONE && is_high_byte(code, 1, code->rm)) {
		insn->op = INSN_OTHER;
		insn->reads |= bit(code->rm & 3);
	} else {
		insn->op = op;
		set_operand(code, code->rm);
	}
	insn->source_width = source_width;
	insn->destination = code->reg;
	insn->writes |= bit(code->reg);
	if (insn->width < 4)
		insn->reads |= bit(code->reg);
	return true;
}

static bool code_test(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, !(opcode & 1));

	if (opcode >= 0xa8) {
		insn->imm = code_take(code, code_imm_size(width));
		insn->operand = OPERAND_IMMEDIATE;
		set_arithmetic(code, INSN_TEST, width, RAX);
		return true;
	}
	code_modrm(code);
	if (code_high_bytes(code, width, false, false))
		return true;
	set_operand(code, code->reg);
	set_arithmetic(code, INSN_TEST, width, code->rm);
	return true;
}

/* f6, f7: test, not, neg, and what multiplies and divides in rdx:rax. */
static bool code_unary(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, opcode == 0xf6), kind;

	code_modrm(code);
	kind = code->reg & 7;
	if (width == 1 && code->rm != REGISTER_NONE && code->rm >= 4 && !code->rex)
		return false;
	if (kind < 2) {
		insn->imm = code_take(code, code_imm_size(width));
		insn->operand = OPERAND_IMMEDIATE;
		set_arithmetic(code, INSN_TEST, width, code->rm);
	} else if (kind < 4) {
		set_arithmetic(code, kind == 2 ? INSN_NOT : INSN_NEG, width, code->rm);
	} else if (width == 1) {
		return false;
	} else {
		insn->op = INSN_OTHER;
		insn->width = width;
		insn->reads |= bit(code->rm) | bit(RAX) | (kind >= 6 ? bit(RDX) : 0);
		insn->writes |= bit(RAX) | bit(RDX);
		insn->reads_memory = insn->has_memory;
	}
	return true;
}

static bool code_push_pop(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t number = (uint8_t)((opcode & 7) | (code->rex & REX_B ? 8 : 0));

	if (code->operand16)
		return false;
	insn->width = 8;
	insn->reads |= bit(RSP);
	insn->writes |= bit(RSP);
	if (opcode < 0x58) {
		insn->op = INSN_PUSH;
		set_operand(code, number);
	} else {
		insn->op = INSN_POP;
		insn->destination = number;
		insn->writes |= bit(number);
	}
	return true;
}

static bool code_push_imm(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	if (code->operand16)
		return false;
	insn->op = INSN_PUSH;
	insn->width = 8;
	insn->operand = OPERAND_IMMEDIATE;
	insn->imm = code_take(code, opcode == 0x68 ? 4 : 1);
	insn->reads |= bit(RSP);
	insn->writes |= bit(RSP);
	return true;
}

static bool code_target(struct code *code, uint8_t op, unsigned size)
{
	struct insn *insn = code->insn;

	if (code->operand16)
		return false;
	insn->op = op;
	insn->imm = code_take(code, size);
	insn->imm += (int64_t)insn->address + (code->at - code->start);
	return true;
}

/* fe, ff: inc, dec, and calls and jumps through a register or memory. */
static bool code_group5(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t kind;

	code_modrm(code);
	kind = code->reg & 7;
	insn->width = 8;
	if (kind < 2) {
		uint8_t width = code_width(code, opcode == 0xfe);

		if (is_high_byte(code, width, code->rm) && code->rm != REGISTER_NONE)
			return false;
		insn->operand = OPERAND_IMMEDIATE;
		insn->imm = 1;
		set_arithmetic(code, kind == 0 ? INSN_ADD : INSN_SUB, width, code->rm);
		return true;
	}
	if (opcode == 0xfe || (code->operand16 && kind != 2 && kind != 4))
		return false;
	if (kind == 2 || kind == 4) {
		insn->op = kind == 2 ? INSN_CALL_INDIRECT : INSN_JUMP_INDIRECT;
	} else if (kind == 6) {
		insn->op = INSN_PUSH;
		insn->reads |= bit(RSP);
		insn->writes |= bit(RSP);
	} else {
		return false;
	}
	set_operand(code, code->rm);
	return true;
}

static bool code_lea(struct code *code)
{
	struct insn *insn = code->insn;

	insn->width = code_width(code, false);
	code_modrm(code);
	if (code->rm != REGISTER_NONE)
		return false;
	insn->op = INSN_LEA;
	insn->destination = code->reg;
	insn->writes |= bit(code->reg);
	return true;
}

static bool code_imul(struct code *code, unsigned imm_size)
{
	struct insn *insn = code->insn;

	insn->op = INSN_OTHER;
	insn->width = code_width(code, false);
	code_modrm(code);
	if (imm_size)
		insn->imm = code_take(code, imm_size == 1 ? 1 : code_imm_size(insn->width));
	else
		insn->reads |= bit(code->reg);
	if (insn->width < 4)
		insn->reads |= bit(code->reg);
	insn->reads |= bit(code->rm);
	insn->writes |= bit(code->reg);
	insn->reads_memory = insn->has_memory;
	return true;
}

/* 40 to 4f: cmov; 90 to 9f: set. */
static bool code_conditional(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	insn->condition = opcode & 15;
	code_modrm(code);
	if (opcode >= 0x90) {
		insn->width = 1;
		if (code->rm != REGISTER_NONE && is_high_byte(code, 1, code->rm))
			return false;
		insn->op = code->rm == REGISTER_NONE ? INSN_OTHER : INSN_SET;
		insn->destination = code->rm;
		insn->reads |= bit(code->rm);
		insn->writes |= bit(code->rm);
		insn->writes_memory = code->rm == REGISTER_NONE;
		return true;
	}
	insn->op = INSN_CMOV;
	insn->width = code_width(code, false);
	insn->destination = code->reg;
	insn->reads |= bit(code->reg);
	insn->writes |= bit(code->reg);
	set_operand(code, code->rm);
	return true;
}

/* Vector moves and arithmetic: registers of their own, and memory. */
static bool code_vector(struct code *code, bool stores)
{
	struct insn *insn = code->insn;

	insn->op = INSN_OTHER;
	insn->width = 0;
	code_modrm(code);
	insn->reads_memory = insn->has_memory && !stores;
	insn->writes_memory = insn->has_memory && stores;
	return true;
}

/* 6e, 7e: between a vector and a general register. f3 7e is a move of vectors. */
static bool code_vector_exchange(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	if (code->repeat)
		return false;
	code_vector(code, opcode == 0x7e);
	insn->width = code->rex & REX_W ? 8 : 4;
	if (opcode == 0x6e)
		insn->reads |= bit(code->rm);
	else
		insn->writes |= bit(code->rm);
	return true;
}

/* Behind 0f. */
static bool code_two_bytes(struct code *code)
{
	uint8_t opcode = *code->at++;
	struct insn *insn = code->insn;

	if ((opcode & 0xf0) == 0x80)
		insn->condition = opcode & 15;
	if ((opcode & 0xf0) == 0x80)
		return code_target(code, INSN_BRANCH, 4);
	if ((opcode & 0xf0) == 0x40 || (opcode & 0xf0) == 0x90)
		return code_conditional(code, opcode);
	switch (opcode) {
	case 0x05:
		insn->op = INSN_SYSCALL;
		return true;
	case 0x0b:
		insn->op = INSN_TRAP;
		return true;
	case 0x1e:
	case 0x1f:
		insn->op = INSN_NOP;
		code_modrm(code);
		if (opcode == 0x1e && !code->insn->has_memory && code->repeat && code->reg == 1)
			return false; /* rdssp writes a register */
		insn->reads = 0;
		insn->has_memory = false;
		return true;
	case 0x10:
	case 0x28:
	case 0x57:
	case 0x6f:
	case 0xef:
		return code_vector(code, false);
	case 0x11:
	case 0x29:
	case 0x7f:
	case 0xd6:
		if (opcode == 0xd6 && !code->operand16)
			return false;
		return code_vector(code, true);
	case 0x6e:
	case 0x7e:
		return code_vector_exchange(code, opcode);
	case 0xaf:
		return code_imul(code, 0);
	case 0xb6:
	case 0xb7:
		return code_extend(code, INSN_MOVE_UNSIGNED, opcode == 0xb6 ? 1 : 2);
	case 0xbe:
	case 0xbf:
		return code_extend(code, INSN_MOVE_SIGNED, opcode == 0xbe ? 1 : 2);
	default:
		return false;
	}
}

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
	case 0x80:
	case 0x81:
	case 0x83:
		return code_arithmetic_imm(code, opcode);
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return code_test(code, opcode);
	case 0x8d:
		return code_lea(code);
	case 0x90:
		insn->op = INSN_NOP;
		return !(code->rex & REX_B);
	case 0x98:
		insn->op = INSN_MOVE_SIGNED;
		insn->width = code_width(code, false);
		insn->source_width = insn->width / 2;
		insn->destination = RAX;
		insn->writes |= bit(RAX);
		set_operand(code, RAX);
		return insn->width >= 4;
	case 0x99:
		insn->reads |= bit(RAX) | (code->operand16 ? bit(RDX) : 0);
		insn->writes |= bit(RDX);
		return true;
	case 0xc3:
		insn->op = INSN_RETURN;
		insn->reads |= bit(RSP);
		insn->writes |= bit(RSP);
		return true;
	case 0xc9:
		insn->op = INSN_LEAVE;
		insn->width = 8;
		insn->reads |= bit(RBP) | bit(RSP);
		insn->writes |= bit(RSP) | bit(RBP);
		return !code->operand16;
	case 0xcc:
	case 0xf4:
		insn->op = INSN_TRAP;
		return true;
	case 0xe8:
		return code_target(code, INSN_CALL, 4);
	case 0xe9:
		return code_target(code, INSN_JUMP, 4);
	case 0xeb:
		return code_target(code, INSN_JUMP, 1);
	case 0xf6:
	case 0xf7:
		return code_unary(code, opcode);
	case 0xfe:
	case 0xff:
		return code_group5(code, opcode);
	default:
		return false;
	}
}

static bool code_one_byte(struct code *code, uint8_t opcode)
{
	if (opcode < 0x40)
		return code_arithmetic(code, opcode);
	if ((opcode & 0xf0) == 0x50)
		return code_push_pop(code, opcode);
	if ((opcode & 0xf0) == 0x70) {
		code->insn->condition = opcode & 15;
		return code_target(code, INSN_BRANCH, 1);
	}
	if (opcode >= 0x88 && opcode <= 0x8b)
		return code_move(code, opcode);
	if ((opcode & 0xf0) == 0xb0 || opcode == 0xc6 || opcode == 0xc7)
		return code_move_imm(code, opcode);
	if (opcode == 0xc0 || opcode == 0xc1 || (opcode >= 0xd0 && opcode <= 0xd3))
		return code_shift(code, opcode);
	return code_rest(code, opcode);
}

/* Reads prefixes; false for those that change what is below (an address size, a second REX). */
static bool code_prefixes(struct code *code)
{
	for (;; code->at++) {
		switch (*code->at) {
		case 0x66:
			code->operand16 = true;
			break;
		case 0xf2:
		case 0xf3:
			code->repeat = true;
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

bool insn_decode_common(const uint8_t *code_bytes, size_t room, uint64_t address, struct insn *ret_insn)
{
	uint8_t padded[CODE_PADDED * 2] = { 0 };
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

void insn_decode(const uint8_t *code, size_t room, uint64_t address, struct insn *ret_insn)
{
	if (!insn_decode_common(code, room, address, ret_insn))
		insn_decode_any(code, room, address, ret_insn);
}
