/*
 * Width and direction stand in an opcode's low bits, registers and memory in ModRM, an immediate behind both. ah, ch,
 * dh and bh, which are parts of registers that no value can stand for, make an instruction INSN_OTHER.
 */
#include "scan/forms.h"

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
bool code_arithmetic(struct code *code, uint8_t opcode)
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
	if (width == 1 && code_high_bytes(code, width, writes && form >= 2, writes && form < 2))
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
bool code_arithmetic_imm(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, opcode == 0x80), op;

	code_modrm(code);
	op = arithmetic[code->reg & 7];
	insn->imm = code_take(code, opcode == 0x81 ? code_imm_size(width) : 1);
	code->reg = RAX;
	if (width == 1 && code_high_bytes(code, width, false, op != INSN_COMPARE)) {
		insn->reads &= ~(code->rm != REGISTER_NONE && (code->rm & 3) == RAX ? 0 : bit(RAX));
		return true;
	}
	insn->operand = OPERAND_IMMEDIATE;
	set_arithmetic(code, op, width, code->rm);
	return true;
}

/* c0, c1, d0 to d3: shifts and rotations. */
bool code_shift(struct code *code, uint8_t opcode)
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

bool code_move(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	uint8_t width = code_width(code, !(opcode & 1));
	bool loads = opcode >= 0x8a;

	code_modrm(code);
	if (width == 1 && code_high_bytes(code, width, loads, !loads)) {
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

bool code_move_imm(struct code *code, uint8_t opcode)
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

bool code_extend(struct code *code, uint8_t op, uint8_t source_width)
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

bool code_test(struct code *code, uint8_t opcode)
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
	if (width == 1 && code_high_bytes(code, width, false, false))
		return true;
	set_operand(code, code->reg);
	set_arithmetic(code, INSN_TEST, width, code->rm);
	return true;
}

/* f6, f7: test, not, neg, and what multiplies and divides in rdx:rax. */
bool code_unary(struct code *code, uint8_t opcode)
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

bool code_push_pop(struct code *code, uint8_t opcode)
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

bool code_push_imm(struct code *code, uint8_t opcode)
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

bool code_target(struct code *code, uint8_t op, unsigned size)
{
	struct insn *insn = code->insn;

	if (code->operand16 && !(code->rex & REX_W))
		return false;
	insn->op = op;
	insn->imm = code_take(code, size);
	insn->imm += (int64_t)insn->address + (code->at - code->start);
	return true;
}

/* fe, ff: inc, dec, and calls and jumps through a register or memory. */
bool code_group5(struct code *code, uint8_t opcode)
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

bool code_lea(struct code *code)
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

bool code_imul(struct code *code, unsigned imm_size)
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
bool code_conditional(struct code *code, uint8_t opcode)
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
bool code_vector(struct code *code, bool stores)
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
bool code_vector_exchange(struct code *code, uint8_t opcode)
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

/* 98, 99: rax from its own half, rdx from its sign. */
bool code_widen(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	if (opcode == 0x99) {
		insn->reads |= bit(RAX) | (code->operand16 ? bit(RDX) : 0);
		insn->writes |= bit(RDX);
		return true;
	}
	insn->op = INSN_MOVE_SIGNED;
	insn->width = code_width(code, false);
	insn->source_width = insn->width / 2;
	insn->destination = RAX;
	insn->writes |= bit(RAX);
	set_operand(code, RAX);
	return insn->width >= 4;
}

/* b8, bc, bd: popcnt, tzcnt, lzcnt. Without f3 the last two leave a register as it was where there is no bit. */
bool code_count(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;

	if (code->operand16 || (!code->repeat && opcode == 0xb8) || code->repeat == 0xf2)
		return false;
	insn->op = INSN_OTHER;
	insn->width = code_width(code, false);
	code_modrm(code);
	insn->reads |= bit(code->rm) | (code->repeat ? 0 : bit(code->reg));
	insn->writes |= bit(code->reg);
	insn->reads_memory = insn->has_memory;
	return true;
}

/* a3, ba: a bit of a register (of memory a register names one that may be far away) is looked at; ba may change it. */
bool code_bit(struct code *code, uint8_t opcode)
{
	struct insn *insn = code->insn;
	bool writes;

	if (code->operand16 || code->locked)
		return false;
	insn->op = INSN_OTHER;
	insn->width = code_width(code, false);
	code_modrm(code);
	writes = opcode == 0xba && (code->reg & 7) > 4;
	if (opcode == 0xa3 ? insn->has_memory : (code->reg & 7) < 4)
		return false;
	if (opcode == 0xba)
		code->at++;
	else
		insn->reads |= bit(code->reg);
	insn->reads |= bit(code->rm);
	insn->writes |= writes ? bit(code->rm) : 0;
	insn->reads_memory = insn->has_memory;
	insn->writes_memory = insn->has_memory && writes;
	return true;
}

/* a4, ac: shld, shrd by an immediate. */
bool code_double_shift(struct code *code)
{
	struct insn *insn = code->insn;

	if (code->operand16)
		return false;
	insn->op = INSN_OTHER;
	insn->width = code_width(code, false);
	code_modrm(code);
	code->at++;
	insn->reads |= bit(code->rm) | bit(code->reg);
	insn->writes |= bit(code->rm);
	insn->reads_memory = insn->writes_memory = insn->has_memory;
	return true;
}

/* c8 to cf. */
bool code_bswap(struct code *code, uint8_t opcode)
{
	uint8_t number = (uint8_t)((opcode & 7) | (code->rex & REX_B ? 8 : 0));

	code->insn->op = INSN_OTHER;
	code->insn->reads |= bit(number);
	code->insn->writes |= bit(number);
	return !code->operand16;
}
