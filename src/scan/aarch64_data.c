/*
 * Arithmetic, with an immediate or of registers. Sums of a register and an immediate, or of a register and a shifted
 * one, are addresses like any (INSN_LEA); the rest is of three operands.
 */
#include "scan/aarch64.h"

enum { SHIFTS_OF_ADDRESSES = 4 };

static uint8_t width_of(uint32_t word)
{
	return word >> 31 ? 8 : 4;
}

static void data_address(struct insn *insn, uint8_t destination, uint8_t base, int64_t distance)
{
	insn->op = INSN_LEA;
	insn->destination = destination;
	insn->base = base;
	insn->scale = 1;
	insn->displacement = distance;
	insn->has_memory = true;
	insn->reads = register_mask(base);
	insn->writes = register_mask(destination);
}

static void data_compare(struct insn *insn, uint8_t op, uint8_t left)
{
	insn->op = op;
	insn->destination = left;
	insn->reads |= register_mask(left);
}

/* adr, adrp */
static void data_relative(uint32_t word, struct insn *insn)
{
	int64_t distance = bits_signed(word, 23, 5) * 4 + bits(word, 30, 29);

	insn->width = 8;
	insn->destination = register_or_zero(bits(word, 4, 0));
	insn->writes = field_mask(word, 0);
	if (word >> 31) {
		insn->op = INSN_PAGE;
		insn->displacement = (int64_t)(insn->address & ~UINT64_C(0xfff)) + distance * 4096;
	} else {
		insn->op = INSN_LEA;
		insn->has_memory = insn->is_absolute = true;
		insn->displacement = (int64_t)insn->address + distance;
	}
}

static void data_add_immediate(uint32_t word, struct insn *insn)
{
	int64_t number = (int64_t)bits(word, 21, 10) << (bits(word, 22, 22) ? 12 : 0);
	uint8_t base = (uint8_t)bits(word, 9, 5), destination = (uint8_t)bits(word, 4, 0);
	bool is_minus = bits(word, 30, 30);

	insn->width = width_of(word);
	if (!bits(word, 29, 29)) {
		data_address(insn, destination, base, is_minus ? -number : number);
		return;
	}
	insn->operand = OPERAND_IMMEDIATE;
	if (destination == 31) {
		insn->imm = is_minus ? number : -number;
		data_compare(insn, INSN_COMPARE, base);
		return;
	}
	insn->imm = number;
	aarch64_reckon(insn, is_minus ? INSN_SUB : INSN_ADD, true, destination, base);
}

/* The pattern of bits that N, immr and imms describe: a run of ones, rotated, repeated; false for none. */
static bool data_pattern(uint32_t word, uint64_t *ret_mask)
{
	uint32_t length = bits(word, 22, 22) << 6 | (~bits(word, 15, 10) & 0x3f);
	unsigned size = 64, ones, turn;
	uint64_t mask;

	if (length < 2)
		return false;
	while (!(length & size))
		size /= 2;
	ones = (bits(word, 15, 10) & (size - 1)) + 1;
	turn = bits(word, 21, 16) & (size - 1);
	if (ones == size || (size == 64 && !(word >> 31)))
		return false;
	mask = (UINT64_C(1) << ones) - 1;
	if (turn)
		mask = mask >> turn | mask << (size - turn);
	if (size < 64)
		mask &= (UINT64_C(1) << size) - 1;
	for (; size < 64; size *= 2)
		mask |= mask << size;
	*ret_mask = word >> 31 ? mask : (uint32_t)mask;
	return true;
}

static const uint8_t logical[4] = { INSN_AND, INSN_OR, INSN_XOR, INSN_AND };

static void data_logical_immediate(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 30, 29);
	uint8_t base = register_or_zero(bits(word, 9, 5));
	uint8_t destination = kind == 3 ? register_or_zero(bits(word, 4, 0)) : (uint8_t)bits(word, 4, 0);
	uint64_t mask;

	if (!data_pattern(word, &mask))
		return;
	insn->width = width_of(word);
	insn->operand = OPERAND_IMMEDIATE;
	insn->imm = (int64_t)mask;
	if (kind == 1 && base == REGISTER_NONE) {
		insn->op = INSN_MOVE;
		insn->destination = destination;
		insn->writes = register_mask(destination);
	} else if (kind == 3 && destination == REGISTER_NONE) {
		data_compare(insn, INSN_TEST, base);
	} else {
		aarch64_reckon(insn, logical[kind], kind == 3, destination, base);
	}
}

static void data_move_wide(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 30, 29), shift = bits(word, 22, 21) * 16;
	uint64_t number = (uint64_t)bits(word, 20, 5) << shift;

	if (kind == 1 || (shift > 16 && !(word >> 31)))
		return;
	insn->width = width_of(word);
	insn->destination = register_or_zero(bits(word, 4, 0));
	insn->writes = field_mask(word, 0);
	if (kind == 3) {
		insn->op = INSN_INSERT;
		insn->displacement = (int64_t)(UINT64_C(0xffff) << shift);
		insn->reads = field_mask(word, 0);
	} else {
		insn->op = INSN_MOVE;
		insn->operand = OPERAND_IMMEDIATE;
		if (kind == 0)
			number = word >> 31 ? ~number : (uint32_t)~number;
	}
	insn->imm = (int64_t)number;
}

/* A move of the low bytes of base, extended. */
static void data_extend(struct insn *insn, bool is_signed, uint8_t part)
{
	insn->op = is_signed ? INSN_MOVE_SIGNED : INSN_MOVE_UNSIGNED;
	insn->source_width = part;
	aarch64_operand(insn, insn->base);
	insn->base = REGISTER_NONE;
}

/* sbfm, bfm and ubfm, which are shifts, extensions, and fields put into others. */
static void data_bits(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 30, 29), turn = bits(word, 21, 16), last = bits(word, 15, 10);
	uint8_t destination = register_or_zero(bits(word, 4, 0)), base = register_or_zero(bits(word, 9, 5));
	uint32_t top = word >> 31 ? 63 : 31;

	if (kind == 3)
		return;
	insn->width = width_of(word);
	aarch64_reckon(insn, INSN_OTHER, false, destination, base);
	insn->operand = OPERAND_IMMEDIATE;
	if (kind == 1)
		insn->reads |= register_mask(destination);
	else if (turn == 0 && (last == 7 || last == 15 || (last == 31 && top == 63)))
		data_extend(insn, kind == 0, (uint8_t)((last + 1) / 8));
	if (kind != 2 || insn->op != INSN_RECKON)
		return;
	if (last == top) {
		insn->operation = INSN_SHR;
		insn->imm = turn;
	} else if (last + 1 == turn) {
		insn->operation = INSN_SHL;
		insn->imm = top - last;
	} else if (turn == 0) {
		insn->operation = INSN_AND;
		insn->imm = (int64_t)((UINT64_C(1) << (last + 1)) - 1);
	}
}

void aarch64_immediate(uint32_t word, struct insn *insn)
{
	uint32_t reads = field_mask(word, 5) | field_mask(word, 16);

	switch (bits(word, 25, 23)) {
	case 0:
	case 1:
		data_relative(word, insn);
		break;
	case 2:
		data_add_immediate(word, insn);
		break;
	case 3: /* with tags of memory */
		aarch64_other(insn, register_mask((uint8_t)bits(word, 9, 5)), register_mask((uint8_t)bits(word, 4, 0)));
		break;
	case 4:
		data_logical_immediate(word, insn);
		break;
	case 5:
		data_move_wide(word, insn);
		break;
	case 6:
		data_bits(word, insn);
		break;
	default:
		aarch64_other(insn, reads, field_mask(word, 0));
		break;
	}
}

static void data_logical(uint32_t word, struct insn *insn)
{
	uint32_t kind = bits(word, 30, 29);
	uint8_t destination = register_or_zero(bits(word, 4, 0)), base = register_or_zero(bits(word, 9, 5));
	uint8_t other = register_or_zero(bits(word, 20, 16));
	bool is_inverse = bits(word, 21, 21), is_shifted = bits(word, 15, 10) != 0;

	insn->width = width_of(word);
	if (!is_shifted && kind == 1 && !is_inverse && base == REGISTER_NONE) {
		insn->op = INSN_MOVE;
		insn->destination = destination;
		insn->writes = register_mask(destination);
		aarch64_operand(insn, other);
	} else if (!is_shifted && kind == 1 && is_inverse && base == REGISTER_NONE && other != REGISTER_NONE) {
		aarch64_reckon(insn, INSN_XOR, false, destination, other);
		insn->operand = OPERAND_IMMEDIATE;
		insn->imm = -1;
	} else if (!is_shifted && kind == 3 && !is_inverse && destination == REGISTER_NONE) {
		aarch64_operand(insn, other);
		data_compare(insn, INSN_TEST, base);
	} else {
		aarch64_reckon(insn, is_shifted || is_inverse ? INSN_OTHER : logical[kind], kind == 3, destination,
			       base);
		aarch64_operand(insn, other);
	}
}

/* add and sub of a register that is shifted, or extended (then base and destination may be sp). */
static void data_add(uint32_t word, struct insn *insn)
{
	bool is_minus = bits(word, 30, 30), flags = bits(word, 29, 29), is_extended = bits(word, 21, 21);
	uint8_t destination = (uint8_t)bits(word, 4, 0), base = (uint8_t)bits(word, 9, 5);
	uint8_t other = register_or_zero(bits(word, 20, 16));
	uint32_t part = is_extended ? bits(word, 15, 13) & 3 : 3;
	uint32_t shift = is_extended ? bits(word, 12, 10) : bits(word, 15, 10);
	bool is_plain = shift == 0 && (part == 3 || (part == 2 && !(word >> 31)));
	bool is_left = is_extended || bits(word, 23, 22) == 0;

	insn->width = width_of(word);
	if (!is_extended)
		base = register_or_zero(base);
	if (!is_extended || flags)
		destination = register_or_zero(destination);
	if (flags && destination == REGISTER_NONE && is_minus && is_plain) {
		aarch64_operand(insn, other);
		data_compare(insn, INSN_COMPARE, base);
	} else if (!flags && !is_minus && !is_plain && is_left && shift <= SHIFTS_OF_ADDRESSES &&
		   base != REGISTER_NONE && other != REGISTER_NONE) {
		data_address(insn, destination, base, 0);
		insn->index = other;
		insn->reads |= register_mask(other);
		insn->scale = (uint8_t)(1u << shift);
		if (part < 3)
			insn->scale |= (uint8_t)((part + 1) << SCALE_PART);
		if (is_extended && bits(word, 15, 15))
			insn->scale |= SCALE_SIGNED;
	} else {
		aarch64_reckon(insn, !is_plain ? INSN_OTHER : is_minus ? INSN_SUB : INSN_ADD, flags, destination, base);
		aarch64_operand(insn, other);
	}
}

/* csel, csinc, csinv, csneg: base, or the other register plus one, inverted, negated. */
static void data_select(uint32_t word, struct insn *insn)
{
	static const int64_t of_zero[4] = { 0, 1, -1, 0 };
	uint32_t kind = bits(word, 30, 30) << 1 | bits(word, 10, 10);
	uint8_t destination = register_or_zero(bits(word, 4, 0)), base = register_or_zero(bits(word, 9, 5));
	uint8_t other = register_or_zero(bits(word, 20, 16));

	aarch64_reckon(insn, INSN_OTHER, false, destination, base);
	insn->width = width_of(word);
	aarch64_operand(insn, other);
	if (kind != 0 && other != REGISTER_NONE)
		return;
	insn->op = INSN_SELECT;
	insn->imm = insn->width == 4 ? (int64_t)(uint32_t)of_zero[kind] : of_zero[kind];
}

void aarch64_register(uint32_t word, struct insn *insn)
{
	uint32_t reads = field_mask(word, 5) | field_mask(word, 16), writes = field_mask(word, 0);
	uint32_t kind = bits(word, 24, 21);

	if (!bits(word, 28, 28)) {
		if (kind & 8)
			data_add(word, insn);
		else
			data_logical(word, insn);
	} else if (kind & 8) {
		aarch64_other(insn, reads | field_mask(word, 10), writes);
	} else if (kind == 4) {
		data_select(word, insn);
	} else if (kind == 6) {
		bool is_single = bits(word, 30, 30);

		aarch64_other(insn, is_single ? field_mask(word, 5) : reads, writes);
		if (is_single && bits(word, 20, 16) == 1) { /* a signature comes to the pointer, or goes */
			insn->op = INSN_NOP;
			insn->reads |= writes;
		} else if (bits(word, 29, 29)) {
			insn->op = INSN_OTHER;
		}
	} else {
		/* With carry, or conditional, for which only the flags are written. */
		if (kind == 2 && bits(word, 11, 11))
			reads &= ~field_mask(word, 16) | field_mask(word, 5);
		aarch64_other(insn, reads, kind == 0 && bits(word, 15, 10) == 0 ? writes : 0);
		if (kind != 0 || bits(word, 29, 29) || bits(word, 15, 10) != 0)
			insn->op = INSN_OTHER;
	}
}
